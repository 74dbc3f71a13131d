"""Runs a phase: preflight → preview with a saved plan → policy → gate → `up` bound to that plan → read back.

The phases themselves are data, in `phases`. What is here is the same for all of them: it starts from the live rules,
asks before it changes anything, applies exactly what was approved, and isn't done until the load balancer says so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path

from rollout.alb.header_rules import bent_overrides, rule_inputs, unlike_overrides
from rollout.alb.live import Live
from rollout.alb.overlaps import overlaps
from rollout.alb.overrides import override_problems, override_warnings
from rollout.analysis.measuring.volumes import Volume
from rollout.base import threads
from rollout.base.clock import Clock
from rollout.base.formatting import count_of
from rollout.errors import (
    AwsError,
    Drift,
    GateRefused,
    Interrupted,
    PolicyViolation,
    PreflightFailed,
    Problem,
    RolloutError,
    UsageError,
    VerifyFailed,
)
from rollout.inventory.marks import mark_of
from rollout.inventory.model import Arn, Environment, ProgramInput, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.stacks import LEGACY, ROUTING
from rollout.migration import events
from rollout.migration.checks.belonging import (
    Foreign,
    adoption_warnings,
    bearers,
    foreign,
    left_alone,
    left_warnings,
    own_imports,
)
from rollout.migration.checks.belonging import problems as foreign_problems
from rollout.migration.checks.compare import has_lost, moved, stale_overrides, stale_rules, unlike_wanted
from rollout.migration.checks.event_forms import as_lists, form_warnings, health_warnings, mixed_forms, other_forms
from rollout.migration.checks.inspection import Inspection, quota_problems, target_problems, usages
from rollout.migration.checks.ownership import Ownership, asked, cutover_warnings, ownership_of
from rollout.migration.checks.preflight import (
    adoption_problems,
    candidate_problems,
    code_problems,
    handover_problems,
    held_rules,
    listener_problems,
    live_problems,
    target_group_problems,
)
from rollout.migration.checks.retiring import retiring_problems, retiring_warnings
from rollout.migration.checks.undoing import groups_in_use, groups_left, undo_problems, undo_warnings
from rollout.migration.desired import Start, overrides_after, program_input, splits_after
from rollout.migration.gates import Gate, drift_warning, only_lowers, traffic_of, unlike_file, warnings_of
from rollout.migration.phases import PHASES, Phase, Step
from rollout.migration.policy import Violation, rule_bounds, violations, waived
from rollout.migration.ports import Approver, LegacyOwner, LoadBalancers, Marks
from rollout.migration.rollback.asked import Since
from rollout.state.history.record import Record, moves, with_record
from rollout.state.plan import LISTENER_RULE, TARGET_GROUP, Change, Op, ResourceState, StackPreview
from rollout.state.ports import Stacks
from rollout.state.work_folder import work_folder

READ_BACKS, PAUSE = 10, 1.0
ASKING = timedelta(minutes=1)
COUNTING = 2.0
"""How many seconds a gate waits for volumes after its previews."""
DEPTH = 20
"""How many of the latest updates are looked through for a rollback."""
LAST_LOOK = 2.0
"""How many seconds Ctrl-C leaves for a look at the rules."""

Volumes = Mapping[str, Volume] | str
"""Each route's, or why they aren't known."""


@dataclass(frozen=True, slots=True)
class PhaseResult:
    """What a phase came to.

    Attributes:
        changed: Whether anything was applied.
        gate: All that was, or would be, changed.
        before: Each route's split when it began; None where the rule wasn't one of ours.
        after: Each route's split as read back; as it would be, after a preview.
    """

    environment: str
    phase: str
    changed: bool
    gate: Gate
    before: Mapping[str, Split | None] = field(default_factory=dict)
    after: Mapping[str, Split] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of a phase, and what it starts from and wants."""

    phase: Phase
    start: Start
    after: Mapping[str, Split]
    accept_live: bool
    waive: tuple[str, ...]
    since: Since | None


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A step whose preview was allowed.

    Attributes:
        foreign: What the preview would delete although it isn't the stack's own.
        begun: What a run that was cut off began.
        on_copy: Whether it was previewed on a copy of its stack, so as to change no state.
    """

    step: Step
    given: ProgramInput
    preview: StackPreview
    plan: Path
    waived: tuple[Violation, ...]
    drift: tuple[str, ...] | None
    foreign: tuple[Foreign, ...] = ()
    begun: tuple[ResourceState, ...] = ()
    on_copy: bool = False


class Engine:
    """Runs the phases of one environment.

    Args:
        environment: The inventory.
        load_balancers: Where rules are read.
        stacks: Where previews and updates run.
        clock: Time.
        emit: Told each event.
        marks: Who knows whose something on AWS is.
        owner: Another tool that holds the legacy rules.
        by: Who runs it, for Pulumi's update history.
        proof: Asked before legacy is retired: why it isn't proven that nobody needs it.
        volumes: Asked beside the previews how many requests the routes have.
        known: What else to know before saying yes, whatever the phase.
        take_back: Moves routes back to legacy, where somebody asked for that while an update was under way.
        on_verified: Told AWS as it is once all rules were read back as wanted.
        times: Gives AWS's time of day and this machine's.
    """

    def __init__(
        self,
        environment: Environment,
        load_balancers: LoadBalancers,
        stacks: Stacks,
        clock: Clock,
        emit: events.Listener,
        *,
        marks: Marks,
        owner: LegacyOwner | None = None,
        by: str = "",
        proof: Callable[[Live], Iterable[Problem]] = lambda _: (),
        volumes: Callable[[Live], Volumes] = lambda _: {},
        known: Sequence[str] = (),
        take_back: Callable[[Sequence[str]], object] = lambda _: None,
        on_verified: Callable[[Live], object] = lambda _: None,
        times: Callable[[], tuple[datetime, datetime]] = lambda: (datetime.now(UTC), datetime.now(UTC)),
    ) -> None:
        self._environment = environment
        self._load_balancers = load_balancers
        self._stacks = stacks
        self._clock = clock
        self._emit = emit
        self._owner = owner
        self._by = by
        self._proof = proof
        self._volumes = volumes
        self._known = tuple(known)
        self._marks = marks
        self._take_back = take_back
        self._on_verified = on_verified
        self._times = times

    def run(
        self,
        name: str,
        approve: Approver | None,
        *,
        weights: Mapping[str, Percent] | None = None,
        accept_live: bool = False,
        waive: Sequence[str] = (),
        message: str | Callable[[], str] | None = None,
        preview_only: bool = False,
        since: Since | None = None,
    ) -> PhaseResult:
        """Run a phase from preflight to read-back.

        Args:
            name: A key of `phases.PHASES`.
            approve: Asked once, with all that would change; None refuses.
            weights: For `weight`: the new weight of each route that changes; the others keep their live one.
            accept_live: Start from the live rules even if somebody else changed them.
            waive: Resources that may change beyond the phase's policy, such as `Function:rust-scorer`.
            message: For Pulumi's update history; a function is asked once the gate is open.
            preview_only: Stop at the gate.
            since: What was known of rollbacks when what asks for this began; by default what is known now.

        Raises:
            UsageError: The environment is completed, and the phase isn't for such a one.
            PreflightFailed: AWS isn't as the inventory says, or another phase comes first.
            PolicyViolation: The preview would do more than the phase is for.
            Drift: Somebody changed a rule, or the world moved since the preview.
            GateRefused: Not approved.
            VerifyFailed: Applied, but the load balancer says something else.
            EngineError, AwsError, Locked, Interrupted: As they say.
        """
        phase, environment = PHASES[name], self._environment
        environment.require(*phase.tables)
        if environment.completed and name not in ("phase1", "complete"):
            raise UsageError(
                f"{environment.name} is completed: its legacy is retired, and its rules forward to the candidate alone",
                then=f"`rollout phase1 {environment.name}` deploys a new build",
                code="completed",
            )
        self._emit(
            events.PhaseStarted(environment.name, name, phase.summary, tuple(step.stack for step in phase.steps))
        )
        asks = phase.gives_way and not preview_only and since is None
        times, history = self._times(), self._stacks.history(ROUTING, DEPTH) if asks else ()
        beside = threads.DaemonPool(3)
        start = self._start(phase, weights or {})
        if asks:
            since = Since(*times, history, start.live)
        after = splits_after(phase, environment, start, weights or {})
        run = _Run(phase, start, after, accept_live, tuple(waive), since if phase.gives_way else None)
        self._stop_if_rolled_back(run, start.live)
        with work_folder() as folder:
            inspecting = None if phase.only_watches else beside.submit(self._load_balancers.inspect, start.live)
            counting = beside.submit(self._volumes, start.live) if phase.moves_traffic else None
            prepared = [self._prepare(run, step, folder) for step in phase.steps if _concerns(step, start)]
            warnings = self._check_targets(run, prepared, inspecting.result()) if inspecting else ()
            gate = self._gate(run, prepared, warnings, _counted(counting) if counting else {})
            before = {route: start.live.split_of(environment.routes[route]) for route in environment.routes}
            result = PhaseResult(environment.name, name, changed=False, gate=gate, before=before, after=run.after)
            if gate.is_empty:
                for item in prepared if not preview_only else ():
                    self._forget(item)
                self._emit(events.NothingToDo(environment.name, name))
                self._remind(start.ownership)
                return result
            self._emit(events.GateOpened(environment.name, gate))
            if preview_only:
                return result
            self._ask(gate, approve)
            self._stop_if_moved(run, self._load_balancers.read(environment))
            said = message() if callable(message) else message
            plan = " ".join(item.preview.digest for item in prepared)
            record = Record(phase=name, at=self._times()[0], by=self._by, plan=plan, moves=moves(before, run.after))
            said = _message(said or f"rollout {name} {environment.name}", prepared)
            try:
                self._apply(run, prepared, with_record(said, record))
            except RolloutError:
                self._give_way(run)
                raise
        if not phase.only_watches:
            self._verify(run, _deleted_groups(prepared))
        self._tell(run, prepared)
        return replace(result, changed=True)

    def _start(self, phase: Phase, weights: Mapping[str, Percent]) -> Start:
        """Read AWS and, where the phase hands rules over, who holds them; side by side. Then check it."""
        environment = self._environment
        hands_over = phase.hands_over
        pool = threads.DaemonPool(3)
        asks = self._owner if phase.name in ("phase2", "undo-phase2", "complete") else None
        holds = pool.submit(asked, asks, ASKING) if asks else None
        legacy = pool.submit(self._stacks.resources, LEGACY) if hands_over and environment.is_legacy_ours else None
        routing = pool.submit(self._stacks.resources, ROUTING) if hands_over else None
        live = self._load_balancers.read(environment)
        ownership = ownership_of(environment, live, asks, holds.result()) if asks and holds else None
        start = Start(live, legacy.result() if legacy else None, routing.result() if routing else None, ownership)
        if phase.only_watches:
            if phase.name == "monitoring":
                looks = (listener_problems, target_group_problems, candidate_problems)
                self._stop_at(phase, tuple(chain.from_iterable(look(environment, live) for look in looks)))
            return start
        if phase.name == "phase1":
            groups = [group.arn for group in live.target_groups.values() if group.target_type == "lambda"]
            start = replace(start, multi_value=self._load_balancers.multi_value(groups))
        wrong = tuple(live_problems(environment, live))
        if wrong and not hands_over:  # the states cost time, so they are read only where there is something to tell
            start = replace(start, legacy=self._stacks.resources(LEGACY), routing=self._stacks.resources(ROUTING))
        states = (*(start.legacy or ()), *(start.routing or ()))
        found: list[Iterable[Problem]] = [live_problems(environment, live, states) if wrong else ()]
        if phase.undoes:
            found.append(undo_problems(phase, environment, start, self._owner))
        else:
            found += (
                [code_problems(environment), mixed_forms(environment, live, start.multi_value)]
                if phase.name == "phase1"
                else [candidate_problems(environment, live)]
            )
        if phase.name == "phase2":
            found.append(handover_problems(environment, live, start.legacy))
        if phase.name == "complete":
            found += (retiring_problems(environment, start), self._proof(live))
        if phase.name == "override":
            found.append(override_problems(environment, live))
        elif phase.name != "override-remove":
            found.append(bent_overrides(environment, live))
        if phase.name == "phase3":
            weights = {name: environment.desired_weight(name) for name in environment.routes}
        if not only_lowers(environment, live, weights):
            found.append(self._overlapping(live))
        self._stop_at(phase, tuple(chain.from_iterable(found)))
        self._emit(
            events.PreflightPassed(environment.name, live.account, len(environment.routes), len(live.target_groups))
        )
        return start

    def _overlapping(self, live: Live) -> Iterable[Problem]:
        return (overlap.problem for overlap in overlaps(self._environment, live) if overlap.severity == "problem")

    def _check_targets(self, run: _Run, prepared: Sequence[_Prepared], found: Inspection) -> tuple[str, ...]:
        """Stop if a group that gets more requests couldn't answer them, or a quota would break; what else to know."""
        environment, live, splits = self._environment, run.start.live, run.start.live.splits(self._environment)
        raised = {
            environment.routes[name].candidate
            for name, split in run.after.items()
            if run.phase.hands_over or name not in splits or split.weight > splits[name].weight
        }
        candidates = {route.candidate for route in environment.routes.values()}
        # phase 1 registers their targets, which a run that was cut off may not have come to; undoing doesn't need them
        if run.phase.name == "phase1" or run.phase.undoes:
            candidates = raised = set()
        problems = [*target_problems(environment, live, found, raised)]
        problems += other_forms(environment, live, found.multi_value, raised)
        if run.phase.name == "undo-phase1":
            problems += groups_in_use(found, _deleted_groups(prepared))
        if run.phase.hands_over and not run.phase.undoes:
            problems += quota_problems(usages(environment, live, found))
        self._stop_at(run.phase, problems)
        rest = {route.legacy for route in environment.routes.values()} | (candidates - raised)
        left = (
            *target_problems(environment, live, found, rest),
            *other_forms(environment, live, found.multi_value, rest),
        )
        return tuple(map(str, left))

    def _stop_at(self, phase: Phase, problems: Sequence[Problem]) -> None:
        if problems:
            raise PreflightFailed(
                f"{self._environment.name} isn't ready for {phase.name}; nothing was changed", problems
            )

    def _prepare(self, run: _Run, step: Step, folder: Path) -> _Prepared:
        """Preview a step, on a copy of its stack where a preview of the stack itself would have to change its state."""
        environment, stack = self._environment, step.stack
        self._emit(events.PreviewStarted(environment.name, stack, step.summary))
        begun = self._stacks.begun(stack) if step.begins_resources else ()
        if begun == ():
            return self._previewed(run, step, self._stacks, folder / f"{stack}.json")
        with self._stacks.rehearsal(stack) as copy:
            if begun:
                copy.forget_begun(stack)
            item = self._previewed(run, step, copy, folder / f"{stack}-copy.json")
        return replace(item, plan=folder / f"{stack}.json", begun=begun or (), on_copy=True)

    def _previewed(self, run: _Run, step: Step, stacks: Stacks, plan: Path) -> _Prepared:
        """Preview a step, and hold it to what is live, to its policy, and to whose everything is."""
        environment, live = self._environment, run.start.live
        given = program_input(run.phase, step.stack, environment, run.start, run.after)
        preview = stacks.preview(step.stack, given, plan, create=step.creates_stack)
        drift: tuple[str, ...] | None = None
        if step.stack == ROUTING:
            if run.phase.moves_traffic:
                self._stop_at(run.phase, tuple(adoption_problems(environment, live, preview)))
            stale, drifted = self._stale(run, preview) if preview else (False, ())
            if preview and any(each.type == LISTENER_RULE and each.op is not Op.IMPORT for each in preview.steps):
                drift = (*map(str, drifted), *unlike_file(environment, live, run.after))
            if preview and stale:
                preview = stacks.preview(step.stack, given, plan, refresh=True)
        if preview and step.stack != LEGACY and not preview.refreshed and has_lost(preview, live):
            preview = stacks.preview(step.stack, given, plan, refresh=True)
        found, mark = self._marks.find(bearers(preview)) if preview else {}, mark_of(environment, step.stack)
        if preview and (imports := own_imports(preview, found, mark)):
            given = replace(given, imports=imports)
            preview = stacks.preview(step.stack, given, plan, refresh=preview.refreshed)
        if preview is None and run.phase.undoes:
            preview = StackPreview(step.stack, ())
        if preview is None:
            raise PreflightFailed(f"stack {step.stack} is gone", (), then="run the command again", code="stack-missing")
        header_rules = rule_inputs(live, given.overrides)
        bounds = rule_bounds(environment, live, run.after)
        refused, let_by = waived(violations(preview, step.policy, bounds, header_rules, mark), run.waive)
        if refused:
            raise PolicyViolation(
                f"{run.phase.name} would do more in stack {step.stack} than it is for; nothing was changed",
                tuple(dict.fromkeys(violation.problem for violation in refused)),
                then="bring the inventory and the programs in line with what is deployed; "
                f"if you mean it, `--waive {refused[0].resource}` lets this one resource by, and history says so",
            )
        others = foreign(preview, found, mark)
        self._stop_at(run.phase, tuple(foreign_problems(others, mark)))
        self._emit(events.StepPreviewed(environment.name, run.phase.name, preview))
        return _Prepared(step, given, preview, plan, let_by, drift, left_alone(others))

    def _for_real(self, item: _Prepared) -> None:
        """Do to a stack what was previewed on its copy, up to the preview, which has to come out the same."""
        self._forget(item)
        preview = self._stacks.preview(
            item.step.stack, item.given, item.plan, create=item.step.creates_stack, refresh=item.preview.refreshed
        )
        if preview is None or preview.digest != item.preview.digest:
            raise Drift(
                f"another run has changed stack {item.step.stack} since the preview; nothing was applied",
                (),
                then="run the command again to see what it would do now",
                code="changed-since-preview",
            )

    def _forget(self, item: _Prepared) -> None:
        """Tidy a state of what a run that was cut off began; what AWS has of it is in the preview."""
        if item.begun:
            self._stacks.forget_begun(item.step.stack)

    def _leave(self, item: _Prepared) -> None:
        """Look once more whose everything is, and have the state leave what isn't the stack's own on AWS."""
        mark = mark_of(self._environment, item.step.stack)
        now = foreign(item.preview, self._marks.find(bearers(item.preview)), mark)
        if {each.bearer for each in now} != {each.bearer for each in item.foreign}:
            raise Drift(
                "somebody changed AWS since the preview; nothing more was applied",
                tuple(foreign_problems(now, mark)),
                then="run the command again to see what it would do now",
                code="changed-since-preview",
            )
        if now:
            self._stacks.retain(item.step.stack, {each.change.urn for each in now})

    def _stale(self, run: _Run, preview: StackPreview) -> tuple[bool, Sequence[Problem]]:
        """Whether the state is behind the load balancer, and what somebody else changed."""
        stale = stale_rules(self._environment, run.start.live, preview, run.after)
        drifted = [problem for problem in stale.values() if problem is not None]
        if drifted and not run.accept_live:
            raise Drift(
                "somebody changed these rules since rollout last did; nothing was changed",
                drifted,
                then="`--accept-live` starts from the live rules; `rollout rollback` takes all to legacy",
                code="rule-changed",
            )
        return bool(stale) or stale_overrides(preview, run.start.live), drifted

    def _gate(self, run: _Run, prepared: Sequence[_Prepared], known: Sequence[str], volumes: Volumes) -> Gate:
        environment, live = self._environment, run.start.live
        counted, uncounted = ({}, volumes) if isinstance(volumes, str) else (volumes, "")
        traffic = traffic_of(environment, live, run.after, counted, written=run.phase.writes_rules)
        previews = tuple(item.preview for item in prepared)
        warnings = (*warnings_of(traffic, previews, moves_traffic=run.phase.moves_traffic), *known)
        if run.phase.name == "phase1":
            lists = as_lists(environment, live, run.start.multi_value)
            begin = {name for name in lists if live.group_arn(name) not in run.start.multi_value}
            warnings += (*form_warnings(begin), *health_warnings(environment, live))
        if run.phase.name == "phase2":
            start, routing = run.start, held_rules(environment, live, run.start.routing)
            ours = start.legacy is not None
            warnings += tuple(cutover_warnings(environment, start.ownership, ours=ours, routing=routing))
        if run.phase.moves_traffic:
            warnings += drift_warning(environment, run.after)
            if only_lowers(environment, live, {name: split.weight for name, split in run.after.items()}):
                warnings += tuple(map(str, self._overlapping(live)))
        if run.phase.name == "override":
            warnings += override_warnings(environment, live)
        if run.phase.name == "complete":
            warnings += tuple(retiring_warnings(run.start))
        if run.phase.undoes:
            warnings += tuple(undo_warnings(run.phase, run.start))
        for item in prepared:
            warnings += (*adoption_warnings(item.given.imports), *left_warnings(item.foreign, environment.name))
        let_by = tuple(f"waived: {violation}" for item in prepared for violation in item.waived)
        commands = tuple(map(str, run.start.ownership.commands)) if run.start.ownership else ()
        return Gate(
            environment.name,
            run.phase.name,
            traffic,
            previews,
            (*warnings, *self._known, *let_by),
            commands,
            by_name=environment.confirm == "name",
            drift=next((item.drift for item in prepared if item.drift is not None), None),
            uncounted=uncounted,
        )

    def _ask(self, gate: Gate, approve: Approver | None) -> None:
        if approve is None:
            raise GateRefused(
                f"{gate.phase} needs approval, and nobody is there to give it; nothing was changed",
                then="look at `rollout preview`, then pass `--yes`",
                code="approval-required",
            )
        if not approve(gate):
            raise GateRefused("declined; nothing was changed", code="gate-declined")
        self._emit(events.GateApproved(self._environment.name, gate.phase))

    def _stop_if_moved(self, run: _Run, now: Live) -> None:
        """The engine compares with its own state alone, so what became of the rules while somebody looked is asked."""
        self._stop_if_rolled_back(run, now)
        found = tuple(moved(self._environment, run.start.live, now))
        if found:
            raise Drift(
                "somebody changed AWS since the preview; nothing was applied",
                found,
                then="run the command again to see what it would do now",
                code="changed-since-preview",
            )

    def _stop_if_rolled_back(self, run: _Run, now: Live) -> None:
        if run.since and (marks := run.since.marks(now)):
            raise self._rolled_back(run, ", ".join(dict.fromkeys(marks.values())))

    @staticmethod
    def _rolled_back(run: _Run, by: str) -> Drift:
        return Drift(
            f"a rollback was asked for since this began ({by}), so {run.phase.name} gives up",
            (),
            then="run the command again if you mean to raise all the same",
            code="rolled-back",
        )

    def _guard(self, run: _Run, *, is_first: bool) -> None:
        """What must hold once the stack is locked, when a rollback can't be missed any more."""
        if run.since is None:
            return
        now = self._load_balancers.read(self._environment)
        (self._stop_if_moved if is_first else self._stop_if_rolled_back)(run, now)
        # of a rollback that had no right to mark the rules the history tells
        if later := run.since.records(self._stacks.history(ROUTING, DEPTH)):
            raise self._rolled_back(run, later[-1])

    def _give_way(self, run: _Run, now: Live | None = None) -> None:
        """Where a rollback came in the middle of the update, take back what that may have raised after it.

        Raises:
            Drift: It did come.
        """
        if run.since is None:
            return
        now = now or self._load_balancers.read(self._environment)
        marks, rules = run.since.marks(now), {name: now.rule_of(self._environment.routes[name]) for name in run.after}
        if marked := [name for name, rule in rules.items() if rule and rule.arn in marks]:
            self._take_back(marked)
        self._stop_if_rolled_back(run, now)

    def _apply(self, run: _Run, prepared: Sequence[_Prepared], message: str) -> None:
        """Apply the approved plans in order."""
        environment = self._environment
        for number, item in enumerate(prepared):
            if not item.preview.changes and not item.preview.refreshed:
                continue
            stack, wanted, done = item.step.stack, len(item.preview.changes), list[Change]()
            if item.on_copy:
                self._for_real(item)
            self._leave(item)
            began, begun_at = self._clock.now(), dict[str, float]()

            def begun(change: Change, stack: str = stack, begun_at: dict[str, float] = begun_at) -> None:
                if change.op is not Op.SAME:
                    begun_at[change.urn] = self._clock.now()
                    self._emit(events.ResourceStarted(environment.name, stack, change))

            def told(
                change: Change, stack: str = stack, done: list[Change] = done, begun_at: dict[str, float] = begun_at
            ) -> None:
                if change.op is not Op.SAME:
                    done.append(change)
                    start = begun_at.pop(change.urn, None)
                    took = None if start is None else round(self._clock.now() - start, 3)
                    self._emit(events.ResourceChanged(environment.name, stack, change, took))

            self._emit(events.StepStarted(environment.name, stack, item.step.summary, wanted))
            try:
                self._stacks.up(
                    stack,
                    item.given,
                    plan=item.plan,
                    message=message,
                    refresh=item.preview.refreshed,
                    guard=partial(self._guard, run, is_first=number == 0),
                    on_begin=begun,
                    on_change=told,
                )
            except KeyboardInterrupt:
                raise self._interrupted(item, len(done), len(begun_at), prepared[number + 1 :]) from None
            finally:
                self._tell_settled(item, done)
            self._emit(events.StepApplied(environment.name, stack, wanted, round(self._clock.now() - began, 3)))

    def _tell_settled(self, item: _Prepared, done: Sequence[Change]) -> None:
        """Say what the state has taken over, and what has to be made anew."""
        own = item.given.imports
        adopted = [str(each.new) for each in done if each.op is Op.IMPORT and (each.type, each.name) in own]
        gone = [str(each) for each in item.begun if each.custom and (each.type, each.name) not in own]
        if adopted or gone:
            environment, stack = self._environment.name, item.step.stack
            self._emit(events.LeftoversSettled(environment, stack, tuple(adopted), tuple(gone)))

    def _verify(self, run: _Run, deleted: Collection[Arn]) -> None:
        """Ask the load balancer until every rule is as wanted, and the deleted target groups are gone."""
        environment, problems = self._environment, list[Problem]()
        overrides = overrides_after(run.phase, environment, run.start.live)
        for attempt in range(READ_BACKS):
            if attempt:
                self._clock.sleep(PAUSE)
            now = self._load_balancers.read(environment)
            self._give_way(run, now)
            problems = list(unlike_overrides(environment, overrides, now))
            problems += list(unlike_wanted(environment, run.start.live, now, run.after, written=run.phase.writes_rules))
            problems += candidate_problems(environment, now) if not run.phase.undoes else ()
            problems += groups_left(now, deleted)
            if not problems:
                break
        if problems:
            raise VerifyFailed(
                f"{run.phase.name} was applied, but the load balancer doesn't say so",
                problems,
                then=f"look at `rollout status {environment.name}`, then run it again",
            )
        self._overrule(run, now)
        self._on_verified(now)
        for name, split in run.after.items():
            rule = now.rule_of(environment.routes[name])
            self._emit(events.RuleVerified(environment.name, name, rule.arn if rule else "", split))

    def _overrule(self, run: _Run, now: Live) -> None:
        """A raise that succeeded ends the rollbacks that were asked for before it began."""
        marked = [rule.arn for rule in now.rules if rule.rollback]
        if marked and any(split.weight > Percent(0) for split in run.after.values()):
            try:
                self._load_balancers.unmark(marked)
            except AwsError as error:
                name = self._environment.name
                self._emit(events.Warned(name, f"the rules keep the mark of a rollback, which ends ramps: {error}"))

    def _interrupted(self, item: _Prepared, done: int, begun: int, later: Sequence[_Prepared]) -> Interrupted:
        """What was done when it was stopped, what isn't known, and what the rules say a moment later."""
        total = len({change.urn for change in item.preview.changes})
        under_way = f", {begun} under way, which may take effect" if begun else ""
        rest = "".join(f"; {other.step.stack} not begun" for other in later)
        so_far = f"{item.step.stack} {min(done, total)} of {count_of(total, 'resource')} done{under_way}{rest}"
        return Interrupted(
            f"stopped: {so_far}{self._live_now()}",
            then="run the same command again to finish it",
        )

    def _live_now(self) -> str:
        """The live weights, if they can be read at once."""
        environment = self._environment
        reading = threads.DaemonPool(1).submit(lambda: self._load_balancers.read(environment, tags=False))
        try:
            splits = reading.result(LAST_LOOK).splits(environment)
        except (TooLate, RolloutError, KeyboardInterrupt):
            return ""
        return "; live now: " + ", ".join(f"{name} {split.weight} %" for name, split in splits.items())

    def _tell(self, run: _Run, prepared: Sequence[_Prepared]) -> None:
        """Say what came of it, and what another owner of the adopted rules has to do."""
        environment, live = self._environment, run.start.live
        changes = [change for item in prepared for change in item.preview.changes]
        for name, route in environment.routes.items():
            before, after = live.split_of(route), run.after.get(name)
            if run.phase.moves_traffic and after is not None and (before is None or before.weight != after.weight):
                weight = before.weight if before else None
                self._emit(events.WeightSet(environment.name, name, weight, after.weight))
        self._emit(events.PhaseFinished(environment.name, run.phase.name, len(changes)))
        self._remind(run.start.ownership)

    def _remind(self, ownership: Ownership | None) -> None:
        """After the cutover: what another owner has to run, or may have to."""
        if ownership is not None and ownership.commands:
            routes, commands = tuple(ownership.held or ()), tuple(map(str, ownership.commands))
            name = self._environment.name
            self._emit(events.OwnerToRelease(name, ownership.owner, routes, commands, ownership.advice))


def _deleted_groups(prepared: Sequence[_Prepared]) -> frozenset[Arn]:
    """The target groups that go."""
    left = {each.change.urn for item in prepared for each in item.foreign}
    return frozenset(
        Arn(change.old.id)
        for item in prepared
        for change in item.preview.changes
        if change.op is Op.DELETE and change.type == TARGET_GROUP and change.old and change.urn not in left
    )


def _counted(counting: Future[Volumes]) -> Volumes:
    try:
        return counting.result(COUNTING)
    except TooLate:
        return "CloudWatch hasn't answered in time"


def _concerns(step: Step, start: Start) -> bool:
    """Whether there is anything of ours to do: another owner's legacy rules aren't in a stack of ours."""
    return step.stack != LEGACY or start.legacy is not None


def _message(said: str, prepared: Sequence[_Prepared]) -> str:
    """The update's message, with what was waived: Pulumi's history keeps it."""
    names = dict.fromkeys(violation.resource for item in prepared for violation in item.waived)
    first, *rest = said.split("\n")
    return "\n".join([f"{first} [policy waived: {', '.join(names)}]", *rest]) if names else said
