"""The policies of each role, and what AWS says to somebody who lacks a right."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout import Rollout
from rollout.adapters.aws.iam import Role, denial, policy
from rollout.adapters.aws.iam.policies import ROLES, function_statements
from rollout.inventory.fields import LAST
from rollout.inventory.functions import Function
from rollout.inventory.model import ROLLBACK_TAG, Environment, LoadBalancer
from rollout.inventory.ramp_settings import Analysis, Notification
from rollout.inventory.settings import HeaderOverride
from tests.unit.builders import environment, live

ELB = "elasticloadbalancing:us-west-2:123456789012"
RULES = f"arn:aws:{ELB}:listener-rule/app/shop-public/*"


def statements(inventory: Environment, role: Role = "operate", **options: Any) -> dict[str, dict[str, Any]]:
    """A policy's statements by their Sid."""
    return {each["Sid"]: each for each in policy(inventory, role, **options)["Statement"]}


def resources(said: dict[str, Any]) -> list[str]:
    return [said["Resource"]] if isinstance(said["Resource"], str) else said["Resource"]


def actions(inventory: Environment, role: Role) -> set[str]:
    return {action for each in statements(inventory, role).values() for action in each["Action"]}


def test_operate_has_what_the_smaller_roles_have() -> None:
    assert actions(environment(), "observe") < actions(environment(), "operate")
    assert actions(environment(), "rollback") < actions(environment(), "operate")


def test_observe_changes_nothing_on_aws() -> None:
    verbs = {action.partition(":")[2] for action in actions(environment(), "observe")}
    assert {verb for verb in verbs if not verb.startswith(("Describe", "Get", "List"))} == set()


def test_rollback_moves_traffic_and_nothing_else() -> None:
    changing = {a for a in actions(environment(), "rollback") if not a.startswith("elasticloadbalancing:Describe")}
    assert changing == {"elasticloadbalancing:AddTags", "elasticloadbalancing:ModifyRule"}
    only = {"ForAllValues:StringEquals": {"aws:TagKeys": ROLLBACK_TAG}}
    assert statements(environment(), "rollback")["TellOfRollbacks"]["Condition"] == only


def test_what_requests_go_through_cannot_be_deleted_before_there_are_header_rules() -> None:
    deleting = {a for a in actions(environment(), "operate") if "Delete" in a or "Remove" in a or "*" in a}
    assert deleting == {
        *("cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards"),
        "elasticloadbalancing:RemoveTags",
    }


def test_only_a_default_action_lets_phase_2_create_rules_and_only_on_its_listener() -> None:
    balancers = {name: LoadBalancer(name=f"shop-{name}") for name in ("public", "internal")}
    ordinary = environment(load_balancers=balancers)
    routes = dict(ordinary.routes)
    routes["rest"] = next(iter(routes.values())).model_copy(update={"load_balancer": "internal", "priority": LAST})
    said = statements(environment(load_balancers=balancers, routes=routes))
    assert resources(said["AddDefaultRules"]) == [f"arn:aws:{ELB}:listener/app/shop-internal/*"]
    assert said["TagDefaultRules"]["Condition"] == {"StringEquals": {"elasticloadbalancing:CreateAction": "CreateRule"}}
    assert "elasticloadbalancing:CreateRule" not in actions(ordinary, "operate")


def test_a_build_attaches_the_inventorys_policies_and_passes_its_roles() -> None:
    policies, groups = ("arn:aws:iam::123456789012:policy/scores",), {"public": ("new",)}
    mine = Function(
        target_groups=groups, policies=policies, statements=({"actions": ["s3:GetObject"], "resources": ["*"]},)
    )
    said = statements(environment(functions={"mine": mine, "theirs": Function(target_groups=groups, role="scorer")}))

    role = "arn:aws:iam::123456789012:role/"
    assert said["OnlyThesePolicies"]["Condition"]["ArnEquals"]["iam:PolicyARN"] == (
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
        *policies,
    )
    assert said["OwnPolicies"]["Resource"] == said["NewRoles"]["Resource"] == f"{role}mine"
    assert said["OnlyToLambda"]["Resource"] == [f"{role}mine", f"{role}scorer"]


