"""Whether a preview does only what its step may do; everything else is refused. Pure.

`policies` has the tables. A violation stops the phase before its gate, unless the user waives it for that one
resource, by name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rollout.alb.extras import NO_EXTRAS, Extras
from rollout.alb.rule_inputs import condition_inputs
from rollout.alb.state import AlbState
from rollout.alb.weights import split_of
from rollout.errors import Problem
from rollout.inventory.conditions import Conditions
from rollout.inventory.marks import Mark
from rollout.inventory.model import LEGACY_ONLY, Arn, Environment, Split
from rollout.migration.bearers import TAGGED
from rollout.migration.policies import POLICIES, Policy
from rollout.state.plan import (
    LISTENER_RULE,
    TARGET_GROUP,
    Change,
    Op,
    ResourceState,
    StackPreview,
    actions_in,
    forward_in,
    same_conditions,
)


@dataclass(frozen=True, slots=True)
class RuleBounds:
    """What a route's rule may become.

    Attributes:
        legacy: The legacy target group.
        candidate: The candidate's.
        after: The split that the step is for; None where its actions are to stay.
        place: Its listener and priority, by which a rule is known that is only about to be imported.
        extras: What it does beside forwarding, which no stack may write.
        asks: What it asks where the routing stack makes and deletes it; None where it is only adopted and released.
    """

    legacy: Arn
    candidate: Arn
    after: Split | None
    place: tuple[Arn, int]
    extras: Extras = NO_EXTRAS
    asks: Conditions | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    """What a preview would do beyond its policy.

    Attributes:
        stack: Whose preview.
        resource: Its kind and logical name, by which it may be waived: `Function:rust-scorer`.
        problem: What would be done, and what the step allows.
    """

    stack: str
    resource: str
    problem: Problem

    def __str__(self) -> str:
        return f"{self.stack}: {self.problem}"


def rule_bounds(environment: Environment, live: AlbState, after: Mapping[str, Split]) -> dict[Arn, RuleBounds]:
    """What each route's live rule may become, by its ARN."""
    return {
        rule.arn: RuleBounds(
            live.group_arn(route.legacy),
            live.group_arn(route.candidate),
            after.get(name),
            (rule.listener, route.priority),
            rule.extras,
            route.conditions if route.is_default else None,
        )
        for name, route in environment.routes.items()
        if (rule := live.rule_of(route)) is not None
    }


def violations(
    preview: StackPreview,
    name: str,
    bounds: Mapping[Arn, RuleBounds],
    header_rules: Mapping[str, Mapping[str, Any]] | None = None,
    mark: Mark | None = None,
) -> tuple[Violation, ...]:
    """What a preview would do beyond its policy.

    Args:
        name: A key of `POLICIES`.
        bounds: By ARN, the rules that the step may be about.
        header_rules: The inputs that header rules are to have, by logical name.
        mark: What everything has to carry that the step makes or changes, but the rules that it adopted.
    """
    policy = POLICIES[name]
    allowed = str(policy)
    found: list[tuple[Change, Problem]] = []
    for change in preview.changes:
        if not any(row.covers(change) for row in policy.rows):
            found.append((change, _beyond(change, allowed)))
        elif change.is_header_rule or policy.header_rules:
            found += [(change, problem) for problem in _header_rule_problems(change, policy, header_rules or {})]
        elif change.type == LISTENER_RULE:
            found += [(change, problem) for problem in _rule_problems(change, policy, _bounds_of(change, bounds))]
        if mark and _lacks(change, mark):
            program = f"its {preview.stack} program sets none: pass on `given.mark` as its tags"
            found.append((change, Problem("it would have no mark", hint=program, code="without-mark")))
    if policy.keeps_components:
        found += _beyond_retiring(preview, {found.legacy for found in bounds.values()})
    found += [
        (step, _beyond(step, allowed))
        for step in preview.steps
        if step.type.startswith("pulumi:providers:") and step.op in (Op.REPLACE, Op.OTHER)
    ]
    return tuple(_violation(preview.stack, change, problem) for change, problem in found)


def _violation(stack: str, change: Change, problem: Problem) -> Violation:
    """Resources of several types may have one name, so the type is told, too."""
    resource = f"{change.type.rpartition(':')[2]}:{change.name}"
    return Violation(stack, resource, replace(problem, where=resource))


