"""One weight, for all routes or some."""

from __future__ import annotations

from rollout.inventory.stacks import ROUTING
from rollout.migration.phases.phase import Phase, Step


class Weight(Phase):
    """Sets a weight; routes that aren't named keep theirs."""

    name = "weight"
    summary = "Set a weight"
    steps = (Step(ROUTING, "weights", "change the rules' weights in place"),)
    moves_traffic = True