def test_settings_of_functions_need_rights_of_their_own_and_none_otherwise() -> None:
    key = "arn:aws:kms:us-west-2:123456789012:key/1"
    layer = "arn:aws:lambda:us-west-2:123456789012:layer:otel:1"
    vpc = {"subnets": ["subnet-1"], "security-groups": ["sg-1"]}
    function = Function(
        target_groups={"public": ("new",)}, layers=(layer,), kms_key=key, vpc=vpc, reserved_concurrency=1
    )
    said = statements(environment(functions={"new": function}))

    assert (said["Layers"]["Resource"], said["VariableKeys"]["Resource"]) == (layer, key)
    assert {"Networks", "Limits"} <= said.keys()
    assert not {"Layers", "VariableKeys", "Networks", "Limits", "OwnPolicies"} & statements(environment()).keys()


def test_rules_are_named_by_pattern_or_one_by_one() -> None:
    inventory = environment()
    assert statements(inventory)["MoveTraffic"]["Resource"] == RULES
    exact = statements(inventory, live=live(dict.fromkeys(inventory.routes), inventory))["MoveTraffic"]["Resource"]
    assert exact == ["arn:rule/score", "arn:rule/bulk"]


def test_a_balancer_named_by_its_arn_is_one() -> None:
    arn = f"arn:aws:{ELB}:loadbalancer/app/shop-public/0a1b"
    inventory = environment(load_balancers={"public": LoadBalancer(arn=arn)})
    assert statements(inventory)["MoveTraffic"]["Resource"] == f"arn:aws:{ELB}:listener-rule/app/shop-public/0a1b/*"


def test_header_rules_are_changed_and_deleted_by_their_tag_alone() -> None:
    inventory = environment(header_override=HeaderOverride())
    tagged = {"Null": {"aws:ResourceTag/rollout:override": "false"}}
    said = statements(inventory)
    assert said["TakeThemAway"]["Condition"] == tagged
    assert "MoveHeaderRules" not in said  # MoveTraffic has them
    assert (
        statements(inventory, live=live(dict.fromkeys(inventory.routes), inventory))["MoveHeaderRules"]["Condition"]
        == tagged
    )


