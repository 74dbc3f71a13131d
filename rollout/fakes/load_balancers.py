"""The `LoadBalancers` port in memory: one client of an `InMemoryAws`, beside which there may be others.

A look is made of the same calls as boto3's, one after the other: they can be refused one by one, and what somebody else
changes between two of them is seen by halves, as it is on AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TypeVar

from rollout.alb.state import DEFAULT_PRIORITY, AlbState, LiveRule, LiveTargetGroup
from rollout.alb.weights import ForwardAction
from rollout.fakes.account import refusal
from rollout.fakes.aws import InMemoryAws
from rollout.fakes.calls import ApiCall, ApiCalls
from rollout.inventory.model import ROLLBACK_TAG, Arn, Environment, LoadBalancer
from rollout.inventory.on_aws import require_account, target_groups_of
from rollout.migration.checks.inspection import Inspection
from rollout.state.plan import TARGET_GROUP

_A_CALL = 20
T = TypeVar("T")
U = TypeVar("U")


class InMemoryLoadBalancers:
    """The `LoadBalancers` port over an `InMemoryAws`.

    Args:
        aws: The account; clients that share one see each other's changes.
        account: Whose credentials these are; the account's own by default.
        calls: What this client did, by AWS's names of the actions, and what is to happen around them.
    """

    def __init__(self, aws: InMemoryAws, account: str | None = None, calls: ApiCalls | None = None) -> None:
        self.aws = aws
        self.calls = calls or ApiCalls()
        self._account = account or aws.account

    def read(self, environment: Environment, *, tags: bool = True, before: AlbState | None = None) -> AlbState:
        account = self._caller(environment)
        found = {key: self._listener(each) for key, each in environment.load_balancers.items()}
        listeners = {key: listener for key, (_, listener) in found.items() if listener}
        every = {key: self._rules_of(listener) for key, listener in listeners.items()}
        rules = [rule for some in every.values() for rule in some if rule.priority != DEFAULT_PRIORITY]
        defaults = {key: rule for key, some in every.items() for rule in some if rule.priority == DEFAULT_PRIORITY}
        groups = before.groups_behind(environment, (*rules, *defaults.values())) if before else None
        if groups is None:
            some = self._by_twenties("DescribeTargetGroups", target_groups_of(environment), self._group)
            groups = {group.name: group for each in some for group in each}
        if tags:
            rules = self._by_twenties("DescribeTags", rules, self._tagged)
        return AlbState(
            account=account,
            load_balancers={key: arn for key, (arn, _) in found.items() if arn},
            listeners=listeners,
            rules=tuple(rules),
            target_groups=groups,
            defaults=defaults,
        )

    def rules(self, listeners: Sequence[Arn]) -> tuple[LiveRule, ...]:
        return tuple(rule for listener in listeners for rule in self._rules_of(listener))

    def inspect(self, live: AlbState) -> Inspection:
        targets = self.targets([group.arn for group in live.target_groups.values()])
        lambdas = [group.arn for group in live.target_groups.values() if group.is_lambda]
        functions = dict.fromkeys(target for group in lambdas for target in targets[group])
        aws = self.aws

        def policy(function: str) -> str:
            return self.calls.make(ApiCall("GetPolicy", function), lambda: aws.policies.get(function, ""))

        policies = {function: policy(function) for function in functions}
        multi_value = self.multi_value(lambdas)  # not below the lock: who steps in at a call may want it
        with aws.lock:
            return Inspection(
                targets=targets,
                policies=policies,
                groups={balancer: self._used_by(balancer) for balancer in live.load_balancers.values()},
                rules={balancer: self._count(balancer) for balancer in live.load_balancers.values()},
                limits=dict(aws.limits),
                multi_value=multi_value,
                states={
                    arn: tuple(map(partial(aws.state_of, arn), targets[arn])) for arn in targets.keys() - {*lambdas}
                },
                attributes={arn: aws.attributes.get(arn, {}) for arn in targets},
                vpcs=dict.fromkeys(live.load_balancers.values(), aws.vpc),
            )

    def targets(self, groups: Sequence[Arn]) -> Mapping[Arn, tuple[str, ...]]:
        return {
            group: self.calls.make(ApiCall("DescribeTargetHealth", group), partial(self._targets, group))
            for group in groups
        }

    def health(self, groups: Sequence[Arn]) -> Mapping[Arn, tuple[str, ...]]:
        targets = self.targets(groups)
        return {arn: tuple(map(partial(self.aws.state_of, arn), targets[arn])) for arn in groups}

    def multi_value(self, groups: Sequence[Arn]) -> frozenset[Arn]:
        def asked(group: Arn) -> bool:
            return bool(self.aws.resources.get((TARGET_GROUP, group), {}).get("lambdaMultiValueHeadersEnabled"))

        return frozenset(
            group
            for group in groups
            if self.calls.make(ApiCall("DescribeTargetGroupAttributes", group), partial(asked, group))
        )

    def modify(self, rule: LiveRule, forward: ForwardAction) -> None:
        call = partial(self.aws.modify_rule, rule.arn, forward=forward, before=rule.extras.before)
        self.calls.make(ApiCall("ModifyRule", rule.arn), call)

    def unmark(self, rules: Sequence[Arn]) -> None:
        self.calls.make(ApiCall("RemoveTags", " ".join(rules)), lambda: self.aws.remove_tag(rules, ROLLBACK_TAG))

    def account(self) -> str:
        return self.calls.make(ApiCall("GetCallerIdentity"), lambda: self._account)

    def listener(self, balancer: LoadBalancer) -> Arn | None:
        return self._listener(balancer)[1]

    def group_arns(self, names: Sequence[str]) -> Mapping[str, Arn]:
        def read() -> dict[str, Arn]:
            return {name: group.arn for name in names if (group := self.aws.group_named(name))}

        return self.calls.make(ApiCall("DescribeTargetGroups"), read)

    def mark(self, rules: Sequence[Arn], text: str) -> None:
        self.calls.make(ApiCall("AddTags", " ".join(rules)), lambda: self.aws.add_tag(rules, ROLLBACK_TAG, text))

    def _caller(self, environment: Environment) -> str:
        account = self.account()
        require_account(environment, account)
        return account

    def _listener(self, wanted: LoadBalancer) -> tuple[Arn | None, Arn | None]:
        aws, name = self.aws, wanted.arn or wanted.name or ""

        def balancer() -> Arn | None:
            if wanted.arn:
                return next((arn for arn in aws.load_balancers.values() if arn == wanted.arn), None)
            return aws.load_balancers.get(name)

        arn = self.calls.make(ApiCall("DescribeLoadBalancers", name), balancer)
        if arn is None:
            return None, None

        def listener() -> Arn | None:
            with aws.lock:
                every = [each for each in aws.listeners.values() if each.load_balancer == arn]
            return next((each.arn for each in every if each.port == wanted.listener_port), None)

        return arn, self.calls.make(ApiCall("DescribeListeners", arn), listener)

    def _rules_of(self, listener: Arn) -> tuple[LiveRule, ...]:
        found = self.calls.make(ApiCall("DescribeRules", listener), lambda: self.aws.rules_of(listener))
        return tuple(replace(rule, tags={}) for rule in found)

    def _by_twenties(self, action: str, each: Sequence[T], ask: Callable[[T], U]) -> list[U]:
        """As many calls as AWS needs."""
        chunks = [each[first : first + _A_CALL] for first in range(0, len(each), _A_CALL)]

        def answer(some: Sequence[T]) -> list[U]:
            return self.calls.make(ApiCall(action), lambda: [ask(one) for one in some])

        return [*chain.from_iterable(map(answer, chunks))]

    def _group(self, name: str) -> tuple[LiveTargetGroup, ...]:
        found = self.aws.group_named(name)
        return (found,) if found else ()

    def _tagged(self, rule: LiveRule) -> LiveRule:
        """With its tags, if it is still there."""
        tags = dict(self.aws.rules.get(rule.arn, rule).tags)
        return replace(rule, rollback=tags.pop(ROLLBACK_TAG, ""), tags=tags)

    def _targets(self, group: Arn) -> tuple[str, ...]:
        if group not in self.aws.target_groups:
            raise refusal("DescribeTargetHealth", "TargetGroupNotFound", "One or more target groups not found", group)
        return self.aws.targets.get(group, ())

    def _used_by(self, balancer: Arn) -> frozenset[Arn]:
        return frozenset(group for group in self.aws.target_groups if balancer in self.aws.balancers_of(group))

    def _count(self, balancer: Arn) -> int:
        aws = self.aws
        return sum(
            rule.priority != DEFAULT_PRIORITY and aws.listeners[rule.listener].load_balancer == balancer
            for rule in aws.rules.values()
        )
