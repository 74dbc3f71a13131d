"""The load balancers' API over botocore; the only module that uses elbv2.

It reads with as few calls as the API allows, in parallel, since a rollback waits for it. It changes a rule with
ModifyRule: all actions, and no conditions, so these stay unchanged.
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyRule.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from rollout.adapters.aws.inspection import inspect, registered, sends_lists, states_of
from rollout.adapters.aws.session import PATIENCE, RETRIES, Access, aws_error, explained
from rollout.alb.described import condition_of
from rollout.alb.extras import NO_EXTRAS, extras_of
from rollout.alb.forms import AWS
from rollout.alb.state import DEFAULT_PRIORITY, AlbState, LiveRule, LiveTargetGroup
from rollout.alb.weights import ForwardAction
from rollout.base.threads import DaemonPool
from rollout.inventory.model import ROLLBACK_TAG, Arn, Environment, LoadBalancer
from rollout.inventory.on_aws import require_account, require_account_of, target_groups_of

if TYPE_CHECKING:
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_elbv2.type_defs import (
        ActionOutputTypeDef,
        RuleTypeDef,
        TagTypeDef,
        TargetGroupTypeDef,
    )
    from mypy_boto3_lambda import LambdaClient

    from rollout.migration.checks.inspection import Inspection

PARALLEL = 16
_NAMES_A_CALL = 20  # the limit of names in DescribeLoadBalancers and of ARNs in DescribeTags
_NOT_FOUND = frozenset({"LoadBalancerNotFound", "LoadBalancerNotFoundException", "TargetGroupNotFound"})

T = TypeVar("T")


class Elbv2:
    """The `LoadBalancers` port over botocore, and the same calls for a rollback, with shorter timeouts.

    botocore's standard retry mode repeats throttled calls with growing pauses.

    Args:
        patience: How long to wait for an answer.
        retries: How often a call is tried again.
    """

    def __init__(self, access: Access, *, patience: timedelta = PATIENCE, retries: int = RETRIES) -> None:
        self._access = access
        self._patience = patience
        self._retries = retries
        self._pool = DaemonPool(PARALLEL, "elbv2")

    def _client(self, service: str) -> Any:
        return self._access.client(service, at_once=PARALLEL, retries=self._retries, patience=self._patience)

    @cached_property
    def _elb(self) -> ElasticLoadBalancingv2Client:
        client: ElasticLoadBalancingv2Client = self._client("elbv2")
        return client

    def read(self, environment: Environment, *, tags: bool = True, before: AlbState | None = None) -> AlbState:
        elb, names = explained(lambda: self._elb), target_groups_of(environment)
        groups = None if before else self._pool.submit(self._target_groups, names)
        balancers = {
            key: self._pool.submit(self._listener, elb, balancer)
            for key, balancer in environment.load_balancers.items()
        }
        found = {key: future.result() for key, future in balancers.items()}
        arns = {key: arn for key, (arn, _) in found.items() if arn}
        for arn in arns.values():
            require_account_of(environment, arn)
        if not arns:  # what isn't found may be in another account
            require_account(environment, self.account())
        listeners = {key: listener for key, (_, listener) in found.items() if listener}
        told = self.rules(tuple(listeners.values()))
        rules = tuple(rule for rule in told if rule.priority != DEFAULT_PRIORITY)
        last = {rule.listener: rule for rule in told if rule.priority == DEFAULT_PRIORITY}
        known = before.groups_behind(environment, told) if before else None
        if known is None:
            known = {each.name: each for each in (groups.result() if groups else self._target_groups(names))}
        return AlbState(
            account=environment.account,
            load_balancers=arns,
            listeners=listeners,
            rules=self._with_tags(environment, listeners, rules) if tags else rules,
            target_groups=known,
            defaults={key: last[listener] for key, listener in listeners.items() if listener in last},
        )

    def rules(self, listeners: Sequence[Arn]) -> tuple[LiveRule, ...]:
        pages = self._pool.map(self._rules_of, listeners)
        return tuple(rule for page in pages for rule in page)

    def inspect(self, live: AlbState) -> Inspection:
        return explained(lambda: inspect(self._elb, self._functions, live))

    def targets(self, groups: Sequence[Arn]) -> Mapping[Arn, tuple[str, ...]]:
        elb = explained(lambda: self._elb)
        return explained(lambda: dict(self._pool.map(lambda group: (group, registered(elb, group)), groups)))

    def health(self, groups: Sequence[Arn]) -> Mapping[Arn, tuple[str, ...]]:
        elb = explained(lambda: self._elb)
        found = explained(lambda: list(self._pool.map(lambda group: states_of(elb, group), groups)))
        return {group: tuple(state for _, state in each) for group, each in zip(groups, found, strict=True)}

    def multi_value(self, groups: Sequence[Arn]) -> frozenset[Arn]:
        elb = explained(lambda: self._elb)
        found = explained(lambda: list(self._pool.map(lambda group: sends_lists(elb, group), groups)))
        return frozenset(group for group, lists in zip(groups, found, strict=True) if lists)

    def _functions(self) -> LambdaClient:
        client: LambdaClient = self._access.client("lambda", at_once=PARALLEL)
        return client

    def modify(self, rule: LiveRule, forward: ForwardAction) -> None:
        explained(lambda: self._elb.modify_rule(RuleArn=rule.arn, Actions=rule.extras.actions(forward)), rule.arn)

    def listener(self, balancer: LoadBalancer) -> Arn | None:
        return self._listener(explained(lambda: self._elb), balancer)[1]

    def group_arns(self, names: Sequence[str]) -> Mapping[str, Arn]:
        return {group.name: group.arn for group in self._target_groups(names)}

    def mark(self, rules: Sequence[Arn], text: str) -> None:
        tag: TagTypeDef = {"Key": ROLLBACK_TAG, "Value": text}
        self._on_each(rules, lambda arns: self._elb.add_tags(ResourceArns=arns, Tags=[tag]))

    def unmark(self, rules: Sequence[Arn]) -> None:
        self._on_each(rules, lambda arns: self._elb.remove_tags(ResourceArns=arns, TagKeys=[ROLLBACK_TAG]))

    @staticmethod
    def _on_each(rules: Sequence[Arn], call: Callable[[list[str]], object]) -> None:
        for some in _chunks(rules):
            explained(partial(call, list(some)))

    def account(self) -> str:
        sts = explained(lambda: self._client("sts"))
        account: str = explained(sts.get_caller_identity)["Account"]
        return account

    def _listener(self, elb: ElasticLoadBalancingv2Client, balancer: LoadBalancer) -> tuple[Arn | None, Arn | None]:
        try:
            found = (
                elb.describe_load_balancers(LoadBalancerArns=[balancer.arn])
                if balancer.arn
                else elb.describe_load_balancers(Names=[balancer.name or ""])
            )["LoadBalancers"]
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_FOUND:
                return None, None
            raise aws_error(error) from error
        except BotoCoreError as error:
            raise aws_error(error) from error
        if not found:
            return None, None
        arn = Arn(found[0]["LoadBalancerArn"])
        pages = explained(lambda: list(elb.get_paginator("describe_listeners").paginate(LoadBalancerArn=arn)), arn)
        ports = {listener["Port"]: Arn(listener["ListenerArn"]) for page in pages for listener in page["Listeners"]}
        return arn, ports.get(balancer.listener_port)

    def _rules_of(self, listener: Arn) -> tuple[LiveRule, ...]:
        paginator = self._elb.get_paginator("describe_rules")
        pages = explained(lambda: list(paginator.paginate(ListenerArn=listener)), listener)
        return tuple(live_rule(listener, rule) for page in pages for rule in page["Rules"])

    def _target_groups(self, names: Sequence[str]) -> tuple[LiveTargetGroup, ...]:
        """All names in one call. If one is missing AWS refuses the whole call; then one call per name."""
        try:
            return tuple(g for chunk in _chunks(names) for g in self._describe_groups(chunk))
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NOT_FOUND:
                raise aws_error(error) from error
        except BotoCoreError as error:
            raise aws_error(error) from error
        pool = DaemonPool(PARALLEL, "target groups")
        return tuple(group for found in pool.map(self._group_if_there, names) for group in found)

    def _group_if_there(self, name: str) -> tuple[LiveTargetGroup, ...]:
        try:
            return self._describe_groups((name,))
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_FOUND:
                return ()
            raise aws_error(error) from error

    def _describe_groups(self, names: Sequence[str]) -> tuple[LiveTargetGroup, ...]:
        return tuple(map(live_target_group, self._elb.describe_target_groups(Names=list(names))["TargetGroups"]))

    def _with_tags(
        self, environment: Environment, listeners: Mapping[str, Arn], rules: tuple[LiveRule, ...]
    ) -> tuple[LiveRule, ...]:
        wanted = {(listeners.get(route.load_balancer), route.priority) for route in environment.routes.values()}
        header = {rule.arn for rule in rules if rule.headers}
        ours = [rule.arn for rule in rules if (rule.listener, rule.priority) in wanted or rule.arn in header]

        def describe(arns: Sequence[Arn]) -> list[tuple[str, dict[str, str]]]:
            found = explained(lambda: self._elb.describe_tags(ResourceArns=list(arns)))["TagDescriptions"]
            return [(item["ResourceArn"], {tag["Key"]: tag.get("Value", "") for tag in item["Tags"]}) for item in found]

        tags = dict(pair for pairs in self._pool.map(describe, _chunks(ours)) for pair in pairs)
        return tuple(_tagged(rule, tags[rule.arn]) if rule.arn in tags else rule for rule in rules)


def _chunks(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[start : start + _NAMES_A_CALL] for start in range(0, len(items), _NAMES_A_CALL)]


def _tagged(rule: LiveRule, tags: Mapping[str, str]) -> LiveRule:
    kept = {key: value for key, value in tags.items() if not key.startswith("aws:") and key != ROLLBACK_TAG}
    return replace(rule, tags=kept, rollback=tags.get(ROLLBACK_TAG, ""))


def live_target_group(group: TargetGroupTypeDef) -> LiveTargetGroup:
    """A target group, from DescribeTargetGroups."""
    return LiveTargetGroup(
        Arn(group["TargetGroupArn"]),
        group["TargetGroupName"],
        group.get("TargetType", "instance"),
        tuple(map(Arn, group.get("LoadBalancerArns", ()))),
        health_checks=group.get("HealthCheckEnabled", False),
        protocol=group.get("Protocol", ""),
        version=group.get("ProtocolVersion", ""),
        vpc=group.get("VpcId", ""),
    )


def live_rule(listener: Arn, rule: RuleTypeDef) -> LiveRule:
    """A rule, from DescribeRules."""
    actions = sorted(rule.get("Actions", ()), key=lambda action: action.get("Order", 0))
    extras = extras_of(actions, rule.get("Transforms", ()))
    return LiveRule(
        arn=Arn(rule["RuleArn"]),
        listener=listener,
        priority=DEFAULT_PRIORITY if rule.get("IsDefault") else int(rule["Priority"]),
        asks=tuple(map(condition_of, rule.get("Conditions", ()))),
        forward=AWS.read(actions[-1]) if extras is not None else None,
        action=", then ".join(map(_action_text, actions)),
        extras=NO_EXTRAS if extras is None else extras,
    )


def _action_text(action: ActionOutputTypeDef) -> str:
    """An action as text."""
    match action["Type"]:
        case "fixed-response":
            return f"fixed-response {action['FixedResponseConfig']['StatusCode']}"
        case "redirect":
            to = action["RedirectConfig"]
            place = f"{to.get('Host', '#{host}')}:{to.get('Port', '#{port}')}{to.get('Path', '/#{path}')}"
            protocol = to.get("Protocol", "#{protocol}").lower()
            return f"redirect {to['StatusCode'].removeprefix('HTTP_')} to {protocol}://{place}"
        case "forward":
            return f"forward to {AWS.read(action)}"
        case other:
            return other
