"""A new build gets its alias's requests step by step, judged against the old one by Lambda's counts of both."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from rollout.analysis.metrics import MINUTE, AlarmState, version
from rollout.errors import AnalysisFailed, GateRefused, Locked, RampEnded, RolloutError, UsageError
from rollout.fakes.calls import ApiCall
from rollout.fakes.services import InMemoryAlarms
from rollout.inventory.aliases import AliasTarget
from rollout.inventory.quantities import Percent
from rollout.migration import events
from tests.behaviour.team import InMemoryTeam
from tests.behaviour.test_deploy import ALIASED, FUNCTION, build, where
from tests.codes import raises

STEPS = (10, 50)
ALARM = "candidate-5xx"


class Killed(BaseException):
    pass


@pytest.fixture
def team(legacy: InMemoryTeam) -> InMemoryTeam:
    """A team with a new build, a bake of minutes and a judge for few requests."""
    legacy.edit('handler = "bootstrap"', ALIASED)
    legacy.set_ramp(f'bake = "3m", alarms = ["{ALARM}"]')
    legacy.append(
        '[environments.production.analysis]\ndelay = "1m"\nwarm-up = "0s"\n'
        'metrics = ["server-errors", "lambda-errors", "client-errors"]\n'
        "metric = { lambda-errors = { harm = { relative = 1, absolute = 3 } } }"
    )
    legacy.open().phase1(approve=True)
    legacy.open().phase2(approve=True)
    alarms(legacy).stated[ALARM] = AlarmState.OK
    build(legacy, "second")
    return legacy


def alarms(team: InMemoryTeam) -> InMemoryAlarms:
    return team.world.actor().parts(team.inventory, lambda *_: None).alarms


def look(team: InMemoryTeam) -> str:
    """One look: what it came to."""
    return team.open().deploy_by_steps(STEPS, approve=True, once=True).state


def count(team: InMemoryTeam, *, errors: float = 0, share: float = 0.5) -> None:
    """A minute's requests to both versions of the alias; of the newer one's, a share fails."""
    alias, at = where(team), team.world.clock.utc
    assert alias.beside is not None
    for number, part, bad in ((alias.version, 1 - share, 0.0), (alias.beside[0], share, errors)):
        source, requests = version(FUNCTION, "live", number), round(2000 * part)
        team.world.metrics.put(source, "Invocations", at, requests)
        team.world.metrics.put(source, "Errors", at, round(requests * bad))


def serve(team: InMemoryTeam, *, errors: float = 0, share: float = 0.5) -> None:
    """Some minutes of requests."""
    for _ in range(5):
        count(team, errors=errors, share=share)
        team.world.clock.advance(MINUTE)


def share_of(team: InMemoryTeam) -> Percent | None:
    beside = where(team).beside
    return beside[1] if beside else None


def test_a_good_build_gets_all_requests_step_by_step(team: InMemoryTeam) -> None:
    rules = dict(team.aws.rules)
    assert look(team) == "raised"
    assert where(team) == AliasTarget("1", beside=("2", Percent.of(10)))
    assert look(team) == "waiting"
    serve(team)
    assert look(team) == "raised"
    assert share_of(team) == Percent.of(50)
    serve(team)
    assert look(team) == "finished"
    assert where(team) == AliasTarget("2", before=("1",))
    assert look(team) == "finished"  # there is nothing newer
    assert team.aws.rules == rules
    told = [change.what for change in team.open().history() if change.what.startswith("deploy")]
    assert told == ["deploy raised", "deploy raised", "deploy raised", "deploy finished"]
    team.open().drift().require()


def test_it_runs_to_the_end_by_itself(team: InMemoryTeam) -> None:
    def traffic(_: ApiCall) -> None:
        if where(team).beside:
            count(team)

    team.world.clock.calls.before(traffic, "sleep")
    result = team.open().deploy_by_steps(STEPS, approve=True)
    assert (result.state, where(team)) == ("finished", AliasTarget("2", before=("1",)))


def test_a_worse_build_is_taken_back_at_once_and_not_deployed_again(team: InMemoryTeam) -> None:
    look(team)
    serve(team, errors=0.2)
    with raises(AnalysisFailed, "analysis-failed") as failed:
        look(team)
    assert failed.value.exit_code == 6
    assert where(team) == AliasTarget("1")
    team.open().drift().require()
    done = team.run("deploy", "production", "--steps", "10,50", "--once", "--yes")
    assert done.returncode == 6
    assert where(team) == AliasTarget("1")
    build(team, "third")
    assert look(team) == "raised"
    assert where(team) == AliasTarget("1", beside=("3", Percent.of(10)))


def test_a_worse_build_goes_back_though_the_engine_is_gone(team: InMemoryTeam) -> None:
    look(team)
    serve(team, errors=0.2)
    team.meets.refuse("preview", times=None)
    with raises(AnalysisFailed, "analysis-failed"):
        look(team)
    assert where(team).beside is None


class TestTwoFunctions:
    """Builds that are deployed together go on together, and back together."""

    @pytest.fixture
    def team(self, team: InMemoryTeam) -> InMemoryTeam:
        """A team with another function, and new builds of both."""
        text = team.file.read_text()
        table = next(part for part in re.split(r"(?m)^(?=\[)", text) if part.startswith("[functions.rust-scorer]"))
        other = table.replace("rust-scorer", "other")
        team.file.write_text(text.replace(table, f"{table}\n{other}\n"))
        build(team, "first")
        team.open().phase1(approve=True)
        team.open().deploy(approve=True)
        build(team, "second")
        return team

    def points(self, team: InMemoryTeam) -> dict[str, Percent | None]:
        live = team.world.functions_of(team.inventory).aliases(team.inventory)
        return {key: alias.beside[1] if alias.beside else None for key, alias in live.items()}

    def serve(self, team: InMemoryTeam, *, errors: float) -> None:
        """Requests to both; the other one's new build fails so often."""
        live = team.world.functions_of(team.inventory).aliases(team.inventory)
        for _ in range(5):
            for key, alias in live.items():
                for number in alias.stays.versions:
                    source, bad = version(key, "live", number), key == "other" and number != alias.version
                    team.world.metrics.put(source, "Invocations", team.world.clock.utc, 1000)
                    team.world.metrics.put(source, "Errors", team.world.clock.utc, 1000 * errors * bad)
            team.world.clock.advance(MINUTE)

    def test_one_that_fails_takes_both_back(self, team: InMemoryTeam) -> None:
        assert look(team) == "raised"
        assert self.points(team) == dict.fromkeys((FUNCTION, "other"), Percent.of(10))
        self.serve(team, errors=0.3)
        with raises(AnalysisFailed, "analysis-failed"):
            look(team)
        assert self.points(team) == dict.fromkeys((FUNCTION, "other"))

    def test_one_that_lags_behind_is_raised_with_the_other(self, team: InMemoryTeam) -> None:
        look(team)
        self.serve(team, errors=0)
        team.meets.refuse("update", "Alias:other")
        with pytest.raises(RolloutError):
            look(team)
        assert self.points(team)["other"] == Percent.of(10)
        assert look(team) == "raised"
        assert self.points(team) == dict.fromkeys((FUNCTION, "other"), Percent.of(50))

    def test_one_alone(self, team: InMemoryTeam) -> None:
        team.open().deploy_by_steps(STEPS, functions=["other"], approve=True, once=True)
        assert self.points(team) == {FUNCTION: None, "other": Percent.of(10)}


