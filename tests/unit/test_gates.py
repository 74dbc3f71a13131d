"""What somebody is shown before saying yes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rollout.alb.weights import ForwardAction
from rollout.analysis.measuring.volumes import Volume
from rollout.inventory.model import LEGACY_ONLY, PREPARED, Arn, Route, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.settings import Stickiness
from rollout.migration.gates import Gate, TrafficLine, drift_warning, only_lowers, requests_of, traffic_of, warnings_of
from rollout.state.plan import StackPreview, change_of
from tests.unit.builders import (
    CANDIDATE,
    HOUR,
    LEGACY,
    LEGACY_FORWARD,
    environment,
    live,
    rule_inputs,
    state,
    step,
    weighted,
)

TEN, FIFTY = Split.at(Percent.of(10)), Split.at(Percent.of(50))
ALIAS = "aws:lambda/alias:Alias"
FUNCTION = "aws:lambda/function:Function"


def line(before: Split | None, after: Split) -> TrafficLine:
    kept_before, kept_after = (None if split == LEGACY_ONLY else HOUR for split in (before, after))
    return TrafficLine(
        "score", "GET /score/*", "public", 10, before, after, kept_before=kept_before, kept_after=kept_after
    )


def apart(*legacies: str) -> dict[str, Route]:
    """The routes, each with a legacy group of its own."""
    routes = environment().routes
    return {name: routes[name].model_copy(update={"legacy": old}) for name, old in zip(routes, legacies, strict=True)}


@pytest.mark.parametrize(
    ("before", "after", "changes", "moves"),
    [
        (TEN, TEN, False, False),
        (TEN, FIFTY, True, True),
        (LEGACY_ONLY, PREPARED, True, False),  # the rule changes, no request moves
        (None, TEN, True, True),  # nobody knows where requests go now
    ],
)
def test_a_line_tells_a_changed_rule_from_moved_requests(
    before: Split | None, after: Split, *, changes: bool, moves: bool
) -> None:
    assert (line(before, after).changes, line(before, after).moves) == (changes, moves)


@pytest.mark.parametrize(
    ("before", "after", "note"),
    [
        (TEN, TEN, "unchanged"),
        (TEN, LEGACY_ONLY, "at once for all clients"),
        (PREPARED, LEGACY_ONLY, "candidate removed"),
        (LEGACY_ONLY, PREPARED, "no request moves"),
        (LEGACY_ONLY, TEN, "candidate added, stickiness 1h"),
        (FIFTY, TEN, "clients with a cookie stay"),
    ],
)
def test_a_note_says_what_the_weight_does_not(before: Split, after: Split, note: str) -> None:
    assert note in line(before, after).note


@pytest.mark.parametrize(
    ("before", "after", "note"),
    [
        (None, None, "unchanged"),
        (HOUR, None, "stickiness off"),
        (None, HOUR, "stickiness 1h"),
        (HOUR / 6, HOUR, "stickiness 10m → 1h"),
    ],
)
def test_a_rule_whose_stickiness_alone_changes_is_no_unchanged_one(
    before: timedelta | None, after: timedelta | None, note: str
) -> None:
    found = replace(line(TEN, TEN), kept_before=before, kept_after=after)
    assert (found.note, found.changes, found.moves) == (note, before != after, False)


@pytest.mark.parametrize("before", [TEN, PREPARED, None])
def test_a_mere_raise_needs_no_note(before: Split | None) -> None:
    assert line(before, FIFTY).note == ""


def test_traffic_has_a_line_for_each_route_of_the_phase_changed_ones_first() -> None:
    now = live({"score": weighted(90, 10), "bulk": LEGACY_FORWARD})
    lines = traffic_of(environment(), now, {"score": TEN, "bulk": TEN})
    assert lines == (
        TrafficLine("bulk", "POST /bulk", "public", 20, LEGACY_ONLY, TEN, kept_after=HOUR),
        TrafficLine("score", "GET /score/*", "public", 10, TEN, TEN, kept_before=HOUR, kept_after=HOUR),
    )
    assert [line.route for line in traffic_of(environment(), now, {"score": FIFTY})] == ["score"]


def test_a_rule_that_does_something_else_has_no_split_and_keeps_nobody() -> None:
    (found,) = traffic_of(environment(), live({"score": None}), {"score": TEN})
    assert (found.before, found.kept_before, found.kept_after) == (None, None, HOUR)
    (gone,) = traffic_of(environment(), live({}), {"score": TEN})
    assert (gone.before, gone.kept_before) == (None, None)


def test_what_a_phase_does_not_write_keeps_its_stickiness() -> None:
    brief = replace(weighted(90, 10), stickiness=HOUR / 6)
    (found,) = traffic_of(environment(), live({"score": brief}), {"score": TEN}, written=False)
    assert (found.kept_before, found.kept_after, found.changes) == (HOUR / 6, HOUR / 6, False)


@pytest.mark.parametrize(
    ("volume", "said"),
    [
        (None, ""),
        (Volume(0, ("score",)), "none"),
        (Volume(1234, ("score",)), "about 123 of 1,234"),
        (Volume(100, ("score",)), "about 10 of 100"),
        (Volume(99, ("score",)), "about 9.9 of 99"),
        (Volume(20, ("score",)), "about 2 of 20"),
        (Volume(50, ("score", "bulk")), "50 with 1 other"),
        (Volume(50, ("score", "bulk", "more")), "50 with 2 others"),
    ],
)
def test_how_many_requests_that_is_a_minute(volume: Volume | None, said: str) -> None:
    assert requests_of([replace(line(PREPARED, TEN), volume=volume)]) == said


def test_routes_that_are_counted_together_count_once() -> None:
    both = Volume(50, ("score", "bulk"))
    first = replace(line(PREPARED, TEN), volume=both)
    lines = [first, replace(first, route="bulk"), replace(first, route="more", volume=Volume(30, ("more",)))]
    assert requests_of(lines) == "about 8 of 80"
    assert requests_of(lines[1:]) == "80 with 1 other"


def preview(*, refreshed: bool = False, rebuilt: bool = False) -> StackPreview:
    inputs = rule_inputs("score", LEGACY_FORWARD)
    build = change_of("update", state("f", {"code": "1"}, FUNCTION), state("f", {"code": "2"}, FUNCTION))
    steps = (build,) if rebuilt else (step("same", "score", inputs, inputs),)
    return StackPreview("routing", steps, refreshed=refreshed)


def test_a_gate_is_empty_when_neither_aws_nor_the_state_would_change() -> None:
    gate = Gate("production", "weight", (), (preview(), preview()))
    assert gate.is_empty
    assert not replace(gate, previews=(preview(), preview(rebuilt=True))).is_empty
    assert not replace(gate, previews=(preview(refreshed=True),)).is_empty


def test_the_digest_is_of_what_happens_and_not_of_what_was_counted_or_said() -> None:
    up, kept = line(PREPARED, TEN), replace(line(TEN, TEN), route="other")
    gate = Gate("production", "weight", (up, kept), (preview(),))
    alike = replace(
        gate,
        traffic=(kept, replace(up, volume=Volume(20, ("score",)))),
        warnings=("mind the step",),
        uncounted="too slow",
    )
    assert alike.digest == gate.digest
    others = (
        replace(gate, environment="staging"),
        replace(gate, phase="phase3"),
        replace(gate, traffic=(line(TEN, TEN), kept)),
        replace(gate, traffic=(replace(up, kept_after=timedelta(hours=2)), kept)),
        replace(gate, previews=(preview(rebuilt=True),)),
        replace(gate, previews=(preview(refreshed=True),)),
        replace(gate, commands=("terraform state rm x",)),
        replace(gate, writes=(Arn("arn:aws:rule"),)),
    )
    assert len({gate.digest, *(other.digest for other in others)}) == 1 + len(others)


def test_a_new_build_of_a_function_with_an_alias_gets_no_request_yet() -> None:
    alias = change_of("same", state("f", {}, ALIAS), state("f", {}, ALIAS))
    built = preview(rebuilt=True)
    assert warnings_of([line(TEN, TEN)], [replace(built, steps=(*built.steps, alias))], moves_traffic=False) == ()


@pytest.mark.parametrize(
    ("traffic", "shown", "moves_traffic", "warning"),
    [
        (line(FIFTY, TEN), preview(), True, "stickiness overrides weights"),
        (line(TEN, TEN), preview(rebuilt=True), False, "a new build takes effect at once"),
        (line(TEN, FIFTY), preview(refreshed=True), True, "the state differs"),
    ],
)
def test_a_warning_for_each_thing_to_know(
    traffic: TrafficLine, shown: StackPreview, warning: str, *, moves_traffic: bool
) -> None:
    (said,) = warnings_of((traffic,), (shown,), moves_traffic=moves_traffic)
    assert warning in said


def test_a_new_build_is_told_whatever_else_changes() -> None:
    made = change_of("create", None, state("g", {"name": "g"}, FUNCTION))
    both = StackPreview("candidate", (made, *preview(rebuilt=True).steps))
    assert len(warnings_of((line(TEN, TEN),), (both,), moves_traffic=False)) == 1
    assert warnings_of((line(TEN, TEN),), (StackPreview("candidate", (made,)),), moves_traffic=False) == ()


def test_one_state_of_several_that_is_behind_is_told() -> None:
    shown = (preview(), preview(refreshed=True))
    assert len(warnings_of((line(TEN, FIFTY),), shown, moves_traffic=True)) == 1


@pytest.mark.parametrize(
    ("split", "before", "after", "warned"),
    [
        (PREPARED, None, HOUR, "answers set the cookies AWSALBTG and AWSALBTGCORS,"),
        (TEN, None, HOUR, "answers set the cookies AWSALBTG and AWSALBTGCORS,"),
        (TEN, HOUR, None, "stickiness is turned off"),
        (PREPARED, HOUR, None, None),  # everybody goes on with legacy
        (TEN, HOUR, HOUR, None),
        (TEN, None, None, None),
    ],
)
def test_what_cookies_come_and_go_is_told(
    split: Split, before: timedelta | None, after: timedelta | None, warned: str | None
) -> None:
    kept = replace(line(split, split), kept_before=before, kept_after=after)
    said = warnings_of((kept,), (preview(),), moves_traffic=True)
    assert len(said) == bool(warned)
    assert all(warned and warned in each for each in said)


def test_without_stickiness_nobody_drifts_and_no_cookie_is_told_of() -> None:
    off = environment(stickiness=Stickiness(enabled=False), routes=apart("a", "b"))
    after = {"score": TEN, "bulk": FIFTY}
    now = live({"score": ForwardAction({LEGACY: 1, CANDIDATE: 1}), "bulk": LEGACY_FORWARD})
    lines = traffic_of(off, now, after)
    assert [each.kept_after for each in lines] == [None, None]
    assert warnings_of(lines, (preview(),), moves_traffic=True) == ()  # a lower weight holds for everybody at once
    assert drift_warning(off, after) == ()


@pytest.mark.parametrize(
    ("traffic", "shown", "moves_traffic"),
    [
        (line(TEN, FIFTY), preview(), True),
        (line(TEN, LEGACY_ONLY), preview(), True),  # a way back to 0 moves everybody
        (line(PREPARED, PREPARED), preview(rebuilt=True), False),  # a new build that nobody is on
        (line(TEN, FIFTY), preview(rebuilt=True), True),  # moving traffic, it is the rule that is updated
    ],
)
def test_no_warning_without_cause(traffic: TrafficLine, shown: StackPreview, *, moves_traffic: bool) -> None:
    assert warnings_of((traffic,), (shown,), moves_traffic=moves_traffic) == ()


@pytest.mark.parametrize(
    ("legacies", "weights", "warned"),
    [
        (("a", "b"), (10, 10), True),
        (("a", "b"), (10, 100), True),
        (("a", "b"), (0.1, 99.9), True),
        (("a", "b"), (100, 100), False),  # nowhere to drift from
        (("a", "b"), (10, 0), False),
        (("a", "a"), (10, 10), False),  # a cookie to legacy holds on both routes as well
    ],
)
def test_a_shared_candidate_is_told_while_clients_drift(
    legacies: tuple[str, str], weights: tuple[float, float], *, warned: bool
) -> None:
    routes = apart(*legacies)
    after = {name: Split.at(Percent.of(weight)) for name, weight in zip(routes, weights, strict=True)}
    told = drift_warning(environment(routes=routes), after)
    assert [": new (score, bulk);" in warning for warning in told] == [True] * warned


@pytest.mark.parametrize(
    ("weights", "lowers"),
    [({"score": 5}, True), ({"score": 0, "bulk": 10}, True), ({"score": 5, "bulk": 25}, False), ({}, False)],
)
def test_only_a_way_back_lowers_every_weight(weights: dict[str, int], *, lowers: bool) -> None:
    now = live({"score": weighted(90, 10), "bulk": weighted(90, 10)})
    asked = {name: Percent.of(weight) for name, weight in weights.items()}
    assert only_lowers(environment(), now, asked) is lowers


def test_what_a_rule_does_is_told_by_its_action() -> None:
    now = live({"score": weighted(90, 10), "bulk": None})
    told = {name: now.forwards(route) for name, route in environment().routes.items()}
    assert told["score"] == str(weighted(90, 10))
    assert told["bulk"] == "forward"
    assert live({}).forwards(environment().routes["score"]) == "nothing"
