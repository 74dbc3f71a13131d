"""The gate of a run, and its approval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rollout.analysis.measuring.volumes import Volume
from rollout.errors import GateRefused
from rollout.inventory.marks import mark_of
from rollout.migration import events
from rollout.migration.checks.belonging import adoption_warnings, left_warnings
from rollout.migration.checks.preflight import overlap_problems
from rollout.migration.gates import Gate, drift_warning, only_lowers, traffic_of, warnings_of
from rollout.migration.ports import Approver
from rollout.migration.runner.run import PhaseRun, PlannedStep

Volumes = Mapping[str, Volume] | str
"""Each route's, or why they aren't known."""


def gate_of(
    run: PhaseRun, planned: Sequence[PlannedStep], behind: Sequence[str], known: Sequence[str], volumes: Volumes
) -> Gate:
    """The gate before what was planned.

    Args:
        behind: What to know of what is behind the rules.
        known: What else to know, whatever the phase.
        volumes: How many requests the routes have.
    """
    environment, phase, live = run.environment, run.phase, run.context.live
    counted, uncounted = ({}, volumes) if isinstance(volumes, str) else (volumes, None)
    traffic = traffic_of(environment, live, run.after, counted, written=phase.writes_rules)
    previews = tuple(item.preview for item in planned)
    warnings = [*warnings_of(traffic, previews, moves_traffic=phase.moves_traffic), *behind]
    if phase.moves_traffic:
        warnings += drift_warning(environment, run.after)
        if only_lowers(environment, live, {name: split.weight for name, split in run.after.items()}):
            warnings += map(str, overlap_problems(environment, live))
    warnings += phase.warnings(environment, run.context)
    writes = [rule for item in planned for rule, _ in item.writes]
    warnings += [
        f"rollout itself changes the rule at {rule.priority}, which keeps its {rule.extras}" for rule in writes
    ]
    for item in planned:
        warnings += (
            *adoption_warnings(item.given.imports),
            *left_warnings(item.foreign, mark_of(environment, item.preview.stack)),
        )
    let_by = tuple(f"waived: {violation}" for item in planned for violation in item.waived)
    ownership = run.context.ownership
    return Gate(
        environment.name,
        phase.name,
        traffic,
        previews,
        (*warnings, *known, *let_by),
        tuple(map(str, ownership.commands)) if ownership else (),
        by_name=environment.confirm == "name",
        drift=next((item.drift for item in planned if item.drift is not None), None),
        uncounted=uncounted,
        writes=tuple(rule.arn for rule in writes),
    )


def only(digest: str) -> Approver:
    """Approve what somebody has seen, by its digest, and nothing else."""

    def approve(gate: Gate) -> bool:
        if gate.digest != digest:
            raise GateRefused(
                f"{gate.phase} would do something else than was approved: its digest is {gate.digest}, not {digest}; "
                "nothing was changed",
                hint=f"read `rollout preview {gate.phase} {gate.environment}`, then approve the new digest",
                code="another-plan",
            )
        return True

    return approve


def ask(
    gate: Gate,
    approve: Approver | None,
    emit: events.Listener,
    hint: str = "check `rollout preview`, then pass `--yes`",
) -> None:
    """Go on if the gate is approved.

    Args:
        approve: Called with the gate; None refuses.
        hint: What to do where nobody can be asked.

    Raises:
        GateRefused: It isn't.
    """
    if approve is None:
        raise GateRefused(
            f"{gate.phase} needs approval, and this is not a terminal; nothing was changed",
            hint=hint,
            code="approval-required",
        )
    if not approve(gate):
        raise GateRefused("declined; nothing was changed", code="gate-declined")
    emit(events.GateApproved(gate.environment, gate.phase))
