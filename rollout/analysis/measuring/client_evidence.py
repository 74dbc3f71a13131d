"""A step's evidence by client: from access logs' files to windows, in agreement with CloudWatch.

Logs are late and incomplete at times. So a minute counts once it has as many lines as CloudWatch has requests, for each
target group; and one after the other, since a client counts in its first. A minute that still differs after a while is
no evidence. Each file is read once.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate, groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rollout.alb.state import AlbState
from rollout.analysis.measuring.clients import ClientCounts, LoggedRoute, TimeLimit
from rollout.analysis.measuring.kept_clients import KeptClients
from rollout.analysis.measuring.logged_balancers import logged_as, require_logs
from rollout.analysis.measuring.pools import Pool, pooled
from rollout.analysis.measuring.tallies import Minutes
from rollout.analysis.metrics import MINUTE, Series, Source, target_group
from rollout.analysis.ports import AccessLogs, LogFile
from rollout.analysis.streams import Window
from rollout.base.formatting import count_of
from rollout.errors import AwsError
from rollout.inventory.model import Arn, Environment
from rollout.inventory.ramp_settings import MetricName

PATIENCE = 15
"""How many minutes a minute's lines may be late."""
_SHARE, _FEW = 0.02, 3  # how many lines may be missing, or too many
Limits = Mapping[tuple[str, MetricName], Sequence[TimeLimit]]
_FILES, _BYTES = 500, 1_000_000_000  # that one look reads at most


@dataclass(frozen=True, slots=True)
class Requests:
    """CloudWatch's requests.

    Attributes:
        first: The first minute, as a minute of the step.
        minutes: How many minutes of the step are known by now.
        counts: From the first one on, by target group.
    """

    first: int
    minutes: int
    counts: Mapping[str, NDArray[np.float64]]

    @classmethod
    def read(cls, clients: ClientEvidence, first: datetime, read: Minutes) -> Requests:
        """What was read from a minute on."""
        begin = (first - clients.start) // MINUTE
        counts = {group: read.total([series]) for group, series in clients.found.series.items()}
        return cls(begin, begin + min(map(len, counts.values()), default=0), counts)

    def of(self, group: str, minute: int) -> float:
        """Those of a minute of the step; infinitely many if they aren't known any more."""
        return float(self.counts[group][minute - self.first]) if minute >= self.first else math.inf


@dataclass(frozen=True, slots=True)
class Logged:
    """The routes whose lines can be told from others.

    Attributes:
        routes: The routes.
        sources: By target group, its load balancer and what CloudWatch has of it.
        notes: Which routes can't be, and why.
    """

    routes: tuple[LoggedRoute, ...]
    sources: Mapping[str, tuple[Arn, Source]]
    notes: tuple[str, ...]

    @property
    def series(self) -> Mapping[str, Series]:
        """By target group, CloudWatch's count of requests."""
        return {group: source.series("RequestCount") for group, (_, source) in self.sources.items()}

    @property
    def balancers(self) -> tuple[Arn, ...]:
        """The load balancers."""
        return tuple(dict.fromkeys(balancer for balancer, _ in self.sources.values()))

    @property
    def pools(self) -> tuple[Pool, ...]:
        """Each route by itself."""
        of = {group: (source,) for group, (_, source) in self.sources.items()}
        return tuple(Pool(route.names, of[route.groups[0]], of[route.groups[1]]) for route in self.routes)


