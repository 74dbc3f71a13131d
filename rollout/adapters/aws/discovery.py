"""An account's load balancers, for `rollout init`: the port `Account` over elbv2."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from rollout.adapters.aws.alb import PARALLEL, live_rule, live_target_group
from rollout.adapters.aws.session import Access, explained
from rollout.adapters.aws.sts import caller
from rollout.alb.discovered import Found, Listener
from rollout.alb.state import DEFAULT_PRIORITY, LiveRule, LiveTargetGroup
from rollout.inventory.model import Arn

if TYPE_CHECKING:
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_elbv2.type_defs import LoadBalancerTypeDef


class Elbv2Account:
    """The `Account` port over elbv2."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def find(self) -> Found:
        who = caller(self._access)
        elb: ElasticLoadBalancingv2Client = self._access.client("elbv2", at_once=PARALLEL)
        with ThreadPoolExecutor(PARALLEL) as pool:
            groups = pool.submit(_target_groups, elb)
            balancers = [
                each
                for page in explained(lambda: list(elb.get_paginator("describe_load_balancers").paginate()))
                for each in page["LoadBalancers"]
                if each["Type"] == "application"
            ]
            listeners = [each for found in pool.map(lambda b: _listeners(elb, b), balancers) for each in found]
            known = {each.arn: each for each in groups.result()}
            return Found(who.account, self._access.region, tuple(listeners), known)


def _listeners(elb: ElasticLoadBalancingv2Client, balancer: LoadBalancerTypeDef) -> list[Listener]:
    arn = balancer["LoadBalancerArn"]
    pages = explained(lambda: list(elb.get_paginator("describe_listeners").paginate(LoadBalancerArn=arn)), arn)
    return [
        Listener(balancer["LoadBalancerName"], listener["Port"], *_rules(elb, Arn(listener["ListenerArn"])))
        for page in pages
        for listener in page["Listeners"]
    ]


def _rules(elb: ElasticLoadBalancingv2Client, listener: Arn) -> tuple[tuple[LiveRule, ...], LiveRule | None]:
    """A listener's rules by priority, and its default one."""
    pages = explained(lambda: list(elb.get_paginator("describe_rules").paginate(ListenerArn=listener)), listener)
    told = [live_rule(listener, rule) for page in pages for rule in page["Rules"]]
    rules = sorted((rule for rule in told if rule.priority != DEFAULT_PRIORITY), key=lambda rule: rule.priority)
    return tuple(rules), next((rule for rule in told if rule.priority == DEFAULT_PRIORITY), None)


def _target_groups(elb: ElasticLoadBalancingv2Client) -> list[LiveTargetGroup]:
    pages = explained(lambda: list(elb.get_paginator("describe_target_groups").paginate()))
    return [live_target_group(group) for page in pages for group in page["TargetGroups"]]
