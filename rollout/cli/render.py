"""Readers of the event stream: one for people, one that writes a JSON object a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from rollout.base.formatting import count_of
from rollout.base.printable import json_line, one_line
from rollout.cli import ramp_screen, screen, up_screen
from rollout.cli.console import indented, standard_error, standard_output
from rollout.cli.output import Output
from rollout.cli.up_screen import Applying
from rollout.errors import ProblemsError, RolloutError
from rollout.errors.redaction import redacted_in
from rollout.inventory.quantities import format_duration
from rollout.migration import events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.console import RenderableType
    from rich.status import Status

    from rollout.adapters.pulumi.install import Progress
    from rollout.alb.explain import Explanation
    from rollout.analysis.planning import RampPlan
    from rollout.api.fleet import FleetLine, FleetResult
    from rollout.migration.checks.drift import DriftReport
    from rollout.migration.checks.report import Check, PreflightReport
    from rollout.migration.checks.status import EnvironmentStatus
    from rollout.migration.gates import Gate
    from rollout.migration.smoke.report import SmokeReport
    from rollout.state.history.audit import PastChange


Part = str | tuple[str, str]
"""A piece of a line: a text, or a text and its style."""
LOG_EVERY = 200
"""How often progress shows where there is no terminal, such as in CI's log."""


def renderer(*, json: bool, patience: float | None = None) -> Renderer:
    """The reader that fits.

    Args:
        json: Whether a machine reads.
        patience: How many seconds to wait for a screen or a pipe that takes nothing; None for as long as it takes.
    """
    return JsonLines(patience) if json else People(patience)


