"""Checks beyond the rules: registered targets, functions' policies, a load balancer's usage, quotas."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from rollout.alb.state import AlbState
from rollout.inventory.model import Arn

if TYPE_CHECKING:
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_lambda import LambdaClient

    from rollout.migration.checks.inspection import Inspection

PARALLEL = 16
_NO_POLICY = "ResourceNotFoundException"
_MULTI_VALUE = "lambda.multi_value_headers.enabled"
_NO_GROUPS = "TargetGroupNotFound"
_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})

T = TypeVar("T")


def inspect(elb: ElasticLoadBalancingv2Client, functions: Callable[[], LambdaClient], live: AlbState) -> Inspection:
    """Read registered targets, functions' policies, usage and quotas of an environment, all calls in parallel.

    Args:
        functions: Makes Lambda's client.

    Raises:
        BotoCoreError, ClientError: AWS refused, or can't be reached. An unreadable policy is left out.
    """
    from rollout.migration.checks.inspection import Inspection  # noqa: PLC0415 - status and rollback need none of it

    with ThreadPoolExecutor(PARALLEL, thread_name_prefix="inspect") as pool:
        limits = pool.submit(_limits, elb)
        balancers = {arn: pool.submit(_used, elb, arn) for arn in live.load_balancers.values()}
        groups = tuple(live.target_groups.values())
        states = dict(pool.map(lambda group: (group.arn, states_of(elb, group.arn)), groups))
        targets = {arn: tuple(target for target, _ in each) for arn, each in states.items()}
        attributes = dict(pool.map(lambda group: (group.arn, _attributes(elb, group.arn)), groups))
        lambdas = {target for group in groups if group.is_lambda for target in targets[group.arn]}
        apart = any(group.vpc and not group.load_balancers for group in groups)  # of the others it is known
        client = functions() if lambdas else None
        policies = dict(pool.map(lambda arn: (arn, _policy(client, arn)), sorted(lambdas))) if client else {}
        used = {arn: future.result() for arn, future in balancers.items()}
        return Inspection(
            targets=targets,
            policies={arn: policy for arn, policy in policies.items() if policy is not None},
            groups={arn: associated for arn, (associated, _) in used.items()},
            rules={arn: rules for arn, (_, rules) in used.items()},
            limits=limits.result(),
            multi_value=frozenset(arn for arn, said in attributes.items() if said.get(_MULTI_VALUE) == "true"),
            states={group.arn: tuple(s for _, s in states[group.arn]) for group in groups if not group.is_lambda},
            attributes=attributes,
            vpcs=_vpcs(elb, sorted(balancers)) if apart else {},
        )


def registered(elb: ElasticLoadBalancingv2Client, group: Arn) -> tuple[str, ...]:
    """The ids of a target group's targets, without those that are draining."""
    return tuple(target for target, _ in states_of(elb, group))


def states_of(elb: ElasticLoadBalancingv2Client, group: Arn) -> tuple[tuple[str, str], ...]:
    """The ids of a target group's targets and their health, without those that are draining."""
    health = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    states = ((each["Target"]["Id"], each.get("TargetHealth", {}).get("State", "")) for each in health)
    return tuple((target, state) for target, state in states if state != "draining")


def sends_lists(elb: ElasticLoadBalancingv2Client, group: Arn) -> bool:
    """Whether a target group sends headers and query parameters as lists."""
    return _attributes(elb, group).get(_MULTI_VALUE) == "true"


def _attributes(elb: ElasticLoadBalancingv2Client, group: Arn) -> dict[str, str]:
    found = elb.describe_target_group_attributes(TargetGroupArn=group)["Attributes"]
    return {each["Key"]: each["Value"] for each in found if "Key" in each and "Value" in each}


def _vpcs(elb: ElasticLoadBalancingv2Client, balancers: list[Arn]) -> dict[Arn, str]:
    pages = elb.get_paginator("describe_load_balancers").paginate(LoadBalancerArns=balancers)
    return {Arn(each["LoadBalancerArn"]): each.get("VpcId", "") for page in pages for each in page["LoadBalancers"]}


def _policy(functions: LambdaClient, arn: str) -> str | None:
    try:
        return functions.get_policy(FunctionName=arn)["Policy"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == _NO_POLICY:
            return ""
        if code in _DENIED:
            return None
        raise


def _used(elb: ElasticLoadBalancingv2Client, balancer: Arn) -> tuple[frozenset[Arn], int]:
    """The target groups that a load balancer uses, and how many rules it has."""
    listeners = elb.get_paginator("describe_listeners").paginate(LoadBalancerArn=balancer)
    rules = elb.get_paginator("describe_rules")
    return (
        _associated(elb, balancer),
        sum(
            not rule["IsDefault"]
            for page in listeners
            for listener in page["Listeners"]
            for found in rules.paginate(ListenerArn=listener["ListenerArn"])
            for rule in found["Rules"]
        ),
    )


def _associated(elb: ElasticLoadBalancingv2Client, balancer: Arn) -> frozenset[Arn]:
    pages = elb.get_paginator("describe_target_groups").paginate(LoadBalancerArn=balancer)
    try:
        return frozenset(Arn(group["TargetGroupArn"]) for page in pages for group in page["TargetGroups"])
    except ClientError as error:
        if error.response["Error"]["Code"] == _NO_GROUPS:  # AWS may report that for a load balancer without any
            return frozenset()
        raise


def _limits(elb: ElasticLoadBalancingv2Client) -> dict[str, int]:
    pages = elb.get_paginator("describe_account_limits").paginate()
    return {limit["Name"]: int(limit["Max"]) for page in pages for limit in page["Limits"]}
