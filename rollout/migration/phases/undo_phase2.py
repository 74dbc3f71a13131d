"""Undoes phase 2, in reverse order, so that a rule always has an owner.

If another tool managed a rule, that tool must import it before the routing stack releases it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from rollout.alb.header_rules import bent_overrides, held_overrides
from rollout.alb.state import AlbState
from rollout.errors import Problem
from rollout.inventory.model import LEGACY_ONLY, PREPARED, Arn, Environment, ProgramInput, Route, RuleOwnership, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.stacks import LEGACY, ROUTING
from rollout.migration.checks.default_action import changed_defaults
from rollout.migration.checks.ownership import Ownership
from rollout.migration.checks.preflight import held_rules
from rollout.migration.context import PhaseContext
from rollout.migration.desired import all_known, legacy_input, releasing_input
from rollout.migration.phases.phase import Phase, Step
from rollout.migration.ports import LegacyOwner
from rollout.state.plan import ResourceState

T = TypeVar("T")


class UndoPhase2(Phase):
    """Hands the rules back to the legacy stack."""

    name = "undo-phase2"
    summary = "The legacy stack adopts its rules again, in place; no request moves"
    steps = (
        Step(LEGACY, "reclaim", "adopt each live rule again, which then forwards to legacy only"),
        Step(ROUTING, "hand-back", "release the rules, which stay; delete those before a default action"),
    )
    tables = ("guard",)
    undoes = True
    gives_way = False
    needs_targets = False
    asks_owner = True

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        if made := held_overrides(environment, context.live):
            yield Problem(
                f"there are header rules: {', '.join(made)}",
                hint=f"run `rollout override {environment.name} --remove` first",
                code="header-rules-left",
            )
        yield from changed_defaults(environment, context.live)
        ours = context.legacy is not None
        for name, split in context.live.splits(environment).items():
            if split not in (LEGACY_ONLY, PREPARED):
                first = f"run `rollout rollback {environment.name}` first"
                yield Problem(
                    f"the candidate gets {split} of its requests",
                    where=f"routes.{name}",
                    hint=first,
                    code="candidate-has-traffic",
                )
            elif split == PREPARED and not _may_be_written(context.live, environment.routes[name], ours=ours):
                first = f"run `rollout weight {environment.name} 0` first, which removes it"
                yield Problem(
                    "its rule has the candidate at 0 %", where=f"routes.{name}", hint=first, code="candidate-attached"
                )
        if context.owner is not None and context.ownership is not None:
            adopted = _handed_back(environment, held_rules(environment, context.live, context.routing))
            yield from _homeless(context.ownership, context.owner, adopted)
        yield from bent_overrides(environment, context.live)
        yield from context.guard.left() if context.guard else ()

    def target_splits(
        self, environment: Environment, context: PhaseContext, weights: Mapping[str, Percent]
    ) -> dict[str, Split]:
        current = {name: context.live.split_of(route) for name, route in environment.routes.items()}
        on_legacy = (LEGACY_ONLY, PREPARED)
        after = {name: LEGACY_ONLY if split in on_legacy else None for name, split in current.items()}
        return all_known(environment, context.live, after)

    def program_input(
        self, stack: str, environment: Environment, context: PhaseContext, after: Mapping[str, Split]
    ) -> ProgramInput:
        if stack == ROUTING:
            return releasing_input(environment)
        given = legacy_input(environment, context)
        held = held_rules(environment, context.live, context.legacy)
        routes = _handed_back(environment, environment.routes)
        live = {name: context.live.rule_of(route) for name, route in routes.items()}
        adopted = {name: rule for name, rule in live.items() if rule and name not in held}
        as_marked = {name: _as_marked(rule) for name, rule in held.items()}
        return replace(
            given,
            rules={**given.rules, **dict.fromkeys(adopted, RuleOwnership.RETAINED), **as_marked},
            adopt={name: rule.arn for name, rule in adopted.items()},
            tags={**given.tags, **{name: rule.tags for name, rule in adopted.items() if rule.tags}},
        )

    def warnings(self, environment: Environment, context: PhaseContext) -> Iterable[str]:
        handed_back = _handed_back(environment, environment.routes)
        if handed_back and context.legacy is None and context.ownership is None:
            yield "no owner of these rules is known: no state will have them"
        for route in environment.routes.values():
            if route.is_default:
                yield f"the rule before the default action of {route.load_balancer} is deleted; the action serves again"

    def verify(
        self, environment: Environment, context: PhaseContext, now: AlbState, after: Mapping[str, Split]
    ) -> Iterable[Problem]:
        yield from super().verify(environment, context, now, after)
        for name in held_rules(environment, context.live, context.routing):
            route = environment.routes[name]
            if route.is_default and (left := now.own_rule_of(route)):
                hint = f"delete the rule {left.arn}: the default action serves {route.legacy}, too"
                what = "the rule before the default action is still there"
                yield Problem(what, where=f"routes.{name}", hint=hint, code="default-rule-left")


def _handed_back(environment: Environment, each: Mapping[str, T]) -> dict[str, T]:
    """Of something by route, what is of rules that an owner gets back: one before a default action had none."""
    return {name: found for name, found in each.items() if not environment.routes[name].is_default}


def _may_be_written(live: AlbState, route: Route, *, ours: bool) -> bool:
    """Whether a route's rule may have the candidate at 0 % still: it goes, or the legacy stack writes it."""
    rule = live.rule_of(route)
    return route.is_default or (ours and (rule is None or not rule.extras))


def _as_marked(rule: ResourceState) -> RuleOwnership:
    return RuleOwnership.RETAINED if rule.retain_on_delete else RuleOwnership.OWNED


def _homeless(ownership: Ownership, owner: LegacyOwner, adopted: Mapping[str, ResourceState]) -> Iterator[Problem]:
    """The rules that nobody would hold, with the command by which their former owner takes each back."""
    why = "doesn't manage its rule: no state would have it"
    if ownership.held is None:
        why = f"can't be asked whether it manages its rule: {ownership.reason}"
    for name, rule in adopted.items():
        if name not in (ownership.held or ()):
            back = f"add it to its code again, then run {owner.taking_back(Arn(rule.id))}"
            yield Problem(f"{ownership.who} {why}", where=f"routes.{name}", hint=back, code="rule-not-managed")