@pytest.mark.parametrize("milliseconds", [100, 200])
def test_a_latency_is_the_invocations_duration(team: InMemoryTeam, milliseconds: int) -> None:
    team.edit('"server-errors", "lambda-errors", "client-errors"', '"latency-p50"')
    look(team)
    for _ in range(10):
        for number, took in (("1", 100), ("2", milliseconds)):
            values = [took + n % 10 for n in range(200)]
            team.world.metrics.put(version(FUNCTION, "live", number), "Duration", team.world.clock.utc, *values)
        team.world.clock.advance(MINUTE)
    if milliseconds == 100:
        assert look(team) == "raised"
    else:
        with raises(AnalysisFailed, "analysis-failed"):
            look(team)
        assert where(team) == AliasTarget("1")


def test_an_alarm_takes_it_back(team: InMemoryTeam) -> None:
    look(team)
    alarms(team).stated[ALARM] = AlarmState.ALARM
    with raises(AnalysisFailed, "analysis-failed"):
        look(team)
    assert where(team) == AliasTarget("1")


def test_without_traffic_it_waits_and_says_so(team: InMemoryTeam) -> None:
    look(team)
    team.world.clock.advance(timedelta(hours=2))
    result = team.open().deploy_by_steps(STEPS, approve=True, once=True)
    assert (result.state, "no requests" in result.sentence) == ("waiting", True)
    judged = [each for each in team.events if isinstance(each, events.Judged)][-1].judgement
    assert judged.verdict == "no data"
    assert {finding.metric for finding in judged.findings} == {"lambda-errors"}  # which server-errors are, by version
    assert any("client-errors" in note for note in judged.notes)
    assert share_of(team) == Percent.of(10)


def test_the_judge_names_the_versions(team: InMemoryTeam) -> None:
    look(team)
    serve(team, share=0)
    result = team.open().deploy_by_steps(STEPS, approve=True, once=True)
    assert "version 2" in result.sentence
    assert share_of(team) == Percent.of(10)


