"""What "legacy alone" is: a rollback and the guard mean the same, and neither ever raises the candidate's share."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.alb.described import condition_of, described
from rollout.alb.extras import extras_of
from rollout.alb.forms import AWS
from rollout.alb.weights import ForwardAction
from rollout.fakes.clock import MONDAY
from rollout.guard import state as guard
from rollout.guard.config import GuardConfig
from rollout.guard.firing import NotBack
from rollout.guard.plain import dumps
from rollout.guard.rules import Need, Part, needs, same_conditions, taken_back, weights_of, without_header_values
from rollout.guard.state import Drill, GuardState
from rollout.inventory.model import Arn
from tests.unit.guard.bench import Bench, rule_json
from tests.unit.guard.builders import ERRORS, LATENCY, SILENT, config, event, route

ORDERS = route("orders")
OIDC = {"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": {"ClientId": "c", "ClientSecret": "s"}}
JWT = {"Type": "jwt-validation", "Order": 1, "JwtValidationConfig": {"Issuer": "i"}}
COGNITO = {"Type": "authenticate-cognito", "Order": 1, "AuthenticateCognitoConfig": {"UserPoolArn": "u"}}
FIXED = {"Type": "fixed-response", "Order": 1, "FixedResponseConfig": {"StatusCode": "503"}}


def forward(weights: Mapping[str, int], order: int | None = None) -> dict[str, Any]:
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}, **({"Order": order} if order else {})}


@pytest.mark.parametrize("before", [[], [OIDC], [JWT], [COGNITO]])
@pytest.mark.parametrize("order", [None, 1, 2, 50])
def test_a_rollback_writes_the_same_actions(before: list[dict[str, Any]], order: int | None) -> None:
    actions = [*before, forward({ORDERS.legacy: 50, ORDERS.candidate: 50}, order if order != 1 or not before else 2)]
    extras = extras_of(actions, ())
    assert extras is not None
    wanted = extras.actions(ForwardAction({Arn(ORDERS.legacy): 1}))
    assert taken_back({"Actions": actions}, ORDERS) == wanted
    if order:
        assert taken_back({"Actions": [*reversed(actions)]}, ORDERS) == wanted, "AWS goes by the numbers"
    assert "'ClientSecret'" not in str(wanted)
    assert AWS.read(wanted[-1]) == ForwardAction({Arn(ORDERS.legacy): 1})


@pytest.mark.parametrize(
    ("rule", "need"),
    [
        (None, Need.GONE),
        (rule_json(ORDERS, 1, 0, IsDefault=True), Need.DEFAULT),
        (rule_json(ORDERS, 90, 10, Conditions=[]), Need.OTHER),
        (rule_json(ORDERS, 90, 10), Need.MOVE),
        (rule_json(ORDERS, 100, 0), Need.MOVE),
        (rule_json(ORDERS, 1, 0, Actions=[{"Type": "forward", "TargetGroupArn": ORDERS.legacy}]), Need.BACK),
        (rule_json(ORDERS, 1, 0, Actions=[{"Type": "forward", "TargetGroupArn": ORDERS.candidate}]), Need.MOVE),
        (rule_json(ORDERS, 1, 0, Actions=[forward({ORDERS.legacy: 7})]), Need.BACK),
        (rule_json(ORDERS, 1, 0, Actions=[forward({ORDERS.legacy: 1, "arn:x": 1})]), Need.FOREIGN),
        (rule_json(ORDERS, 1, 0, Actions=[forward({})]), Need.FOREIGN),
        (rule_json(ORDERS, 1, 0, Actions=[FIXED]), Need.FOREIGN),
        (rule_json(ORDERS, 1, 0, Actions=[{"Type": "newer", "Order": 1}, forward({ORDERS.legacy: 1})]), Need.FOREIGN),
        (rule_json(ORDERS, 1, 0, Actions=[]), Need.FOREIGN),
    ],
)
def test_what_a_rule_needs(rule: Part | None, need: Need) -> None:
    assert needs(rule, ORDERS) is need


def test_conditions_are_the_same_in_any_order_and_in_both_of_their_forms() -> None:
    path = {"Field": "path-pattern", "Values": ["/b", "/a"]}
    twice = {"Field": "path-pattern", "Values": ["/a", "/b"], "PathPatternConfig": {"Values": ["/a", "/b"]}}
    query = {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "1"}, {"Value": "x"}]}}
    turned = {
        "Field": "query-string",
        "QueryStringConfig": {"Values": [{"Key": "", "Value": "x"}, *query_values(query)]},
    }
    assert same_conditions([path, query], [turned, twice])


def query_values(query: Mapping[str, Any]) -> list[Any]:
    return [query["QueryStringConfig"]["Values"][0]]


@pytest.mark.parametrize(
    "other",
    [
        {"Field": "host-header", "Values": ["/a"]},
        {"Field": "path-pattern", "Values": ["/a", "/b"]},
        {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/A"]}},
        {"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["/a"]}},
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x", "Values": ["/a"]}},
    ],
)
def test_other_conditions_differ(other: Part) -> None:
    assert not same_conditions([{"Field": "path-pattern", "Values": ["/a"]}], [other])
    assert not same_conditions([other, other], [other])


WEIGHT = st.integers(0, 999)


@given(WEIGHT, WEIGHT, st.booleans())
def test_taking_back_never_raises_a_share(legacy: int, candidate: int, alone: bool) -> None:
    rule = rule_json(ORDERS, legacy, candidate)
    if alone:
        rule["Actions"] = [forward({ORDERS.candidate: candidate})]
    after = weights_of({"Actions": taken_back(rule, ORDERS)})
    assert after == {ORDERS.legacy: 1}
    assert needs({**rule, "Actions": taken_back(rule, ORDERS)}, ORDERS) is Need.BACK, "done once"


def share(rule: Part, candidate: str) -> float:
    """The candidate's share by a rule, 0 to 1; the last action counts."""
    weights = weights_of(rule) or {}
    whole = sum(weights.values())
    return weights.get(candidate, 0) / whole if whole else 0.0


