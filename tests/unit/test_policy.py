from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rollout.alb.weights import ForwardAction
from rollout.inventory.conditions import Conditions, for_endpoint
from rollout.inventory.marks import Mark
from rollout.inventory.model import CANDIDATE_ONLY, LEGACY_ONLY, PREPARED, Arn, Split
from rollout.inventory.quantities import Percent
from rollout.migration.policy import RuleBounds, rule_bounds, violations, waived
from rollout.state.plan import Change, StackPreview, change_of
from tests.unit.builders import (
    CANDIDATE,
    LEGACY,
    LEGACY_FORWARD,
    LISTENER,
    environment,
    live,
    rule_arn,
    rule_inputs,
    state,
    step,
    weighted,
)

OLD = rule_inputs("score", LEGACY_FORWARD)
TEN = Split.at(Percent.of(10))
ALIAS = "aws:lambda/alias:Alias"
PROVISIONED = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
RIGHTS = "aws:iam/rolePolicy:RolePolicy"
FUNCTION, GROUP = "aws:lambda/function:Function", "aws:lb/targetGroup:TargetGroup"
S3_OBJECT, SCHEDULE = "aws:s3/bucketObjectv2:BucketObjectv2", "aws:scheduler/schedule:Schedule"
TABLE, JOINT_ALARM = "aws:dynamodb/table:Table", "aws:cloudwatch/compositeAlarm:CompositeAlarm"
ALARM, DASHBOARD = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/dashboard:Dashboard"


BOUNDS = {rule_arn("score"): RuleBounds(LEGACY, CANDIDATE, TEN, (LISTENER, 10))}


def refused(policy: str, *steps: Change, after: Split = TEN, asks: Conditions | None = None) -> str:
    bounds = {rule_arn("score"): RuleBounds(LEGACY, CANDIDATE, after, (LISTENER, 10), asks=asks)}
    found = violations(StackPreview("s", steps), policy, bounds)
    return "\n".join(f"{violation} [{violation.problem.code}]" for violation in found)


def resource(op: str, kind: str, old: dict[str, Any] | None = None, new: dict[str, Any] | None = None) -> Change:
    return change_of(
        op,
        None if old is None else state("thing", old, kind, id_="thing"),
        None if new is None else state("thing", new, kind, id_="thing"),
    )


@pytest.mark.parametrize(
    ("policy", "change", "after"),
    [
        ("retain", change_of("same", state("score", OLD), state("score", OLD, retain=True)), TEN),
        ("build", resource("create", FUNCTION, None, {"name": "f"}), TEN),
        ("build", resource("update", FUNCTION, {"code": "1"}, {"code": "2"}), TEN),
        ("build", resource("update", FUNCTION, {"layers": []}, {"layers": ["otel"], "vpcConfig": {}}), TEN),
        ("build", resource("update", RIGHTS, {"policy": "1"}, {"policy": "2"}), TEN),
        ("deploy", resource("update", ALIAS, {"functionVersion": "1"}, {"functionVersion": "2"}), TEN),
        ("deploy", resource("replace", PROVISIONED, {"qualifier": "1"}, {"qualifier": "2"}), TEN),
        ("build", resource("update", GROUP, {}, {"deregistrationDelay": 300}), TEN),
        ("adopt", step("import", "score", None, OLD), PREPARED),
        ("adopt", step("update", "score", OLD, rule_inputs("score", weighted(100, 0))), PREPARED),
        ("release", step("delete", "score", OLD, None, retain=True), TEN),
        ("reclaim", step("import", "score", None, OLD), LEGACY_ONLY),
        ("reclaim", step("update", "score", rule_inputs("score", weighted(100, 0)), OLD), LEGACY_ONLY),
        ("demolish", resource("delete", FUNCTION, {"name": "f"}), TEN),
        ("weights", step("update", "score", OLD, rule_inputs("score", weighted(90, 10))), TEN),
        ("watch", resource("create", ALARM, None, {"name": "a"}), TEN),
        ("watch", resource("update", ALARM, {"threshold": 1}, {"threshold": 2}), TEN),
        ("watch", resource("delete", DASHBOARD, {"dashboardName": "d"}), TEN),
        ("unwatch", resource("delete", ALARM, {"name": "a"}), TEN),
        ("guard", resource("create", TABLE, None, {"name": "t"}), TEN),
        ("guard", resource("update", FUNCTION, {"code": "1", "tags": {}}, {"code": "2", "tags": {"a": "b"}}), TEN),
        ("guard", resource("update", RIGHTS, {"policy": "1"}, {"policy": "2"}), TEN),
        ("guard", resource("delete", JOINT_ALARM, {"alarmName": "a"}), TEN),
        ("unguard", resource("delete", TABLE, {"name": "t"}), TEN),
        ("control", resource("create", SCHEDULE, None, {"name": "s"}), TEN),
        ("control", resource("replace", S3_OBJECT, {"key": "a", "source": "1"}, {"key": "b", "source": "2"}), TEN),
        ("control", resource("update", FUNCTION, {"imageUri": "1"}, {"imageUri": "2", "environment": {}}), TEN),
        ("control", resource("update", SCHEDULE, {"scheduleExpression": "1"}, {"scheduleExpression": "2"}), TEN),
        ("uncontrol", resource("delete", S3_OBJECT, {"key": "a"}), TEN),
        ("weights", step("update", "score", rule_inputs("score", weighted(90, 10)), OLD), LEGACY_ONLY),
    ],
)
def test_what_a_step_is_for_is_allowed(policy: str, change: Change, after: Split) -> None:
    assert refused(policy, change, after=after) == ""


