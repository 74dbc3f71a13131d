"""Phase 2, the cut-over: adopts the live rules as weighted rules.

The routing stack adopts the live rules first; only then the legacy stack releases them. A rule always has an owner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rollout.alb.header_rules import bent_overrides
from rollout.errors import Problem
from rollout.inventory.model import LEGACY_ONLY, PREPARED, Environment, ProgramInput, Split
from rollout.inventory.quantities import ZERO, Percent
from rollout.inventory.stacks import LEGACY, ROUTING
from rollout.migration.checks.default_action import unmakable
from rollout.migration.checks.ownership import cutover_warnings
from rollout.migration.checks.preflight import candidate_problems, handover_problems, held_rules
from rollout.migration.context import PhaseContext
from rollout.migration.desired import all_known, legacy_input, routing_input
from rollout.migration.phases.phase import Phase, Step


class Phase2(Phase):
    """Hands the rules over, in place."""

    name = "phase2"
    summary = "Adopt the live rules in place, as weighted rules; no request moves"
    steps = (
        Step(ROUTING, "adopt", "adopt each live rule and change it in place: legacy 100, candidate 0"),
        Step(LEGACY, "release", "release the rules, which stay on the load balancer"),
    )
    asks_owner = True

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        yield from candidate_problems(environment, context.live)
        yield from handover_problems(environment, context.live, context.legacy)
        yield from unmakable(environment, context.live, held_rules(environment, context.live, context.routing))
        yield from bent_overrides(environment, context.live)

    def target_splits(
        self, environment: Environment, context: PhaseContext, weights: Mapping[str, Percent]
    ) -> dict[str, Split]:
        live = context.live
        after = {name: live.split_of(route) for name, route in environment.routes.items()}
        owed = held_rules(environment, live, context.legacy).keys()
        held = held_rules(environment, live, context.routing).keys()
        # held by routing alone: adopted by an earlier run that was finished, and so kept as it is
        for name in environment.routes.keys() - (held - owed):
            after[name] = _adopted(after[name], drifted=name in owed - held)
        return all_known(environment, live, after)

    def program_input(
        self, stack: str, environment: Environment, context: PhaseContext, after: Mapping[str, Split]
    ) -> ProgramInput:
        if stack == LEGACY:
            return legacy_input(environment, context)
        return routing_input(environment, context.live, after, adopting=True, routing=context.routing)

    def warnings(self, environment: Environment, context: PhaseContext) -> Iterable[str]:
        ours, routing = context.legacy is not None, held_rules(environment, context.live, context.routing)
        yield from cutover_warnings(environment, context.ownership, ours=ours, routing=routing)
        for name, route in environment.routes.items():
            if route.is_default and name not in routing:
                yield (
                    f"a rule for all requests will be created on {route.load_balancer}, after all others and before "
                    f"the default action, which stays as it is: {route.legacy} gets them as before"
                )


def _adopted(live: Split | None, *, drifted: bool) -> Split | None:
    """A route's split after its rule was adopted: a live one between its two groups stays, as no request moves.

    Args:
        live: Its split before.
        drifted: Whether only our own legacy stack holds the rule, which never sends a request to the candidate.
    """
    if live == LEGACY_ONLY:
        return PREPARED
    is_strange = live is None or live.alone or (drifted and live.weight > ZERO)
    return None if is_strange else live