def random_rule(chance: random.Random, given_: GuardConfig, name: str) -> dict[str, Any]:
    """A rule at a route's ARN: mostly the route's, often not any more."""
    mine = given_.routes[name]
    arns = [mine.legacy, mine.candidate, *(each.candidate for each in given_.routes.values()), "arn:another"]
    some = chance.sample(arns, chance.randint(0, 3))
    actions: list[Any] = [
        forward({arn: chance.choice([0, 1, 50, 100, 999]) for arn in some}, chance.choice([None, 1, 2]))
    ]
    if chance.random() < 0.2:
        actions.insert(0, chance.choice([OIDC, JWT, COGNITO, FIXED, {"Type": "newer"}]))
    rule = rule_json(mine, chance.randint(0, 100), chance.randint(0, 100))
    if chance.random() < 0.6:
        rule["Actions"] = actions
    if chance.random() < 0.2:
        rule["Conditions"] = chance.choice(
            [[], [{"Field": "path-pattern", "Values": ["/else"]}], [*rule["Conditions"]] * 2]
        )
    return {**rule, "IsDefault": chance.random() < 0.05}


def random_state(chance: random.Random) -> str | None:
    """A state as the table may have it: any, garbage, or none."""
    now = MONDAY + timedelta(seconds=chance.randint(-900, 900))
    soon, by = now + timedelta(seconds=chance.randint(-60, 200)), "ann"
    state = GuardState(fired=chance.randint(0, 3))
    changes: list[Callable[[GuardState], GuardState]] = [
        lambda state: guard.begin_raise(state, id_="r", by=by, now=now, until=soon, seen=state.fired),
        lambda state: guard.watch(state, by=by, now=now),
        lambda state: guard.disarm(state, by=by, why="", now=now, until=soon),
        lambda state: guard.begin_drill(state, Drill("d", by, now, soon, dry=chance.random() < 0.5)),
        lambda state: guard.end_firing(state, event(), "1"),
        lambda state: replace(state, version=5),
    ]
    for change in chance.sample(changes, chance.randint(0, 3)):
        state = change(state)
    return chance.choice([None, "{", '{"format": 9}', *[dumps(state)] * 5])