@pytest.mark.parametrize(
    ("policy", "change", "named"),
    [
        ("retain", step("update", "score", OLD, rule_inputs("score", weighted(90, 10))), "update of actions"),
        ("retain", step("delete", "score", OLD, None, retain=True), "release"),
        ("build", step("create", "score", None, OLD), "ListenerRule:score: create"),
        ("build", resource("delete", GROUP, {"name": "g"}), "delete"),
        ("build", resource("replace", FUNCTION, {"name": "f"}, {"name": "g"}), "replace of name"),
        ("build", resource("update", FUNCTION, {"role": "1"}, {"role": "2"}), "update of role"),
        ("build", resource("create", "aws:ec2/vpc:Vpc", None, {}), "Vpc"),
        ("build", resource("delete", RIGHTS, {"policy": "1"}), "delete"),
        ("build", resource("update", ALIAS, {"functionVersion": "1"}, {"functionVersion": "2"}), "functionVersion"),
        ("deploy", resource("update", FUNCTION, {"code": "1"}, {"code": "2"}), "update of code"),
        ("deploy", resource("replace", ALIAS, {"name": "live"}, {"name": "next"}), "replace of name"),
        ("deploy", resource("delete", PROVISIONED, {"qualifier": "1"}), "delete"),
        ("adopt", step("create", "score", None, OLD), "create"),
        ("adopt", step("delete", "score", OLD, None, retain=True), "release"),
        ("release", step("delete", "score", OLD, None), "delete"),
        ("release", resource("delete", FUNCTION, {"name": "f"}), "delete"),
        (
            "reclaim",
            change_of("same", state("score", OLD), state("score", OLD, retain=True)),
            "ListenerRule:score: state",
        ),
        ("reclaim", step("create", "score", None, OLD), "create"),
        ("reclaim", step("delete", "score", OLD, None, retain=True), "release"),
        ("reclaim", step("update", "score", OLD, rule_inputs("score", weighted(50, 50))), "not 10 %"),
        ("reclaim", resource("update", FUNCTION, {"code": "1"}, {"code": "2"}), "update of code"),
        ("reclaim", step("import", "bulk", None, rule_inputs("bulk", LEGACY_FORWARD)), "[rule-not-in-inventory]"),
        ("demolish", step("delete", "score", OLD, None), "ListenerRule:score: delete"),
        ("demolish", step("delete", "score", OLD, None, retain=True), "release"),
        ("demolish", resource("delete", "aws:ec2/vpc:Vpc", {}), "Vpc"),
        ("demolish", resource("create", FUNCTION, None, {"name": "f"}), "create"),
        ("weights", step("import", "score", None, OLD), "import"),
        ("watch", resource("create", FUNCTION, None, {"name": "f"}), "Function"),
        ("watch", step("update", "score", OLD, rule_inputs("score", weighted(90, 10))), "ListenerRule"),
        ("watch", resource("replace", ALARM, {"name": "a"}, {"name": "b"}), "replace of name"),
        ("unwatch", resource("create", ALARM, None, {"name": "a"}), "create"),
        ("guard", resource("replace", TABLE, {"hashKey": "a"}, {"hashKey": "b"}), "replace of hashKey"),
        ("guard", resource("delete", FUNCTION, {"name": "f"}), "delete"),
        ("guard", resource("update", FUNCTION, {"role": "1"}, {"role": "2"}), "update of role"),
        ("guard", step("update", "score", OLD, rule_inputs("score", weighted(90, 10))), "ListenerRule"),
        ("unguard", resource("create", FUNCTION, None, {"name": "f"}), "create"),
        ("unguard", step("delete", "score", OLD, None), "ListenerRule"),
        ("control", resource("replace", S3_OBJECT, {"bucket": "a"}, {"bucket": "b"}), "replace of bucket"),
        ("control", resource("replace", TABLE, {"hashKey": "a"}, {"hashKey": "b"}), "replace of hashKey"),
        ("control", resource("update", FUNCTION, {"role": "1"}, {"role": "2"}), "update of role"),
        ("control", resource("delete", TABLE, {"name": "t"}), "delete"),
        ("control", step("update", "score", OLD, rule_inputs("score", weighted(90, 10))), "ListenerRule"),
        ("uncontrol", resource("create", SCHEDULE, None, {"name": "s"}), "create"),
        ("uncontrol", step("delete", "score", OLD, None), "ListenerRule"),
        ("unwatch", step("delete", "score", OLD, None), "ListenerRule"),
        ("weights", step("update", "score", OLD, rule_inputs("score", weighted(90, 10), priority=9)), "priority"),
        ("weights", step("update", "score", OLD, rule_inputs("score", weighted(50, 50))), "not 10 %"),
        ("weights", replace(resource("update", FUNCTION, {"code": "1"}, {"code": "1"}), properties=()), "Function"),
        ("build", resource("update", FUNCTION, {"code": "1"}, {"code": "1"}), "something unknown"),
        ("adopt", step("import", "bulk", None, rule_inputs("bulk", LEGACY_FORWARD)), "[rule-not-in-inventory]"),
        ("release", step("delete", "bulk", OLD, None, retain=True), "[rule-not-in-inventory]"),
        ("retain", change_of("same", state("bulk", OLD), state("bulk", OLD, retain=True)), "[rule-not-in-inventory]"),
        ("weights", step("teleport", "score", OLD, OLD), "other"),
        ("weights", resource("replace", "pulumi:providers:aws", {"region": "a"}, {"region": "b"}), "replace"),
    ],
)
def test_anything_more_is_refused_and_named(policy: str, change: Change, named: str) -> None:
    assert named in refused(policy, change)


