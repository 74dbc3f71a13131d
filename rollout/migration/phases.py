"""The phases as data: which stacks each touches, in which order, and what its policy allows.

The order matters. Phase 1 marks the legacy rules before anything is built, so that phase 2 can drop them from the
legacy stack's state without touching AWS. Phase 2 lets routing adopt the live rules first and only then has legacy
release them: at no instant is a rule without an owner. Undoing goes the same way backwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rollout.inventory.stacks import CANDIDATE, LEGACY, MONITORING, ROUTING


@dataclass(frozen=True, slots=True)
class Step:
    """One stack's part in a phase.

    Attributes:
        stack: The inline program and its stack.
        policy: The table in `policy.POLICIES` that its preview is held to.
        summary: What it does, for people.
    """

    stack: str
    policy: str
    summary: str

    @property
    def creates_stack(self) -> bool:
        """Whether it is what makes the stack in the first place."""
        return self.policy in ("build", "adopt") or self.stack == MONITORING

    @property
    def begins_resources(self) -> bool:
        """Whether a run of it that was cut off may have left something begun, of which its state doesn't know."""
        return self.creates_stack or self.policy in ("override", "reclaim")


@dataclass(frozen=True, slots=True)
class Phase:
    """An ordered list of steps behind one gate.

    Attributes:
        name: As the command has it.
        summary: What it is for, in one sentence.
        steps: In the order in which they are applied.
        moves_traffic: Whether requests may go elsewhere afterwards.
        only_watches: Whether it leaves alone all that requests go through.
        undoes: Whether it takes back what an earlier phase did, and so has no need of the candidate.
        tables: The tables of stacks.toml that it goes by, of those that other phases do without.
    """

    name: str
    summary: str
    steps: tuple[Step, ...]
    moves_traffic: bool
    only_watches: bool = False
    undoes: bool = False
    tables: tuple[str, ...] = ()

    @property
    def writes_rules(self) -> bool:
        """Whether routing's program says what the rules do."""
        return any(step.stack == ROUTING and step.policy != "release" for step in self.steps)

    @property
    def gives_way(self) -> bool:
        """Whether it gives up where somebody asks for a rollback meanwhile."""
        return not (self.undoes or self.only_watches or self.name == "phase1")

    @property
    def hands_over(self) -> bool:
        """Whether it gets the candidate and the rules ready for the weights, or takes that back."""
        return not (self.moves_traffic or self.only_watches)


PHASES: Mapping[str, Phase] = {
    "phase1": Phase(
        "phase1",
        "Build the candidate's functions and target groups; no listener rule is touched",
        (
            Step(LEGACY, "retain", "mark the dual routes' rules so that they can be handed over"),
            Step(CANDIDATE, "build", "create functions, roles, permissions and target groups, without rules"),
        ),
        moves_traffic=False,
        tables=("functions",),
    ),
    "phase2": Phase(
        "phase2",
        "Weighted rules take over the live rules in place; no request moves",
        (
            Step(ROUTING, "adopt", "adopt each live rule and change it in place: legacy 100, candidate 0"),
            Step(LEGACY, "release", "let go of the rules, which stay on the load balancer"),
        ),
        moves_traffic=False,
    ),
    "phase3": Phase(
        "phase3",
        "Set the weights that stacks.toml has",
        (Step(ROUTING, "weights", "change the rules' weights in place"),),
        moves_traffic=True,
    ),
    "weight": Phase(
        "weight",
        "Set a weight",
        (Step(ROUTING, "weights", "change the rules' weights in place"),),
        moves_traffic=True,
    ),
    "override": Phase(
        "override",
        "Let a request header pick the implementation; other requests go where they went",
        (Step(ROUTING, "override", "add a header rule before each route's own"),),
        moves_traffic=True,
        tables=("header-override",),
    ),
    "override-remove": Phase(
        "override-remove",
        "Take the header rules away",
        (Step(ROUTING, "override-remove", "delete the header rules, and no other"),),
        moves_traffic=True,
    ),
    "monitoring": Phase(
        "monitoring",
        "Alarms and a dashboard over both implementations; nothing that requests go through is touched",
        (Step(MONITORING, "watch", "make alarms and a dashboard"),),
        moves_traffic=False,
        only_watches=True,
        tables=("notifications",),
    ),
    "monitoring-remove": Phase(
        "monitoring-remove",
        "Take the alarms and the dashboard away",
        (Step(MONITORING, "unwatch", "delete the alarms and the dashboard"),),
        moves_traffic=False,
        only_watches=True,
    ),
    "complete": Phase(
        "complete",
        "Retire legacy: the rules forward to the candidate alone, then the legacy functions go",
        (
            Step(ROUTING, "weights", "forward to the candidate alone, in place"),
            Step(LEGACY, "retire", "delete the dual routes' functions and target groups"),
        ),
        moves_traffic=False,
        tables=("analysis",),
    ),
    "undo-phase2": Phase(
        "undo-phase2",
        "The legacy stack takes its rules back in place; no request moves",
        (
            Step(LEGACY, "reclaim", "adopt each live rule again, which forwards to legacy alone from then on"),
            Step(ROUTING, "release", "let go of the rules, which stay on the load balancer"),
        ),
        moves_traffic=False,
        undoes=True,
    ),
    "undo-phase1": Phase(
        "undo-phase1",
        "Remove the candidate's functions and target groups; no listener rule is touched",
        (
            Step(CANDIDATE, "demolish", "delete what phase 1 made"),
            Step(LEGACY, "retain", "take the mark off the dual routes' rules"),
        ),
        moves_traffic=False,
        undoes=True,
    ),
}
