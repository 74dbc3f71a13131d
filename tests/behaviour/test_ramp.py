"""A ramp on the real phases: words from another terminal, no traffic, and a kill at any of its calls."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollout.fakes.calls import ApiCall
from rollout.inventory.quantities import Percent
from rollout.migration.events import Warned
from tests.behaviour.team import InMemoryTeam

QUARTER = Percent.of(25)


class Killed(BaseException):
    pass


@pytest.fixture
def ramping(cut_over: InMemoryTeam) -> InMemoryTeam:
    """A team after phase 2, with a ramp of minutes and a judge for few requests."""
    judged_in_minutes(cut_over)
    return cut_over


def judged_in_minutes(team: InMemoryTeam) -> None:
    """A ramp of minutes and a judge for few requests."""
    team.set_ramp('steps = [25, 50, 100], bake = "3m"')
    team.append(
        '[environments.production.analysis]\ndelay = "1m"\nwarm-up = "1m"\n'
        'metrics = ["server-errors", "latency-p50"]\n'
        "metric = { server-errors = { harm = { relative = 1, absolute = 3 } } }"
    )


def weights(team: InMemoryTeam) -> set[Percent | None]:
    return {split.weight if split else None for split in team.splits().values()}


def test_without_traffic_it_holds_and_says_why(ramping: InMemoryTeam) -> None:
    ramping.open().ramp(approve=True, once=True)
    for _ in range(3):
        ramping.world.clock.advance(timedelta(hours=1))
        result = ramping.open().ramp(approve=True, once=True)
        assert result.state == "waiting"
        assert "no requests" in result.sentence
    assert weights(ramping) == {QUARTER}


@pytest.mark.parametrize("action", ["preview", "up", "update"])
@pytest.mark.parametrize("takes_effect", [False, True])
def test_killed_at_a_call_the_next_look_goes_on(ramping: InMemoryTeam, action: str, takes_effect: bool) -> None:
    def die(_call: ApiCall) -> None:
        raise Killed

    (ramping.meets.after if takes_effect else ramping.meets.before)(die, action, times=1)
    with pytest.raises(Killed):
        ramping.open().ramp(approve=True, once=True)
    for _ in range(2):
        result = ramping.open().ramp(approve=True, once=True)
    assert result.state == "waiting"
    assert result.weight == QUARTER
    assert weights(ramping) == {QUARTER}


def test_words_from_another_terminal(ramping: InMemoryTeam) -> None:
    assert ramping.run("pause", "production").returncode == 2  # nothing is under way
    ramping.open().ramp(approve=True, once=True)
    for words in (("pause",), ("freeze", "--until", "2h"), ("skip-wait",)):
        done = ramping.run(words[0], "production", *words[1:])
        assert done.returncode == 0, done.stderr
    assert ramping.run("approve", "production").returncode == 2
    assert ramping.run("freeze", "production", "--until", "yesterday").returncode == 2
    assert ramping.run("rollback", "production").returncode == 0
    ended = ramping.run("ramp", "production", "--once", "--yes")
    assert ended.returncode == 1
    assert "at 25 % (rollout rollback production" in ended.stderr


def test_a_notification_that_cannot_be_sent_from_here_is_said_at_the_start(ramping: InMemoryTeam) -> None:
    ramping.append('[environments.production.notifications.team]\nwebhook = "$NO_SUCH_HOOK"')
    ramping.open().ramp(approve=True, once=True)
    said = [each.message for each in ramping.events if isinstance(each, Warned)]
    assert said == ["notification team ($NO_SUCH_HOOK) can't be sent: the variable NO_SUCH_HOOK is not set"]