ALL = [{"pathPattern": {"values": ["/*"]}}]
MOVING = rule_inputs("score", weighted(90, 10), conditions=ALL)
NEW_RULE = rule_inputs("score", weighted(100, 0), conditions=ALL)


@pytest.mark.parametrize(
    ("policy", "change", "after", "named"),
    [
        ("adopt", step("create", "score", None, NEW_RULE), PREPARED, ""),
        ("adopt", step("create", "score", None, NEW_RULE), TEN, "[wrong-forward]"),
        ("adopt", step("create", "score", None, MOVING), TEN, "[cutover-moves-traffic]"),
        ("adopt", step("create", "score", None, NEW_RULE | {"conditions": []}), PREPARED, "[conditions-would-change]"),
        ("adopt", step("create", "score", None, NEW_RULE | {"priority": 7}), PREPARED, "[rule-not-in-inventory]"),
        ("adopt", step("delete", "score", NEW_RULE, None), PREPARED, "[change-not-allowed]"),
        ("weights", step("create", "score", None, NEW_RULE), PREPARED, "[change-not-allowed]"),
        ("weights", step("delete", "score", NEW_RULE, None), PREPARED, "[change-not-allowed]"),
        ("hand-back", step("delete", "score", NEW_RULE, None), LEGACY_ONLY, ""),
        ("hand-back", step("create", "score", None, NEW_RULE), LEGACY_ONLY, "[change-not-allowed]"),
        ("release", step("delete", "score", NEW_RULE, None), LEGACY_ONLY, "[change-not-allowed]"),
        ("reclaim", step("create", "score", None, NEW_RULE), LEGACY_ONLY, "[change-not-allowed]"),
    ],
)
def test_only_the_rule_before_a_default_action_comes_and_goes(
    policy: str, change: Change, after: Split, named: str
) -> None:
    found = refused(policy, change, after=after, asks=for_endpoint("/*", ()))
    assert named in found
    assert bool(named) == bool(found)
    if not named:
        assert "[change-not-allowed]" in refused(policy, change, after=after)


