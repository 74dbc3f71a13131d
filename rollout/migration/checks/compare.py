"""Three views of each rule compared: what the state recorded, what is live, what is wanted. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from rollout.alb.state import AlbState, LiveRule, wanted_forward
from rollout.alb.weights import ForwardAction, same_forward
from rollout.errors import Problem
from rollout.inventory.conditions import DIGEST_OUTPUT, digest_of
from rollout.inventory.match import AS_IS
from rollout.inventory.model import Arn, Environment, Split
from rollout.state.plan import LISTENER_RULE, TARGET_GROUP, WEIGHTED_RULE, Op, StackPreview, actions_in, forward_in


def stale_rules(
    environment: Environment, live: AlbState, preview: StackPreview, after: Mapping[str, Split]
) -> dict[str, Problem | None]:
    """The routes whose state differs from the load balancer.

    Args:
        preview: Of the routing stack, whose steps hold the recorded state.

    Returns:
        By route: the three-way difference, or None where what is live is what is wanted.
    """
    recorded = _Recorded.of(preview)
    return {
        name: problem for name, split in after.items() for problem in _stale(environment, live, recorded, name, split)
    }


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What the routing stack's state has.

    Attributes:
        rules: The properties of rules, by ARN.
        digests: Those of the conditions, by route.
        held: The rules' ARNs, by route.
        imported: The routes whose rules it is about to adopt.
    """

    rules: Mapping[Arn, Mapping[str, Any]]
    digests: Mapping[str, Any]
    held: Mapping[str, Arn]
    imported: frozenset[str]

    @classmethod
    def of(cls, preview: StackPreview) -> Self:
        """By the steps of a preview."""
        olds = [(step, step.old) for step in preview.steps if step.old is not None]
        rules = [(step, old) for step, old in olds if step.type == LISTENER_RULE]
        return cls(
            {
                step.rule: old.recorded
                for step, old in rules
                if step.op in (Op.SAME, Op.UPDATE)
                and isinstance(old.recorded.get("actions"), list)  # one secret hides all of them
            },
            {step.name: old.outputs.get(DIGEST_OUTPUT) for step, old in olds if step.type == WEIGHTED_RULE},
            {step.name: step.rule for step, _ in rules},
            frozenset(step.name for step in preview.steps if step.op is Op.IMPORT),
        )


def _stale(
    environment: Environment, live: AlbState, recorded: _Recorded, name: str, split: Split
) -> Iterator[Problem | None]:
    """What `stale_rules` says of one route; nothing where its state is up to date."""
    rule = live.rule_of(environment.routes[name])
    held = next((each for each in live.rules if each.arn == recorded.held.get(name)), None)
    if elsewhere := _renumbered(environment, name, rule, held):
        yield elsewhere
        return
    if rule is None or name in recorded.imported or (state := recorded.rules.get(rule.arn)) is None:
        return
    was, now = forward_in(state), rule.forward
    if other := _other_extras(name, rule, state):
        yield other
    elif state.get("priority") not in (None, rule.priority):
        yield None  # it was renumbered, and the file says so, too
    elif recorded.digests.get(name) not in (None, digest_of(name, rule.asks)):
        asked = f"live it asks {rule.conditions}, which isn't what the state has recorded"
        is_news = environment.routes[name].match == AS_IS  # otherwise the file says so, too
        yield Problem(asked, where=f"routes.{name}", code="conditions-changed") if is_news else None
    elif not _same(was, now):
        wanted = wanted_forward(environment, name, live, split)
        difference = f"live {now or rule.action} · recorded {was or 'another action'} · wanted {wanted}"
        yield None if _same(now, wanted) else Problem(difference, where=f"routes.{name}", code="rule-changed")


def _renumbered(environment: Environment, name: str, there: LiveRule | None, held: LiveRule | None) -> Problem | None:
    """That an as-is route's rule has another priority by now, and so what is at its priority is another rule."""
    route = environment.routes[name]
    if not (route.match == AS_IS or route.is_default) or held is None or held.priority == route.priority:
        return None
    what = f"its rule has priority {held.priority}, not {route.priority}"
    what += f", which the rule for {there.conditions} has" if there else ""
    hint = f"set priority = {held.priority} in the inventory, or renumber the rule {held.arn}"
    return Problem(what, f"routes.{name}", hint, code="rule-renumbered")