def _beyond_retiring(preview: StackPreview, retired: Collection[Arn]) -> Iterator[tuple[Change, Problem]]:
    """Nothing goes of a component whose target group stays, and no other target group than the dual routes'."""
    kept = {step.old.parent for step in preview.steps if step.old and step.type == TARGET_GROUP and step.op is Op.SAME}
    for change in preview.changes:
        if change.old is None or change.op is not Op.DELETE:
            continue
        if change.old.parent in kept:
            yield change, Problem("it belongs to a target group that stays", code="target-group-stays")
        elif change.type == TARGET_GROUP and change.old.id not in retired:
            yield change, Problem("no route has this target group", code="target-group-not-in-inventory")


def waived(found: Iterable[Violation], names: Collection[str]) -> tuple[tuple[Violation, ...], tuple[Violation, ...]]:
    """Violations apart: those that stand, and those of resources that somebody waived by name."""
    by_waiver: tuple[list[Violation], list[Violation]] = ([], [])
    for violation in found:
        by_waiver[violation.resource in names].append(violation)
    return tuple(by_waiver[0]), tuple(by_waiver[1])


def _lacks(change: Change, mark: Mark) -> bool:
    """Whether something would be made or changed without a mark, by which alone it can be adopted or deleted."""
    if change.op not in (Op.CREATE, Op.UPDATE) or change.type not in TAGGED or change.new is None:
        return False
    if change.type == LISTENER_RULE and not change.is_header_rule and change.op is not Op.CREATE:
        return False
    return not mark.is_on(change.new.inputs.get("tags") or {})


def _bounds_of(change: Change, bounds: Mapping[Arn, RuleBounds]) -> RuleBounds | None:
    if change.op not in (Op.IMPORT, Op.CREATE) or change.new is None or not change.new.inputs:  # one that is read
        return bounds.get(change.rule)
    inputs = change.new.inputs
    place = (inputs.get("listenerArn"), inputs.get("priority"))
    return next((found for found in bounds.values() if found.place == place), None)


def _beyond(change: Change, allowed: str) -> Problem:
    touched = f" of {', '.join(change.properties)}" if change.properties else ""
    return Problem(f"{change.op}{touched} is more than this step allows", hint=allowed, code="change-not-allowed")


def _rule_problems(change: Change, policy: Policy, bounds: RuleBounds | None) -> Iterator[Problem]:
    """A rule keeps its conditions and gets exactly the split that the step is for, at its own two target groups."""
    if bounds is None:
        what = "the rule belongs to no route of the inventory"
        yield Problem(what, hint=change.rule, code="rule-not-in-inventory")
        return
    is_new = change.op is Op.CREATE
    if (is_new or change.op is Op.DELETE) and bounds.asks is None:
        yield _beyond(change, str(policy))
        return
    if change.op not in (Op.UPDATE, Op.CREATE) or change.new is None:
        return
    old = change.old or ResourceState("", "", inputs={"conditions": condition_inputs(bounds.asks or ())})
    if bounds.extras:
        yield Problem(
            f"the provider would rewrite the rule without its {bounds.extras}",
            hint="remove the rule from that program, or only read it there",
            code="extras-changed",
        )
    if not same_conditions(old.asked, change.new.inputs):
        yield Problem("its conditions would change", code="conditions-would-change")
    before, after = actions_in(change.new.inputs)
    split = split_of(after, bounds.legacy, bounds.candidate) if after and not before else None
    if split is None or split != bounds.after:
        yield Problem(
            f"its forward action would be {after or 'something else'}, not {bounds.after}",
            code="wrong-forward",
        )
    recorded = forward_in(old.recorded)
    was = (recorded and split_of(recorded, bounds.legacy, bounds.candidate)) or LEGACY_ONLY
    if policy.keeps_weights and split is not None and split.weight != was.weight:
        yield Problem(
            f"the candidate would get {split} of its requests, not {was}; a cutover moves none",
            code="cutover-moves-traffic",
        )


def _header_rule_problems(change: Change, policy: Policy, wanted: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """Header rules come and go by `override` alone, as the inventory has them, and nothing else does by it."""
    if not change.is_header_rule or not policy.header_rules:
        yield Problem(
            "only `rollout override` changes header rules, and it changes no others",
            code="header-rule-would-change",
        )
    elif change.new is not None:
        inputs, expected = change.new.inputs, wanted.get(change.name, {})
        same = same_conditions(inputs, expected) and actions_in(inputs) == actions_in(expected)
        if not same or any(inputs.get(key) != expected.get(key) for key in ("listenerArn", "priority")):
            yield Problem("it is not as the inventory says", code="header-rule-differs")