PARTS = (
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    FUNCTION,
    "aws:lambda/permission:Permission",
    GROUP,
    "aws:lb/targetGroupAttachment:TargetGroupAttachment",
)
BUILD = (
    *("code", "imageUri", "imageConfig", "sourceCodeHash", "runtime", "handler", "layers", "environment", "kmsKeyArn"),
    *("memorySize", "ephemeralStorage", "timeout", "reservedConcurrentExecutions", "vpcConfig", "fileSystemConfig"),
    *("tracingConfig", "deadLetterConfig", "publish", "snapStart"),
)


@pytest.mark.parametrize("kind", PARTS)
def test_each_part_of_a_function_comes_and_goes_with_it(kind: str) -> None:
    assert refused("build", resource("create", kind, None, {"name": "x"})) == ""
    for policy in ("demolish", "retire"):
        found = violations(StackPreview("s", (member("delete", kind, LEGACY, "old"),)), policy, BOUNDS)
        assert [violation.problem.code for violation in found] == []
    assert "[change-not-allowed]" in refused("build", resource("delete", kind, {"name": "x"}))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((FUNCTION, name) for name in BUILD),
        ("aws:cloudwatch/logGroup:LogGroup", "retentionInDays"),
        *((GROUP, name) for name in ("deregistrationDelay", "proxyProtocolV2", "slowStart")),
    ],
)
def test_a_new_build_changes_what_a_build_is_and_nothing_else(kind: str, name: str) -> None:
    assert refused("build", resource("update", kind, {}, {name: 1})) == ""
    assert "[change-not-allowed]" in refused("build", resource("update", kind, {}, {name: 1, "name": "x"}))


@pytest.mark.parametrize("kind", [ALARM, DASHBOARD, "aws:cloudwatch/compositeAlarm:CompositeAlarm"])
def test_each_part_of_monitoring_comes_changes_and_goes(kind: str) -> None:
    for change in (
        resource("create", kind, None, {"a": 1}),
        resource("update", kind, {"a": 1}, {"a": 2}),
        resource("delete", kind, {"a": 1}),
    ):
        assert refused("watch", change) == ""
    assert refused("unwatch", resource("delete", kind, {"a": 1})) == ""


OURS = Mark("shop", "production", "candidate", "us-west-2")


def unmarked(policy: str, change: Change, header_rules: dict[str, Any] | None = None) -> bool:
    found = violations(StackPreview("candidate", (change,)), policy, BOUNDS, header_rules, mark=OURS)
    return "without-mark" in {violation.problem.code for violation in found}


