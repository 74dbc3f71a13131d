from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pulumi
import pytest
from pulumi.runtime import rpc

from programs.routing import program
from rollout.inventory.conditions import Condition, for_endpoint
from rollout.inventory.model import (
    CANDIDATE_ONLY,
    LEGACY_ONLY,
    OVERRIDE_TAG,
    PREPARED,
    Arn,
    Environment,
    Existing,
    OverrideRule,
    ProgramInput,
    RuleOwnership,
    Split,
)
from rollout.inventory.quantities import Percent
from rollout.inventory.settings import Stickiness
from tests.programs.recording import RULE, arn, listener, run
from tests.programs.seed import ROUTES

STICKY = {"enabled": True, "duration": 3600}


def given(environment: Environment, split: Split = PREPARED, **rest: Any) -> ProgramInput:
    return ProgramInput(environment, splits=dict.fromkeys(environment.routes, split), **rest)


@pytest.mark.parametrize(
    ("split", "weights"),
    [
        (PREPARED, (100, 0)),
        (Split.at(Percent.of("0.1")), (999, 1)),
        (Split.at(Percent.of(10)), (90, 10)),
        (Split.at(Percent.of(33.3)), (667, 333)),
        (Split.at(Percent.of(100)), (0, 100)),
    ],
)
def test_every_route_of_the_seed_gets_one_rule_with_both_weights_written(
    production: Environment, split: Split, weights: tuple[int, int]
) -> None:
    done = run(program, given(production, split))

    assert done.counts == {RULE: len(ROUTES)}
    assert {name: rule.inputs for name, rule in done.of(RULE).items()} == {
        name: {
            "listenerArn": listener(row.load_balancer, row.port),
            "priority": row.priority,
            "conditions": [
                {"pathPattern": {"values": [row.path]}},
                {"httpRequestMethod": {"values": [row.method]}},
            ],
            "actions": [
                {
                    "type": "forward",
                    "forward": {
                        "targetGroups": [
                            {"arn": arn("TargetGroup", row.legacy), "weight": weights[0]},
                            {"arn": arn("TargetGroup", row.candidate), "weight": weights[1]},
                        ],
                        "stickiness": STICKY,
                    },
                }
            ],
        }
        for name, row in ROUTES.items()
    }


def test_legacy_only_takes_the_candidate_and_stickiness_out_but_keeps_the_form(production: Environment) -> None:
    rule = run(program, given(production, LEGACY_ONLY)).of(RULE)["stamp-score"]

    group = {"arn": arn("TargetGroup", "l-passport-v2-stamp-score"), "weight": 1}
    assert rule.inputs["actions"] == [{"type": "forward", "forward": {"targetGroups": [group]}}]


def test_a_completed_route_forwards_to_the_candidate_alone_and_legacy_is_not_looked_up(production: Environment) -> None:
    done = run(program, given(production, CANDIDATE_ONLY), "l-passport-v2-stamp-score")

    group = {"arn": arn("TargetGroup", "l-passport-v2-rust-scorer"), "weight": 1}
    actions = done.of(RULE)["stamp-score"].inputs["actions"]
    assert actions == [{"type": "forward", "forward": {"targetGroups": [group]}}]


def test_routes_may_be_split_differently(production: Environment) -> None:
    splits = dict.fromkeys(production.routes, LEGACY_ONLY) | {"embed-score": Split.at(Percent.of(5))}
    rules = run(program, ProgramInput(production, splits=splits)).of(RULE)

    groups = {name: len(rule.inputs["actions"][0]["forward"]["targetGroups"]) for name, rule in rules.items()}
    assert groups == dict.fromkeys(ROUTES, 1) | {"embed-score": 2}


def test_only_rules_to_adopt_are_imported(production: Environment) -> None:
    rules = run(program, given(production, adopt={"embed-score": Arn("arn:live")})).of(RULE)

    assert {name: rule.request.importId for name, rule in rules.items() if rule.request.importId} == {
        "embed-score": "arn:live"
    }


def test_a_dropped_rule_stays_on_the_load_balancer_and_no_weight_is_ever_ignored(production: Environment) -> None:
    for rule in run(program, given(production)).of(RULE).values():
        assert rule.request.retainOnDelete
        assert not rule.request.ignoreChanges


def test_a_released_rule_is_dropped_and_its_groups_are_not_looked_up(production: Environment) -> None:
    released = dict.fromkeys(ROUTES, RuleOwnership.RELEASED)
    done = run(program, given(production, rules={**released, "embed-score": RuleOwnership.OWNED}))

    assert done.of(RULE).keys() == {"embed-score"}
    assert len([name for kind, name in done.calls if kind == "TargetGroup"]) == 2
    assert not run(program, ProgramInput(production, rules=released)).registrations


def test_a_rule_keeps_its_tags(production: Environment) -> None:
    rules = run(program, given(production, tags={"embed-score": {"team": "embed"}})).of(RULE)

    assert rules["embed-score"].inputs["tags"] == {"team": "embed"}
    assert "tags" not in rules["stamp-score"].inputs


def test_stickiness_lasts_as_long_as_the_inventory_says(production: Environment) -> None:
    environment = production.model_copy(update={"stickiness": Stickiness(duration=timedelta(minutes=5))})
    rule = run(program, given(environment)).of(RULE)["stamp-score"]

    assert rule.inputs["actions"][0]["forward"]["stickiness"] == {"enabled": True, "duration": 300}