@pytest.mark.parametrize(("region", "partition"), [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")])
def test_other_partitions(region: str, partition: str) -> None:
    said = statements(environment(region=region))
    assert {arn.split(":")[1] for each in said.values() for arn in resources(each) if arn != "*"} == {partition}
    assert f"arn:{partition}:iam::aws:" in said["OnlyThesePolicies"]["Condition"]["ArnEquals"]["iam:PolicyARN"]


@pytest.mark.parametrize("role", get_args(Role))
def test_a_state_in_s3(role: Role) -> None:
    said = statements(environment(backend="s3://states/rollout?region=eu-west-1"), role)
    assert said["FindState"]["Resource"] == "arn:aws:s3:::states"
    assert said["State"]["Resource"] == "arn:aws:s3:::states/rollout/.pulumi/*"
    assert "State" not in statements(environment(backend="file:///srv/state"), role)


@pytest.mark.parametrize(
    ("provider", "resource"),
    [
        ("awskms://1234abcd?region=eu-west-1", "arn:aws:kms:eu-west-1:123456789012:key/1234abcd"),
        ("awskms:///arn:aws:kms:eu-west-1:1:key/1234abcd", "arn:aws:kms:eu-west-1:1:key/1234abcd"),
        ("awskms://alias/rollout", "arn:aws:kms:us-west-2:123456789012:key/*"),
    ],
)
def test_secrets_by_kms(provider: str, resource: str) -> None:
    assert statements(environment(secrets_provider=provider))["Secrets"]["Resource"] == resource


def test_a_key_by_its_alias_is_no_other_key() -> None:
    said = statements(environment(secrets_provider="awskms://alias/rollout"))["Secrets"]
    assert said["Condition"] == {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/rollout"}}


def test_who_is_told_of_a_ramp() -> None:
    topic = "arn:aws:sns:eu-west-1:123456789012:ramp"
    told = {"team": Notification(sns=topic), "chat": Notification(webhook="$CHAT")}
    assert statements(environment(notifications=told))["Tell"]["Resource"] == topic
    assert "Tell" not in statements(environment())


def test_events_are_put_on_the_named_buses_alone_by_people_and_by_the_controller() -> None:
    bus = "arn:aws:events:eu-west-1:123456789012:event-bus/ramps"
    inventory = environment(notifications={name: Notification(eventbridge=bus) for name in ("flow", "audit")})
    of_controller = {each["Sid"]: each for each in function_statements(inventory)}
    for said in (statements(inventory), of_controller):
        assert (said["TellBuses"]["Action"], said["TellBuses"]["Resource"]) == (["events:PutEvents"], bus)
    assert "TellBuses" not in statements(environment())


def test_alarms_are_the_environments_own() -> None:
    assert statements(environment())["Alarms"]["Resource"].endswith(":alarm:rollout-shop-production-*")
    assert statements(environment())["Dashboard"]["Resource"] == (
        "arn:aws:cloudwatch::123456789012:dashboard/rollout-shop-production"
    )


def test_an_image_is_pulled_from_its_repository() -> None:
    uri = "210987654321.dkr.ecr.us-west-2.amazonaws.com/team/scorer@sha256:0"
    function = Function(package_type="Image", image_uri=uri, target_groups={"public": ("new",)})
    said = statements(environment(functions={"new": function}))
    assert said["Images"]["Resource"] == "arn:aws:ecr:us-west-2:210987654321:repository/team/scorer"


def test_the_inventory_of_this_repository_fits_into_a_managed_policy() -> None:
    opened = Rollout.load(Path(__file__).parents[2] / "stacks.toml").environment("production")
    assert all(len("".join(str(opened.iam_policy(role)).split())) < 6144 for role in get_args(Role))


def test_every_role_may_do_what_its_commands_are_for() -> None:
    assert set(ROLES["observe"]) | set(ROLES["rollback"]) < set(ROLES["operate"])


@given(st.sampled_from(["elasticloadbalancing:ModifyRule", "s3:GetObject", "lambda:Invoke2"]), st.booleans())
def test_a_denial_is_found_in_any_text(action: str, named: bool) -> None:
    where = " on resource: arn:aws:x:y" if named else ""
    text = (
        f"AccessDenied: User: arn:aws:sts::1:assumed-role/a/b is not authorized to perform: {action}{where} because no"
    )
    found = denial(text)
    assert found is not None
    assert (found.action, found.resource) == (action, "arn:aws:x:y" if named else None)


def test_s3_puts_the_resource_in_quotes() -> None:
    found = denial('is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::b/k" because no')
    assert found is not None
    assert str(found) == "the credentials lack the permission s3:PutObject on arn:aws:s3:::b/k"


def test_a_denial_names_the_policies_that_have_the_right() -> None:
    def then(action: str) -> str:
        found = denial(f"is not authorized to perform: {action}")
        assert found is not None
        return found.hint

    assert "--for observe|rollback|operate`" in then("elasticloadbalancing:DescribeRules")
    assert "--for rollback|operate`" in then("elasticloadbalancing:ModifyRule")
    assert "--for operate`" in then("lambda:CreateFunction")
    assert "the programs or another tool need it" in then("ec2:RunInstances")
    assert denial("Rate exceeded") is None


def test_access_logs_may_be_read_only_where_clients_are_counted_and_only_the_accounts_own() -> None:
    inventory = environment(analysis=Analysis(unit="clients"))
    said = statements(inventory)
    assert set(said) - set(statements(environment())) == {"WhereLogsAre", "FindLogs", "ReadLogs"}
    own = "AWSLogs/123456789012/elasticloadbalancing/us-west-2/*"
    assert said["ReadLogs"]["Resource"] == f"arn:aws:s3:::*/{own}"
    assert said["FindLogs"]["Condition"] == {"StringLike": {"s3:prefix": f"*{own}"}}
    assert "ReadLogs" not in statements(inventory, "observe")
