"""An environment's answers, compared; see `parity`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import chain, islice
from pathlib import Path

from rollout.api.arguments import DAY, in_range
from rollout.api.opened import Part
from rollout.api.parity_check import functions_of
from rollout.api.parity_requests import REQUESTS, SINCE, Gathered, Sources
from rollout.api.parity_traffic import traffic_codes
from rollout.base.private import HOME
from rollout.base.user import who
from rollout.errors import AwsError, EngineError, Locked, UsageError
from rollout.inventory.model import Arn
from rollout.inventory.parity import RouteParity
from rollout.migration import events
from rollout.parity.comparing.places import Place
from rollout.parity.explained import ExplainedGroup, Explanation
from rollout.parity.journal import Journal
from rollout.parity.pairs import AnswerPair
from rollout.parity.report import CoverageReport, ParityReport
from rollout.parity.request import ParityRequest
from rollout.parity.rules import Rules
from rollout.parity.run import Compared, Pace, Run, Side
from rollout.parity.self_check import self_check
from rollout.parity.tally import Tally
from rollout.parity.traffic import TrafficReport
from rollout.parity.verdict import Difference, RouteVerdict, verdict_of
from rollout.state import ramp_journal
from rollout.state.ramp_journal import MAX_GROUPS, MAX_PLACE, KeptGroup, KeptVerdict, Kind

__all__ = ["REQUESTS", "SINCE", "Parity", "Sources"]

MOST_REQUESTS = 100_000
PAIRS, MOST_PAIRS, MOST_GROUPS = 2, 10, 50
RATE, MOST_RATE, AT_ONCE, MOST_AT_ONCE = 5.0, 100.0, 2, 32
_SHORTEST, _LONGEST = timedelta(minutes=5), 7 * DAY
DEFAULTS = Sources()


@dataclass(frozen=True, slots=True)
class _Ready:
    """What a run needs: requests, both functions of each route, what was asked before, and who asks."""

    gathered: Gathered
    chosen: Sequence[ParityRequest]
    compared: Mapping[str, Compared]
    journal: Journal
    run: Run


class Parity(Part):
    """Compares the answers of both implementations."""

    _last: tuple[Sources, Gathered] | None = None

    def coverage(self, sources: Sources = DEFAULTS) -> CoverageReport:
        """What the requests cover that `compare` would ask; nothing is asked.

        Raises:
            UsageError: There is no such route or file, or a number is out of range.
            ConfigError: The samples can't be used.
            AwsError: AWS refused, or can't be reached.
        """
        return self._gathered(sources).report

    def requests(self, sources: Sources = DEFAULTS) -> tuple[ParityRequest, ...]:
        """The requests that `compare` would ask; of the same sources, those that the call before had.

        Raises:
            UsageError, ConfigError, AwsError: As `coverage`.
        """
        return tuple(self._last_gathered(sources).collected.chosen())

    def compare(
        self, sources: Sources = DEFAULTS, *, rate: float = RATE, at_once: int = AT_ONCE, restart: bool = False
    ) -> ParityReport:
        """Ask both functions of each route the same requests, and compare the answers; no traffic is moved.

        What was asked before, of the same code by the same rules, isn't asked again.

        Args:
            rate: Requests a second, each of which is three invocations.
            at_once: Requests at a time.
            restart: Whether to ask what was asked before, too.

        Raises:
            UsageError: There is no such route or file, no request, or a number is out of range.
            ConfigError: The samples can't be used.
            AwsError: AWS refused, throttles, or can't be reached; the next call goes on where this one stopped.
        """
        self_check()
        _within(rate, 0.1, MOST_RATE, "requests a second")
        _within(at_once, 1, MOST_AT_ONCE, "requests at a time")
        ready = self._ready(self._gathered(sources), rate, at_once)
        if restart:
            ready.journal.forget()
        name, budget = self._environment.name, ready.run.budget(ready.chosen)
        self._emit(events.ParityPlanned(name, **asdict(budget)))
        tallies = ready.run.ask(
            ready.chosen,
            self._container.clock,
            lambda number: self._emit(events.ParityAsked(name, number, budget.requests)),
        )
        report = ParityReport(name, tuple(self._verdicts(ready, tallies)), ready.gathered.report)
        self._record(report, ready.compared)
        return report

    def explain(
        self, groups: Sequence[str] = (), sources: Sources = DEFAULTS, *, pairs: int = PAIRS, rate: float = RATE
    ) -> Explanation:
        """Ask once more what `compare` found to differ, and give whole pairs of answers, without secrets.

        Args:
            groups: Routes, or groups of their differences such as `stamp-score:1`; all by default.
            sources: As `compare` was given; of the same ones, the requests are those that the call before had.
            pairs: How many of each group, 1 to 10; each is two invocations.
            rate: Pairs a second.

        Raises:
            UsageError: Nothing was compared yet, there is no such group, or a number is out of range.
            ConfigError: The samples can't be used.
            AwsError: AWS refused, throttles, or can't be reached.
        """
        _within(pairs, 1, MOST_PAIRS, "pairs a group")
        _within(rate, 0.1, MOST_RATE, "requests a second")
        ready, clock = self._ready(self._last_gathered(sources), rate, 1), self._container.clock
        if not ready.journal.outcomes:
            hint = f"run `rollout parity {self._environment.name}` first"
            raise UsageError("nothing has been compared yet", hint=hint, code="nothing-compared")
        requests, found = {each.digest: each for each in ready.chosen}, list[ExplainedGroup]()
        for name, route, place, difference in self._groups(ready, groups):
            outcomes = (each for each in ready.journal.outcomes.values() if each.route == route)
            asked = (requests[each.request] for each in outcomes if place in each.places and each.request in requests)
            some = list[AnswerPair]()
            for request in islice(asked, pairs):
                if pair := ready.run.pair(request):
                    some.append(pair)
                clock.sleep(1 / rate)
            found.append(ExplainedGroup(name, route, difference, tuple(some)))
        return Explanation(self._environment.name, tuple(found))

    def traffic(self, routes: Sequence[str] = (), since: timedelta | str = SINCE) -> TrafficReport:
        """The status codes that clients got of both implementations, where requests go to both; from access logs.

        Args:
            routes: Their names; all by default.
            since: How far back access logs are read, 5 min to 7 d.

        Raises:
            UsageError: There is no such route, or the span is out of range.
            AwsError: AWS refused, or can't be reached.
        """
        span = in_range(since, _SHORTEST, _LONGEST, "access logs")
        return traffic_codes(self._opened, self._opened.routes(routes), span)

    def _groups(self, ready: _Ready, wanted: Sequence[str]) -> list[tuple[str, str, Place, Difference]]:
        tallies = ready.run.known(ready.chosen)
        every = {
            f"{verdict.route}:{number}": (verdict.route, difference)
            for verdict in self._verdicts(ready, tallies)
            for number, difference in enumerate(verdict.differences, 1)
        }
        for name in wanted:
            if not any(name in (group, route) for group, (route, _) in every.items()):
                known = f"known: {', '.join(every)}" if every else "nothing differs"
                raise UsageError(f"there is no group of differences {name!r}", hint=known, code="unknown-group")
        places = {(route, str(place)): place for route, tally in tallies.items() for place in tally.groups}
        return [
            (name, route, places[route, difference.place], difference)
            for name, (route, difference) in every.items()
            if not wanted or name in wanted or route in wanted
        ][:MOST_GROUPS]

    def _ready(self, gathered: Gathered, rate: float, at_once: int) -> _Ready:
        """All that a run needs."""
        chosen = gathered.collected.chosen()
        if not chosen:
            raise UsageError(
                "there is no request to send",
                hint="give a file by --from, write samples, or let the load balancers write access logs",
                code="nothing-to-ask",
            )
        compared, now = self._compared(gathered), self._container.utc
        journal = Journal(self._journal_file, {name: route.key(now.date()) for name, route in compared.items()})
        run = Run(self._container.functions, compared, journal, Pace(rate, at_once), now)
        return _Ready(gathered, chosen, compared, journal, run)

    def _verdicts(self, ready: _Ready, tallies: Mapping[str, Tally]) -> Iterator[RouteVerdict]:
        read = {each.route: each.shapes for each in ready.gathered.report.routes}
        for route in ready.gathered.names:
            parity = self._environment.routes[route].parity or RouteParity()
            yield verdict_of(
                route,
                tallies.get(route) or Tally(),
                Rules.of(parity, self._container.utc.date()),
                varies="*" in str(ready.gathered.environment.routes[route]),
                read=read[route],
            )

    def _record(self, report: ParityReport, compared: Mapping[str, Compared]) -> None:
        """Keep it in history, where a first raise looks for it; before phase 2 there is none."""
        container, name = self._container, report.environment
        journal = ramp_journal.Journal(name, lambda: container.stacks, lambda: container.utc, who())
        try:
            verdicts = tuple(self._kept(report, compared, self._changed(compared)))
            journal.write(journal.message(Kind.COMPARED, sentence=report.sentence, verdicts=verdicts))
        except (AwsError, EngineError, Locked) as error:  # what was found is worth more than that it is kept
            why = "phase 2 creates its stack" if error.code == "stack-missing" else error.what
            said = f"the verdict is not in history: {why}; run the same command later, which sends nothing again"
            self._emit(events.Warned(name, said))

    def _changed(self, compared: Mapping[str, Compared]) -> frozenset[str]:
        """The functions with other code than when the run began: nobody knows which answers were of which."""
        sides = {
            side.function: side.code.digest for both in compared.values() for side in (both.legacy, both.candidate)
        }
        changed = frozenset(each for each, digest in sides.items() if self._container.functions.digest(each) != digest)
        for function in sorted(changed):
            said = f"{function} was changed meanwhile, so its verdicts are not saved: run it again with --restart"
            self._emit(events.Warned(self._environment.name, said))
        return changed

    def _kept(
        self, report: ParityReport, compared: Mapping[str, Compared], changed: frozenset[str]
    ) -> Iterator[KeptVerdict]:
        today = self._container.utc.date()
        for each in report.routes:
            both = compared.get(each.route)
            if both and not changed & {both.legacy.function, both.candidate.function}:
                yield KeptVerdict(
                    route=each.route,
                    legacy=both.legacy.code.digest,
                    candidate=both.candidate.code.digest,
                    rules=Rules.of(both.parity, today).digest,
                    result=each.result,
                    requests=each.requests,
                    different=each.different,
                    covered=100 * each.covered,
                    groups=tuple(
                        KeptGroup(place=group.place[:MAX_PLACE], requests=group.requests)
                        for group in each.differences[:MAX_GROUPS]
                    )
                    or None,
                )

    @property
    def _journal_file(self) -> Path:
        sandbox = self._container.sandbox
        home = sandbox.folder if sandbox and sandbox.folder else self._file.parent / HOME
        return home / "parity" / f"{self._environment.name}.jsonl"

    def _gathered(self, sources: Sources) -> Gathered:
        """The requests of these sources as they are now."""
        gathered = self._read(sources)
        self._last = sources, gathered
        return gathered

    def _last_gathered(self, sources: Sources) -> Gathered:
        """Those that the call before had, if it had the same sources: what was shown is what is kept or explained."""
        return self._last[1] if self._last and self._last[0] == sources else self._gathered(sources)

    def _read(self, sources: Sources) -> Gathered:
        _within(sources.requests, 1, MOST_REQUESTS, "requests a route")
        span = in_range(sources.since, _SHORTEST, _LONGEST, "access logs")
        names = self._opened.routes(sources.routes)
        gathered = Gathered(self._opened, names, sources.requests, frozenset(sources.keep_headers))
        for file in map(Path, sources.files):
            gathered.file(file)
        if not sources.only_files:
            gathered.samples()
            gathered.access_logs(span)
        return gathered

    def _compared(self, gathered: Gathered) -> Mapping[str, Compared]:
        """The routes of which both functions are known."""
        environment, container = gathered.environment, self._container
        functions = functions_of(container, environment, gathered.live, gathered.names)
        code = {each: container.functions.code(each) for each in sorted(set(chain.from_iterable(functions.values())))}
        routes, group = environment.routes, gathered.live.group_arn
        groups = {name: (group(routes[name].legacy), group(routes[name].candidate)) for name in functions}
        lists = container.load_balancers.multi_value(sorted(set(chain.from_iterable(groups.values()))))

        def side(function: str, group: Arn) -> Side:
            return Side(function, group, group in lists, code[function])

        return {
            name: Compared(
                side(legacy, groups[name][0]),
                side(candidate, groups[name][1]),
                environment.load_balancers[routes[name].load_balancer].listener_port,
                routes[name].parity or RouteParity(),
            )
            for name, (legacy, candidate) in functions.items()
        }


def _within(number: float, least: float, most: float, what: str) -> None:
    if not least <= number <= most:
        raise UsageError(f"{number:g} {what}: out of range", hint=f"give {least:g} to {most:g}", code="out-of-range")
