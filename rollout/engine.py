"""Runs a phase: preflight → preview with a saved plan → policy → gate → `up` bound to that plan → read back.

The phases themselves are data, in `phases`. What is here is the same for all of them: it starts from the live rules,
asks before it changes anything, applies exactly what was approved, and isn't done until the load balancer says so.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from rollout import events
from rollout.errors import (
    Drift,
    GateRefused,
    Interrupted,
    PolicyViolation,
    PreflightFailed,
    Problem,
    VerifyFailed,
)
from rollout.gates import Gate, traffic_of
from rollout.live import Live
from rollout.model import PREPARED, Environment, Percent, ProgramInput, RuleOwnership, Split
from rollout.phases import LEGACY, PHASES, ROUTING, Phase, Step
from rollout.plan import LISTENER_RULE, Change, Op, StackPreview, forward_in
from rollout.policy import rule_bounds, violations
from rollout.ports import Approver, Clock, LoadBalancers, Stacks
from rollout.preflight import (
    Resources,
    adoption_problems,
    candidate_problems,
    code_problems,
    handover_problems,
    held_rules,
    live_problems,
)
from rollout.weights import forward_of, same_forward

READ_BACKS, PAUSE = 10, 1.0


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
class _Start:
    """What a phase starts from."""

    live: Live
    held_by_legacy: Mapping[str, object] = field(default_factory=dict)
    legacy: Resources = None
    held_by_routing: frozenset[str] | None = None  # None where the preview tells


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A step whose preview was allowed."""

    step: Step
    given: ProgramInput
    preview: StackPreview
    plan: Path


