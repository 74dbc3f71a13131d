"""What a ramp does next: by its weight, the verdict, the clock, and who stands in the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollout.analysis.metrics import AlarmState
from rollout.analysis.verdicts import AnalysisResult, MetricResult, Verdict
from rollout.errors import Problem
from rollout.inventory.quantities import Percent
from rollout.inventory.ramp_settings import Ramp
from rollout.ramp.decide import Act, AlarmStates, Decision, alarms_of, bake_of, decide, next_step
from rollout.ramp.state import RampState
from rollout.state.ramp_journal import JournalEntry, Kind
from tests.unit.ramp.world import judgement

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # a Monday
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FIVE, FIFTY, WHOLE = (Percent.of(weight) for weight in (5, 50, 100))
START = RampState(("a", "b"), is_new=False)
QUIET = AlarmStates()
AT_5 = replace(START, weight=FIVE, since=NOON - HOUR)
PASS, WORSE, UNSURE = (judgement(verdict) for verdict in (Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE))


def ramp(**given: Any) -> Ramp:
    return Ramp.model_validate({"steps": [5, 50, 100], "bake": "30m", **given})


def entry(kind: Kind, at: datetime = NOON, until: datetime | None = None) -> JournalEntry:
    return JournalEntry(kind=kind, at=at, by="ann@desk", until=until)


def next_of(
    stands: RampState, found: AnalysisResult | None = PASS, alarms: AlarmStates = QUIET, **given: Any
) -> Decision:
    return decide(ramp(**given), stands, found, NOON, alarms)


def test_the_steps_are_taken_one_after_the_other() -> None:
    assert [next_step(ramp(), weight) for weight in (Percent.of(0), FIVE, Percent.of(7), FIFTY, WHOLE)] == [
        FIVE,
        FIFTY,
        FIFTY,
        WHOLE,
        None,
    ]
    first = next_of(START, None)
    assert (first.act, first.weight, first.sentence) == (Act.RAISE, FIVE, "the first step")
    second = next_of(AT_5)
    assert (second.act, second.weight, second.sentence) == (Act.RAISE, FIFTY, PASS.sentence)
    assert next_of(replace(AT_5, weight=WHOLE)).act is Act.FINISH


def test_each_step_has_its_own_bake_and_what_is_none_that_of_the_step_before() -> None:
    three = ramp(bake=["10m", "20m", "30m"])
    weights = (Percent.of(3), FIVE, Percent.of(49), FIFTY, WHOLE)
    assert [bake_of(three, weight) / MINUTE for weight in weights] == [10, 10, 10, 20, 30]
    assert bake_of(ramp(), FIFTY) == 30 * MINUTE


@pytest.mark.parametrize("late", [{"paused": entry(Kind.PAUSED)}, {"is_skipped": True}, {"since": NOON}])
def test_a_failure_is_acted_on_at_once_whatever_else_holds(late: dict[str, Any]) -> None:
    failed = next_of(replace(AT_5, **late), judgement(Verdict.FAIL, "worse", ("b",)))
    assert (failed.act, failed.sentence, failed.routes) == (Act.FAIL, "worse", ("b",))
    alarm = next_of(replace(AT_5, **late), PASS, AlarmStates(raised=("mine", "ours")))
    assert (alarm.act, alarm.routes) == (Act.FAIL, ())
    assert "mine, ours" in alarm.sentence


def test_the_smallest_step_is_a_step() -> None:
    least = replace(AT_5, weight=Percent.of(0.1))
    assert next_of(least, WORSE).act is Act.FAIL
    assert next_of(replace(least, since=NOON)).act is Act.BAKE
    assert next_of(least).sentence == PASS.sentence


def test_before_the_first_step_nothing_can_fail() -> None:
    assert next_of(START, WORSE).act is Act.RAISE
    waits = next_of(START, None, AlarmStates(raised=("mine",)))
    assert (waits.act, waits.weight) == (Act.BAKE, None)
    assert next_of(START, None, AlarmStates(silent=("mine",))).act is Act.RAISE


def test_a_bake_is_waited_for_to_its_end_unless_somebody_skips_it() -> None:
    fresh = replace(AT_5, since=NOON - 29 * MINUTE - timedelta(seconds=30))
    waits = next_of(fresh)
    assert (waits.act, waits.until) == (Act.BAKE, NOON + timedelta(seconds=30))
    assert waits.sentence == f"1m of 30m left; so far: {PASS.sentence}"
    assert next_of(fresh, None).sentence == "1m of 30m left"
    assert next_of(replace(fresh, is_skipped=True)).act is Act.RAISE
    assert next_of(replace(AT_5, since=NOON - 30 * MINUTE)).act is Act.RAISE
    assert next_of(replace(AT_5, since=None)).until == NOON + 30 * MINUTE


@pytest.mark.parametrize(
    ("found", "alarms"),
    [
        (UNSURE, AlarmStates()),
        (judgement(Verdict.NO_DATA), AlarmStates()),
        (None, AlarmStates()),
        (PASS, AlarmStates(silent=("mine",))),
    ],
)
@pytest.mark.parametrize("skipped", [False, True])
def test_nothing_is_raised_without_a_pass_even_if_the_wait_is_skipped(
    found: AnalysisResult | None, alarms: AlarmStates, skipped: bool
) -> None:
    stands = replace(AT_5, is_skipped=skipped)
    waits = next_of(stands, found, alarms, **{"bake-limit": "90m"})
    assert (waits.act, waits.weight, waits.until) == (Act.BAKE, None, None)
    back: dict[str, Any] = {"bake-limit": "90m", "on-inconclusive": "rollback"}
    assert next_of(stands, found, alarms, **back).until == NOON + 30 * MINUTE
    late = replace(stands, since=NOON - 90 * MINUTE)
    assert next_of(late, found, alarms, **{"bake-limit": "90m"}).act is Act.HOLD
    gone = next_of(late, found, alarms, **back)
    assert (gone.act, gone.routes) == (Act.FAIL, ())
    assert "1h30m" in gone.sentence


def test_the_limit_is_never_shorter_than_the_bake() -> None:
    stands = replace(AT_5, since=NOON - 100 * MINUTE)
    long: dict[str, Any] = {"bake": "2h", "bake-limit": "90m"}
    assert next_of(stands, UNSURE, **long).until == NOON + 20 * MINUTE
    assert next_of(replace(stands, is_skipped=True), UNSURE, **long).act is Act.BAKE
    assert next_of(replace(stands, since=NOON - 2 * HOUR), UNSURE, **long).act is Act.HOLD


def test_requests_are_counted_once_a_group_of_routes_by_the_metric_that_has_most() -> None:
    def found(metric: Any, routes: tuple[str, ...], requests: int) -> MetricResult:
        return MetricResult(metric, routes, Verdict.PASS, (0, 1), (0, requests), "fine")

    counted = AnalysisResult(
        Verdict.PASS,
        (
            found("server-errors", ("a",), 60),
            found("latency-p99", ("a",), 40),
            found("server-errors", ("b",), 30),
            found("latency-p99", ("b",), 40),
        ),
        "fine",
    )
    enough: dict[str, Any] = {"min-requests": 100}
    more: dict[str, Any] = {"min-requests": 101}
    assert next_of(AT_5, counted, **enough).act is Act.RAISE
    few = next_of(AT_5, counted, **more)
    assert (few.act, few.until) == (Act.BAKE, None)
    assert "100 of at least 101" in few.sentence
    assert next_of(replace(AT_5, is_skipped=True), counted, **more).act is Act.RAISE


def test_a_pause_and_a_freeze_stop_a_raise_and_a_freeze_runs_out() -> None:
    paused = next_of(replace(AT_5, paused=entry(Kind.PAUSED)))
    assert (paused.act, paused.weight) == (Act.PAUSE, FIFTY)
    assert "ann@desk at 2026-11-23 12:00 UTC" in paused.sentence
    frozen = next_of(replace(AT_5, frozen=entry(Kind.FROZEN, until=NOON + MINUTE)))
    assert (frozen.act, frozen.weight, frozen.until) == (Act.FREEZE, FIFTY, NOON + MINUTE)
    assert "ann@desk until Mon 2026-11-23 12:01 UTC" in frozen.sentence
    for until in (NOON, NOON - MINUTE, None):
        assert next_of(replace(AT_5, frozen=entry(Kind.FROZEN, until=until))).act is Act.RAISE


def test_an_approval_is_asked_for_waited_for_and_may_run_out() -> None:
    needs: dict[str, Any] = {"approve-before": [50], "approval-expiry": "2h"}
    asked = replace(AT_5, asked=entry(Kind.ASKED, NOON - HOUR))
    late = replace(AT_5, asked=entry(Kind.ASKED, NOON - 2 * HOUR))
    first = next_of(AT_5, **needs)
    assert (first.act, first.weight, first.until) == (Act.ASK, FIFTY, None)
    assert next_of(asked, **needs).until is None
    assert next_of(late, **needs).act is Act.ASK
    back: dict[str, Any] = needs | {"on-expiry": "rollback"}
    assert next_of(AT_5, **back).until is None
    waits = next_of(asked, **back)
    assert (waits.act, waits.weight, waits.until) == (Act.ASK, FIFTY, NOON + HOUR)
    gone = next_of(late, **back)
    assert (gone.act, gone.weight) == (Act.FAIL, None)
    assert "50 % was not approved" in gone.sentence
    assert next_of(replace(late, approved=frozenset({FIFTY})), **back).act is Act.RAISE
    assert next_of(replace(late, approved=frozenset({WHOLE})), **back).act is Act.FAIL
    assert next_of(START, None, **needs).act is Act.RAISE  # only that step waits


def test_outside_of_the_windows_nothing_is_raised() -> None:
    window: dict[str, Any] = {"days": ["Mon"], "from": "12:01", "until": "13:00", "time-zone": "UTC"}
    closed = next_of(AT_5, windows=[window])
    assert (closed.act, closed.weight, closed.until) == (Act.CLOSED, FIFTY, NOON + MINUTE)
    assert "Mon 2026-11-23 12:01 UTC" in closed.sentence
    assert next_of(AT_5, windows=[window | {"from": "12:00"}]).act is Act.RAISE


def test_alarms_are_those_that_the_file_names() -> None:
    states = {"a": AlarmState.ALARM, "b": AlarmState.OK, "c": AlarmState.INSUFFICIENT_DATA, "x": AlarmState.ALARM}
    assert alarms_of(ramp(alarms=["c", "b", "a"]), states) == AlarmStates(("a",), ("c",))


def test_the_words_of_a_decision_are_those_that_json_shows() -> None:
    assert {act.value for act in Act} == {
        *("waiting", "held", "paused", "frozen", "closed", "approval", "raise", "fail", "finish")
    }


NO_HEALTHY, SOME_HEALTHY, UNKNOWN = (
    Problem(f"target group ecs {why}", code=code)
    for why, code in [
        ("has no healthy target", "no-healthy-target"),
        ("has 1 unhealthy", "unhealthy-targets"),
        ("denied", "access-denied"),
    ]
)


@pytest.mark.parametrize("stands", [START, AT_5])
def test_no_weight_is_raised_while_the_candidate_has_no_healthy_target(stands: RampState) -> None:
    held = next_of(stands, alarms=alarms_of(ramp(), {}, [NO_HEALTHY]))
    assert (held.act, "no healthy target" in held.sentence) == (Act.BAKE, True)
    assert next_of(stands, alarms=alarms_of(ramp(), {}, [SOME_HEALTHY])).act is Act.RAISE
    assert next_of(stands, alarms=alarms_of(ramp(), {}, [UNKNOWN])).act is Act.BAKE


def test_a_candidate_without_healthy_targets_that_is_worse_goes_back_all_the_same() -> None:
    for sick in (NO_HEALTHY, UNKNOWN):
        assert next_of(AT_5, WORSE, alarms_of(ramp(), {}, [sick])).act is Act.FAIL