def logged(environment: Environment, live: AlbState) -> Logged:
    """Which routes' lines are known, by the live rules.

    A line has no listener. So routes on several listeners whose rules have the same priority are told together.
    """
    routes, sources, notes = dict[str, LoggedRoute](), dict[str, tuple[Arn, Source]](), list[str]()
    for name, route in environment.routes.items():
        rule, balancer = live.rule_of(route), live.load_balancers.get(route.load_balancer)
        groups = [live.target_groups[each] for each in (route.legacy, route.candidate) if each in live.target_groups]
        if rule is None or balancer is None or live.split_of(route) is None or len({each.arn for each in groups}) < 2:  # noqa: PLR2004 - legacy's and the candidate's
            notes.append(
                f"{name} can't be compared by client: its live rule doesn't forward to legacy and the candidate"
            )
            continue
        legacy, candidate = (each.arn for each in groups)
        routes[name] = LoggedRoute(name, logged_as(rule), (legacy, candidate), all(each.is_lambda for each in groups))
        sources |= {each.arn: (balancer, target_group(balancer, each.arn, of_lambda=each.is_lambda)) for each in groups}
    found = list[LoggedRoute]()
    for names in pooled({name: {f"{route.rule} {group}" for group in route.groups} for name, route in routes.items()}):
        first, *others = (routes[name] for name in names)
        if _are_alike(environment, live, [first, *others]):
            found.append(replace(first, others=names[1:]))
        else:
            notes.append(
                f"{', '.join(names)} can't be compared by client: another listener has a rule of the same priority "
                "that forwards there with other weights or groups, and access logs don't name the listener"
            )
    used = {group for route in found for group in route.groups}
    return Logged(tuple(found), {group: each for group, each in sources.items() if group in used}, tuple(notes))


def _are_alike(environment: Environment, live: AlbState, routes: Sequence[LoggedRoute]) -> bool:
    """Whether all rules that have the same lines are these routes', and divide their requests alike."""
    own = [environment.routes[route.name] for route in routes]
    first, rules, split = routes[0], [live.rule_of(each) for each in own], live.split_of(own[0])
    groups = {group for route in routes for group in route.groups}
    mixed = (
        rule.forward.weights
        for rule in live.reachable
        if rule.forward and logged_as(rule) == first.rule and rule not in rules
    )
    return (
        all(route.groups == first.groups for route in routes)
        and all(live.split_of(each) == split for each in own)
        and not any(groups & weights.keys() for weights in mixed)
    )


