"""An account's load balancers in memory, shared by all clients of a test, with changes by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rollout.alb.extras import NO_EXTRAS, Extras, Kept
from rollout.alb.state import DEFAULT_PRIORITY, LiveRule, LiveTargetGroup
from rollout.alb.weights import ForwardAction, forward_of, group_name
from rollout.fakes.account import InMemoryAccount, InMemoryListener, atomic, refusal
from rollout.inventory.conditions import Condition
from rollout.inventory.model import LEGACY_ONLY, Arn, Environment, KeptRoute, Route, Split

REGISTERED_IP = "10.20.1.10"


def policy_for(*groups: Arn) -> str:
    """A function's resource policy that lets target groups invoke it, as JSON."""
    statements = [
        {
            "Effect": "Allow",
            "Principal": {"Service": "elasticloadbalancing.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Condition": {"ArnLike": {"AWS:SourceArn": group}},
        }
        for group in groups
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@dataclass
class InMemoryAws(InMemoryAccount):
    """One account in one region: the calls that change something."""

    @classmethod
    def landscape(cls, environment: Environment) -> InMemoryAws:
        """What is there before the legacy rules are: load balancers that answer 404, and groups of addresses."""
        aws = cls(environment.account, environment.region)
        for key, balancer in environment.load_balancers.items():
            if there := aws.load_balancers.get(balancer.name or key):
                aws.create_listener(there, balancer.listener_port)
            else:
                aws.create_load_balancer(balancer.name or key, balancer.listener_port)
        for kept in environment.kept_routes.values():
            if kept.target_type != "lambda" and aws.group_named(kept.legacy) is None:
                aws.register_targets(aws.create_target_group(kept.legacy, kept.target_type), REGISTERED_IP)
        return aws

    @classmethod
    def serving(cls, environment: Environment, split: Split = LEGACY_ONLY) -> InMemoryAws:
        """All that an inventory names: each entry's rule, dual routes divided so, and groups that can answer.

        No stack made any of it; `World` has those.
        """
        aws = cls.landscape(environment)
        listeners = {
            key: aws.listener_of(balancer.name or key, balancer.listener_port)
            for key, balancer in environment.load_balancers.items()
        }
        places: dict[tuple[str, int], Route | KeptRoute] = {}
        entries: list[Route | KeptRoute] = [*environment.routes.values(), *environment.kept_routes.values()]
        for entry in entries:
            places.setdefault((entry.load_balancer, entry.priority), entry)

        def group(name: str) -> Arn:
            found = aws.group_named(name)
            return found.arn if found else aws.create_answering_group(name)

        for (balancer, priority), entry in places.items():
            if entry.is_default:
                aws.set_default_action(listeners[balancer], ForwardAction({group(entry.legacy): 1}))
                continue
            if isinstance(entry, Route):
                legacy, candidate = group(entry.legacy), group(entry.candidate)
                forward = forward_of(split, legacy, candidate, environment.stickiness.kept_at(split.weight))
            else:
                forward = ForwardAction({group(entry.legacy): 1})
            aws.create_rule(listeners[balancer], priority, entry.rule_conditions or (), forward)
        return aws

    @atomic
    def create_load_balancer(self, name: str, port: int) -> Arn:
        """A load balancer with one listener that answers 404; the listener's ARN."""
        if name in self.load_balancers:
            raise refusal("CreateLoadBalancer", "DuplicateLoadBalancerName", f"{name} already exists")
        balancer = self._arn(f"loadbalancer/app/{name}/{self._id()}")
        self.load_balancers[name] = balancer
        return self.create_listener(balancer, port)

    @atomic
    def create_listener(self, load_balancer: Arn, port: int) -> Arn:
        """Another listener, which answers 404."""
        place = load_balancer.partition(":loadbalancer/")[2]
        listener = self._arn(f"listener/{place}/{self._id()}")
        self.listeners[listener] = InMemoryListener(listener, load_balancer, port)
        default = self._rule_arn(listener)
        self.rules[default] = LiveRule(default, listener, DEFAULT_PRIORITY, action="fixed-response 404")
        return listener

    @atomic
    def set_default_action(self, listener: Arn, forward: ForwardAction | None, action: str = "forward") -> None:
        """Let a listener's default action do something else, as ModifyListener does."""
        was = next(rule for rule in self.rules.values() if rule.listener == listener and rule.is_default)
        self._forwardable(listener, forward, "ModifyListener", was.arn)
        self.record("ModifyListener", listener)
        self.rules[was.arn] = replace(was, forward=forward, action=action)

    @atomic
    def create_target_group(self, name: str, target_type: str = "lambda") -> Arn:
        """A target group without targets."""
        if self.group_named(name):
            raise refusal(
                "CreateTargetGroup", "DuplicateTargetGroupName", f"A target group with the name '{name}' exists"
            )
        arn = self._arn(f"targetgroup/{name}/{self._id()}")
        self.record("CreateTargetGroup", arn)
        made = LiveTargetGroup(arn, name, target_type)
        if not made.is_lambda:
            made = replace(made, protocol="HTTP", version="HTTP1", vpc=self.vpc)
        self.target_groups[arn] = made
        return arn

    @atomic
    def create_function(self, name: str, *lets_in: Arn) -> str:
        """A function that lets target groups invoke it; its ARN."""
        function = f"arn:aws:lambda:{self.region}:{self.account}:function:{name}"
        self.record("CreateFunction", name)
        self.policies[function] = policy_for(*lets_in)
        return function

    @atomic
    def create_answering_group(self, name: str) -> Arn:
        """A target group of type lambda, with a function of the same name in it."""
        group = self.create_target_group(name)
        self.register_targets(group, self.create_function(name, group))
        return group

    @atomic
    def delete_target_group(self, group: Arn) -> None:
        """Delete a target group that no rule forwards to."""
        if self.balancers_of(group):
            raise refusal(
                "DeleteTargetGroup",
                "ResourceInUse",
                f"Target group '{group}' is currently in use by a listener or a rule",
            )
        self.record("DeleteTargetGroup", group)
        self.target_groups.pop(group, None)
        self.targets.pop(group, None)

    @atomic
    def register_targets(self, group: Arn, *ids: str) -> None:
        """Register targets by their ids: a function's ARN, an address, an instance."""
        self._known_group(group, "RegisterTargets")
        self.record("RegisterTargets", group)
        self.targets[group] = tuple(dict.fromkeys((*self.targets.get(group, ()), *ids)))

    @atomic
    def state_of(self, group: Arn, target: str) -> str:
        """What AWS says of a target's health: only those are asked that a rule forwards to."""
        return self.health.get(target, "healthy") if self.balancers_of(group) else "unused"

    @atomic
    def deregister_targets(self, group: Arn, *ids: str) -> None:
        """Take targets out of a group."""
        self._known_group(group, "DeregisterTargets")
        self.record("DeregisterTargets", group)
        self.targets[group] = tuple(target for target in self.targets.get(group, ()) if target not in ids)

    @atomic
    def create_rule(
        self,
        listener: Arn,
        priority: int,
        asks: Sequence[Condition],
        forward: ForwardAction | None,
        *,
        action: str = "forward",
        tags: Mapping[str, str] | None = None,
        extras: Extras = NO_EXTRAS,
    ) -> Arn:
        """A rule, at a priority that is free.

        Args:
            priority: 1 to 50000.
            forward: Its forward action; None for one that does something else.
            action: Another action, as text.
            extras: What it does beside forwarding.
        """
        if listener not in self.listeners:
            raise refusal("CreateRule", "ListenerNotFound", "One or more listeners not found", listener)
        self._free(listener, priority, "CreateRule")
        self._forwardable(listener, forward, "CreateRule")
        arn = self._rule_arn(listener)
        self.record("CreateRule", arn)
        self.rules[arn] = LiveRule(
            arn, listener, priority, tuple(asks), forward, action, dict(tags or {}), extras=extras
        )
        return arn

    @atomic
    def modify_rule(
        self,
        rule: Arn,
        *,
        forward: ForwardAction | None = None,
        before: Sequence[Kept] = (),
        asks: Sequence[Condition] | None = None,
        action: str | None = None,
    ) -> None:
        """Change what a rule does or asks; what isn't given stays.

        Args:
            before: The actions before the forward: those that aren't given are lost, as transforms aren't.
            action: Another action instead of forwarding, as text.
        """
        was = self._known_rule(rule, "ModifyRule")
        self._forwardable(was.listener, forward, "ModifyRule", rule)
        now = replace(was, asks=was.asks if asks is None else tuple(asks))
        if forward is not None or action is not None:
            extras = replace(was.extras, before=tuple(before))
            now = replace(now, forward=forward, action=action or "forward", extras=extras)
        self.record("ModifyRule", rule)
        self.rules[rule] = now

    @atomic
    def set_rule_priority(self, rule: Arn, priority: int) -> None:
        """Renumber a rule; its ARN stays."""
        was = self._known_rule(rule, "SetRulePriorities")
        if was.priority != priority:
            self._free(was.listener, priority, "SetRulePriorities")
            self.record("SetRulePriorities", rule)
            self.rules[rule] = replace(was, priority=priority)

    @atomic
    def delete_rule(self, rule: Arn) -> None:
        """Delete a rule."""
        self._known_rule(rule, "DeleteRule")
        self.record("DeleteRule", rule)
        del self.rules[rule]

    @atomic
    def set_tags(self, rule: Arn, tags: Mapping[str, str]) -> None:
        """Give a rule these tags and no others."""
        self.rules[rule] = replace(self._known_rule(rule, "AddTags"), tags=dict(tags))
        self.record("AddTags", rule)

    @atomic
    def add_tag(self, rules: Sequence[Arn], key: str, value: str) -> None:
        """Add a tag to rules."""
        for rule in rules:
            self._known_rule(rule, "AddTags")
        for rule in rules:
            self.rules[rule] = replace(self.rules[rule], tags={**self.rules[rule].tags, key: value})

    @atomic
    def remove_tag(self, rules: Sequence[Arn], key: str) -> None:
        """Take a tag off rules."""
        for rule in rules:
            self._known_rule(rule, "RemoveTags")
        for rule in rules:
            tags = {name: value for name, value in self.rules[rule].tags.items() if name != key}
            self.rules[rule] = replace(self.rules[rule], tags=tags)

    def _forwardable(self, listener: Arn, forward: ForwardAction | None, action: str, where: Arn | None = None) -> None:
        balancer = self.listeners[listener].load_balancer
        for group in forward.weights if forward else ():
            self._known_group(group, action, where)
            if set(self.balancers_of(group)) - {balancer}:
                raise refusal(
                    action,
                    "TargetGroupAssociationLimit",
                    f"The target group '{group_name(group)}' is associated with another load balancer",
                    where,
                )