class Renderer:
    """A reader of events, and of what isn't one."""

    def __call__(self, event: events.Event) -> None:
        """Show an event."""
        raise NotImplementedError

    def error(self, error: RolloutError) -> None:
        """Show what ended the command."""
        raise NotImplementedError

    def status(self, status: EnvironmentStatus) -> None:
        """Show where an environment stands."""
        raise NotImplementedError

    def explanations(self, found: Sequence[Explanation]) -> None:
        """Show where a request goes on each load balancer."""
        raise NotImplementedError

    def preflight(self, report: PreflightReport) -> None:
        """Show what a preflight found."""
        raise NotImplementedError

    def doctor(self, checks: Sequence[Check]) -> None:
        """Show what this machine and its credentials are like."""
        raise NotImplementedError

    def smoke(self, report: SmokeReport) -> None:
        """Show what the candidate answered."""
        raise NotImplementedError

    def ramp_plan(self, environment: str, plan: RampPlan) -> None:
        """Show how long a ramp's steps take."""
        raise NotImplementedError

    def history(self, environment: str, found: Sequence[PastChange]) -> None:
        """Show what was changed, the latest first."""
        raise NotImplementedError

    def past_change(self, environment: str, found: PastChange) -> None:
        """Show one change in full."""
        raise NotImplementedError

    def details(self, gate: Gate) -> None:
        """Show a gate's resources property by property."""

    def drift(self, report: DriftReport) -> None:
        """Show file, state and load balancer side by side."""
        raise NotImplementedError

    def fleet(self, lines: Sequence[FleetLine]) -> None:
        """Show where several environments stand."""
        raise NotImplementedError

    def fleet_result(self, result: FleetResult) -> None:
        """Show what came of a weight for a fleet."""
        raise NotImplementedError

    def chapter(self, title: str) -> None:
        """Begin a part of a story."""

    def show(self, event: str, said: Mapping[str, Any], drawn: Callable[[], RenderableType]) -> None:
        """Show what another package's command has found: its data to a machine, its picture to people."""
        raise NotImplementedError

    def busy(self, text: str) -> None:
        """Say how far something is, where a line can move."""

    def ask(self, gate: Gate) -> bool:  # noqa: ARG002 - a machine never says yes
        """Ask somebody at the terminal."""
        return False

    def progress(self, progress: Progress) -> None:
        """Show how far a set-up is."""

    def say(self, text: str) -> None:
        """Say a sentence."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class JsonLines(Renderer):
    """Writes each event as a JSON object on a line of its own.

    Args:
        patience: See `renderer`.
    """

    def __init__(self, patience: float | None = None) -> None:
        self._out = Output("stdout", patience=patience)

    def __call__(self, event: events.Event) -> None:
        self._write(events.as_json(event))

    def error(self, error: RolloutError) -> None:
        problems = [events.plain(p) for p in error.problems] if isinstance(error, ProblemsError) else []
        self._write(
            {
                "event": "failed",
                "error": type(error).__name__,
                "code": error.code,
                "what": error.what,
                "where": error.where,
                "then": error.hint,
                "problems": problems,
                "exit-code": error.exit_code,
            }
        )

    def status(self, status: EnvironmentStatus) -> None:
        self._write({"event": "status", **events.plain(status)})

    def explanations(self, found: Sequence[Explanation]) -> None:
        self._write({"event": "explained", "load-balancers": [events.plain(each) for each in found]})

    def preflight(self, report: PreflightReport) -> None:
        self._write({"event": "preflight", **events.plain(report)})

    def doctor(self, checks: Sequence[Check]) -> None:
        self._write({"event": "doctor", "checks": [events.plain(check) for check in checks]})

    def smoke(self, report: SmokeReport) -> None:
        self._write({"event": "smoke", **events.plain(report)})

    def ramp_plan(self, environment: str, plan: RampPlan) -> None:
        said = {"advice": list(plan.advice), "schedule": plan.as_toml(environment)}
        self._write({"event": "ramp-planned", "environment": environment, **events.plain(plan), **said})

    def history(self, environment: str, found: Sequence[PastChange]) -> None:
        for each in reversed(found):
            self.past_change(environment, each)

    def past_change(self, environment: str, found: PastChange) -> None:
        self._write({"event": "past-change", "environment": environment, **events.plain(found)})

    def drift(self, report: DriftReport) -> None:
        self._write({"event": "drift", **events.plain(report)})

    def fleet(self, lines: Sequence[FleetLine]) -> None:
        for line in lines:
            self._write({"event": "fleet-line", **events.plain(line)})

    def fleet_result(self, result: FleetResult) -> None:
        failed = {name: str(error) for name, error in result.failed.items()}
        codes = {name: error.code for name, error in result.failed.items()}
        said = {"fleet": result.fleet, "done": list(result.done), "failed": failed, "left": list(result.left)}
        self._write({"event": "fleet-result", **said, "codes": codes})

    def chapter(self, title: str) -> None:
        self._write({"event": "chapter", "title": title})

    def show(self, event: str, said: Mapping[str, Any], drawn: Callable[[], RenderableType]) -> None:
        del drawn
        self._write({"event": event, **said})

    def progress(self, progress: Progress) -> None:
        self._write({"event": "setup-progress", **events.plain(progress)})

    def say(self, text: str) -> None:
        self._write({"event": "said", "message": text})

    def _write(self, data: dict[str, Any]) -> None:
        self._out.write(json_line(redacted_in(data)) + "\n")


class People(Renderer):
    """Writes for a person, in a terminal of any width or into a pipe.

    Args:
        patience: See `renderer`.
    """

    def __init__(self, patience: float | None = None) -> None:
        self._out, self._err = standard_output(patience), standard_error(patience)
        self._busy: Status | None = None
        self._applying: Applying | None = None
        self._last_step = ""
        self._verified = 0
        self._seen: set[str] = set()

    def __call__(self, event: events.Event) -> None:
        match event:
            case events.PhaseStarted():
                self._verified = 0
                self._out.print(Text.assemble((f"{event.phase} {event.environment}", "bold"), f"  {event.summary}"))
            case events.PreflightPassed():
                rules = count_of(event.rules, "rule")
                self._done(f"account {event.account}, {rules} and the target groups are as the inventory says")
            case events.PreviewStarted():
                self._working(f"previewing {event.stack}: {event.summary}")
            case events.StepPreviewed():
                self._done(f"{event.preview.stack}: {screen.counts(event.preview)}")
            case events.GateOpened():
                self._rest()
                self._out.print(screen.gate(event.gate, self._out.width))
                self._commands(event.gate.commands)
            case events.NothingToDo():
                self._done(("nothing to do:", "bold"), f" {event.environment} is as {event.phase} leaves it")
            case events.LockCleared() | events.LeftoversSettled():
                self._warn("\n".join(screen.aftermath(event)))
            case events.StepStarted() | events.ResourceStarted() | events.ResourceChanged() | events.StepApplied():
                self._up(event)
            case events.WeightSet():
                was = "?" if event.before is None else event.before
                self._done(f"{event.route}: {was} → ", (f"{event.after} %", "bold"))
            case events.RuleVerified():
                self._verified += 1
            case events.LegacyQuiet() | events.LegacyLeft() | events.CompletionSaved() | events.WeightSaved():
                self._completing(event)
            case events.OwnerToRelease() | events.CommandRun() | events.OwnerReleased():
                self._releasing(event)
            case (
                events.RouteRolledBack()
                | events.RouteNotRolledBack()
                | events.RollbackWaiting()
                | events.RollbackFinished()
            ):
                self._rolling_back(event)
            case events.RampEvent():
                self._ramping(event)
            case events.PhaseFinished() | events.Watching():
                self._finished(event)
            case events.Warned():
                self._warn(event.message)

    def _up(
        self,
        event: events.StepStarted | events.ResourceStarted | events.ResourceChanged | events.StepApplied,
    ) -> None:
        match event:
            case events.StepStarted():
                self._rest()
                self._applying = Applying(self._out, event)
            case events.ResourceStarted():
                if self._applying:
                    self._applying.begin(event)
            case events.ResourceChanged():
                if self._applying:
                    self._applying.finish(event)
                self._out.print(up_screen.done(event))
            case events.StepApplied():
                changes = f"{count_of(event.changes, 'change')} applied"
                self._done(f"{event.stack}: {changes} ", (up_screen.duration(event.took), "dim"))

    def _rolling_back(
        self,
        event: events.RouteRolledBack | events.RouteNotRolledBack | events.RollbackWaiting | events.RollbackFinished,
    ) -> None:
        match event:
            case events.RouteRolledBack():
                before = "" if event.before is None else f", was {event.before}"
                self._done(f"{event.route}: on legacy alone{before}, read back from the load balancer")
            case events.RouteNotRolledBack():
                problem = event.problem
                self._warn(f"{problem.where}: {problem.what}; without rollout:" if problem.hint else str(problem))
                self._commands((problem.hint,) if problem.hint else ())
            case events.RollbackWaiting():
                waiting = f"waiting for {' and '.join(event.what)}"
                self._once(waiting, Text(f"  … {waiting}"))
                self._working(waiting)
            case events.RollbackFinished():
                routes = f"{count_of(len(event.routes), 'route')} on legacy alone"
                self._done((routes, "bold"), ", and the state says so too" if event.reconciled else "")
                if event.reason:
                    self._warn(f"the state isn't up to date yet: {event.reason}")
                    self._out.print(f"    run `rollout rollback {event.environment}` again; traffic is safe meanwhile")

    def _ramping(self, event: events.RampEvent) -> None:
        """What changes each minute is a line that moves; what it comes to is said once a weight."""
        match event:
            case events.RampNoted():
                self._done(ramp_screen.noted(event))
            case events.Judged():
                self._once(f"{event.weight} {event.judgement.verdict}", ramp_screen.judged(event))
                self._working(ramp_screen.watching(event))
            case events.RampWaiting():
                self._once(f"{event.weight} {event.state}", ramp_screen.waited(event))
                self._working(ramp_screen.watching(event))
            case _:
                self._seen.clear()
                self._rest()
                self._out.print(ramp_screen.milestone(event))

    def _once(self, what: str, drawn: RenderableType) -> None:
        if what not in self._seen:
            self._seen.add(what)
            self._rest()
            self._out.print(drawn)

    def _finished(self, event: events.PhaseFinished | events.Watching) -> None:
        match event:
            case events.PhaseFinished():
                rules = f"{count_of(self._verified, 'rule')} read back from the load balancer"
                self._done((f"{event.phase} is done", "bold"), f": {rules}, all as wanted" if self._verified else "")
            case events.Watching():
                self._done("the alarms, as `alarms` in stacks.toml's ramp takes them:")
                self._commands(event.alarms)
                self._out.print(Text(f"    and the dashboard: {event.dashboard}"), soft_wrap=True)

    def _completing(
        self, event: events.LegacyQuiet | events.LegacyLeft | events.CompletionSaved | events.WeightSaved
    ) -> None:
        match event:
            case events.WeightSaved():
                self._done(f"weight {event.weight} saved in {event.file}")
            case events.LegacyQuiet():
                span = format_duration(event.span)
                self._done(f"no request met legacy in the last {span}; {event.candidate:,} met the candidate")
            case events.LegacyLeft():
                self._warn(f"legacy isn't ours; {event.owner} can remove it now:")
                self._commands(event.parts)
            case events.CompletionSaved():
                self._done(f"completed = true saved in {event.file}")

    def _releasing(self, event: events.OwnerToRelease | events.CommandRun | events.OwnerReleased) -> None:
        match event:
            case events.OwnerToRelease():
                who = event.owner
                what = f"{who} must let go of {', '.join(event.routes)} now" if event.routes else f"if {who} holds them"
                self._warn(f"{what}: run `rollout release {event.environment}`, or:")
                self._commands(event.commands)
                self._out.print(Text(f"    then {event.advice}"))
            case events.CommandRun():
                self._out.print(
                    Text("  ✓ ", style="green").append(one_line(event.command), style="default"), soft_wrap=True
                )
            case events.OwnerReleased():
                rules = count_of(len(event.routes), "rule")
                who = f": {event.owner} let go of {rules}, which are live as they were"
                self._done(("release is done", "bold"), who)
                self._out.print(Text(f"    now {event.advice}"))

    def error(self, error: RolloutError) -> None:
        self._rest()
        place = f"{error.where}: " if error.where else ""
        self._err.print(
            indented(Text.assemble(("✗ ", "bold red"), (f"{place}{error.what}", "bold"), screen.code(error)))
        )
        for problem in error.problems if isinstance(error, ProblemsError) else ():
            self._err.print(indented(Text.assemble(f"  - {problem}", screen.code(problem))))
        if error.hint:
            self._err.print(indented(Text(f"  → {error.hint}")))

    def status(self, status: EnvironmentStatus) -> None:
        self._rest()
        self._out.print(screen.status(status, self._out.width))
        if status.unreleased and status.ownership:
            self._commands(tuple(map(str, status.ownership.commands)))

    def explanations(self, found: Sequence[Explanation]) -> None:
        self._rest()
        for each in found:
            self._out.print(screen.explanation(each))

    def preflight(self, report: PreflightReport) -> None:
        self._rest()
        self._out.print(screen.checks(f"preflight {report.environment}", report.checks))

    def doctor(self, checks: Sequence[Check]) -> None:
        self._rest()
        self._out.print(screen.checks("doctor", checks))

    def smoke(self, report: SmokeReport) -> None:
        from rollout.cli.smoke_screen import drawn

        self._rest()
        self._out.print(drawn(report))

    def ramp_plan(self, environment: str, plan: RampPlan) -> None:
        from rollout.cli.plan_screen import drawn

        self._rest()
        self._out.print(drawn(environment, plan))
        self._commands(tuple(plan.as_toml(environment).splitlines()))

    def history(self, environment: str, found: Sequence[PastChange]) -> None:
        from rollout.cli.history_screen import table

        self._rest()
        self._out.print(table(environment, found))

    def past_change(self, environment: str, found: PastChange) -> None:
        from rollout.cli.history_screen import entry

        self._rest()
        self._out.print(entry(environment, found))

    def drift(self, report: DriftReport) -> None:
        from rollout.cli.drift_screen import drawn

        self._rest()
        self._out.print(drawn(report))

    def fleet(self, lines: Sequence[FleetLine]) -> None:
        from rollout.cli.fleet_screen import lines as drawn

        self._rest()
        self._out.print(drawn(lines, self._out.width))

    def fleet_result(self, result: FleetResult) -> None:
        from rollout.cli.fleet_screen import result as drawn

        self._rest()
        self._out.print(drawn(result))

    def details(self, gate: Gate) -> None:
        self._out.print(screen.details(gate))

    def chapter(self, title: str) -> None:
        self._rest()
        self._out.print()
        self._out.rule(Text(title, style="bold"), align="left")

    def show(self, event: str, said: Mapping[str, Any], drawn: Callable[[], RenderableType]) -> None:
        del event, said
        self._rest()
        self._out.print(drawn())

    def busy(self, text: str) -> None:
        self._working(text)

    def ask(self, gate: Gate) -> bool:
        yes = (gate.environment,) if gate.by_name else ("yes", "y")
        how = f"type {yes[0]} to apply it" if gate.by_name else yes[0]
        while True:
            try:
                said = input(f"Apply this to {gate.environment}? {how} / no / details [no] ").strip()
            except EOFError:
                return False
            if (said if gate.by_name else said.lower()) in yes:
                return True
            if said.lower() in ("", "no", "n"):
                return False
            if said.lower() in ("details", "d"):
                self.details(gate)
            else:
                self._out.print(f"Please answer {yes[0]}, no or details.")

    def progress(self, progress: Progress) -> None:
        if progress.step != self._last_step:
            self._last_step = progress.step
            self._rest()
            self._out.print(f"  {progress.step}")
        counted = f"{progress.done}/{progress.total}" if progress.done is not None and progress.total else ""
        if not self._out.is_terminal and progress.done and progress.done % LOG_EVERY == 0:
            self._out.print(f"    {counted}")
        self._working(f"{counted} {progress.detail}".strip())

    def say(self, text: str) -> None:
        self._done(text)

    def close(self) -> None:
        self._rest()

    def _commands(self, commands: Sequence[str]) -> None:
        """To be copied: each is one line, however narrow the terminal."""
        for command in commands:
            self._out.print(Text(f"      {one_line(command)}"), soft_wrap=True)

    def _done(self, *parts: Part) -> None:
        self._marked(("✓", "green"), parts)

    def _warn(self, *parts: Part) -> None:
        self._marked(("!", "yellow"), parts)

    def _marked(self, mark: Part, parts: Sequence[Part]) -> None:
        """A line behind a mark; what doesn't fit in a terminal, and further lines, go on below its beginning."""
        self._rest()
        if self._out.soft_wrap:
            self._out.print(indented(Text.assemble("  ", mark, " ", *parts)))
            return
        row = Table.grid(padding=(0, 1, 0, 0))
        row.add_row(Text.assemble("  ", mark), Text.assemble(*parts))
        self._out.print(row)

    def _working(self, text: str) -> None:
        """A line that moves, in a terminal; elsewhere nothing, as what follows says it."""
        if not self._out.is_terminal:
            return
        if self._busy is None:
            self._busy = self._out.status("")
            self._busy.start()
        self._busy.update(Text(one_line(text)))

    def _rest(self) -> None:
        if self._applying is not None:
            self._applying.close()
            self._applying = None
        if self._busy is not None:
            self._busy.stop()
            self._busy = None
