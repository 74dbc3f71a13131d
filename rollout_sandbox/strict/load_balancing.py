"""Elastic Load Balancing as strict as AWS: quotas, associations and permissions that moto lets pass.

The texts are AWS's where somebody has published one; its codes are those of the API's model.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from moto.elbv2 import urls
from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import (
    ELBv2Backend,
    FakeAction,
    FakeHealthStatus,
    FakeListener,
    FakeListenerRule,
    FakeLoadBalancer,
    FakeRule,
    FakeTargetGroup,
)
from moto.moto_api._internal import mock_random

from rollout_sandbox.strict import actions as forwarding
from rollout_sandbox.strict import conditions as matching
from rollout_sandbox.strict import log_buckets
from rollout_sandbox.strict import targets as targeting
from rollout_sandbox.strict.transforms import TransformingRules

STICKY = "stickiness.enabled"
MAX_RULES = 100
MAX_GROUPS = 100
MAX_PRIORITY = 50_000

Items = list[dict[str, Any]]


class StrictLoadBalancing(ELBv2Backend):
    """moto's ELBv2, refusing what AWS refuses and answering as AWS answers."""

    @property
    def _url_module(self) -> SimpleNamespace:
        return SimpleNamespace(url_bases=urls.url_bases, url_paths={"{0}/$": TransformingRules.dispatch})

    def create_load_balancer(self, *args: Any, **kwargs: Any) -> FakeLoadBalancer:
        """CreateLoadBalancer; active at once, for nobody here has minutes to wait."""
        balancer = super().create_load_balancer(*args, **kwargs)
        balancer.attrs.setdefault(log_buckets.ENABLED, "false")  # moto leaves it out
        balancer.activate()
        return balancer

    def modify_load_balancer_attributes(self, arn: str, attrs: dict[str, Any]) -> dict[str, Any]:
        """ModifyLoadBalancerAttributes."""
        balancer = self.load_balancers.get(arn)
        about_logs = attrs.keys() & {log_buckets.ENABLED, log_buckets.BUCKET, log_buckets.PREFIX}
        wanted = {**balancer.attrs, **attrs} if balancer and about_logs else {}
        if balancer and wanted.get(log_buckets.ENABLED) == "true":
            log_buckets.check(balancer, wanted)
        modified = super().modify_load_balancer_attributes(arn, attrs)
        if balancer and wanted:
            log_buckets.try_out(balancer)
        return modified

    def delete_load_balancer(self, arn: str) -> None:
        """DeleteLoadBalancer."""
        super().delete_load_balancer(arn)
        self._note_associations()

    def create_listener(  # noqa: PLR0917 - the signature is moto's
        self,
        load_balancer_arn: str,
        protocol: str,
        port: str,
        ssl_policy: str,
        certificate: str | None,
        actions: Items,
        alpn_policy: list[str] | None = None,
        tags: Items | None = None,
    ) -> FakeListener:
        """CreateListener."""
        answered = forwarding.as_aws_answers(actions, protocol)
        if balancer := self.load_balancers.get(load_balancer_arn):
            _check_port(balancer, port)
            self._check_groups(balancer, answered)
        listener = super().create_listener(
            load_balancer_arn, protocol, port, ssl_policy, certificate, answered, alpn_policy, tags
        )
        # moto takes the object's address for the default rule's id; AWS gives it one like any other's.
        default = next(rule for rule in listener.rules.values() if rule.is_default)
        default.arn = f"{listener.arn.replace(':listener/', ':listener-rule/')}/{mock_random.get_random_hex(16)}"
        self._note_associations()
        return listener

    def modify_listener(  # noqa: PLR0917 - as above
        self,
        arn: str,
        port: str | None = None,
        protocol: str | None = None,
        ssl_policy: str | None = None,
        certificates: Items | None = None,
        actions: Items | None = None,
    ) -> FakeListener:
        """ModifyListener."""
        listener = self.describe_listeners(None, [arn])[0]
        default = next(rule for rule in listener.rules.values() if rule.is_default)
        answered = forwarding.as_aws_answers(actions or [], protocol or listener.protocol, _actions(default))
        balancer = self.load_balancers[listener.load_balancer_arn]
        if port is not None and port != listener.port:
            _check_port(balancer, port)
        self._validate_actions([FakeAction(action) for action in answered])  # moto doesn't, in this call
        self._check_groups(balancer, answered, instead_of=default)
        modified = super().modify_listener(arn, port, protocol, ssl_policy, certificates or [], answered)
        self._note_associations()
        return modified

    def delete_listener(self, listener_arn: str) -> FakeListener:
        """DeleteListener."""
        listener = super().delete_listener(listener_arn)
        self._note_associations()
        return listener

    def create_rule(
        self, listener_arn: str, conditions: Items, priority: int, actions: Items, tags: Items | None = None
    ) -> FakeListenerRule:
        """CreateRule."""
        listener = self.describe_listeners(None, [listener_arn])[0]
        balancer = self.load_balancers[listener.load_balancer_arn]
        _check_priority(priority)
        if not conditions:
            raise ELBClientError("ValidationError", "A condition must be specified")
        answered = forwarding.as_aws_answers(actions, listener.protocol)
        if any(rule.priority == priority for rule in listener.rules.values()):
            raise _in_use(priority)
        if sum(not rule.is_default for rule in _rules(balancer)) >= MAX_RULES:
            raise ELBClientError(
                "TooManyRules", f"The maximum number of rules on load balancer '{balancer.arn}' has been reached"
            )
        self._check_groups(balancer, answered)
        rule = super().create_rule(listener_arn, conditions, priority, answered, tags)
        rule.conditions = matching.as_aws_answers(conditions)
        self._note_associations()
        return rule

    def modify_rule(self, rule_arn: str, conditions: Items, actions: Items) -> FakeRule:
        """ModifyRule."""
        rule = self.changeable_rule(rule_arn)
        protocol = self.describe_listeners(None, [rule.listener_arn])[0].protocol
        answered = forwarding.as_aws_answers(actions, protocol, _actions(rule))
        self._check_groups(self._balancer_of(rule), answered, instead_of=rule)
        modified = super().modify_rule(rule_arn, conditions, answered)
        if conditions:
            modified.conditions = matching.as_aws_answers(conditions)
        self._note_associations()
        return modified

    def changeable_rule(self, arn: str) -> FakeRule:
        """A rule that ModifyRule may change.

        Raises:
            ELBClientError: It is a default rule, or isn't there.
        """
        rule = self.describe_rules(None, [arn])[0]
        if rule.is_default:
            raise ELBClientError("OperationNotPermitted", f"Default rule '{arn}' cannot be modified")
        return rule

    def _validate_actions(self, actions: list[FakeAction]) -> None:
        super()._validate_actions([action for action in actions if action.type != "jwt-validation"])

    def _validate_conditions(self, conditions: Items) -> None:
        matching.check(conditions)

    def delete_rule(self, arn: str) -> None:
        """DeleteRule."""
        if self.describe_rules(None, [arn])[0].is_default:
            raise ELBClientError("OperationNotPermitted", f"Default rule '{arn}' cannot be deleted")
        super().delete_rule(arn)
        self._note_associations()

    def set_rule_priorities(self, rule_priorities: Items) -> list[FakeRule]:
        """SetRulePriorities; rules may swap their priorities, which moto refuses."""
        wanted = {each["RuleArn"]: each["Priority"] for each in rule_priorities}
        rules = self.describe_rules(None, list(wanted))
        for priority in wanted.values():
            _check_priority(priority)
        for rule in rules:
            if rule.is_default:
                raise ELBClientError("OperationNotPermitted", f"Default rule '{rule.arn}' cannot be modified")
            for other in self.describe_listeners(None, [rule.listener_arn])[0].rules.values():
                if other is not rule and wanted.get(other.arn, other.priority) == wanted[rule.arn]:
                    raise _in_use(wanted[rule.arn])
        for rule in rules:
            rule.priority = wanted[rule.arn]
        return rules

    def create_target_group(self, name: str, **kwargs: Any) -> FakeTargetGroup:
        """CreateTargetGroup."""
        targeting.check_kind(kwargs.get("target_type"), kwargs.get("protocol"))
        return super().create_target_group(name, **kwargs)

    def delete_target_group(self, target_group_arn: str) -> FakeTargetGroup:
        """DeleteTargetGroup."""
        if self._any_listener_using(target_group_arn):
            raise ELBClientError(
                "ResourceInUse", f"Target group '{target_group_arn}' is currently in use by a listener or a rule"
            )
        return super().delete_target_group(target_group_arn)

    def register_targets(self, target_group_arn: str, instances: Items) -> None:
        """RegisterTargets."""
        group = self.target_groups.get(target_group_arn)
        if group is not None and group.target_type == "lambda":
            targeting.check_function(group, [target["Id"] for target in instances], self.account_id, self.region_name)
        super().register_targets(target_group_arn, instances)

    def describe_target_health(self, target_group_arn: str, targets: Items) -> list[FakeHealthStatus]:
        """DescribeTargetHealth."""
        described = super().describe_target_health(target_group_arn, targets)
        return [targeting.health_of(self.target_groups[target_group_arn], health) for health in described]

    def _check_groups(self, balancer: FakeLoadBalancer, answered: Items, instead_of: FakeRule | None = None) -> None:
        """A group serves one load balancer, and a load balancer has room for so many groups."""
        wanted = forwarding.target_groups(answered)
        elsewhere = wanted & {
            arn for other in self.load_balancers.values() if other is not balancer for arn in _groups(_rules(other))
        }
        if elsewhere:
            raise ELBClientError(
                "TargetGroupAssociationLimit",
                "The following target groups cannot be associated with more than one load balancer: "
                + ", ".join(sorted(elsewhere)),
            )
        targeting.check_for_application(self.target_groups[arn] for arn in wanted if arn in self.target_groups)
        for each in answered:
            self._check_stickiness(each.get("ForwardConfig", {}))
        kept = _groups(rule for rule in _rules(balancer) if rule is not instead_of)
        if len(kept | wanted) > MAX_GROUPS:
            raise ELBClientError(
                "TooManyUniqueTargetGroupsPerLoadBalancer",
                "You have reached the maximum number of unique target groups that you can associate with a "
                f"load balancer of type '{balancer.type}': [{MAX_GROUPS}]",
            )

    def modify_target_group_attributes(self, target_group_arn: str, attributes: dict[str, Any]) -> None:
        """ModifyTargetGroupAttributes; stickiness of targets may not come into rules that don't let it."""
        if attributes.get(STICKY) == "true":
            for balancer in self.load_balancers.values():
                for action in [action.data for rule in _rules(balancer) for action in rule.actions]:
                    if target_group_arn in forwarding.target_groups([action]):
                        self._check_stickiness(action.get("ForwardConfig", {}), target_group_arn)
        super().modify_target_group_attributes(target_group_arn, attributes)

    def _check_stickiness(self, config: Mapping[str, Any], sticky: str | None = None) -> None:
        """Of several groups one whose targets are sticky needs a rule that is; or one that becomes so."""
        groups = [group["TargetGroupArn"] for group in config.get("TargetGroups", ())]
        if len(groups) < 2 or config.get("TargetGroupStickinessConfig", {}).get("Enabled"):  # noqa: PLR2004 - several
            return
        known = [self.target_groups[arn] for arn in groups if arn in self.target_groups]
        if sticky or any(group.attributes.get(STICKY) == "true" for group in known):
            raise ELBClientError(
                "InvalidLoadBalancerAction",
                "You must enable group stickiness on a rule if you enabled target stickiness on one of its target "
                "groups",
            )

    def _balancer_of(self, rule: FakeRule) -> FakeLoadBalancer:
        return self.load_balancers[self.describe_listeners(None, [rule.listener_arn])[0].load_balancer_arn]

    def _note_associations(self) -> None:
        """What DescribeTargetGroups answers as LoadBalancerArns; moto only ever adds to it, and not at ModifyRule."""
        used = {arn: _groups(_rules(balancer)) for arn, balancer in self.load_balancers.items()}
        for group in self.target_groups.values():
            group.load_balancer_arns = [balancer for balancer, groups in used.items() if group.arn in groups]


def _rules(balancer: FakeLoadBalancer) -> Iterator[FakeRule]:
    for listener in balancer.listeners.values():
        yield from listener.rules.values()


def _actions(rule: FakeRule) -> Items:
    return [action.data for action in rule.actions]


def _groups(rules: Iterator[FakeRule]) -> set[str]:
    return {arn for rule in rules for arn in forwarding.target_groups(_actions(rule))}


def _check_port(balancer: FakeLoadBalancer, port: str) -> None:
    if any(listener.port == port for listener in balancer.listeners.values()):
        raise ELBClientError(
            "DuplicateListener", f"A listener already exists on this port for this load balancer '{balancer.arn}'"
        )


def _check_priority(priority: int) -> None:
    if not 1 <= priority <= MAX_PRIORITY:
        bound = "greater than or equal to 1" if priority < 1 else f"less than or equal to {MAX_PRIORITY}"
        raise ELBClientError(
            "ValidationError",
            f"1 validation error detected: Value '{priority}' at 'priority' failed to satisfy constraint: "
            f"Member must have value {bound}",
        )


def _in_use(priority: int) -> ELBClientError:
    return ELBClientError("PriorityInUse", f"Priority '{priority}' is currently in use")
