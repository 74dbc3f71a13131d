"""Where an environment stands, from what the file wants, what is live and who holds the rules."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from io import StringIO

import pytest
from rich.console import Console

from rollout.alb.weights import ForwardAction
from rollout.analysis.measuring.split import measure
from rollout.cli.screens import status as screen
from rollout.inventory.model import LEGACY_ONLY, Split
from rollout.inventory.quantities import Percent
from rollout.migration.checks.status import EnvironmentStatus, Held, status_of, with_measured
from rollout.state.plan import ResourceState
from tests.unit.builders import CANDIDATE, LEGACY, LEGACY_FORWARD, environment, live, rule_inputs, state, weighted

ROUTES = ("score", "bulk")


def rules(*names: str) -> tuple[ResourceState, ...]:
    return tuple(state(name, rule_inputs(name, LEGACY_FORWARD)) for name in names)


def status(
    forward: ForwardAction = LEGACY_FORWARD, held: Held | None = None, *, built: bool = True, weight: int = 0
) -> EnvironmentStatus:
    now = live(dict.fromkeys(ROUTES, forward))
    groups = now.target_groups if built else {"old": now.target_groups["old"]}
    inventory = environment(weight=Percent(weight * 10))
    return status_of(inventory, replace(now, target_groups=groups), held)


@pytest.mark.parametrize(
    ("forward", "held", "built", "weight", "phase", "comes_next"),
    [
        (LEGACY_FORWARD, Held(rules(*ROUTES), None), False, 0, "not begun", "rollout phase1 production"),
        (LEGACY_FORWARD, Held(rules(*ROUTES), None), True, 0, "phase1", "rollout phase2 production"),
        (LEGACY_FORWARD, Held(None, rules("score")), True, 0, "phase1", "rollout phase2 production"),
        (weighted(100, 0), Held((), rules(*ROUTES)), True, 0, "phase2", None),
        (weighted(100, 0), Held((), rules(*ROUTES)), True, 10, "phase2", "rollout phase3 production"),
        (weighted(90, 10), Held((), rules(*ROUTES)), True, 10, "phase3", None),
        (weighted(90, 10), Held((), rules(*ROUTES)), True, 25, "phase3", "rollout phase3 production"),
        (weighted(90, 10), None, True, 25, None, None),  # without an engine nobody knows what comes next
    ],
)
def test_how_far_it_got_and_what_comes_next(
    forward: ForwardAction, held: Held | None, weight: int, phase: str | None, comes_next: str | None, *, built: bool
) -> None:
    found = status(forward, held, built=built, weight=weight)
    assert (found.phase, found.next_step) == (phase, comes_next)


def test_a_rule_that_two_stacks_hold_asks_for_the_rest_of_phase_2() -> None:
    found = status(weighted(90, 10), Held(rules("bulk"), rules(*ROUTES)), weight=10)
    assert [route.owners for route in found.routes] == [("routing",), ("legacy", "routing")]
    assert found.next_step == "rollout phase2 production"


def test_a_rule_of_somebody_else_has_no_owner_and_without_an_engine_none_is_known() -> None:
    assert {route.owners for route in status(held=Held(None, None)).routes} == {()}
    assert {route.owners for route in status(held=None).routes} == {None}


def test_a_route_says_what_is_wanted_and_what_is_live() -> None:
    shares = {"score": Percent.of("33.3")}
    now = live({"score": weighted(90, 10), "bulk": LEGACY_FORWARD})
    score, bulk = status_of(environment(route_weights=shares), now, None).routes
    assert (score.want, score.live, score.agrees) == (Percent.of("33.3"), Split.at(Percent.of(10)), False)
    assert (bulk.want, bulk.live, bulk.agrees) == (Percent(0), LEGACY_ONLY, True)
    assert score.forwards == "old 90, new 10; stickiness 3600 s"
    assert (score.endpoint, score.priority, score.rule) == ("GET /score/*", 10, "arn:rule/score")


def test_a_missing_rule_and_a_strange_one_are_shown_as_they_are() -> None:
    now = live({"bulk": None})
    strange = replace(now, rules=tuple(replace(rule, action="redirect") for rule in now.rules))
    score, bulk = status_of(environment(), strange, None).routes
    assert (score.rule, score.forwards, score.live, score.agrees) == (None, "no rule", None, False)
    assert (bulk.forwards, bulk.live, bulk.agrees) == ("redirect", None, False)


def test_it_tells_what_is_not_as_the_inventory_says() -> None:
    found = status_of(environment(), live({"score": LEGACY_FORWARD}), None)
    assert [problem.where for problem in found.problems] == ["routes.bulk"]


def shown(found: EnvironmentStatus, width: int) -> str:
    out = StringIO()
    Console(width=width, file=out).print(screen.status(found, width))
    return out.getvalue()


def with_counts(legacy: int, candidate: int) -> EnvironmentStatus:
    now = live(dict.fromkeys(ROUTES, weighted(90, 10)))
    counts = {LEGACY: legacy, CANDIDATE: candidate}
    return with_measured(
        status_of(environment(), now, None), measure(environment(), now, counts, timedelta(minutes=15))
    )


def test_what_was_measured_stands_beside_what_is_live() -> None:
    text = shown(with_counts(3_062, 348), 150)
    assert "2 routes: 10.2 % (9.2 to 11.3, 3,410 requests)" in text
    assert "with score" in text
    assert "likely" not in text


def test_a_disagreement_is_told_with_what_is_likely() -> None:
    text = shown(with_counts(700, 300), 150)
    assert "score and 1 more: measured 30 %, but live 10 %; likely:" in text
    assert "in the last 15m" in text


def test_a_narrow_terminal_has_it_all_but_what_a_wide_one_has_room_for() -> None:
    text = shown(with_counts(3_062, 348), 72)
    assert max(map(len, text.splitlines())) <= 72
    assert {"want", "live", "measured", "managed by"} <= {title.strip() for title in re.split(r" {2,}", text)}
    assert "forwards to" not in text
    assert "forwards to" in shown(with_counts(3_062, 348), 150)


def test_why_nothing_was_measured_is_told_and_takes_no_column() -> None:
    text = shown(with_measured(status(), "GetMetricData: AccessDenied: no"), 100)
    assert "not measured: GetMetricData: AccessDenied: no" in text
    assert "forwards to" in text
    assert "measured" not in shown(status(), 100)