def test_what_is_made_or_changed_carries_the_mark() -> None:
    marked: dict[str, Any] = {"name": "x", "tags": {**OURS.tags, "team": "shop"}}
    others = {"name": "x", "tags": OURS.tags | {"rollout:stack": "legacy"}}
    for inputs in ({"name": "x"}, {"name": "x", "tags": None}, {"name": "x", "tags": {"team": "shop"}}, others):
        assert unmarked("build", resource("create", FUNCTION, None, inputs))
        assert unmarked("build", resource("update", FUNCTION, marked, inputs))
        assert not unmarked("demolish", resource("delete", FUNCTION, inputs))
        assert not unmarked("build", resource("import", FUNCTION, None, inputs))  # which changes nothing of it
    assert not unmarked("build", resource("create", FUNCTION, None, marked))
    assert not unmarked("build", resource("update", FUNCTION, {"name": "x"}, marked))
    assert not unmarked(
        "build", resource("create", "aws:lambda/permission:Permission", None, {})
    )  # AWS has no tags there
    assert not unmarked("weights", step("update", "score", OLD, rule_inputs("score", weighted(90, 10))))
    assert unmarked("adopt", step("create", "score", None, NEW_RULE))
    assert not unmarked("adopt", step("create", "score", None, NEW_RULE | {"tags": OURS.tags}))
    assert unmarked("override", header_step("create", None, EXPECTED), {"score-override": EXPECTED})


def test_a_refusal_says_what_the_step_allows() -> None:
    (found,) = violations(StackPreview("s", (step("create", "score", None, OLD),)), "weights", {})
    assert (found.stack, found.resource, found.problem.where) == ("s", "ListenerRule:score", "ListenerRule:score")
    assert found.problem.hint == "allowed: update of ListenerRule (actions)"
    (found,) = violations(StackPreview("s", (step("update", "score", OLD, OLD | {"priority": 1}),)), "retire", {})
    assert str(found.problem.hint).startswith("allowed: delete of LogGroup, Role, RolePolicy, ")


def test_a_provider_may_be_updated_and_nothing_else() -> None:
    provider = "pulumi:providers:aws"
    assert refused("weights", resource("update", provider, {"region": "a"}, {"region": "b"})) == ""
    for op in ("replace", "teleport"):
        (found,) = violations(
            StackPreview("s", (resource(op, provider, {"region": "a"}, {"region": "b"}),)), "weights", {}
        )
        assert (found.problem.where, found.problem.code) == ("aws:thing", "change-not-allowed")


def test_resources_of_one_name_are_told_apart_in_every_refusal() -> None:
    def wheres(policy: str, *steps: Change, **held: Any) -> list[str | None]:
        found = violations(StackPreview("s", steps), policy, {}, **held)
        assert [violation.problem.where for violation in found] == [violation.resource for violation in found]
        return [violation.resource for violation in found]

    kinds = (FUNCTION, RIGHTS, GROUP)
    named = ["Function:thing", "RolePolicy:thing", "TargetGroup:thing"]
    assert wheres("weights", *(resource("delete", kind, {"name": "x"}) for kind in kinds)) == named
    assert wheres("retire", *(resource("delete", kind, {"name": "x"}) for kind in (GROUP,))) == named[2:]
    unmarked = (resource("create", kind, None, {"name": "x"}) for kind in (FUNCTION, GROUP))
    assert wheres("build", *unmarked, mark=OURS) == [named[0], named[2]]


def test_bounds_are_those_of_the_live_rules_of_routes() -> None:
    now = live({"score": LEGACY_FORWARD})
    assert rule_bounds(environment(), now, {"score": TEN}) == {
        rule_arn("score"): RuleBounds(LEGACY, CANDIDATE, TEN, (LISTENER, 10))
    }
    assert rule_bounds(environment(), now, {})[rule_arn("score")].after is None


def test_a_rule_that_is_imported_is_known_by_its_place() -> None:
    for place, code in (
        ({}, ""),
        ({"priority": 11}, "[rule-not-in-inventory]"),
        ({"listenerArn": "arn:x"}, "[rule-not-in-inventory]"),
    ):
        assert code in refused("adopt", step("import", "score", None, OLD | place))
        assert bool(refused("adopt", step("import", "score", None, OLD | place))) == bool(code)


