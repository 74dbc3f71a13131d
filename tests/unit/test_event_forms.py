"""The candidate's target groups ask in the form in which legacy's do."""

from __future__ import annotations

from dataclasses import replace

from rollout.alb.state import AlbState, LiveTargetGroup
from rollout.inventory.model import Arn, Environment, Route
from rollout.migration.checks.event_forms import as_lists, form_warnings, health_warnings, mixed_forms, other_forms
from tests.unit.builders import CANDIDATE, LEGACY, LEGACY_FORWARD, environment, live

LIVE = live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD})
LISTS = frozenset({LEGACY})
OTHER = Arn("arn:targetgroup/other/1")


def saying(form: bool) -> Environment:
    function = environment().functions["new"].model_copy(update={"multi_value_headers": form})
    return environment(functions={"new": function})


def with_two_legacy_groups() -> tuple[Environment, AlbState]:
    routes: dict[str, Route] = {**environment().routes}
    routes["bulk"] = routes["bulk"].model_copy(update={"legacy": "other"})
    groups = {**LIVE.target_groups, "other": LiveTargetGroup(OTHER, "other", "lambda")}
    return environment(routes=routes), replace(LIVE, target_groups=groups)


def test_a_candidates_group_is_as_legacys() -> None:
    assert as_lists(environment(), LIVE, LISTS) == {"new"}
    assert as_lists(environment(), LIVE, frozenset()) == frozenset()
    assert list(form_warnings({"new"}))
    assert list(form_warnings(())) == []


def test_a_setting_goes_before_it() -> None:
    assert as_lists(saying(form=False), LIVE, LISTS) == frozenset()
    assert as_lists(saying(form=True), LIVE, frozenset()) == {"new"}


def test_once_legacy_is_retired_it_stays_as_it_is() -> None:
    alone = replace(LIVE, target_groups={"new": LIVE.target_groups["new"]})
    assert as_lists(environment(), alone, {CANDIDATE}) == {"new"}
    assert as_lists(environment(), alone, frozenset()) == frozenset()


def test_one_that_asks_otherwise_is_told_before_it_gets_requests() -> None:
    (problem,) = other_forms(environment(), LIVE, LISTS, {"new"})
    assert problem.code == "wrong-event-form"
    assert list(other_forms(environment(), LIVE, {LEGACY, CANDIDATE}, {"new"})) == []
    assert list(other_forms(environment(), LIVE, LISTS, ())) == []
    assert list(other_forms(saying(form=False), LIVE, LISTS, {"new"})) == []


def test_legacy_groups_of_two_forms_need_two_groups_or_a_setting() -> None:
    inventory, now = with_two_legacy_groups()
    (problem,) = mixed_forms(inventory, now, LISTS)
    assert problem.code == "mixed-event-forms"
    assert list(mixed_forms(inventory, now, {LEGACY, OTHER})) == []
    said = inventory.model_copy(update={"functions": saying(form=True).functions})
    assert list(mixed_forms(said, now, LISTS)) == []


def test_health_checks_are_said_once() -> None:
    checked = {**LIVE.target_groups, "old": replace(LIVE.target_groups["old"], health_checks=True)}
    assert len(list(health_warnings(environment(), replace(LIVE, target_groups=checked)))) == 1
    assert list(health_warnings(environment(), LIVE)) == []
