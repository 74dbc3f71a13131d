"""An environment's answers, compared; see `parity`."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from rollout.alb.state import AlbState
from rollout.analysis.measuring.logged_balancers import logged_balancers, spots_of
from rollout.api.arguments import DAY, in_range
from rollout.api.opened import Opened, Part
from rollout.base.files import Unreadable, read_bytes
from rollout.base.foreign import Unexpected
from rollout.base.formatting import count_of
from rollout.base.gzipped import lines_of
from rollout.base.private import HOME
from rollout.errors import AwsError, UsageError
from rollout.inventory.model import Arn, Environment
from rollout.inventory.parity import RouteParity
from rollout.migration import events
from rollout.migration.smoke.samples import read_samples
from rollout.parity.coverage import Collected
from rollout.parity.journal import Journal
from rollout.parity.report import CoverageReport, ParityReport
from rollout.parity.request import ParityRequest
from rollout.parity.rules import Rules
from rollout.parity.run import Compared, Pace, Run, Side
from rollout.parity.self_check import self_check
from rollout.parity.sources.access_log import AccessLogSource
from rollout.parity.sources.har import HarSource
from rollout.parity.sources.json_lines import JsonLinesSource
from rollout.parity.sources.routing import route_of
from rollout.parity.verdict import verdict_of

SINCE = timedelta(hours=6)
REQUESTS, MOST_REQUESTS = 100, 100_000
RATE, MOST_RATE, AT_ONCE, MOST_AT_ONCE = 5.0, 100.0, 2, 32
_MOST_BYTES = 1 << 30
_SHORTEST, _LONGEST = timedelta(minutes=5), 7 * DAY
_FUNCTION = ":function:"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where requests are from, beside `samples`.

    Attributes:
        routes: Their names; all by default.
        since: How far back access logs are read, 5 min to 7 d.
        requests: How many are asked of each route at most.
        files: HAR files, lines of JSON, and gzipped access logs, by their suffix.
        keep_headers: Headers with credentials that stay in requests of HAR files.
    """

    routes: Sequence[str] = ()
    since: timedelta | str = SINCE
    requests: int = REQUESTS
    files: Sequence[Path | str] = ()
    keep_headers: Sequence[str] = ()


DEFAULTS = Sources()


class Parity(Part):
    """Compares the answers of both implementations."""

    def coverage(self, sources: Sources = DEFAULTS) -> CoverageReport:
        """What the requests cover that `compare` would ask; nothing is asked.

        Raises:
            UsageError: There is no such route or file, or a number is out of range.
            ConfigError: The samples can't be used.
            AwsError: AWS refused, or can't be reached.
        """
        return self._gathered(sources).report

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
        _within(rate, 0.1, MOST_RATE, "requests a second")
        _within(at_once, 1, MOST_AT_ONCE, "requests at a time")
        self_check()
        gathered = self._gathered(sources)
        chosen = gathered.collected.chosen()
        if not chosen:
            raise UsageError(
                "there is no request to ask",
                hint="give a file by --from, write samples, or let the load balancers write access logs",
                code="nothing-to-ask",
            )
        compared, today = self._compared(gathered), self._container.utc.date()
        journal = Journal(self._journal_file, {name: route.key(today) for name, route in compared.items()})
        if restart:
            journal.forget()
        run = Run(self._container.functions, compared, journal, Pace(rate, at_once), self._container.utc)
        name, budget = self._environment.name, run.budget(chosen)
        self._emit(events.ParityPlanned(name, **asdict(budget)))
        tallies = run.ask(
            chosen,
            self._container.clock,
            lambda number: self._emit(events.ParityAsked(name, number, budget.requests)),
        )
        verdicts = (
            verdict_of(
                route,
                tallies[route],
                Rules.of(self._environment.routes[route].parity or RouteParity(), today),
                varies="*" in str(gathered.environment.routes[route]),
            )
            for route in gathered.names
        )
        return ParityReport(name, tuple(verdicts), gathered.report)

    @property
    def _journal_file(self) -> Path:
        sandbox = self._container.sandbox
        home = sandbox.folder if sandbox and sandbox.folder else self._file.parent / HOME
        return home / "parity" / f"{self._environment.name}.jsonl"

    def _gathered(self, sources: Sources) -> _Gathered:
        _within(sources.requests, 1, MOST_REQUESTS, "requests a route")
        span = in_range(sources.since, _SHORTEST, _LONGEST, "access logs")
        names = self._opened.routes(sources.routes)
        gathered = _Gathered(self._opened, names, sources.requests, frozenset(sources.keep_headers))
        gathered.samples()
        for file in map(Path, sources.files):
            gathered.file(file)
        gathered.access_logs(span)
        return gathered

    def _compared(self, gathered: _Gathered) -> Mapping[str, Compared]:
        """The routes of which both functions are known."""
        environment, container = gathered.environment, self._container
        groups = {
            name: (gathered.live.group_arn(route.legacy), gathered.live.group_arn(route.candidate))
            for name, route in environment.routes.items()
            if name in gathered.names
        }
        known = sorted({arn for both in groups.values() for arn in both if arn})
        targets = container.load_balancers.targets(known)
        lists = container.load_balancers.multi_value(known)
        named = {arn: ids[0] for arn, ids in targets.items() if len(ids) == 1 and _FUNCTION in ids[0]}
        functions = container.functions
        code = {function: functions.code(function) for function in sorted(set(named.values()))}

        def side(group: Arn) -> Side:
            return Side(named[group], group, group in lists, code[named[group]])

        return {
            name: Compared(
                side(legacy),
                side(candidate),
                environment.load_balancers[environment.routes[name].load_balancer].listener_port,
                environment.routes[name].parity or RouteParity(),
            )
            for name, (legacy, candidate) in groups.items()
            if legacy in named and candidate in named
        }


