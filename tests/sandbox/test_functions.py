"""Lambda functions behind a load balancer: permissions, registration and health, as AWS keeps them."""

from __future__ import annotations

import json

from tests.sandbox.tenant import Tenant, refused, single


def sids(tenant: Tenant, function: str, **at: str) -> list[str]:
    policy = tenant.functions.get_policy(FunctionName=function, **at)["Policy"]
    return [statement["Sid"] for statement in json.loads(policy)["Statement"]]


def test_a_permission_comes_before_the_registration(tenant: Tenant) -> None:
    function, group = tenant.function("scorer"), tenant.group("group")
    text = f"elasticloadbalancing principal does not have permission to invoke {function} from target group {group}"
    with refused("AccessDenied", text):
        tenant.register(group, function)
    tenant.permit("scorer", tenant.group("other"))
    with refused("AccessDenied", text):
        tenant.register(group, function)
    tenant.permit("scorer", group, sid="right")
    tenant.register(group, function)


def test_a_permission_of_an_alias_is_not_the_functions(tenant: Tenant) -> None:
    function, group = tenant.function("scorer"), tenant.group("group")
    tenant.functions.publish_version(FunctionName="scorer")
    tenant.functions.create_alias(FunctionName="scorer", Name="live", FunctionVersion="1")
    tenant.permit("scorer", group, Qualifier="live")
    with refused("AccessDenied", "does not have permission"):
        tenant.register(group, function)
    tenant.register(group, f"{function}:live")


def test_a_statement_id_is_used_once_a_qualifier(tenant: Tenant) -> None:
    tenant.function("scorer")
    tenant.functions.publish_version(FunctionName="scorer")
    tenant.functions.create_alias(FunctionName="scorer", Name="live", FunctionVersion="1")
    group = tenant.group("group")
    tenant.permit("scorer", group)
    tenant.permit("scorer", group, Qualifier="live")
    with refused("ResourceConflictException", "The statement id (balancer) provided already exists"):
        tenant.permit("scorer", group)
    with refused("ResourceConflictException", "The statement id (balancer) provided already exists"):
        tenant.permit("scorer", group, Qualifier="live")


def test_a_permission_is_removed_at_its_qualifier(tenant: Tenant) -> None:
    tenant.function("scorer")
    tenant.functions.publish_version(FunctionName="scorer")
    tenant.functions.create_alias(FunctionName="scorer", Name="live", FunctionVersion="1")
    group = tenant.group("group")
    tenant.permit("scorer", group)
    tenant.permit("scorer", group, Qualifier="live")
    tenant.functions.remove_permission(FunctionName="scorer", StatementId="balancer", Qualifier="live")
    assert sids(tenant, "scorer") == ["balancer"]
    with refused("ResourceNotFoundException", "does not exist"):
        sids(tenant, "scorer", Qualifier="live")
    with refused("ResourceNotFoundException", "is not found in resource policy"):
        tenant.functions.remove_permission(FunctionName="scorer", StatementId="balancer", Qualifier="live")


def test_a_group_has_one_function(tenant: Tenant) -> None:
    group, one, other = tenant.group("group"), tenant.function("one"), tenant.function("other")
    tenant.permit("one", group)
    tenant.permit("other", group)
    with refused("TooManyTargets", "'1' has been reached"):
        tenant.register(group, one, other)
    tenant.register(group, one)
    tenant.register(group, one)
    with refused("TooManyTargets", "'1' has been reached"):
        tenant.register(group, other)
    tenant.elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": one}])
    tenant.register(group, other)


def test_a_function_is_there_and_of_the_same_account(tenant: Tenant) -> None:
    function, group = tenant.function("scorer"), tenant.group("group")
    tenant.permit("scorer", group)
    for arn in (f"{function}0", function.replace(tenant.account, "111111111111"), "scorer"):
        with refused("InvalidTarget", arn):
            tenant.register(group, arn)


def test_a_functions_health_is_known_only_by_its_use(tenant: Tenant) -> None:
    function, group = tenant.function("scorer"), tenant.group("group")
    tenant.permit("scorer", group)
    tenant.register(group, function)
    assert (tenant.health(group)["State"], tenant.health(group)["Reason"]) == ("unused", "Target.NotInUse")
    rule = tenant.rule(single(group))
    health = tenant.health(group)
    assert (health["State"], health["Reason"]) == ("unavailable", "Target.HealthCheckDisabled")
    tenant.elb.modify_target_group(TargetGroupArn=group, HealthCheckEnabled=True)
    assert tenant.health(group)["State"] == "healthy"
    tenant.elb.delete_rule(RuleArn=rule["RuleArn"])
    assert tenant.health(group)["State"] == "unused"
