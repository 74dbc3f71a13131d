"""A raise beside the guard, on the fakes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollout.analysis.metrics import AlarmState
from rollout.errors import AwsError, Drift, PreflightFailed
from rollout.fakes.aws import InMemoryAws
from rollout.fakes.clock import MONDAY, InMemoryClock
from rollout.fakes.guard import InMemoryGuard
from rollout.fakes.services import InMemoryAlarms
from rollout.guard import state as guard
from rollout.guard.record import Decision
from rollout.migration.guarding import LEASE, GuardedRaise
from tests.unit.guard.builders import ERRORS, config, event

NEVER = MONDAY - timedelta(days=1)


class Bench:
    """A guard, its alarms, and who raises."""

    def __init__(self) -> None:
        self.clock = InMemoryClock()
        self.guard = InMemoryGuard(self.clock, installed=True)
        self.alarms = InMemoryAlarms(InMemoryAws(), {ERRORS: AlarmState.OK})
        self.taken_back = 0
        self.required = self.refuses = False

    def raise_(self, *, raises: bool = True) -> GuardedRaise:
        return GuardedRaise(
            self.guard,
            self.alarms,
            [ERRORS],
            environment="production",
            by="ann",
            required=self.required,
            raises=raises,
            take_back=self._take_back,
        )

    def _take_back(self) -> None:
        self.taken_back += 1
        if self.refuses:
            raise AwsError("ModifyRule: it is refused")
        assert self.state.raises(self.clock.utc), "the guard looks on until they are back"

    @property
    def state(self) -> guard.GuardState:
        found = self.guard.read()
        assert found
        return found

    def fire(self, *, end: bool) -> Decision:
        """The guard's side of an alarm that goes off now."""
        what, now = event(at=self.clock.utc), self.clock.utc
        state, decision = guard.begin_firing(
            self.state, what, config(), run="1", now=now, until=now + timedelta(minutes=5)
        )
        self.guard.compare_and_set(self.state, state)
        if end:
            self.guard.compare_and_set(self.state, guard.end_firing(self.state, what, "1"))
        return decision


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_raise_leaves_a_lease_that_ends(bench: Bench) -> None:
    one = bench.raise_()
    assert bench.state.epoch == 0
    one.begin()
    one.begin()
    assert (bench.state.epoch, [lease.by for lease in bench.state.raises(bench.clock.utc)]) == (1, ["ann"])
    assert one.end() is None
    assert bench.state.raises(bench.clock.utc) == ()
    assert bench.taken_back == 0


def test_an_alarm_that_is_raised_stops_it_and_the_epoch_stays_ahead(bench: Bench) -> None:
    bench.alarms.stated[ERRORS] = AlarmState.ALARM
    with pytest.raises(PreflightFailed) as caught:
        bench.raise_().begin()
    assert [problem.code for problem in caught.value.problems] == ["alarm-raised"]
    assert bench.state.raises(bench.clock.utc) == ()


def test_who_disarmed_the_guard_may_raise_in_spite_of_an_alarm_unless_it_is_required(bench: Bench) -> None:
    bench.alarms.stated[ERRORS] = AlarmState.ALARM
    until = bench.clock.utc + timedelta(minutes=30)
    bench.guard.change(lambda state, now: guard.disarm(state, by="ann", why="why", now=now, until=until))
    one = bench.raise_()
    one.begin()
    assert ERRORS in str(one.end())
    bench.required = True
    with pytest.raises(PreflightFailed) as caught:
        bench.raise_().begin()
    assert [problem.code for problem in caught.value.problems] == ["guard-disarmed"]
    assert bench.state.raises(bench.clock.utc) == ()
    bench.clock.advance(timedelta(minutes=30))
    with pytest.raises(PreflightFailed) as caught:
        bench.raise_().begin()
    assert [problem.code for problem in caught.value.problems] == ["alarm-raised"]


def test_the_alarms_are_read_after_the_epoch(bench: Bench) -> None:
    bench.alarms.calls.before(lambda _: bench.clock.advance(timedelta(seconds=1)))
    bench.alarms.calls.before(lambda _: bench.alarms.stated.update({ERRORS: AlarmState.ALARM}))
    with pytest.raises(PreflightFailed):
        bench.raise_().begin()
    assert bench.fire(end=True) is Decision.FIRE, "it went off after the epoch, and is new for the guard too"


