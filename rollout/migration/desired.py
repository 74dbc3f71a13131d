"""What a phase wants: each route's split afterwards, and what each program is given for it. Pure.

A change starts from the live rules: what a phase doesn't name stays as it is, whatever the file says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rollout.alb.header_rules import held_header_rules, held_overrides
from rollout.alb.live import Live, LiveRule
from rollout.errors import Drift, Problem
from rollout.inventory.header_rules import planned_overrides
from rollout.inventory.marks import mark_of
from rollout.inventory.model import (
    CANDIDATE_ONLY,
    LEGACY_ONLY,
    PREPARED,
    Arn,
    Environment,
    OverrideRule,
    ProgramInput,
    RuleOwnership,
    Split,
)
from rollout.inventory.quantities import ALL_TENTHS, Percent
from rollout.inventory.stacks import LEGACY, ROUTING
from rollout.migration.checks.event_forms import as_lists
from rollout.migration.checks.ownership import Ownership
from rollout.migration.checks.preflight import Resources, held_rules, strange_forward
from rollout.migration.phases import Phase
from rollout.state.plan import ResourceState, without_notes


@dataclass(frozen=True, slots=True)
class Start:
    """What a phase starts from.

    Attributes:
        live: AWS.
        legacy: What the legacy stack's state holds; None where there is no such stack, or where it doesn't matter.
        routing: Likewise of the routing stack.
        ownership: What another owner of the legacy rules holds; None where there is none, or where it doesn't matter.
        multi_value: The legacy target groups that send headers as lists; none where it doesn't matter.
    """

    live: Live
    legacy: Resources = None
    routing: Resources = None
    ownership: Ownership | None = None
    multi_value: frozenset[Arn] = frozenset()


def splits_after(
    phase: Phase, environment: Environment, start: Start, weights: Mapping[str, Percent]
) -> dict[str, Split]:
    """Each route's split after a phase.

    Args:
        phase: What is to be done.
        environment: The inventory.
        start: What it starts from.
        weights: For `weight`: the routes that change.

    Raises:
        Drift: A rule forwards to what neither rollout nor the legacy stack would.
    """
    current = {name: start.live.split_of(route) for name, route in environment.routes.items()}
    after = dict(current)
    match phase.name:
        case "monitoring" | "monitoring-remove":
            return {}
        case "phase1" | "undo-phase1":
            return {name: split for name, split in after.items() if split is not None}
        case "phase2":
            owed = held_rules(environment, start.live, start.legacy).keys()
            held = held_rules(environment, start.live, start.routing).keys()
            # held by routing alone: adopted by an earlier run that was finished, and so kept as it is
            for name in environment.routes.keys() - (held - owed):
                after[name] = _adopted(current[name], drifted=name in owed - held)
        case "complete":
            for name, split in current.items():
                after[name] = CANDIDATE_ONLY if split in (Split.at(Percent(ALL_TENTHS)), CANDIDATE_ONLY) else None
        case "undo-phase2":
            for name, split in current.items():
                after[name] = LEGACY_ONLY if split in (LEGACY_ONLY, PREPARED) else None
        case "phase3":
            for name, split in current.items():
                wanted = environment.desired_weight(name)
                after[name] = split if split is not None and split.weight == wanted else Split.at(wanted)
        case _:
            after |= {name: Split.at(weight) for name, weight in weights.items()}
    found = {name: split for name, split in after.items() if split is not None}
    if strange := after.keys() - found.keys():
        raise Drift(
            "these rules don't forward as rollout or the legacy stack would leave them; nothing was changed",
            [_strange(name, environment, start.live) for name in environment.routes if name in strange],
        )
    return found


def _adopted(live: Split | None, *, drifted: bool) -> Split | None:
    """A route's split after its rule was adopted: a live one between its two groups stays, as no request moves.

    Args:
        live: Its split before.
        drifted: Whether only our own legacy stack holds the rule, which never sends a request to the candidate.
    """
    if live == LEGACY_ONLY:
        return PREPARED
    is_strange = live is None or live.alone or (drifted and live.weight > Percent(0))
    return None if is_strange else live


def _strange(name: str, environment: Environment, live: Live) -> Problem:
    return strange_forward(environment, live, name) or Problem(
        f"forwards to {live.forwards(environment.routes[name])}, which rollout didn't leave so",
        where=f"routes.{name}",
        then=f"`rollout rollback {environment.name}` takes it to legacy",
        code="unknown-forward",
    )


def program_input(
    phase: Phase, stack: str, environment: Environment, start: Start, after: Mapping[str, Split]
) -> ProgramInput:
    """What a stack's program is given in a phase."""
    given = _program_input(phase, stack, environment, start, after)
    mark = mark_of(environment, stack)
    if stack == LEGACY and start.legacy and not any(mark.is_on(_tags_of(each)) for each in start.legacy):
        return given  # made by a version without marks, or by a program that passes none on
    return replace(given, mark=mark.tags)


