"""Marks the resources of a stack that have no mark: created by an earlier version of rollout, or by hand.

It only adds tags, only to resources in the stack's state, and never to resources with another owner's mark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rollout.errors import Drift, Problem, UsageError, VerifyFailed
from rollout.inventory.marks import Bearer, Marked, Standing, mark_of, standing
from rollout.inventory.model import Environment
from rollout.inventory.stacks import STACKS
from rollout.migration import events
from rollout.migration.bearers import TAGGED, bearer_of
from rollout.migration.gates import Gate
from rollout.migration.ports import Approver, Marks
from rollout.migration.runner.approval import ask
from rollout.state.history.record import Record, with_record
from rollout.state.plan import LISTENER_RULE, Change, Op, ResourceState, StackPreview
from rollout.state.ports import Stacks

ADOPT = "adopt"
SUMMARY = "Mark resources in this environment's stacks as its own; only tags change"


@dataclass(frozen=True, slots=True)
class Unmarked:
    """A resource of a stack without the mark.

    Attributes:
        stack: One of `stacks.STACKS`.
        name: By which it is named: its kind and logical name, such as `Function:rust-scorer`.
        found: What AWS has.
    """

    stack: str
    name: str
    bearer: Bearer
    found: Marked
    state: ResourceState

    @property
    def place(self) -> str:
        """Its name where another stack has one like it."""
        return f"{self.stack}/{self.name}"

    def __str__(self) -> str:
        return f"{self.place}: {self.bearer}, {self.found.owner}"


@dataclass(frozen=True, slots=True)
class AdoptResult:
    """What was marked."""

    environment: str
    adopted: tuple[str, ...]
    gate: Gate


class Adoption:
    """The adoption of what one environment's stacks hold.

    Args:
        stacks: Whose states say what they hold.
        by: The user, for Pulumi's update history.
        now: Gives AWS's time.
    """

    def __init__(
        self,
        environment: Environment,
        stacks: Stacks,
        marks: Marks,
        emit: events.Listener,
        *,
        by: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._environment = environment
        self._stacks = stacks
        self._marks = marks
        self._emit = emit
        self._by = by
        self._now = now

    def unmarked(self, stack: str, names: Sequence[str] | None = None) -> tuple[Unmarked, ...]:
        """What of a stack could be adopted.

        Args:
            stack: One of `stacks.STACKS`.
            names: Look at AWS for these alone.
        """
        mark, held = mark_of(self._environment, stack), dict[Bearer, ResourceState]()
        for state in self._stacks.resources(stack) or ():
            named = names is None or _name(state) in names or f"{stack}/{_name(state)}" in names
            if named and state.type in TAGGED and _is_own(state) and (bearer := bearer_of(state)):
                held[bearer] = state
        return tuple(
            Unmarked(stack, _name(held[bearer]), bearer, found, held[bearer])
            for bearer, found in self._marks.find(held).items()
            if standing(found, mark) is Standing.UNMARKED
        )

    def run(self, names: Sequence[str], approve: Approver | None, message: str | None = None) -> AdoptResult:
        """Mark resources.

        Args:
            names: Theirs, such as `Function:rust-scorer`, or `legacy/Function:cc-auth`.
            approve: Asked once; None refuses.
            message: For Pulumi's update history.

        Raises:
            UsageError: There is no such resource to adopt.
            GateRefused: Not approved.
            Drift: One of them changed while the gate was open.
            VerifyFailed: One doesn't have the mark afterwards.
            EngineError, AwsError, Locked: As they say.
        """
        environment = self._environment
        self._emit(events.PhaseStarted(environment.name, ADOPT, SUMMARY, ()))
        chosen = _chosen([each for stack in STACKS for each in self.unmarked(stack, names)], names)
        stacks = tuple(dict.fromkeys(each.stack for each in chosen))
        previews = tuple(
            StackPreview(stack, tuple(_change(each) for each in chosen if each.stack == stack)) for stack in stacks
        )
        warnings = tuple(f"rollout may change and delete it from then on: {each}" for each in chosen)
        gate = Gate(environment.name, ADOPT, (), previews, warnings, by_name=environment.confirm == "name")
        self._emit(events.GateOpened(environment.name, gate))
        ask(gate, approve, self._emit, hint="check what it would mark, then pass `--yes`")
        self._mark(chosen)
        plan = " ".join(preview.digest for preview in previews)
        record = Record(phase=ADOPT, at=self._now(), by=self._by, plan=plan)
        said = with_record(message or f"rollout adopt {environment.name} {' '.join(e.place for e in chosen)}", record)
        for stack in stacks:
            self._stacks.note(stack, said)
        self._emit(events.PhaseFinished(environment.name, ADOPT, len(chosen)))
        return AdoptResult(environment.name, tuple(each.place for each in chosen), gate)

    def _mark(self, chosen: Sequence[Unmarked]) -> None:
        """Set the tags, of what is as it was at the gate, and read them back."""
        bearers = [each.bearer for each in chosen]
        now = self._marks.find(bearers)
        if changed := [each for each in chosen if now.get(each.bearer) != each.found]:
            problems = [Problem(str(each), code="changed-since-preview") for each in changed]
            raise Drift("AWS has changed since the preview; nothing was marked", problems)
        for each in chosen:
            self._marks.put(each.bearer, each.found.arn, mark_of(self._environment, each.stack))
        now = self._marks.find(bearers)
        left = [
            e for e in chosen if not mark_of(self._environment, e.stack).is_on(getattr(now.get(e.bearer), "tags", {}))
        ]
        if left:
            problems = [Problem(str(each), code="not-marked") for each in left]
            raise VerifyFailed("the tags were set, but AWS reports other tags", problems)


def _name(state: ResourceState) -> str:
    return f"{state.type.rpartition(':')[2]}:{state.name}"


def _is_own(state: ResourceState) -> bool:
    """A rule that changes hands is nobody's to mark."""
    return state.type != LISTENER_RULE or _change_of(state).is_header_rule


def _change_of(state: ResourceState) -> Change:
    return Change(Op.UPDATE, state.urn, state.type, state, state, ("tags",))


def _change(each: Unmarked) -> Change:
    return _change_of(each.state)


def _chosen(known: Sequence[Unmarked], names: Sequence[str]) -> tuple[Unmarked, ...]:
    chosen: list[Unmarked] = []
    for name in dict.fromkeys(names):
        fitting = [each for each in known if name in (each.name, each.place)]
        if len(fitting) != 1:
            said = ", ".join(each.place for each in fitting)
            what = f"several stacks have {name}" if fitting else f"no stack has {name} without its mark"
            hint = f"name one of {said}" if fitting else "without a name, `rollout adopt` lists them"
            raise UsageError(what, hint=hint, code="not-adoptable")
        chosen += fitting
    return tuple(chosen)