def test_what_the_guard_did_since_the_decision_stops_a_raise(bench: Bench) -> None:
    one, other = bench.raise_(), bench.raise_()
    bench.fire(end=False)
    with pytest.raises(Drift) as caught:
        one.begin()
    assert caught.value.code == "guard-fired"
    with pytest.raises(Drift) as caught:
        bench.raise_().begin()
    assert caught.value.code == "guard-firing"
    bench.clock.advance(timedelta(hours=1))
    with pytest.raises(Drift) as caught:
        other.begin()
    assert caught.value.code == "guard-fired"
    bench.raise_().begin()


def test_a_raise_that_lands_after_the_guard_fired_is_taken_back(bench: Bench) -> None:
    one = bench.raise_()
    one.begin()
    assert bench.fire(end=False) is Decision.FIRE
    with pytest.raises(Drift) as caught:
        one.end()
    assert (caught.value.code, bench.taken_back) == ("guard-fired", 1)
    assert bench.state.raises(bench.clock.utc) == ()


def test_without_a_guard_it_is_no_call_more(bench: Bench) -> None:
    bench.guard.installed = False
    one = bench.raise_()
    one.begin()
    assert one.end() is None
    assert [call.action for call in bench.guard.calls.log] == ["GetItem"]


def test_alarms_that_cannot_be_read_stop_a_raise(bench: Bench) -> None:
    bench.alarms.calls.refuse()
    with pytest.raises(AwsError):
        bench.raise_().begin()
    assert bench.state.raises(bench.clock.utc) == ()


def test_a_table_that_fails_at_the_end_is_a_warning_and_the_lease_ends_by_itself(bench: Bench) -> None:
    one = bench.raise_()
    one.begin()
    bench.guard.calls.refuse("PutItem")
    assert one.end()
    assert bench.state.raises(bench.clock.utc)
    assert not bench.state.raises(bench.clock.utc + LEASE)


def test_an_alarm_during_the_raise_is_told(bench: Bench) -> None:
    one = bench.raise_()
    one.begin()
    bench.alarms.stated[ERRORS] = AlarmState.ALARM
    assert ERRORS in str(one.end())


def test_what_lowers_is_stopped_by_no_alarm_and_makes_none_late(bench: Bench) -> None:
    bench.alarms.stated[ERRORS] = AlarmState.ALARM
    one = bench.raise_(raises=False)
    one.begin()
    assert (bench.state.epoch, len(bench.state.raises(bench.clock.utc))) == (0, 1)
    assert bench.fire(end=True) is Decision.FIRE
    with pytest.raises(Drift):
        one.end()
    assert bench.taken_back == 1, "what it set to more than 0 is back too"


@pytest.mark.parametrize("skip", [0, 1])
def test_what_lowers_is_stopped_by_no_failure_of_the_table(bench: Bench, skip: int) -> None:
    bench.guard.calls.refuse(skip=skip)
    one = bench.raise_(raises=False)
    one.begin()
    assert one.end() is None


def test_a_raise_that_is_killed_before_it_read_the_alarms_makes_none_late(bench: Bench) -> None:
    one = bench.raise_()
    bench.clock.advance(timedelta(seconds=1))
    went_off = event(at=bench.clock.utc)
    bench.clock.advance(timedelta(seconds=1))
    bench.alarms.calls.refuse(error=AwsError("its last call"))
    bench.guard.calls.refuse("PutItem", skip=1)
    with pytest.raises(AwsError):
        one.begin()
    assert guard.decide(bench.state, went_off, config(), bench.clock.utc) is Decision.FIRE


def test_what_cannot_be_taken_back_is_no_mere_warning(bench: Bench) -> None:
    one = bench.raise_()
    one.begin()
    bench.fire(end=True)
    bench.refuses = True
    with pytest.raises(AwsError):
        one.end()
    assert bench.state.raises(bench.clock.utc), "the guard looks on"