def test_logical_names_are_the_routes_keys_under_components_of_the_same_name(production: Environment) -> None:
    urns = {
        rule.urn.partition("::")[2].partition("::")[2] for rule in run(program, given(production)).of(RULE).values()
    }

    assert urns == {f"rollout:index:WeightedRule${RULE}::{name}" for name in ROUTES}


def test_each_thing_is_looked_up_once(production: Environment) -> None:
    calls = run(program, given(production)).calls

    assert len(calls) == len(set(calls))
    assert {name for kind, name in calls if kind == "TargetGroup"} == {
        group for row in ROUTES.values() for group in (row.legacy, row.candidate)
    }


def test_a_load_balancer_may_be_given_by_arn(production: Environment) -> None:
    balancers = {
        key: balancer.model_copy(update={"name": None, "arn": f"arn:{key}"})
        for key, balancer in production.load_balancers.items()
    }
    done = run(program, given(production.model_copy(update={"load_balancers": balancers})))

    assert not [name for kind, name in done.calls if kind == "LoadBalancer"]
    assert done.of(RULE)["embed-score"].inputs["listenerArn"] == arn("Listener", "arn:internal:80")


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        (
            ["l-cc-v1-score-POST-0", "passport-internal"],
            "load balancer passport-internal doesn't exist; target group l-cc-v1-score-POST-0 doesn't exist",
        ),
        (
            ["passport-internal", "passport-public", "targetGroupRegistry"],
            "load balancer passport-public doesn't exist; load balancer passport-internal doesn't exist",
        ),
    ],
)
def test_whatever_is_missing_is_told_at_once(production: Environment, missing: list[str], told: str) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        run(program, given(production), *missing)

    assert str(caught.value) == told


def known(environment: Environment, *missing: str) -> Existing:
    names = {group for route in environment.routes.values() for group in (route.legacy, route.candidate)} - {*missing}
    groups = {name: Arn(f"arn:known:{name}") for name in names}
    listeners = {key: Arn(f"arn:known:{key}") for key in environment.load_balancers}
    return Existing(listeners, groups, dict.fromkeys(names, "lambda"))


def test_what_a_phase_has_read_is_not_looked_up_again(production: Environment) -> None:
    done = run(program, given(production, existing=known(production)))

    assert done.calls == []
    for name, rule in done.of(RULE).items():
        route = production.routes[name]
        assert rule.inputs["listenerArn"] == f"arn:known:{route.load_balancer}"
        groups = rule.inputs["actions"][0]["forward"]["targetGroups"]
        assert [each["arn"] for each in groups] == [f"arn:known:{route.legacy}", f"arn:known:{route.candidate}"]


def test_what_a_phase_has_not_found_is_looked_up(production: Environment) -> None:
    name = production.routes["stamp-score"].candidate
    with pytest.raises(pulumi.RunError, match=name):
        run(program, given(production, existing=known(production, name)), name)


def test_a_missing_listener_is_told_with_its_port(production: Environment) -> None:
    with pytest.raises(pulumi.RunError, match="load balancer passport-public: listener on port 443 doesn't exist"):
        run(program, given(production), "Listener")


def test_a_refused_lookup_says_why(production: Environment) -> None:
    with pytest.raises(pulumi.RunError, match=r"^target group l-cc-v1-score-POST-0 can't be read: .*AccessDenied"):
        run(program, given(production), "denied:l-cc-v1-score-POST-0")


def test_a_route_without_a_split_is_an_error_not_a_dropped_rule(production: Environment) -> None:
    with pytest.raises(KeyError, match="embed-score"):
        run(program, ProgramInput(production, splits={name: PREPARED for name in ROUTES if name != "embed-score"}))


RULE_WITH_HEADER = OverrideRule(
    "internal",
    500,
    (*for_endpoint("/internal/embed/score/*/*", ("GET",)), Condition.on_header("X-Rollout", ["candidate", "new"])),
    "l-passport-v2-rust-scorer-int",
)


def test_a_header_rule_is_made_as_it_is_given_and_can_be_deleted(production: Environment) -> None:
    rules = run(program, given(production, overrides={"embed-score-override": RULE_WITH_HEADER})).of(RULE)
    rule = rules["embed-score-override"]

    group = {"arn": arn("TargetGroup", "l-passport-v2-rust-scorer-int"), "weight": 1}
    assert rpc.is_rpc_secret(rule.inputs["conditions"])  # since a header's value may be one
    assert {**rule.inputs, "conditions": rpc.unwrap_rpc_secret(rule.inputs["conditions"])} == {
        "listenerArn": listener("passport-internal", 80),
        "priority": 500,
        "conditions": [
            {"pathPattern": {"values": ["/internal/embed/score/*/*"]}},
            {"httpRequestMethod": {"values": ["GET"]}},
            {"httpHeader": {"httpHeaderName": "X-Rollout", "values": ["candidate", "new"]}},
        ],
        "actions": [{"type": "forward", "forward": {"targetGroups": [group]}}],
        "tags": {OVERRIDE_TAG: "embed-score-override"},
    }
    assert not rule.request.retainOnDelete
    assert "rollout:index:HeaderRule$" in rule.urn
    assert len(rules) == len(ROUTES) + 1


def test_a_header_rules_group_is_looked_up_even_if_no_route_has_it(production: Environment) -> None:
    rule = replace(RULE_WITH_HEADER, target_group="targetGroupRegistry")
    done = run(program, given(production, overrides={"history-override-kept": rule}))

    assert ("TargetGroup", "targetGroupRegistry") in done.calls