class ClientEvidence:
    """Reads a step's logs; keep it for the step, unless it is void.

    Args:
        live: The live rules.
        start: The first minute, in UTC.
        folder: Where counts are kept for the next process, if at all.

    Raises:
        AwsError: AWS refused, can't be reached, or a load balancer writes no logs.

    Attributes:
        found: The routes.
        void: Whether reading was broken off: then some lines may be counted.
        given_up: How many minutes were given up.
        broken: How many files couldn't be read.
        left: How many files are still to be read.
    """

    def __init__(
        self,
        environment: Environment,
        logs: AccessLogs,
        live: AlbState,
        start: datetime,
        folder: Path | None = None,
    ) -> None:
        analysis, self.found = environment.analysis, logged(environment, live)
        self._kept = KeptClients(folder, start, self.found.routes, analysis.metrics, analysis.clients_by)
        require_logs(environment, live, logs)
        self.counts = ClientCounts(start, self.found.routes, analysis.metrics, by=analysis.clients_by)
        self.start, self._logs = start, logs
        self._read: dict[str, tuple[int, set[int]]] = {}  # by key, a file's version and what it had
        self._until = dict.fromkeys(self.found.balancers, start)
        self.void, self.given_up, self.broken, self.left = False, 0, 0, 0

    def gather(self, limits: Limits, requests: Requests, now: datetime) -> tuple[Window, ...]:
        """Read what is new, and take the minutes that agree.

        Args:
            limits: Of latencies, by route, metric and time, as far as they are known.
            requests: CloudWatch's counts; there may be more minutes by now.
            now: The time on AWS.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        self.counts.limit(limits)
        before = self._take_up(limits)
        since = self.start + self.counts.taken * MINUTE
        known = min(now, self.start + requests.minutes * MINUTE)  # with CloudWatch's counts lines have to agree
        listed = [(file, each) for each in self.found.balancers for file in self._logs.files(each, since, known)]
        self._read = {file.key: self._read[file.key] for file, _ in listed if file.key in self._read}
        new = sorted((each for each in listed if self._is_new(each[0])), key=lambda each: each[0].until)
        some = new[: _as_many_as_fit([file for file, _ in new])]
        self.void = True
        for at, files in groupby(some, key=lambda each: each[0].until):
            for file, balancer in files:
                self._feed(file)
                self._until[balancer] = max(self._until[balancer], at)
            self._advance(requests, (at - self.start) // MINUTE)
        self.void, self.left = False, len(new) - len(some)
        if not self.left:
            self._advance(requests, (now - self.start) // MINUTE)
        if self.counts.taken > before:
            notes = np.array([self.given_up, self.broken, self.counts.strange])
            by = np.array(_until(limits, self.counts.taken))
            self._kept.keep({**self.counts.kept(), "notes": notes, "limits": by})
        return self.counts.windows()

    def notes(self) -> Iterator[str]:
        """What there is to know of the logs."""
        yield from self.found.notes
        counts = self.counts
        if self.given_up:
            yield (
                f"access logs: {count_of(self.given_up, 'minute')} without as many lines as CloudWatch has requests; "
                "these are no evidence"
            )
        if counts.strange:
            yield f"access logs: {count_of(counts.strange, 'line')} can't be read"
        if self.broken:
            yield f"access logs: {count_of(self.broken, 'file')} can't be read"
        if counts.sampled > 1:
            yield f"access logs: there are many clients, and one of {counts.sampled} is counted"
        if self.left:
            yield f"access logs: {count_of(self.left, 'file')} left for the next look"
        yield f"access logs: clients count until {self.start + counts.taken * MINUTE:%H:%M} UTC"

    def _take_up(self, limits: Limits) -> int:
        """Go on where another process was, if it took minutes by the same limits; how many are taken then."""
        if self.counts.taken == 0 and not self._read and (found := self._kept.read()):
            with suppress(ValueError, KeyError, TypeError, IndexError):
                given_up, broken, strange = found["notes"].tolist()
                if str(found["limits"]) == _until(limits, found["taken"].tolist()[0]):
                    self.counts.take_up(found)
                    self.given_up, self.broken, self.counts.strange = given_up, broken, strange
        return self.counts.taken

    def _is_new(self, file: LogFile) -> bool:
        return file.key not in self._read or self._read[file.key][0] != file.version

    def _feed(self, file: LogFile) -> None:
        _, seen = self._read.get(file.key, (0, set()))
        try:
            for lines in self._logs.lines(file, seen):
                self.counts.feed(lines)
        except AwsError as error:
            if error.code != "access-log-broken":
                raise
            self.broken += 1
        self._read[file.key] = file.version, seen

    def _advance(self, requests: Requests, read: int) -> None:
        """Take minutes, one after the other, as long as they agree or have waited.

        Args:
            read: Of how many minutes of the step the files were read.
        """
        counts = self.counts
        while counts.taken < min(read, requests.minutes):
            at, lines = counts.taken, counts.counted(counts.taken)
            odd = {group for group in self.found.sources if not agrees(lines.get(group, 0), requests.of(group, at))}
            if (odd or self._may_come(requests, at)) and read - at <= PATIENCE:
                return
            self.given_up += bool(odd)
            counts.take([route.name for route in self.found.routes if not odd & set(route.groups)])

    def _may_come(self, requests: Requests, at: int) -> bool:
        """Whether there were requests in a minute, but no file yet of that time."""
        ends = self.start + (at + 1) * MINUTE
        waiting = (group for group, (balancer, _) in self.found.sources.items() if self._until[balancer] < ends)
        return any(requests.of(group, at) for group in waiting)


def _until(limits: Limits, taken: int) -> str:
    """The limits that the minutes that were taken could have been judged by."""
    return repr(sorted((key, [each for each in times if each.since < taken]) for key, times in limits.items()))


def agrees(lines: int, requests: float) -> bool:
    """Whether a minute's lines are as many as CloudWatch's requests, but for a few at its edges."""
    return abs(lines - requests) <= max(_FEW, _SHARE * requests)


def _as_many_as_fit(files: Sequence[LogFile]) -> int:
    """How many files one look reads."""
    sizes = list(accumulate(file.size for file in files[:_FILES]))
    return max(1, bisect_right(sizes, _BYTES))
