"""An account's load balancers and hands on them, in memory and on the sandbox: what both ports are asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from rollout.adapters.aws.alb import Elbv2
from rollout.adapters.aws.session import Access
from rollout.alb.extras import extras_of
from rollout.alb.forms import AWS
from rollout.alb.weights import ForwardAction
from rollout.fakes.aws import InMemoryAws
from rollout.fakes.load_balancers import InMemoryLoadBalancers
from rollout.inventory.conditions import Condition, ConditionField
from rollout.inventory.model import Arn, Environment, LoadBalancer
from rollout.migration.ports import LoadBalancers
from tests.sandbox.tenant import REGION, Tenant, method, path
from tests.unit.builders import environment

_AT = "https://login.example.com"
_PLACES = ("Issuer", "AuthorizationEndpoint", "TokenEndpoint", "UserInfoEndpoint")
LOGIN: dict[str, Any] = {
    "Type": "authenticate-oidc",
    "Order": 1,
    "AuthenticateOidcConfig": {**{name: f"{_AT}/{name}" for name in _PLACES}, "ClientId": "shop"},
}
REWRITE = {"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [{"Regex": "^/v1/(.*)", "Replace": "/$1"}]}}
PORTS = {"public": 443, "internal": 80}


class Site(Protocol):
    """An account with a public and an internal load balancer, and somebody with hands on it."""

    @property
    def account(self) -> str: ...
    def client(self, account: str | None = None) -> LoadBalancers: ...
    def listener(self, balancer: str) -> Arn: ...
    def group(self, name: str) -> Arn: ...
    def addresses(self, name: str, address: str) -> Arn: ...
    def register(self, group: Arn, function: str) -> str: ...
    def rule(
        self, balancer: str, priority: int, path_: str, methods: Sequence[str], forward: ForwardAction | None
    ) -> Arn: ...
    def tag(self, rule: Arn, tags: Mapping[str, str]) -> None: ...
    def renumber(self, rule: Arn, priority: int) -> None: ...
    def ask(self, rule: Arn, path_: str) -> None: ...
    def delete(self, rule: Arn) -> None: ...
    def have_do_more(self, rule: Arn, forward: ForwardAction) -> None: ...


def inventory(site: Site, *balancers: str, **more: Any) -> Environment:
    """The unit tests' inventory of two routes, in a site's account, on its public load balancer."""
    known = {name: LoadBalancer(name=name, listener_port=PORTS.get(name, 443)) for name in balancers or PORTS}
    return environment(**{"account": site.account, "load_balancers": known} | more)


class InMemorySite:
    """The fakes."""

    def __init__(self) -> None:
        self.aws = InMemoryAws()
        for name, port in PORTS.items():
            self.aws.create_load_balancer(name, port)

    @property
    def account(self) -> str:
        return self.aws.account

    def client(self, account: str | None = None) -> LoadBalancers:
        return InMemoryLoadBalancers(self.aws, account)

    def listener(self, balancer: str) -> Arn:
        return self.aws.listener_of(balancer)

    def group(self, name: str) -> Arn:
        return self.aws.create_target_group(name)

    def addresses(self, name: str, address: str) -> Arn:
        made = self.aws.create_target_group(name, "ip")
        self.aws.register_targets(made, address)
        return made

    def register(self, group: Arn, function: str) -> str:
        arn = self.aws.create_function(function, group)
        self.aws.register_targets(group, arn)
        return arn

    def rule(
        self, balancer: str, priority: int, path_: str, methods: Sequence[str], forward: ForwardAction | None
    ) -> Arn:
        asks = [Condition(ConditionField.METHOD, tuple(methods)), Condition(ConditionField.PATH, (path_,))]
        action = "forward" if forward else "fixed-response 503"
        return self.aws.create_rule(self.listener(balancer), priority, asks, forward, action=action)

    def tag(self, rule: Arn, tags: Mapping[str, str]) -> None:
        self.aws.set_tags(rule, tags)

    def renumber(self, rule: Arn, priority: int) -> None:
        self.aws.set_rule_priority(rule, priority)

    def ask(self, rule: Arn, path_: str) -> None:
        self.aws.modify_rule(rule, asks=[Condition(ConditionField.PATH, (path_,))])

    def delete(self, rule: Arn) -> None:
        self.aws.delete_rule(rule)

    def have_do_more(self, rule: Arn, forward: ForwardAction) -> None:
        extras = extras_of([LOGIN, AWS.write(forward)], [REWRITE])
        assert extras
        self.aws.rules[rule] = replace(self.aws.rules[rule], forward=forward, extras=extras)


@dataclass
class SandboxSite:
    """The real adapter, over boto3."""

    tenant: Tenant

    @property
    def account(self) -> str:
        return self.tenant.account

    def client(self, account: str | None = None) -> LoadBalancers:
        return Elbv2(Access(REGION, self.tenant.sandbox.endpoint, account or self.account, "any"))

    def listener(self, balancer: str) -> Arn:
        return Arn(self.tenant.landscape.listeners[balancer])

    def group(self, name: str) -> Arn:
        return Arn(self.tenant.group(name))

    def addresses(self, name: str, address: str) -> Arn:
        vpc = self.tenant.elb.describe_load_balancers()["LoadBalancers"][0]["VpcId"]
        asked: Any = {"Name": name, "TargetType": "ip", "Protocol": "HTTP", "Port": 80, "VpcId": vpc}
        made = self.tenant.elb.create_target_group(**asked)["TargetGroups"][0]["TargetGroupArn"]
        self.tenant.elb.register_targets(TargetGroupArn=made, Targets=[{"Id": address, "Port": 80}])
        return Arn(made)

    def register(self, group: Arn, function: str) -> str:
        arn = self.tenant.function(function)
        self.tenant.permit(function, group)
        self.tenant.register(group, arn)
        return arn

    def rule(
        self, balancer: str, priority: int, path_: str, methods: Sequence[str], forward: ForwardAction | None
    ) -> Arn:
        fixed: Any = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}
        actions: Any = [AWS.write(forward) if forward else fixed]
        asks = [method(*methods), path(path_)]
        made = self.tenant.rule(actions, priority=priority, balancer=balancer, conditions=asks)
        return Arn(made["RuleArn"])

    def tag(self, rule: Arn, tags: Mapping[str, str]) -> None:
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        self.tenant.elb.add_tags(ResourceArns=[rule], Tags=pairs)

    def renumber(self, rule: Arn, priority: int) -> None:
        self.tenant.elb.set_rule_priorities(RulePriorities=[{"RuleArn": rule, "Priority": priority}])

    def ask(self, rule: Arn, path_: str) -> None:
        self.tenant.elb.modify_rule(RuleArn=rule, Conditions=[path(path_)])

    def delete(self, rule: Arn) -> None:
        self.tenant.elb.delete_rule(RuleArn=rule)

    def have_do_more(self, rule: Arn, forward: ForwardAction) -> None:
        secret = {"AuthenticateOidcConfig": {**LOGIN["AuthenticateOidcConfig"], "ClientSecret": "shh"}}
        actions = [{**LOGIN, **secret}, {**AWS.write(forward), "Order": 2}]
        self.tenant.elb.modify_rule(RuleArn=rule, Actions=actions, Transforms=[REWRITE])
