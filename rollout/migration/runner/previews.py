"""A step's preview, if necessary on a copy of its stack, checked against live rules, policy and ownership."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from rollout.alb.header_rules import rule_inputs
from rollout.errors import Drift, PolicyViolation, PreflightFailed, Problem
from rollout.inventory.marks import mark_of
from rollout.inventory.model import Environment
from rollout.inventory.stacks import LEGACY, ROUTING
from rollout.migration import events
from rollout.migration.checks.aliases import moved_aliases
from rollout.migration.checks.belonging import bearers, foreign, left_alone, own_imports, problems
from rollout.migration.checks.compare import stale_overrides, stale_rules
from rollout.migration.checks.preflight import adoption_problems
from rollout.migration.desired import marked, own_writes
from rollout.migration.gates import unlike_file
from rollout.migration.phases import Phase, Step
from rollout.migration.policy import rule_bounds, violations, waived
from rollout.migration.ports import Marks
from rollout.migration.runner.run import PhaseRun, PlannedStep, stop_at
from rollout.state.plan import LISTENER_RULE, Op, ResourceState, StackPreview
from rollout.state.ports import Stacks


class Previews:
    """Previews steps, and does to the stacks themselves what was previewed on copies."""

    def __init__(self, environment: Environment, stacks: Stacks, marks: Marks, emit: events.Listener) -> None:
        self._environment = environment
        self._stacks = stacks
        self._marks = marks
        self._emit = emit
        self._begun: dict[str, tuple[ResourceState, ...] | None] = {}

    @contextmanager
    def ahead(self, phase: Phase, folder: Path) -> Iterator[None]:
        """Start the engines of a phase's previews, while all is read that their programs are given."""
        self._begun = {step.stack: self._stacks.begun(step.stack) for step in phase.steps if step.begins_resources}
        with ExitStack() as started:
            for step in phase.steps:
                ours = step.stack != LEGACY or self._environment.is_legacy_ours
                if ours and self._begun.get(step.stack, ()) == ():  # else its preview is of a copy
                    plan = folder / f"{step.stack}.json"
                    started.enter_context(self._stacks.ahead(step.stack, plan, create=step.creates_stack))
            yield

    def prepare(self, run: PhaseRun, step: Step, folder: Path) -> PlannedStep:
        """Preview a step, on a copy of its stack where a preview of the stack itself would have to change its state.

        Args:
            folder: Where the plan is saved.

        Raises:
            PreflightFailed: Something isn't as the step needs it.
            PolicyViolation: It would do more than the step is for.
            Drift: A rule has changed.
        """
        stack = step.stack
        self._emit(events.PreviewStarted(run.environment.name, stack, step.summary))
        begun = self._begun.get(stack, ())
        if begun == ():
            return self._previewed(run, step, self._stacks, folder / f"{stack}.json")
        with self._stacks.rehearsal(stack) as copy:
            if begun:
                copy.forget_begun(stack)
            item = self._previewed(run, step, copy, folder / f"{stack}-copy.json")
        return replace(item, plan=folder / f"{stack}.json", begun=begun or (), on_copy=True)

    def _previewed(self, run: PhaseRun, step: Step, stacks: Stacks, plan: Path) -> PlannedStep:
        """Preview a step, and hold it to what is live, to its policy, and to whose everything is."""
        environment, live = run.environment, run.context.live
        given = run.phase.program_input(step.stack, environment, run.context, run.after)
        given = replace(marked(given, step.stack, run.context.legacy), existing=live.existing)
        preview = stacks.preview(step.stack, given, plan, create=step.creates_stack)
        drift, is_behind = self._drift(run, step, preview)
        if preview and step.stack != LEGACY and (is_behind or run.phase.has_lost(run.context, preview)):
            preview = stacks.preview(step.stack, given, plan, refresh=True)
        found, mark = self._marks.find(bearers(preview)) if preview else {}, mark_of(environment, step.stack)
        if preview and (imports := own_imports(preview, found, mark)):
            given = replace(given, imports=imports)
            preview = stacks.preview(step.stack, given, plan, refresh=preview.refreshed)
        if preview is None and run.phase.undoes:
            preview = StackPreview(step.stack, ())
        if preview is None:
            raise PreflightFailed(
                f"stack {step.stack} doesn't exist any more", (), hint="run the command again", code="stack-missing"
            )
        header_rules = rule_inputs(live, given.overrides)
        bounds = rule_bounds(environment, live, run.after)
        refused, let_by = waived(violations(preview, step.policy, bounds, header_rules, mark), run.waive)
        if refused:
            raise PolicyViolation(
                f"{run.phase.name} would do more in stack {step.stack} than it may; nothing was changed",
                tuple(dict.fromkeys(violation.problem for violation in refused)),
                hint="make the inventory and the programs match what is deployed; "
                f"to allow it for this one resource, pass `--waive {refused[0].resource}`; history records it",
            )
        others = foreign(preview, found, mark)
        stop_at(environment, run.phase, problems(others, mark))
        self._emit(events.StepPreviewed(environment.name, run.phase.name, preview))
        writes = own_writes(environment, live, run.after) if step.stack == ROUTING and run.phase.writes_rules else ()
        return PlannedStep(step, given, preview, plan, let_by, drift, left_alone(others), writes=writes)

    def _drift(self, run: PhaseRun, step: Step, preview: StackPreview | None) -> tuple[tuple[str, ...] | None, bool]:
        """What somebody else changed, as the gate shows it, and whether the state is behind AWS."""
        environment, live = run.environment, run.context.live
        if step.stack == ROUTING and run.phase.moves_traffic:
            stop_at(environment, run.phase, adoption_problems(environment, live, preview))
        if preview is None:
            return None, False
        if step.stack != ROUTING:
            moved = tuple(map(str, moved_aliases(environment, preview, run.context.aliases)))
            return moved or None, bool(moved)
        stale, drifted = self._stale(run, preview)
        if any(each.type == LISTENER_RULE and each.op is not Op.IMPORT for each in preview.steps):
            return (*map(str, drifted), *unlike_file(environment, live, run.after)), stale
        return None, stale

    def repeat(self, item: PlannedStep) -> None:
        """Do to a stack what was previewed on its copy, up to the preview, which has to come out the same.

        Raises:
            Drift: It doesn't.
        """
        self.forget(item)
        preview = self._stacks.preview(
            item.step.stack, item.given, item.plan, create=item.step.creates_stack, refresh=item.preview.refreshed
        )
        if preview is None or preview.digest != item.preview.digest:
            raise Drift(
                f"another process has changed stack {item.step.stack} since the preview; nothing was applied",
                (),
                hint="run the command again for a new preview",
                code="changed-since-preview",
            )

    def forget(self, item: PlannedStep) -> None:
        """Tidy a state of what a run that was cut off began; what AWS has of it is in the preview."""
        if item.begun:
            self._stacks.forget_begun(item.step.stack)

    def leave(self, item: PlannedStep) -> None:
        """Look once more whose everything is, and have the state leave what isn't the stack's own on AWS.

        Raises:
            Drift: It isn't as it was at the preview.
        """
        mark = mark_of(self._environment, item.step.stack)
        now = foreign(item.preview, self._marks.find(bearers(item.preview)), mark)
        if {each.bearer for each in now} != {each.bearer for each in item.foreign}:
            raise Drift(
                "AWS has changed since the preview; nothing more was applied",
                tuple(problems(now, mark)),
                hint="run the command again for a new preview",
                code="changed-since-preview",
            )
        if now:
            self._stacks.retain(item.step.stack, {each.change.urn for each in now})

    def _stale(self, run: PhaseRun, preview: StackPreview) -> tuple[bool, Sequence[Problem]]:
        """Whether the state is behind the load balancer, and what somebody else changed."""
        stale = stale_rules(run.environment, run.context.live, preview, run.after)
        drifted = [problem for problem in stale.values() if problem is not None]
        if drifted and not run.accept_live:
            raise Drift(
                "another process changed these rules since rollout last did; nothing was changed",
                drifted,
                hint="`--accept-live` starts from the live rules; `rollout rollback` sends all traffic to legacy",
                code="rule-changed",
            )
        return bool(stale) or stale_overrides(preview, run.context.live), drifted
