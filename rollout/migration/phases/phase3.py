"""Phase 3: set the weights of stacks.toml."""

from __future__ import annotations

from collections.abc import Mapping

from rollout.inventory.model import Environment, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.stacks import ROUTING
from rollout.migration.context import PhaseContext
from rollout.migration.phases.phase import Phase, Step


class Phase3(Phase):
    """Sets the file's weights."""

    name = "phase3"
    summary = "Set the weights of stacks.toml"
    steps = (Step(ROUTING, "weights", "change the rules' weights in place"),)
    moves_traffic = True

    def weights(self, environment: Environment, asked: Mapping[str, Percent]) -> Mapping[str, Percent]:
        return {name: environment.desired_weight(name) for name in environment.routes}

    def target_splits(
        self, environment: Environment, context: PhaseContext, weights: Mapping[str, Percent]
    ) -> dict[str, Split]:
        after = dict[str, Split]()
        for name, route in environment.routes.items():
            split, wanted = context.live.split_of(route), environment.desired_weight(name)
            after[name] = split if split is not None and split.weight == wanted else Split.at(wanted)
        return after