class _Gathered:
    """Requests from all sources."""

    def __init__(self, opened: Opened, names: tuple[str, ...], most: int, kept: frozenset[str]) -> None:
        self._opened, self.names, self._kept = opened, names, kept
        self.collected, self._notes = Collected(names, most), list[str]()

    @cached_property
    def live(self) -> AlbState:
        """The live rules."""
        return self._opened.container.load_balancers.read(self._opened.environment, tags=False)

    @cached_property
    def environment(self) -> Environment:
        """The inventory, with the conditions of as-is routes."""
        return self.live.resolved(self._opened.environment)

    @property
    def report(self) -> CoverageReport:
        """What they cover."""
        return CoverageReport(self._opened.environment.name, self.collected.coverage(), tuple(self._notes))

    def samples(self) -> None:
        """Those of `samples` beside the inventory."""
        environment = self._opened.environment
        for name, sample in read_samples(environment.root / "samples", environment, wanted=False).items():
            self.collected.add(ParityRequest(name, sample.asked, sample.body, "sample"))

    def file(self, file: Path) -> None:
        """Those of a file, by its suffix."""
        try:
            content = read_bytes(file, most=_MOST_BYTES)
            self._take(file, content)
        except (Unreadable, Unexpected, zlib.error) as error:
            why = "is not gzipped" if isinstance(error, zlib.error) else str(error)
            raise UsageError(
                f"the file {why}",
                where=str(file),
                hint="give a HAR file (.har), lines of JSON (.jsonl), or an access log (.log.gz)",
                code="unreadable-requests",
            ) from None

    def _take(self, file: Path, content: bytes) -> None:
        find = route_of(self.environment, self.live)
        match file.suffix:
            case ".har":
                har = HarSource(find, self._kept)
                self._add(har.read(content))
                self._note(har.redacted, "header", f"with credentials of {file.name} left out")
                self._note(har.elsewhere, "request", f"of {file.name} left out: no route's rule takes them")
                self._note(har.broken, "entry", f"of {file.name} can't be read")
            case ".gz":
                self._log(lines_of([content]), file.name)
            case _:
                lines = JsonLinesSource(find)
                self._add(lines.read(content.splitlines()))
                self._note(lines.elsewhere, "request", f"of {file.name} left out: no route's rule takes them")
                self._note(lines.broken, "line", f"of {file.name} can't be read")

    def access_logs(self, span: timedelta) -> None:
        """Those of the load balancers' logs, where they write some."""
        container, now = self._opened.container, self._opened.container.utc
        balancers = logged_balancers(self.environment, self.live)
        places = container.access_logs.places([*balancers.values()])
        for name, arn in balancers.items():
            if places[arn] is None:
                self._notes.append(f"load balancer {name} writes no access logs")
                continue
            for file in container.access_logs.files(arn, now - span, now):
                try:
                    self._log(container.access_logs.lines(file), file.key.rpartition("/")[2])
                except AwsError as error:
                    if error.code != "access-log-broken":
                        raise
                    self._notes.append(f"{error.what}, and is left out from where it breaks off: {error.where}")

    @cached_property
    def _spots(self) -> Mapping[tuple[str, str], str]:
        return spots_of(self.environment, self.live, lambda route: (route.legacy, route.candidate))

    def _log(self, lines: Iterator[Sequence[bytes]] | Iterator[list[bytes]], name: str) -> None:
        source = AccessLogSource(self._spots)
        for some in lines:
            for request, status in source.read(some):
                self.collected.add(request, status)
        self._note(source.broken, "line", f"of {name} can't be read")
        self._note(source.with_bodies, "request", f"of {name} left out: logs have no bodies")

    def _add(self, requests: Iterable[ParityRequest]) -> None:
        for request in requests:
            self.collected.add(request)

    def _note(self, count: int, noun: str, text: str) -> None:
        if count:
            self._notes.append(f"{count_of(count, noun)} {text}")


def _within(number: float, least: float, most: float, what: str) -> None:
    if not least <= number <= most:
        raise UsageError(f"{number:g} {what}: out of range", hint=f"give {least:g} to {most:g}", code="out-of-range")