def _other_extras(name: str, rule: LiveRule, recorded: Mapping[str, Any]) -> Problem | None:
    """That a rule has other actions before its forward, or other transforms, than the state has recorded."""
    if rule.forward is None:
        return None
    live = [kept.type for kept in (*rule.extras.before, *rule.extras.transforms)]
    before, transforms = list(actions_in(recorded)[0]), recorded.get("transforms")
    if transforms is None:  # of a provider that knows none
        live = live[: len(rule.extras.before)]
    was = before + [each["type"] for each in transforms or ()]
    if sorted(was) == sorted(live):
        return None
    what = f"beside forwarding it does {', '.join(live) or 'nothing'}; recorded is {', '.join(was) or 'nothing'}"
    return Problem(what, where=f"routes.{name}", code="extras-changed")


def has_lost(preview: StackPreview, live: AlbState) -> bool:
    """Whether a state holds a rule or a target group of the inventory that isn't on AWS any more."""
    there = {rule.arn for rule in live.rules} | {group.arn for group in live.target_groups.values()}
    return any(
        step.old is not None and step.old.type in (LISTENER_RULE, TARGET_GROUP) and step.old.id not in there
        for step in preview.steps
    )


def moved(environment: Environment, before: AlbState, now: AlbState) -> Iterator[Problem]:
    """What has changed since the preview: the routes' rules and the target groups."""
    for name, route in environment.routes.items():
        was, rule, place = before.rule_of(route), now.rule_of(route), f"routes.{name}"
        if was is None:
            continue
        if rule is None or rule.arn != was.arn:
            yield Problem(
                f"the rule at priority {route.priority} {'was replaced' if rule else 'is missing'}",
                where=place,
                code="rule-replaced" if rule else "rule-missing",
            )
        elif rule.meaning != was.meaning:
            what = f"its conditions were {was.conditions} and are now {rule.conditions}"
            if rule.conditions == was.conditions:
                what = f"a hidden value of its conditions has changed: {rule.conditions}"
            yield Problem(what, where=place, code="conditions-changed")
        elif (rule.forward, rule.extras, rule.action) != (was.forward, was.extras, was.action):
            yield Problem(
                f"it forwarded to {was.does}, and now to {rule.does}",
                where=place,
                code="forward-changed",
            )
        elif route.is_default and (action := now.default_action(route)) != before.default_action(route):
            yield Problem(f"the default action is now {action}", where=place, code="forward-changed")
    for group in sorted(before.target_groups.keys() - now.target_groups.keys()):
        yield Problem(f"target group {group} is missing", code="target-group-missing")


def unlike_wanted(
    environment: Environment, before: AlbState, now: AlbState, after: Mapping[str, Split], *, written: bool = True
) -> Iterator[Problem]:
    """How the rules differ from what a phase leaves: the same rules, conditions untouched, the wanted splits.

    Args:
        before: AWS when the phase began.
        now: AWS as read back.
        after: The wanted splits; routes that aren't in it must be as they were.
        written: Whether the phase writes the rules, with the file's stickiness; otherwise those whose split stays must
            be as they were.
    """
    for name, route in before.resolved(environment).routes.items():
        was, rule, place = before.rule_of(route), now.rule_of(route), f"routes.{name}"
        if rule is None or was is None or (rule.arn != was.arn and rule.is_default == was.is_default):
            yield Problem(f"the rule at priority {route.priority} was replaced", where=place, code="rule-replaced")
            continue
        if not rule.is_for(route):
            yield Problem(f"its conditions are {rule.conditions}", where=place, code="wrong-conditions")
        if rule.extras != was.extras:
            what = f"beside forwarding it does {rule.extras or 'nothing'}; before, it did {was.extras or 'nothing'}"
            yield Problem(what, where=place, code="extras-changed")
        unchanged = name not in after or (not written and after[name] == before.split_of(route))
        wanted = was.forward if unchanged else wanted_forward(environment, name, now, after[name])
        if wanted is not None and (rule.forward is None or not same_forward(rule.forward, wanted)):
            yield Problem(f"it forwards to {rule.does}, not {wanted}", where=place, code="wrong-forward")


def stale_overrides(preview: StackPreview, live: AlbState) -> bool:
    """Whether the state holds header rules that are gone from the load balancer, or forward elsewhere by now."""
    now = {rule.arn: rule.forward for rule in live.rules}
    return any(
        not _same(forward_in(step.old.recorded), now.get(step.rule))
        for step in preview.steps
        if step.is_header_rule and step.old is not None and step.op in (Op.SAME, Op.UPDATE, Op.DELETE)
    )


def _same(one: ForwardAction | None, other: ForwardAction | None) -> bool:
    return one is not None and other is not None and same_forward(one, other)