class Engine:
    """Runs the phases of one environment.

    Args:
        environment: The inventory.
        load_balancers: Where rules are read.
        stacks: Where previews and updates run.
        clock: Time.
        emit: Told each event.
    """

    def __init__(
        self,
        environment: Environment,
        load_balancers: LoadBalancers,
        stacks: Stacks,
        clock: Clock,
        emit: events.Listener,
    ) -> None:
        self._environment = environment
        self._load_balancers = load_balancers
        self._stacks = stacks
        self._clock = clock
        self._emit = emit

    def run(
        self,
        name: str,
        approve: Approver | None,
        *,
        weights: Mapping[str, Percent] | None = None,
        accept_live: bool = False,
        message: str | None = None,
        preview_only: bool = False,
    ) -> PhaseResult:
        """Run a phase from preflight to read-back.

        Args:
            name: A key of `phases.PHASES`.
            approve: Asked once, with all that would change; None refuses.
            weights: For `weight`: the new weight of each route that changes; the others keep their live one.
            accept_live: Start from the live rules even if somebody else changed them.
            message: For Pulumi's update history.
            preview_only: Stop at the gate.

        Raises:
            PreflightFailed: AWS isn't as the inventory says, or another phase comes first.
            PolicyViolation: The preview would do more than the phase is for.
            Drift: Somebody changed a rule, or the world moved since the preview.
            GateRefused: Not approved.
            VerifyFailed: Applied, but the load balancer says something else.
            EngineError, AwsError, Locked, Interrupted: As they say.
        """
        phase, environment = PHASES[name], self._environment
        steps = [step for step in phase.steps if getattr(environment.programs, step.stack)]
        self._emit(events.PhaseStarted(environment.name, name, phase.summary, tuple(step.stack for step in steps)))
        start = self._start(phase)
        after = self._splits(phase, start, weights or {})
        with tempfile.TemporaryDirectory(prefix="rollout-plan-") as folder:
            steps = [step for step in steps if step.stack != LEGACY or start.legacy is not None]
            prepared = [self._prepare(phase, step, start, after, Path(folder), accept_live) for step in steps]
            gate = self._gate(phase, start, after, prepared)
            before = {route: start.live.split_of(environment.routes[route]) for route in environment.routes}
            result = PhaseResult(environment.name, name, False, gate, before, after)
            if gate.is_empty:
                self._emit(events.NothingToDo(environment.name, name))
                return result
            self._emit(events.GateOpened(environment.name, gate))
            if preview_only:
                return result
            self._approved(phase, gate, approve)
            self._apply(prepared, message or f"rollout {name} {environment.name}")
        self._verify(phase, start, after)
        self._tell_owners(phase, start, prepared)
        for line in gate.traffic:
            if phase.moves_traffic and line.moves:
                before_weight = line.before.weight if line.before else None
                self._emit(events.WeightSet(environment.name, line.route, before_weight, line.after.weight))
        changes = sum(len(item.preview.changes) for item in prepared)
        self._emit(events.PhaseFinished(environment.name, name, changes))
        return PhaseResult(environment.name, name, True, gate, before, after)

    def _start(self, phase: Phase) -> _Start:
        """Read AWS and, where the phase hands rules over, who holds them; everything side by side."""
        environment = self._environment
        with ThreadPoolExecutor(3) as pool:
            reading = pool.submit(self._load_balancers.read, environment)
            if phase.moves_traffic:
                legacy = routing = None
            else:
                states = {stack: pool.submit(self._stacks.resources, stack) for stack in (LEGACY, ROUTING)}
                legacy, routing = states[LEGACY].result(), states[ROUTING].result()
            live = reading.result()
        found: list[Iterator[Problem]] = [live_problems(environment, live)]
        if phase.name == "phase1":
            found.append(code_problems(environment))
        else:
            found.append(candidate_problems(environment, live))
        if phase.name == "phase2":
            found.append(handover_problems(environment, live, legacy))
        problems = tuple(chain.from_iterable(found))
        if problems:
            raise PreflightFailed(f"{environment.name} isn't ready for {phase.name}; nothing was changed", problems)
        self._emit(
            events.PreflightPassed(environment.name, live.account, len(environment.routes), len(live.target_groups))
        )
        return _Start(
            live,
            held_rules(environment, live, legacy),
            legacy,
            None if phase.moves_traffic else frozenset(held_rules(environment, live, routing)),
        )

    def _splits(self, phase: Phase, start: _Start, weights: Mapping[str, Percent]) -> dict[str, Split]:
        """How each route's requests are to be divided after the phase."""
        environment, live = self._environment, start.live
        current = {name: live.split_of(route) for name, route in environment.routes.items()}
        after: dict[str, Split | None] = dict(current)
        match phase.name:
            case "phase2":
                for name in environment.routes:
                    if start.held_by_routing is not None and name not in start.held_by_routing and current[name]:
                        after[name] = PREPARED if current[name].weight == Percent(0) else None  # type: ignore[union-attr]
            case "phase3":
                for name in environment.routes:
                    wanted = environment.desired_weight(name)
                    held = current[name]
                    after[name] = held if held is not None and held.weight == wanted else Split.at(wanted)
            case "weight":
                after.update({name: Split.at(weight) for name, weight in weights.items()})
        strange = [name for name, split in after.items() if split is None and phase.name != "phase1"]
        if strange:
            raise Drift(
                "these rules don't forward as rollout or the legacy stack would leave them; nothing was changed",
                [self._strange(name, live) for name in strange],
                then="put them right by hand, or correct the inventory",
            )
        return {name: split for name, split in after.items() if split is not None}

    def _strange(self, name: str, live: Live) -> Problem:
        route = self._environment.routes[name]
        rule = live.rule_of(route)
        forwards = str(rule.forward or rule.action) if rule else "nothing"
        return Problem(
            f"forwards to {forwards}", where=f"routes.{name}", then=f"{route.legacy} and {route.candidate} are allowed"
        )

    def _given(self, phase: Phase, step: Step, start: _Start, after: Mapping[str, Split]) -> ProgramInput:
        environment, live = self._environment, start.live
        rules = {name: live.rule_of(route) for name, route in environment.routes.items()}
        if step.stack == ROUTING:
            adopt = {
                name: rule.arn
                for name, rule in rules.items()
                if rule and start.held_by_routing is not None and name not in start.held_by_routing
            }
            tags = {name: rule.tags for name, rule in rules.items() if rule and rule.tags}
            return ProgramInput(environment, splits=after, adopt=adopt, tags=tags)
        if step.stack == LEGACY:
            kept = RuleOwnership.RETAINED if phase.name == "phase1" else RuleOwnership.RELEASED
            return ProgramInput(
                environment,
                rules={
                    name: kept if name in start.held_by_legacy else RuleOwnership.RELEASED
                    for name in environment.routes
                },
            )
        return ProgramInput(environment)

    def _prepare(  # noqa: PLR0917 - all that a preview depends on
        self, phase: Phase, step: Step, start: _Start, after: Mapping[str, Split], folder: Path, accept_live: bool
    ) -> _Prepared:
        """Preview a step, hold it to its policy, and to what is live."""
        environment = self._environment
        given = self._given(phase, step, start, after)
        plan = folder / f"{step.stack}.json"
        create = step.policy in ("build", "adopt")
        self._emit(events.PreviewStarted(environment.name, step.stack, step.summary))
        preview = self._stacks.preview(step.stack, given, plan, create=create)
        if step.policy == "weights":
            problems = tuple(adoption_problems(environment, preview))
            if problems:
                raise PreflightFailed(f"{environment.name} isn't ready for {phase.name}; nothing was changed", problems)
        if preview is None:
            raise PreflightFailed(
                f"{environment.name} isn't ready for {phase.name}; nothing was changed",
                [Problem(f"stack {step.stack} isn't there")],
            )
        if step.stack == ROUTING and self._state_is_stale(preview, start.live, after, accept_live):
            preview = self._stacks.preview(step.stack, given, plan, create=create, refresh=True) or preview
        refused = violations(preview, step.policy, rule_bounds(environment, start.live, after))
        if refused:
            raise PolicyViolation(
                f"{phase.name} would do more in stack {step.stack} than it is for; nothing was changed",
                refused,
                then="see what differs by `rollout preview`, and bring the inventory and the programs in line",
            )
        self._emit(events.StepPreviewed(environment.name, phase.name, preview))
        return _Prepared(step, given, preview, plan)

    def _state_is_stale(self, preview: StackPreview, live: Live, after: Mapping[str, Split], accept_live: bool) -> bool:
        """Compare what the state recorded with what is live; a difference that isn't the wanted one is drift."""
        environment = self._environment
        recorded = {
            step.rule: forward_in(step.old.outputs or step.old.inputs)
            for step in preview.steps
            if step.type == LISTENER_RULE and step.old is not None and step.op in (Op.SAME, Op.UPDATE)
        }
        imported = {step.rule for step in preview.steps if step.op is Op.IMPORT}
        stale, drifted = False, []
        for name, split in after.items():
            route = environment.routes[name]
            rule = live.rule_of(route)
            if rule is None or rule.forward is None or rule.arn in imported or recorded.get(rule.arn) is None:
                continue
            was = recorded[rule.arn]
            if was is None or same_forward(was, rule.forward):
                continue
            stale = True
            wanted = forward_of(
                split, live.group_arn(route.legacy), live.group_arn(route.candidate), environment.stickiness.duration
            )
            if not same_forward(rule.forward, wanted):
                drifted.append(
                    Problem(
                        f"live {rule.forward} · recorded {was} · wanted {wanted}",
                        where=f"routes.{name}",
                    )
                )
        if drifted and not accept_live:
            raise Drift(
                "somebody changed these rules since rollout last did; nothing was changed",
                drifted,
                then="`--accept-live` starts from the live rules; `rollout rollback` takes all to legacy",
            )
        return stale

    def _gate(self, phase: Phase, start: _Start, after: Mapping[str, Split], prepared: Sequence[_Prepared]) -> Gate:
        environment = self._environment
        warnings = []
        traffic = traffic_of(environment, start.live, after)
        if phase.moves_traffic and any(
            line.before and Percent(0) < line.after.weight < line.before.weight for line in traffic
        ):
            warnings.append(
                "stickiness wins over weights: clients with a cookie stay on the candidate; 0 moves everybody at once"
            )
        rebuilt = any(c.op is Op.UPDATE for item in prepared for c in item.preview.changes)
        if phase.name == "phase1" and rebuilt and any(split.weight > Percent(0) for split in after.values()):
            warnings.append("the candidate has traffic: a new build takes effect at once")
        if not phase.moves_traffic and start.legacy is None:
            warnings.append(
                f"no legacy stack of ours holds the rules; whoever does must let go of them after {phase.name}"
            )
        if any(item.preview.refreshed for item in prepared):
            warnings.append("the state is behind the load balancer and is brought up to date")
        return Gate(environment.name, phase.name, traffic, tuple(item.preview for item in prepared), tuple(warnings))

    def _approved(self, phase: Phase, gate: Gate, approve: Approver | None) -> None:
        if approve is None:
            raise GateRefused(
                f"{phase.name} needs approval, and nobody is there to give it; nothing was changed",
                then="look at `rollout preview`, then pass `--yes`",
            )
        if not approve(gate):
            raise GateRefused("declined; nothing was changed")
        self._emit(events.GateApproved(self._environment.name, phase.name))

    def _apply(self, prepared: Sequence[_Prepared], message: str) -> None:
        """Apply the approved plans in order."""
        environment = self._environment
        for number, item in enumerate(prepared):
            if not item.preview.changes and not item.preview.refreshed:
                continue
            stack, wanted = item.step.stack, len(item.preview.changes)
            self._emit(events.StepStarted(environment.name, stack, item.step.summary, wanted))
            done: list[Change] = []

            def told(change: Change, stack: str = stack, done: list[Change] = done) -> None:
                if change.op is not Op.SAME:
                    done.append(change)
                    self._emit(events.ResourceChanged(environment.name, stack, change))

            try:
                self._stacks.up(
                    stack, item.given, plan=item.plan, message=message, refresh=item.preview.refreshed, on_change=told
                )
            except KeyboardInterrupt:
                raise _interrupted(item, {change.name for change in done}, prepared[number + 1 :]) from None
            self._emit(events.StepApplied(environment.name, stack, wanted))

    def _verify(self, phase: Phase, start: _Start, after: Mapping[str, Split]) -> None:
        """Ask the load balancer until every rule is as wanted: the same rule, conditions untouched, the new split."""
        environment, problems = self._environment, list[Problem]()
        for attempt in range(READ_BACKS):
            if attempt:
                self._clock.sleep(PAUSE)
            live = self._load_balancers.read(environment, tags=False)
            problems = [p for name in environment.routes for p in self._differences(name, start.live, live, after)]
            if phase.name == "phase1":
                problems += candidate_problems(environment, live)
            if not problems:
                break
        if problems:
            raise VerifyFailed(
                f"{phase.name} was applied, but the load balancer doesn't say so",
                problems,
                then=f"look at `rollout status {environment.name}`, then run it again",
            )
        for name, split in after.items():
            rule = live.rule_of(environment.routes[name])
            self._emit(events.RuleVerified(environment.name, name, rule.arn if rule else "", split))

    def _differences(self, name: str, before: Live, now: Live, after: Mapping[str, Split]) -> Iterator[Problem]:
        environment, route = self._environment, self._environment.routes[name]
        was, rule = before.rule_of(route), now.rule_of(route)
        if rule is None or was is None or rule.arn != was.arn:
            yield Problem(f"the rule at priority {route.priority} is another one now", where=f"routes.{name}")
            return
        if not rule.matches(route.path, route.methods):
            yield Problem(f"its conditions are {rule.conditions}", where=f"routes.{name}")
        split = after.get(name)
        if split is None or split == before.split_of(route):  # phase 1 leaves alone what it doesn't know
            wanted = was.forward
        else:
            wanted = forward_of(
                split, now.group_arn(route.legacy), now.group_arn(route.candidate), environment.stickiness.duration
            )
        if wanted is not None and (rule.forward is None or not same_forward(rule.forward, wanted)):
            yield Problem(f"it forwards to {rule.forward or rule.action}, not {wanted}", where=f"routes.{name}")

    def _tell_owners(self, phase: Phase, start: _Start, prepared: Sequence[_Prepared]) -> None:
        """Say what another owner of an adopted rule has to do."""
        if phase.name != "phase2":
            return
        adopted = {c.rule for item in prepared for c in item.preview.changes if c.op is Op.IMPORT}
        for name, route in self._environment.routes.items():
            rule = start.live.rule_of(route)
            if rule is not None and rule.arn in adopted and name not in start.held_by_legacy:
                commands = (
                    "pulumi state delete URN   # in the stack that made the rule",
                    "terraform state rm ADDRESS   # where Terraform made it",
                )
                self._emit(events.OwnerToRelease(self._environment.name, name, rule.arn, commands))


def _interrupted(item: _Prepared, done: set[str], later: Sequence[_Prepared]) -> Interrupted:
    total = len({change.name for change in item.preview.changes})
    rest = "".join(f"; {other.step.stack} not begun" for other in later)
    return Interrupted(
        f"stopped: {item.step.stack} {min(len(done), total)} of {total} resources done{rest}",
        then="run the same command again to finish it",
    )