def test_a_replacement_hidden_in_an_update_is_found() -> None:
    old, new = state("thing", {"code": "1"}, FUNCTION), state("thing", {"code": "2"}, FUNCTION)
    assert "replace of code" in refused("build", change_of("update", old, new, replaces=True))


def test_a_violation_is_waived_for_one_resource_by_name_alone() -> None:
    steps = (resource("delete", GROUP, {"name": "g"}), step("create", "score", None, OLD))
    found = violations(StackPreview("candidate", steps), "build", {})
    standing, let_by = waived(found, ["TargetGroup:thing", "other"])
    assert [violation.resource for violation in let_by] == ["TargetGroup:thing"]
    assert [violation.resource for violation in standing] == ["ListenerRule:score"]


def member(op: str, kind: str, group: str, component: str) -> Change:
    """A part of a legacy function whose target group is `group`."""
    part = replace(state(component, {"name": "n"}, kind, id_=group), parent=f"urn:{component}")
    return change_of(op, part, part if op == "same" else None)


def test_legacy_is_retired_function_by_function() -> None:
    gone = (member("delete", GROUP, LEGACY, "old"), member("delete", FUNCTION, "old", "old"))
    stays = (member("same", GROUP, "arn:kept", "auth"), member("same", FUNCTION, "auth", "auth"))
    assert refused("retire", *gone, *stays) == ""
    assert refused("retire", gone[1], *stays) == ""  # its group went before a kill


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (member("delete", FUNCTION, "auth", "auth"), "[target-group-stays]"),
        (member("delete", GROUP, "arn:other", "other"), "[target-group-not-in-inventory]"),
        (member("delete", "aws:ec2/vpc:Vpc", "v", "old"), "Vpc"),
        (step("delete", "score", OLD, None), "ListenerRule:score: delete"),
        (step("update", "score", OLD, rule_inputs("score", weighted(90, 10))), "update of actions"),
    ],
)
def test_nothing_that_stays_is_retired_with_it(change: Change, named: str) -> None:
    assert named in refused("retire", change, member("same", GROUP, "arn:kept", "auth"))


def test_the_last_step_puts_the_candidate_alone_and_no_other() -> None:
    alone, everything = ForwardAction({CANDIDATE: 1}), rule_inputs("score", weighted(0, 100))
    change = step("update", "score", everything, rule_inputs("score", alone))
    assert refused("weights", change, after=CANDIDATE_ONLY) == ""
    assert "not 100" in refused("weights", step("update", "score", everything, OLD), after=CANDIDATE_ONLY)


def test_a_cutover_that_moves_traffic_is_refused() -> None:
    change = step("update", "score", OLD, rule_inputs("score", weighted(90, 10)))
    assert "[cutover-moves-traffic]" in refused("adopt", change, after=TEN)
    split = step("update", "score", rule_inputs("score", weighted(90, 10)), rule_inputs("score", weighted(100, 0)))
    assert "[cutover-moves-traffic]" in refused("adopt", split, after=PREPARED)
    kept = step("update", "score", rule_inputs("score", weighted(90, 10)), rule_inputs("score", weighted(900, 100)))
    assert refused("adopt", replace(kept, properties=("actions",)), after=TEN) == ""
    elsewhere = rule_inputs("score", ForwardAction({LEGACY: 1, CANDIDATE: 1, Arn("arn:targetgroup/third/1"): 1}))
    found = violations(StackPreview("s", (step("update", "score", OLD, elsewhere),)), "adopt", BOUNDS)
    assert [violation.problem.code for violation in found] == ["wrong-forward"]
    back = step("update", "score", elsewhere, rule_inputs("score", weighted(100, 0)))
    assert refused("adopt", back, after=PREPARED) == ""


