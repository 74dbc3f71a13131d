"""What people see of each event, of a command's own sentences, and of the error that ended it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from rich.text import Text

from rollout.base.formatting import count_of
from rollout.base.printable import one_line
from rollout.cli.console import indented
from rollout.cli.people import Named, Part, People
from rollout.cli.render import Chapter, Said
from rollout.cli.screens import ramp, show
from rollout.cli.screens.changes import counts
from rollout.cli.screens.gate import gate
from rollout.cli.screens.layout import FEW, code, is_verbose
from rollout.cli.screens.updates import RunningUpdate, done, duration
from rollout.errors import ProblemsError, RolloutError
from rollout.inventory.quantities import format_duration
from rollout.migration import events

Sentences = Mapping[type, Callable[[Any], str | list[Part]]]


def _leftovers(event: events.LeftoversSettled) -> Iterator[str]:
    for names, word in ((event.adopted, "adopted from AWS"), (event.gone, "not on AWS, so it will be created again")):
        yield from (f"{event.stack}: an interrupted run had begun to create {name}: {word}" for name in names)


DONE: Sentences = {
    Said: lambda e: e.message,
    events.PreflightPassed: lambda e: (
        f"account {e.account}, {count_of(e.rules, 'rule')} and the target groups are as the inventory says"
    ),
    events.StepPreviewed: lambda e: f"{e.preview.stack}: {counts(e.preview)}",
    events.NothingToDo: lambda e: [("nothing to do:", "bold"), f" {e.environment} is already as after {e.phase}"],
    events.WeightSaved: lambda e: f"weight {e.weight} saved in {e.file}",
    events.LegacyQuiet: lambda e: (
        f"legacy had no requests in the last {format_duration(e.span)}; the candidate had {e.candidate:,}"
    ),
    events.CompletionSaved: lambda e: f"completed = true saved in {e.file}",
    events.RampNoted: ramp.noted,
    events.RampFollowed: lambda e: f"the controller runs this ramp: {e.sentence}",
}
"""Events of which a sentence says all."""
WARNINGS: Sentences = {
    events.Warned: lambda e: e.message,
    events.LockCleared: lambda e: (
        f"the lock of {e.holder} on {e.stack} was removed{': that process is dead' if e.state == 'dead' else ''}"
    ),
    events.LeftoversSettled: lambda e: "\n".join(_leftovers(e)),
}


ALIKE: Mapping[type, Callable[[Any], Named]] = {
    events.WeightSet: lambda e: Named(
        "route", e.route, (f"{'?' if e.before is None else e.before} → ", (f"{e.after} %", "bold"))
    ),
    events.RouteRolledBack: lambda e: Named(
        "route",
        e.route,
        (f"on legacy only{'' if e.before is None else f', was {e.before}'}, read back from the load balancer",),
    ),
    events.BuildTakenBack: lambda e: Named("function", e.function, (f"{e.before} → {e.after}, by Lambda's API",)),
}
"""Events of one route or function each: those that are alike are said together."""


def _say(how: Callable[..., None], sentence: Callable[[Any], str | list[Part]], event: object, to: People) -> None:
    said = sentence(event)
    how(to, *([said] if isinstance(said, str) else said))


for sentences, how in ((DONE, People.done), (WARNINGS, People.warn)):
    for kind, sentence in sentences.items():
        show.register(kind, partial(_say, how, sentence))
for kind, named in ALIKE.items():
    show.register(kind, partial(lambda how, event, to: to.gather(how(event)), named))


@show.register
def _chapter(chapter: Chapter, to: People) -> None:
    to.draw("")
    to.out.rule(Text(chapter.title, style="bold"), align="left")


@show.register
def _error(error: RolloutError, to: People) -> None:
    to.tell_apart()
    place = f"{error.where}: " if error.where else ""
    to.err.print(indented(Text.assemble(("✗ ", "bold red"), (f"{place}{error.what}", "bold"), code(error))))
    for problem in error.problems if isinstance(error, ProblemsError) else ():
        to.err.print(indented(Text.assemble(f"  - {problem}", code(problem))))
    if error.hint:
        to.err.print(indented(Text(f"  → {error.hint}")))


@show.register
def _started(event: events.PhaseStarted, to: People) -> None:
    to.begin()
    to.out.print(Text.assemble((f"{event.phase} {event.environment}", "bold"), f"  {event.summary}"))


@show.register
def _previewing(event: events.PreviewStarted, to: People) -> None:
    to.busy(f"previewing {event.stack}: {event.summary}")


@show.register
def _calibrating(event: events.RampsJudged, to: People) -> None:
    to.busy(f"judging ramps of legacy against itself: {event.done:,} of {event.ramps:,}")


@show.register
def _planned(event: events.ParityPlanned, to: People) -> None:
    before = f", {event.done:,} were sent before" if event.done else ""
    to.done(
        f"{count_of(event.requests, 'request')} to send{before}: {count_of(event.invocations, 'invocation')}, at most "
        f"{count_of(event.at_once, 'request')} at a time (Lambda allows {event.concurrency:,} at once), "
        f"at least {format_duration(event.at_least)}, "
        f"about ${event.dollars:.2f} if each takes a second"
    )


@show.register
def _asking(event: events.ParityAsked, to: People) -> None:
    to.busy(f"sending to both functions: {event.done:,} of {count_of(event.requests, 'request')}")


@show.register
def _gate(event: events.GateOpened, to: People) -> None:
    to.draw(gate(event.gate, to.out.width))
    to.commands(event.gate.commands)


@show.register
def _step(event: events.StepStarted, to: People) -> None:
    to.move(RunningUpdate(to.out, event))


@show.register
def _begun(event: events.ResourceStarted, to: People) -> None:
    if isinstance(to.moving, RunningUpdate):
        to.moving.begin(event)


@show.register
def _changed(event: events.ResourceChanged, to: People) -> None:
    if isinstance(to.moving, RunningUpdate):
        to.moving.finish(event)
    else:
        to.out.print(done(event))


@show.register
def _applied(event: events.StepApplied, to: People) -> None:
    if isinstance(to.moving, RunningUpdate):
        to.moving.complete()
    to.done(f"{event.stack}: {count_of(event.changes, 'change')} applied ", (duration(event.took), "dim"))


@show.register
def _verified(_: events.RuleVerified, to: People) -> None:
    to.verified += 1


@show.register
def _finished(event: events.PhaseFinished, to: People) -> None:
    rules = f": {count_of(to.verified, 'rule')} read back from the load balancer, all as wanted" if to.verified else ""
    to.done((f"{event.phase} is done", "bold"), rules)


@show.register
def _watching(event: events.Watching, to: People) -> None:
    _alarms(to, "`alarms` in [ramp] lets a ramp fail on these", event.alarms)
    to.out.print(Text(f"    the dashboard is at {event.dashboard}"), soft_wrap=True)


@show.register
def _guard_installed(event: events.GuardInstalled, to: People) -> None:
    _alarms(to, f"the guard {event.function} takes traffic back on", event.alarms)
    to.out.print(Text(f"    {event.silence} reports a ramp that sends no heartbeats"), soft_wrap=True)


def _alarms(to: People, head: str, names: Sequence[str]) -> None:
    """Names to copy, if they are few; of many, how many there are."""
    shown = is_verbose() or len(names) <= FEW
    to.done(f"{head}:" if shown else f"{head}: {count_of(len(names), 'alarm')}; `-v` lists them")
    to.commands(names if shown else ())


@show.register
def _controller_installed(event: events.ControllerInstalled, to: People) -> None:
    to.done(f"the controller {event.function} looks every {format_duration(event.pace)}, once a person begins a ramp")


@show.register
def _fleet_installed(event: events.FleetInstalled, to: People) -> None:
    to.done(f"the fleet is installed; `rollout fleet ramp {event.environment}` begins its ramp")


@show.register
def _legacy_left(event: events.LegacyLeft, to: People) -> None:
    to.warn(f"rollout doesn't manage legacy; {event.owner} can remove it now:")
    to.commands(event.parts)


@show.register
def _to_release(event: events.OwnerToRelease, to: People) -> None:
    who = event.owner
    what = f"{who} must release {', '.join(event.routes)} now" if event.routes else f"if {who} manages them"
    to.warn(f"{what}: run `rollout release {event.environment}`, or:")
    to.commands(event.commands)
    to.out.print(Text(f"    then {event.advice}"))


@show.register
def _command_run(event: events.CommandRun, to: People) -> None:
    to.out.print(Text("  ✓ ", style="green").append(one_line(event.command), style="default"), soft_wrap=True)


@show.register
def _released(event: events.OwnerReleased, to: People) -> None:
    rules = count_of(len(event.routes), "rule")
    to.done(("release is done", "bold"), f": {event.owner} released {rules}; nothing changed on AWS")
    to.out.print(Text(f"    now {event.advice}"))


@show.register
def _not_rolled_back(event: events.RouteNotRolledBack, to: People) -> None:
    problem = event.problem
    to.tell_apart()
    to.warn(f"{problem.where}: {problem.what}; to move it without rollout:" if problem.hint else str(problem))
    to.commands((problem.hint,) if problem.hint else ())


@show.register
def _rollback_waiting(event: events.RollbackWaiting, to: People) -> None:
    waiting = f"waiting for {' and '.join(event.what)}"
    to.once(waiting, Text(f"  … {waiting}"))
    to.busy(waiting)


@show.register
def _rolled_back(event: events.RollbackFinished, to: People) -> None:
    routes = f"{count_of(len(event.routes), 'route')} on legacy only"
    to.done((routes, "bold"), ", and the state is up to date" if event.reconciled else "")
    if event.reason:
        to.warn(f"the state is not up to date yet: {event.reason}")
        to.out.print(f"    run `rollout rollback {event.environment}` again; traffic is on legacy")


@show.register
def _milestone(event: ramp.Milestone, to: People) -> None:
    to.forget()
    to.rest()
    if isinstance(event, events.RampPickedUp) and to.out.is_interactive:
        to.ramp = ramp.RampAtAGlance(to.out, event.steps)
    to.draw(ramp.milestone(event))


@show.register
def _judged(event: events.Judged, to: People) -> None:
    if ramp.is_told(event):
        to.once(f"{event.weight} {event.judgement.verdict}", ramp.judged(event))
    if to.ramp:
        to.ramp.judged = event


@show.register
def _ramp_waiting(event: events.RampWaiting, to: People) -> None:
    if to.ramp is None:
        seen = event.glance
        to.once(f"{event.weight} {seen.word if seen else event.state}", ramp.waiting(event))
        return
    to.ramp.seen = event
    if to.moving is not to.ramp:
        to.move(to.ramp)
        to.ramp.start()
