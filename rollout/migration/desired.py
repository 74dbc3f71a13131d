"""The wanted splits, and the programs' inputs, for several phases. Pure.

A change starts from the live rules: routes that a phase doesn't name stay unchanged, whatever the file says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rollout.alb.header_rules import held_header_rules, held_overrides
from rollout.alb.state import AlbState, LiveRule, wanted_forward
from rollout.alb.weights import ForwardAction, same_forward
from rollout.errors import Drift, Problem
from rollout.inventory.aliases import AliasTarget
from rollout.inventory.conditions import Conditions
from rollout.inventory.marks import mark_of
from rollout.inventory.model import Environment, ProgramInput, RuleOwnership, Split
from rollout.inventory.stacks import LEGACY
from rollout.migration.checks.event_forms import as_lists
from rollout.migration.checks.preflight import Resources, held_rules, strange_forward
from rollout.migration.context import PhaseContext
from rollout.state.plan import ResourceState, without_notes


def all_known(environment: Environment, live: AlbState, splits: Mapping[str, Split | None]) -> dict[str, Split]:
    """Each route's split, if there is one for each.

    Raises:
        Drift: A rule forwards as neither rollout nor the legacy stack would set it.
    """
    known = {name: split for name, split in splits.items() if split is not None}
    if strange := splits.keys() - known.keys():
        raise Drift(
            "these rules forward as neither rollout nor the legacy stack would set them; nothing was changed",
            [_strange(name, environment, live) for name in environment.routes if name in strange],
        )
    return known


def _strange(name: str, environment: Environment, live: AlbState) -> Problem:
    return strange_forward(environment, live, name) or Problem(
        f"forwards to {live.forwards(environment.routes[name])}, which is neither legacy nor a weight of rollout",
        where=f"routes.{name}",
        hint=f"`rollout rollback {environment.name}` sends it to legacy",
        code="unknown-forward",
    )


def marked(given: ProgramInput, stack: str, legacy: Resources) -> ProgramInput:
    """What a stack's program is given, with the mark that says whose everything is.

    Args:
        given: What it is given otherwise.
        legacy: The legacy stack's resources.
    """
    mark = mark_of(given.environment, stack)
    if stack == LEGACY and legacy and not any(mark.is_on(_tags_of(each)) for each in legacy):
        return given  # made by a version without marks, or by a program that passes none on
    return replace(given, mark=mark.tags)


def _tags_of(resource: ResourceState) -> Mapping[str, str]:
    tags: Mapping[str, str] = resource.outputs.get("tagsAll") or resource.inputs.get("tags") or {}
    return tags


def candidate_input(
    environment: Environment, context: PhaseContext, moved: Mapping[str, AliasTarget] | None = None
) -> ProgramInput:
    """What the candidate's program is given: the forms in which its target groups send headers, and its aliases.

    Args:
        environment: The inventory.
        context: What the phase starts from.
        moved: Where the aliases of some functions are to point; the others stay.
    """
    return ProgramInput(
        environment,
        multi_value_headers=as_lists(environment, context.live, context.multi_value),
        aliases={key: alias.stays for key, alias in context.aliases.items()} | dict(moved or {}),
    )


def legacy_input(
    environment: Environment, context: PhaseContext, kept: RuleOwnership | None = None, *, retires: bool = False
) -> ProgramInput:
    """What the legacy program is given.

    Args:
        kept: How the program keeps the rules that it holds; None where it releases all.
        retires: Whether it makes nothing any more for the rules that it releases, as in a completed environment.
    """
    held = held_rules(environment, context.live, context.legacy)
    released = RuleOwnership.RETIRED if retires or environment.completed else RuleOwnership.RELEASED
    rules = dict.fromkeys(environment.routes, released) | (dict.fromkeys(held, kept) if kept else {})
    # a rule that it holds has the tags that the state knows of: others may have come since, and stay
    tags = {name: without_notes(rule.inputs.get("tags") or {}) for name, rule in held.items()}
    return ProgramInput(
        environment,
        rules=rules,
        conditions=_conditions(environment, context.live),
        tags={name: each for name, each in tags.items() if each},
    )


def _conditions(environment: Environment, live: AlbState) -> dict[str, Conditions]:
    """What each route's live rule asks, which it keeps."""
    return {name: rule.asks for name, route in environment.routes.items() if (rule := live.own_rule_of(route))}


def routing_input(
    environment: Environment,
    live: AlbState,
    after: Mapping[str, Split],
    *,
    adopting: bool = False,
    routing: Resources = None,
) -> ProgramInput:
    """What the routing program is given; adopting, the rules that it doesn't hold yet are imported."""
    rules = {name: rule for name, route in environment.routes.items() if (rule := live.own_rule_of(route))}
    held = held_rules(environment, live, routing)
    return ProgramInput(
        environment,
        splits=after,
        conditions=_conditions(environment, live),
        adopt={
            name: rule.arn for name, rule in rules.items() if adopting and (name not in held or held[name].external)
        },
        read={name: rule.arn for name, rule in rules.items() if rule.extras},
        tags={
            name: rule.tags
            for name, rule in (*rules.items(), *held_header_rules(environment, live).items())
            if rule.tags
        },
        overrides=held_overrides(environment, live),
    )


def own_writes(
    environment: Environment, live: AlbState, after: Mapping[str, Split]
) -> tuple[tuple[LiveRule, ForwardAction], ...]:
    """The rules that the routing stack only reads, and the forward actions that they are to have, where that's news."""
    wanted = {name: wanted_forward(environment, name, live, split) for name, split in after.items()}
    rules = {name: rule for name in wanted if (rule := live.own_rule_of(environment.routes[name])) and rule.extras}
    return tuple(
        (rule, wanted[name])
        for name, rule in rules.items()
        if rule.forward is None or not same_forward(rule.forward, wanted[name])
    )


def releasing_input(environment: Environment) -> ProgramInput:
    """What the routing program is given to release all rules."""
    return ProgramInput(environment, rules=dict.fromkeys(environment.routes, RuleOwnership.RELEASED))