def test_a_rule_whose_conditions_change_is_refused() -> None:
    after = rule_inputs("score", weighted(90, 10), conditions=[{"pathPattern": {"values": ["/*"]}}])
    change = step("update", "score", OLD, after)
    assert "[change-not-allowed]" in refused("weights", change)
    assert "[conditions-would-change]" in refused("weights", replace(change, properties=("actions",)))


def test_a_rule_that_no_route_has_is_refused() -> None:
    change = step("update", "bulk", rule_inputs("bulk", LEGACY_FORWARD), rule_inputs("bulk", weighted(90, 10)))
    assert "[rule-not-in-inventory]" in refused("weights", change)


def test_groups_of_another_route_are_refused() -> None:
    stranger = rule_inputs("score", weighted(90, 10))
    stranger["actions"][0]["forward"]["targetGroups"][1]["arn"] = "arn:targetgroup/someone-elses/1"
    assert "[wrong-forward]" in refused("weights", step("update", "score", OLD, stranger))


HEADER_RULE = (
    "urn:pulumi:production::shop-routing::rollout:index:HeaderRule$aws:lb/listenerRule:ListenerRule::score-override"
)
EXPECTED = rule_inputs("score", ForwardAction({CANDIDATE: 1}), priority=5)


def header_step(op: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> Change:
    states = (None if given is None else replace(state("score", given), urn=HEADER_RULE) for given in (old, new))
    return change_of(op, *states)


def header_refused(policy: str, change: Change) -> str:
    found = violations(StackPreview("routing", (change,)), policy, {}, {"score-override": EXPECTED})
    return "\n".join(f"{violation.problem} [{violation.problem.code}]" for violation in found)


@pytest.mark.parametrize(
    ("policy", "change"),
    [
        ("override", header_step("create", None, EXPECTED)),
        ("override", header_step("update", rule_inputs("score", LEGACY_FORWARD, priority=5), EXPECTED)),
        ("override-remove", header_step("delete", EXPECTED, None)),
    ],
)
def test_header_rules_come_and_go_by_override(policy: str, change: Change) -> None:
    assert header_refused(policy, change) == ""


@pytest.mark.parametrize(
    ("policy", "change", "named"),
    [
        ("override", header_step("create", None, EXPECTED | {"priority": 6}), "[header-rule-differs]"),
        ("override", header_step("create", None, EXPECTED | {"listenerArn": "arn:x"}), "[header-rule-differs]"),
        (
            "override",
            header_step("create", None, rule_inputs("score", LEGACY_FORWARD, priority=5)),
            "[header-rule-differs]",
        ),
        ("override", header_step("create", None, EXPECTED | {"conditions": []}), "[header-rule-differs]"),
        ("override", header_step("update", EXPECTED | {"priority": 6}, EXPECTED), "update of priority"),
        ("override", header_step("delete", EXPECTED, None), "delete"),
        ("override", step("create", "score", None, EXPECTED), "[header-rule-would-change]"),
        (
            "override",
            step("update", "score", OLD, rule_inputs("score", weighted(90, 10))),
            "[header-rule-would-change]",
        ),
        ("override-remove", header_step("create", None, EXPECTED), "create"),
        ("override-remove", step("delete", "score", OLD, None), "[header-rule-would-change]"),
        ("override-remove", step("delete", "score", OLD, None, retain=True), "release"),
        (
            "weights",
            header_step("update", rule_inputs("score", LEGACY_FORWARD, priority=5), EXPECTED),
            "[header-rule-would-change]",
        ),
        ("weights", header_step("create", None, EXPECTED), "create"),
        ("weights", header_step("delete", EXPECTED, None), "delete"),
        ("adopt", header_step("create", None, EXPECTED), "[header-rule-would-change]"),
        ("hand-back", header_step("delete", EXPECTED, None), "[header-rule-would-change]"),
        ("release", header_step("delete", EXPECTED, None), "delete"),
    ],
)
def test_nothing_else_touches_header_rules_and_override_touches_nothing_else(
    policy: str, change: Change, named: str
) -> None:
    assert named in header_refused(policy, change)