@pytest.mark.parametrize("runs", [300, pytest.param(10_000, marks=pytest.mark.thorough)])
def test_no_firing_raises_a_share_or_touches_what_is_not_a_route_as_it_was(runs: int) -> None:
    """Random events, states and rules."""
    chance, moved = random.Random(22), 0  # noqa: S311 - not for secrets
    drills = ["{}", '{"rollout-drill": "d", "dry": true}', '{"rollout-drill": "d"}', "garbage"]
    for _ in range(runs):
        bench = Bench(config(chance.choice(["hold", "rollback"])))
        bench.limit = timedelta(seconds=15)
        bench.table.body, bench.table.installed = random_state(chance), chance.random() < 0.95
        bench.rules.known = {
            each.rule: random_rule(chance, bench.config, name)
            for name, each in bench.config.routes.items()
            if chance.random() < 0.95
        }
        bench.rules.known["arn:of another team"] = rule_json(ORDERS, 10, 90)
        if chance.random() < 0.2:
            bench.rules.calls.refuse(chance.choice(["Describe*", "ModifyRule", "*"]), times=chance.choice([1, 3, None]))
        before = dict(bench.rules.known)
        at = MONDAY + timedelta(seconds=chance.randint(-900, 900))
        alarm = event(
            chance.choice([ERRORS, ERRORS, LATENCY, SILENT, "another"]),
            at,
            chance.choice(["ALARM", "ALARM", "ALARM", "OK", "INSUFFICIENT_DATA"]),
            chance.choice(drills),
        )
        with suppress(NotBack):
            bench.fire(alarm)
        mine = {each.rule: each for name in bench.config.routes_of(alarm.alarm) for each in [bench.config.routes[name]]}
        for arn, rule in bench.rules.known.items():
            if rule is before[arn]:
                continue
            moved += 1
            assert needs(before[arn], mine[arn]) is Need.MOVE
            assert same_conditions(rule["Conditions"], mine[arn].conditions)
            assert share(rule, mine[arn].candidate) == 0 <= share(before[arn], mine[arn].candidate)
        assert bench.rules.known.keys() == before.keys()
    assert moved > runs / 30, "it does something"


@pytest.mark.parametrize(
    "told",
    [
        {"Field": "path-pattern", "Values": ["/b", "/a"], "PathPatternConfig": {"Values": ["/b", "/a"]}},
        {"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["^/a$"]}},
        {
            "Field": "http-request-method",
            "Values": ["POST", "GET"],
            "HttpRequestMethodConfig": {"Values": ["POST", "GET"]},
        },
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Key", "Values": ["a", "b"]}},
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Key", "RegexValues": ["a+"]}},
        {"Field": "host-header", "Values": ["a.example.com"], "HostHeaderConfig": {"Values": ["a.example.com"]}},
        {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "1"}, {"Value": "x"}]}},
        {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}},
    ],
)
def test_conditions_as_an_installed_guard_has_them_are_the_live_rules(told: Part) -> None:
    assert same_conditions([told], described([condition_of(told)]))


def test_the_value_of_a_header_stays_out_of_what_is_installed_and_is_known_again() -> None:
    def asking(kind: str, value: str) -> dict[str, Any]:
        return {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Key", kind: [value]}}

    told = asking("Values", "S3cr3t")
    kept = without_header_values(described([condition_of(told)]))
    assert "S3cr3t" not in json.dumps(kept)
    assert same_conditions(kept, [told])
    assert not same_conditions(kept, [asking("RegexValues", "S3cr3t")])
    assert not same_conditions(kept, [asking("Values", "another")])