def test_after_too_long_without_a_verdict_it_holds(team: InMemoryTeam) -> None:
    look(team)
    team.world.clock.advance(timedelta(days=2))
    assert [look(team), look(team)] == ["held", "held"]
    assert len([change for change in team.open().history() if change.what == "deploy held"]) == 1


def test_a_build_that_is_published_meanwhile_waits_for_the_next_deploy(team: InMemoryTeam) -> None:
    look(team)
    build(team, "third")
    team.open().phase1(approve=True)
    serve(team)
    assert look(team) == "raised"
    assert where(team) == AliasTarget("1", beside=("2", Percent.of(50)))
    serve(team)
    look(team)
    assert where(team).version == "2"


def test_taken_back_by_hand_it_does_not_begin_again(team: InMemoryTeam) -> None:
    look(team)
    team.open().deploy_back()
    with raises(RampEnded, "ramp-ended"):
        look(team)
    team.open().deploy(share=5, approve=True)  # by hand it may go on
    assert look(team) == "waiting"
    serve(team)
    assert look(team) == "raised"


def test_taken_back_between_the_verdict_and_the_fail_it_stays_where_it_is(team: InMemoryTeam) -> None:
    team.open().deploy(approve=True)
    build(team, "third")
    look(team)
    serve(team, errors=0.2)

    def back(_: ApiCall) -> None:
        team.open().deploy_back()

    team.world.metrics.calls.after(back, "GetMetricData", times=1)
    with pytest.raises(RolloutError):
        look(team)
    assert where(team) == AliasTarget("2", before=("1",))


def test_moved_between_the_verdict_and_the_gate_nothing_is_raised(team: InMemoryTeam) -> None:
    look(team)
    serve(team)

    def approve(_: object) -> bool:
        team.open().deploy_back()
        return True

    with raises(RampEnded, "ramp-ended"):
        team.open().deploy_by_steps(STEPS, approve=approve, once=True)
    assert where(team) == AliasTarget("1")


def test_of_two_at_once_one_gives_up_its_step_and_looks_again(team: InMemoryTeam) -> None:
    look(team)
    serve(team)

    def other(_: ApiCall) -> None:
        assert look(team) == "raised"

    team.meets.before(other, "up", times=1)
    assert look(team) == "waiting"
    assert share_of(team) == Percent.of(50)
    assert team.calls("UpdateAlias") == ["UpdateAlias"] * 2


def test_a_lock_of_another_process_refuses_a_step(team: InMemoryTeam) -> None:
    look(team)
    serve(team)
    held = team.world.backend.hold(team.inventory, "candidate")
    with raises(Locked, "locked"):
        look(team)
    assert share_of(team) == Percent.of(10)
    team.world.backend.release(team.inventory, held)
    assert look(team) == "raised"


@pytest.mark.parametrize("action", ["preview", "up", "note"])
@pytest.mark.parametrize("takes_effect", [False, True])
def test_killed_at_a_call_the_next_command_goes_on_or_takes_it_back(
    team: InMemoryTeam, action: str, takes_effect: bool
) -> None:
    look(team)
    serve(team)

    def die(_call: ApiCall) -> None:
        raise Killed

    (team.meets.after if takes_effect else team.meets.before)(die, action, times=1)
    with pytest.raises(Killed):
        look(team)
    team.meets.forget_orders()
    assert look(team) in {"waiting", "raised"}
    look(team)
    assert where(team) == AliasTarget("1", beside=("2", Percent.of(50)))
    team.open().deploy_back()
    assert where(team) == AliasTarget("1")


def test_no_is_no(team: InMemoryTeam) -> None:
    team.open().phase1(approve=True)
    with raises(GateRefused, "gate-declined"):
        team.open().deploy_by_steps(STEPS, approve=lambda _: False, once=True)
    assert where(team) == AliasTarget("1")


def test_moved_wholly_by_another_command_it_is_finished(team: InMemoryTeam) -> None:
    look(team)
    team.open().deploy(approve=True)
    assert look(team) == "finished"


def test_an_alias_that_somebody_gave_another_share_is_judged_anew(team: InMemoryTeam) -> None:
    look(team)
    team.open().deploy(share=20, approve=True)
    assert look(team) == "waiting"
    assert any(isinstance(each, events.RampPickedUp) and each.note for each in team.events)


@pytest.mark.parametrize("steps", [[], [0, 10], [50, 10], [10, 10], [101], ["many"]])
def test_what_are_no_steps_is_a_wrong_argument(team: InMemoryTeam, steps: list[str | float]) -> None:
    with pytest.raises(UsageError):
        team.open().deploy_by_steps(steps, approve=True)


@pytest.mark.parametrize("options", [["--steps", "10", "--share", "5"], ["--steps", "10", "--back"], ["--once"]])
def test_options_that_exclude_each_other(team: InMemoryTeam, options: list[str]) -> None:
    assert team.run("deploy", "production", "--yes", *options).returncode == 2
