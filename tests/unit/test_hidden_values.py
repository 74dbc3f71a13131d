"""A header's value in a live rule is a secret more often than not: nothing that is written or shown has it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from rollout.adapters.aws.alb import live_rule
from rollout.alb.discovered import Endpoint, Found, Listener, sorted_out
from rollout.alb.explain import explain
from rollout.alb.header_rules import bent_overrides, header_rules_before
from rollout.alb.overlaps import overlaps
from rollout.alb.overrides import override_problems, override_warnings
from rollout.alb.state import LiveRule, LiveTargetGroup
from rollout.api.init.answers import Answers
from rollout.api.init.draft import drafted
from rollout.api.init.text import text_of
from rollout.base.plain import plain
from rollout.cli.screens.gate import details
from rollout.inventory.conditions import Condition, ConditionField, Request, for_endpoint
from rollout.inventory.header_rules import planned_overrides
from rollout.inventory.settings import HeaderOverride
from rollout.migration.checks.compare import moved
from rollout.migration.checks.inspection import Inspection
from rollout.migration.checks.preflight import live_problems
from rollout.migration.checks.report import aws_checks
from rollout.migration.checks.retiring import retiring_problems
from rollout.migration.checks.status import status_of
from rollout.migration.context import PhaseContext
from rollout.migration.gates import Gate
from rollout.state.plan import StackPreview
from tests.unit.builders import (
    BALANCER,
    CANDIDATE,
    LEGACY,
    LEGACY_FORWARD,
    LISTENER,
    environment,
    live,
    rule_arn,
    rule_inputs,
    step,
    weighted,
)

SECRET = "s3cr3t-0f-cl0udfr0nt"
EXPRESSION = "^s3cr3t-[0-9]+$"
HEADER = {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Origin-Verify", "Values": [SECRET]}}
REGEX = {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Origin-Verify", "RegexValues": [EXPRESSION]}}


def read(condition: dict[str, Any], priority: int, *, path: str = "/score/*", method: str = "GET") -> LiveRule:
    """A rule as AWS tells it, that forwards to both groups of the routes."""
    conditions = [
        {"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}},
        {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": [method]}},
        condition,
    ]
    rule = live_rule(
        LISTENER,
        {"RuleArn": rule_arn(f"x{priority}"), "Priority": str(priority), "Conditions": conditions},  # type: ignore[typeddict-item]
    )
    return replace(rule, forward=weighted(9, 1), tags={"rollout:override": "bent"})


def everything(condition: dict[str, Any]) -> Iterator[object]:
    """All that is made of live rules with such a condition."""
    inventory = environment(header_override=HeaderOverride(priority_base=2))
    at_route = live({"bulk": LEGACY_FORWARD})
    now = replace(at_route, rules=(*at_route.rules, read(condition, 10), read(condition, 4), read(condition, 15)))
    before = live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD})
    yield from now.rules
    yield status_of(inventory, now, None)
    yield from live_problems(inventory, now)
    yield from aws_checks(inventory, now, Inspection(), None, None)
    yield from overlaps(inventory, now)
    yield from bent_overrides(inventory, now)
    yield from override_problems(inventory, now)
    yield from override_warnings(inventory, now)
    yield from moved(inventory, replace(before, rules=(read(condition, 10), *before.rules[1:])), before)
    yield from retiring_problems(inventory, PhaseContext(now))
    yield [place for place, _, _ in header_rules_before(inventory, now)]
    for header in ("", "something", SECRET):
        yield explain(inventory, now, "public", Request("GET", "/score/1", headers=(("x-origin-verify", header),)))
    listener = Listener("shop", 443, now.rules)
    groups = {LEGACY: LiveTargetGroup(LEGACY, "old", "lambda"), CANDIDATE: LiveTargetGroup(CANDIDATE, "new", "lambda")}
    found = Found("123456789012", "us-west-2", (listener,), groups)
    judged = tuple(sorted_out(found.listeners, groups))
    answers = Answers("shop", "production", "new-shop", "-candidate", "new.zip", "provided.al2023", "bootstrap")
    yield from judged
    yield text_of(drafted(found, [each for each in judged if isinstance(each, Endpoint)], answers))


@pytest.mark.parametrize("condition", [HEADER, REGEX])
def test_nothing_that_is_made_of_live_rules_shows_a_header_value(condition: dict[str, Any]) -> None:
    for made in everything(condition):
        for text in (str(made), repr(made), json.dumps(plain(made))):
            assert SECRET not in text
            assert EXPRESSION not in text


def test_a_gate_in_full_shows_the_header_and_not_its_value() -> None:
    override = HeaderOverride(value=SECRET, priority_base=1)
    (name, rule), *_ = planned_overrides(environment(header_override=override)).items()
    made = rule_inputs("score", LEGACY_FORWARD)
    header = {"httpHeader": {"httpHeaderName": "X-Rollout", "values": list(rule.asks[-1].texts)}}
    made["conditions"] = [header, *made["conditions"]]
    gate = Gate("production", "override", (), (StackPreview("routing", (step("create", name, None, made),)),))
    console = Console(file=io.StringIO(), width=500)
    console.print(details(gate, 100))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert "X-Rollout" in shown
    assert SECRET not in shown
    assert SECRET not in f"{rule} {rule!r} {plain(rule)} {gate!s}"


def test_a_header_value_that_changed_is_seen_all_the_same() -> None:
    before = live({"bulk": LEGACY_FORWARD})
    other = {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Origin-Verify", "Values": ["b"]}}
    was, now = (replace(before, rules=(read(condition, 10), *before.rules)) for condition in (HEADER, other))
    (found,) = moved(environment(), was, now)
    assert found.code == "conditions-changed"


def test_a_header_value_still_decides_who_takes_a_request() -> None:
    now = replace(live({"score": LEGACY_FORWARD}), load_balancers={"public": BALANCER})
    now = replace(now, rules=(read(HEADER, 4), *now.rules))
    for header, taker in ((SECRET, 4), (SECRET.upper(), 4), ("other", 10)):
        request = Request("GET", "/score/1", headers=(("x-origin-verify", header),))
        assert explain(environment(), now, "public", request).priority == taker


@given(st.text(min_size=12), st.booleans())
def test_a_condition_cannot_be_made_that_shows_a_header_value(value: str, regex: bool) -> None:
    with pytest.raises(ValueError, match="hidden"):
        Condition(ConditionField.HEADER, (value,), "X-A", regex=regex)
    made = Condition.on_header("X-A", (value,), regex=regex)
    rule = LiveRule(rule_arn("x"), LISTENER, 1, (*for_endpoint("/a", ()), made))
    assert str(made) in rule.conditions
    assert str(made) == str(Condition.on_header("X-A", ("another",), regex=regex))
    assert repr(rule) == repr(
        replace(rule, asks=(*rule.asks[:-1], Condition.on_header("X-A", ("another",), regex=regex)))
    )