def _tags_of(resource: ResourceState) -> Mapping[str, str]:
    tags: Mapping[str, str] = resource.outputs.get("tagsAll") or resource.inputs.get("tags") or {}
    return tags


def _program_input(
    phase: Phase, stack: str, environment: Environment, start: Start, after: Mapping[str, Split]
) -> ProgramInput:
    if stack == LEGACY:
        return _legacy_input(phase, environment, start)
    if stack == ROUTING and phase.undoes:
        return ProgramInput(environment, rules=dict.fromkeys(environment.routes, RuleOwnership.RELEASED))
    if stack == ROUTING:
        given = routing_input(environment, start.live, after, adopting=phase.name == "phase2", routing=start.routing)
        overrides = overrides_after(phase, environment, start.live)
        tags = {name: tags for name, tags in given.tags.items() if name not in overrides}
        return replace(given, overrides=overrides, tags=tags if phase.name == "override" else given.tags)
    if phase.undoes:  # a program that is given no functions declares none, so that all that the stack has is deleted
        return ProgramInput(environment.model_copy(update={"functions": {}}))
    lists = as_lists(environment, start.live, start.multi_value)
    return ProgramInput(environment, monitored=phase.name == "monitoring", multi_value_headers=lists)


def _legacy_input(phase: Phase, environment: Environment, start: Start) -> ProgramInput:
    """What the legacy program is given: it keeps the rules that it holds, lets go of all, or takes all back."""
    held = held_rules(environment, start.live, start.legacy)
    retires = environment.completed or phase.name == "complete"
    rules = dict.fromkeys(environment.routes, RuleOwnership.RETIRED if retires else RuleOwnership.RELEASED)
    # a rule that it holds has the tags that the state knows of: others may have come since, and stay
    tags = {name: without_notes(rule.inputs.get("tags") or {}) for name, rule in held.items()}
    adopted: dict[str, LiveRule] = {}
    match phase.name:
        case "phase1":
            rules |= dict.fromkeys(held, RuleOwnership.RETAINED)
        case "undo-phase1":
            rules |= dict.fromkeys(held, RuleOwnership.OWNED)
        case "undo-phase2":
            live = {name: start.live.rule_of(route) for name, route in environment.routes.items()}
            adopted = {name: rule for name, rule in live.items() if rule and name not in held}
            rules |= dict.fromkeys(adopted, RuleOwnership.RETAINED)
            rules |= {name: _as_marked(rule) for name, rule in held.items()}
            tags |= {name: rule.tags for name, rule in adopted.items()}
    adopt = {name: rule.arn for name, rule in adopted.items()}
    return ProgramInput(environment, rules=rules, adopt=adopt, tags={name: each for name, each in tags.items() if each})


def _as_marked(rule: ResourceState) -> RuleOwnership:
    return RuleOwnership.RETAINED if rule.retain_on_delete else RuleOwnership.OWNED


def routing_input(
    environment: Environment,
    live: Live,
    after: Mapping[str, Split],
    *,
    adopting: bool = False,
    routing: Resources = None,
) -> ProgramInput:
    """What the routing program is given; adopting, the rules that it doesn't hold yet are imported."""
    rules = {name: rule for name, route in environment.routes.items() if (rule := live.rule_of(route))}
    held = held_rules(environment, live, routing)
    return ProgramInput(
        environment,
        splits=after,
        adopt={name: rule.arn for name, rule in rules.items() if adopting and name not in held},
        tags={
            name: rule.tags
            for name, rule in (*rules.items(), *held_header_rules(environment, live).items())
            if rule.tags
        },
        overrides=held_overrides(environment, live),
    )


def overrides_after(phase: Phase, environment: Environment, live: Live) -> dict[str, OverrideRule]:
    """The header rules after a phase: `override` alone changes them."""
    match phase.name:
        case "override":
            return planned_overrides(environment)
        case "override-remove":
            return {}
    return held_overrides(environment, live)
