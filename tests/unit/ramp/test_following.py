"""A person's machine beside a controller: it begins the ramp, tells what becomes of it, and changes nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from rollout.analysis.metrics import MINUTE
from rollout.api.controller_reading import controller_status
from rollout.errors import AnalysisFailed, AwsError, GateRefused, Interrupted, RampEnded, RolloutError, UsageError
from rollout.inventory.quantities import ZERO, Percent
from rollout.migration import events
from rollout.ramp.controls import Controls
from rollout.ramp.following import Consent, Follower
from rollout.ramp.history import RampHistory
from rollout.ramp.runner import RampResult
from rollout.state.ramp_journal import Journal, Kind, entries
from tests.unit.ramp.account import Account
from tests.unit.ramp.test_runner import fails_at
from tests.unit.ramp.world import MONDAY, ROUTES, Killed, World, inventory

FIVE, FIFTY, WHOLE = Percent.of(5), Percent.of(50), Percent.of(100)
Hook = Callable[[], None]


class Desk:
    """A person's machine; the schedule fires while it waits.

    Args:
        minutely: What else happens at each minute after the controller's look.
    """

    def __init__(self, account: Account, minutely: Hook = lambda: None, *, looks: bool = True) -> None:
        self.account, self.world = account, account.world
        self.asked: list[Percent] = []
        self.consent: Consent = lambda _, weight: self.asked.append(weight)
        self.minutely, self._looks, self._due = minutely, looks, self.world.time + MINUTE
        self.world.on_wait = self._waited

    def follow(self, *, once: bool = False, restart: bool = False) -> RampResult:
        world = self.world
        journal = Journal("production", lambda: world, world.now, "ann@desk")  # type: ignore[arg-type,return-value]
        history = RampHistory(world.environment, world, journal, lambda _: None)
        follower = Follower(
            world.environment,
            world,
            history,
            self.account.record,
            emit=world.events.append,
            status=lambda record: controller_status("production", record, world.time),
        )
        return follower.run(once=once, restart=restart, consent=self.consent)

    def seen(self, kind: type[events.Event]) -> list[events.Event]:
        return [event for event in self.world.events if isinstance(event, kind)]

    def warned(self) -> list[str]:
        return [event.message for event in self.world.events if isinstance(event, events.Warned)]

    def _waited(self, world: World) -> None:
        self.account.clock.utc = world.time
        while world.time >= self._due:
            self._due += MINUTE
            if self._looks:
                world.on_wait = lambda _: None
                told, world.events = world.events, []  # the function's own
                try:
                    self.account.look()
                finally:
                    world.events, world.on_wait = told, self._waited
            self.minutely()


def account(world: World | None = None) -> Account:
    made = Account(world or World(inventory()), is_begun=False)
    made.clock.utc = made.world.time
    return made


def test_it_begins_a_ramp_and_tells_what_a_run_of_ones_own_does() -> None:
    desk, own = Desk(account()), World(inventory())
    assert desk.follow().state == own.ramp().state == "finished"
    assert desk.asked == [ZERO]
    for kind in (events.RampPickedUp, events.RampRaised, events.RampFinished):
        mine = [(event.weight, getattr(event, "sentence", "")) for event in own.events if isinstance(event, kind)]
        assert [(event.weight, getattr(event, "sentence", "")) for event in desk.seen(kind)] == mine  # type: ignore[attr-defined]
    assert desk.seen(events.Judged)
    by = {entry.kind: entry.by for entry in entries(desk.world.updates)}
    assert by[Kind.STARTED] == "ann@desk"
    assert entries(desk.world.updates)[0].kind is Kind.STARTED
    assert desk.account.known.needs


def test_a_failure_ends_as_that_of_a_run_of_ones_own() -> None:
    desk = Desk(account(World(inventory(), fails_at(FIFTY))))
    with pytest.raises(AnalysisFailed) as caught:
        desk.follow()
    assert caught.value.code == "ramp-failed"
    (failed,) = desk.seen(events.RampFailed)
    assert isinstance(failed, events.RampFailed)
    assert (failed.weight, failed.sentence, desk.world.shares) == (FIFTY, "5xx 9 % against 0.1 %", {None})
    with pytest.raises(AnalysisFailed):
        desk.follow()
    desk.world.judge_of = World(inventory()).judge_of
    assert desk.follow(restart=True).state == "finished"


def test_controls_of_others_are_told_and_a_rollback_ends_it() -> None:
    desk = Desk(account())
    journal = Journal("production", lambda: desk.world, desk.world.now, "boss@desk")  # type: ignore[arg-type,return-value]
    boss = Controls(desk.world.environment, journal, "boss@desk", lambda _: None)
    at: dict[int, Hook] = {
        5: lambda: boss.say(Kind.PAUSED, desk.world.read()),
        50: lambda: boss.say(Kind.RESUMED, desk.world.read()),
        70: lambda: desk.world.set(None),
    }

    def act() -> None:
        at.get(int((desk.world.time - MONDAY) / MINUTE), lambda: None)()

    desk.minutely = act
    with pytest.raises(RampEnded):
        desk.follow()
    assert [event.what for event in desk.seen(events.RampNoted)] == ["paused", "resumed"]  # type: ignore[attr-defined]
    waiting = {event.state for event in desk.seen(events.RampWaiting)}  # type: ignore[attr-defined]
    assert "paused" in waiting
    assert desk.world.shares == {None}


def test_ctrl_c_leaves_the_controller_at_work() -> None:
    def stop() -> None:
        if desk.world.time >= MONDAY + 40 * MINUTE:
            raise KeyboardInterrupt

    desk = Desk(account(), stop)
    with pytest.raises(Interrupted):
        desk.follow()
    assert desk.world.shares == {FIFTY}
    assert desk.account.schedule(60).state == "finished"


def test_once_begins_and_says_what_is_known() -> None:
    desk = Desk(account())
    assert desk.follow(once=True).state == "waiting"
    assert desk.world.shares == {None}
    desk.account.schedule(1)
    assert desk.follow(once=True).state == "raised"
    assert desk.account.schedule(5).state == "waiting"
    result = desk.follow(once=True)
    assert (result.state, result.weight, desk.asked) == ("waiting", FIVE, [ZERO])


@pytest.mark.parametrize("once", [True, False])
def test_without_a_controller_nothing_is_begun(once: bool) -> None:
    desk = Desk(account())
    desk.account.record.installed = False
    with pytest.raises(AwsError) as caught:
        desk.follow(once=once)
    assert (caught.value.code, entries(desk.world.updates)) == ("no-controller", ())


def test_nothing_is_begun_without_consent_nor_twice() -> None:
    desk = Desk(account())

    def refuse(*_: object) -> None:
        raise GateRefused("declined")

    desk.consent = refuse
    with pytest.raises(GateRefused):
        desk.follow()
    assert entries(desk.world.updates) == ()
    desk.consent = lambda *_: (desk.world.ramp(once=True), None)[1]
    desk.follow(once=True)
    assert [entry.kind for entry in entries(desk.world.updates)].count(Kind.STARTED) == 1
    with pytest.raises(UsageError):
        desk.follow(restart=True)


def test_a_controller_that_is_late_or_cannot_look_is_told_and_followed_on() -> None:
    desk = Desk(account(), looks=False)
    desk.world.limit = MONDAY + 10 * MINUTE
    desk.account.look()
    with pytest.raises(Killed):
        desk.follow()
    assert len([said for said in desk.warned() if "late" in said]) == 1
    again = Desk(desk.account, lambda: desk.world.broken.discard("cloudwatch"))
    desk.world.limit += timedelta(days=1)
    desk.account.schedule(1)
    desk.world.broken.add("cloudwatch")
    assert again.follow().state == "finished"
    assert any("throttled" in said for said in again.warned())


def test_what_a_look_said_before_a_restart_is_not_what_becomes_of_the_new_ramp() -> None:
    desk = Desk(account(World(inventory(), fails_at(FIVE))))
    with pytest.raises(AnalysisFailed):
        desk.follow()
    desk.account.schedule(2)
    desk.world.time += MINUTE
    result = desk.follow(restart=True, once=True)
    assert (result.state, desk.account.known.last and desk.account.known.last.state) == ("waiting", "failed")


def test_a_network_that_is_away_is_waited_out_but_not_at_the_first_look() -> None:
    desk = Desk(account())
    desk.world.broken.add("live")
    with pytest.raises(RolloutError):
        desk.follow()
    desk.world.broken.clear()
    broken = iter(range(5))

    def flaky() -> None:
        desk.world.broken ^= {"live"} if next(broken, None) is not None else desk.world.broken & {"live"}

    desk.minutely = flaky
    assert desk.follow().state == "finished"
    assert {name: desk.world.weights[name] for name in ROUTES} == dict.fromkeys(ROUTES, WHOLE)
