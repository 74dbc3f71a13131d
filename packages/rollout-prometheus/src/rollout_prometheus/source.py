"""Prometheus's HTTP API, and whatever answers like it (Thanos, Mimir, VictoriaMetrics), as rollout's port `Metrics`.

Raw samples are read by the hour, and counted here. An hour is read again until its last samples are there. A minute is
known by the scrapes of all requests' counters: an error's counter that isn't there then counts 0.
https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

import base64
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from pydantic import field_validator

from rollout import Environment
from rollout.adapters.sources import JsonApi, SourceOptions, each_at_once, requests_of, values_of, variable
from rollout.analysis.metrics import GAP, Point, Series
from rollout.base.foreign import Foreign, Unexpected, read_as
from rollout.errors import AwsError, UsageError
from rollout_prometheus import counters, histogram, selector
from rollout_prometheus.counters import MINUTE, Counter, Increases, Scrapes

HOUR = 3600
BEFORE = 600
"""Seconds before an hour whose samples are read too: what its first ones are compared with."""
LATE = 900
"""Seconds after which an hour doesn't change any more."""
LATENCIES = ("TargetResponseTime", "Duration")
TOKEN, USER, PASSWORD = "ROLLOUT_PROMETHEUS_TOKEN", "ROLLOUT_PROMETHEUS_USER", "ROLLOUT_PROMETHEUS_PASSWORD"


class PrometheusOptions(SourceOptions):
    """The options of `source = "prometheus"`.

    Attributes:
        url: The address of the API, without `/api/v1`.
        tenant: The header `X-Scope-OrgID`, for Mimir and others with tenants.
    """

    url: str
    tenant: str | None = None

    @field_validator("queries", "alive")
    @classmethod
    def _selectors(cls, value: Mapping[str, str] | str | None) -> Mapping[str, str] | str | None:
        for name, text in value.items() if isinstance(value, Mapping) else (("alive", value),) if value else ():
            try:
                selector.check(text)
            except ValueError as error:
                raise ValueError(f"{name} {error}") from None
            if name in LATENCIES and not text.partition("{")[0].strip().endswith("_bucket"):
                raise ValueError(f"{name} must be a classic histogram's series, whose name ends with _bucket")
        return value


def api_of(options: PrometheusOptions) -> JsonApi:
    """The API, with the credentials of the environment's variables.

    Raises:
        UsageError: The address isn't one, or half of the credentials is set.
    """
    token, user, password = (variable(name) for name in (TOKEN, USER, PASSWORD))
    if bool(user) != bool(password) or (token and user):
        what = f"set {TOKEN}, or both of {USER} and {PASSWORD}, or none of them"
        raise UsageError(what, code="plugin-unusable")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if user and password:
        headers["Authorization"] = f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
    if options.tenant:
        headers["X-Scope-OrgID"] = options.tenant
    return JsonApi("Prometheus", options.url, headers)


class _Series(Foreign):
    metric: Mapping[str, str]
    values: list[list[Any]] | None = None


class _Matrix(Foreign):
    result: list[_Series]


class _Answer(Foreign):
    status: str
    data: Any = None
    warnings: list[str] | None = None


@dataclass(frozen=True, slots=True)
class _Query:
    """What is read for a series: selectors, as they are sent.

    Attributes:
        counted: The counters, or a histogram's buckets; None if they don't occur there, and count 0.
        requests: The counters of all requests.
        alive: What is above 0 while the instances are up.
    """

    counted: str | None
    requests: str
    alive: str | None

    @property
    def texts(self) -> tuple[str, ...]:
        """The selectors."""
        return tuple(text for text in (self.counted, self.requests, self.alive) if text)


_Ups = Mapping[str, tuple[Counter, ...]]
Counted = Mapping[float, Increases]
"""By bucket's bound; infinity for what has no buckets."""


@dataclass
class Prometheus:
    """The source.

    Args:
        now: Seconds since 1970.
    """

    environment: Environment
    options: PrometheusOptions
    api: JsonApi
    now: Callable[[], float] = time.time
    _hours: dict[tuple[_Query, int], tuple[Counted, frozenset[int]]] = field(default_factory=dict, init=False)

    def read(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, tuple[Point, ...]]:
        """See `rollout.analysis.ports.Metrics`."""
        queries = {each: self._query(each) for each in dict.fromkeys(series)}
        until = int(min(end.timestamp(), self.now() // MINUTE * MINUTE))
        begins = range(int(start.timestamp()) // HOUR * HOUR, until, HOUR)
        wanted = [(query, begin) for query in {*queries.values()} - {None} for begin in begins if query]
        hours = {key: self._hours[key] for key in wanted if key in self._hours}
        hours |= self._counted([key for key in wanted if key not in hours], until)
        self._hours |= {key: found for key, found in hours.items() if key[1] + HOUR + LATE <= until}
        found = dict[Series, tuple[Point, ...]]()
        for each, query in queries.items():
            parts = [hours[query, begin] for begin in begins] if query else []
            found[each] = tuple(self._points(each, parts, int(start.timestamp()), until))
        return found

    def unanswered(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, str | None]:
        """See `rollout.analysis.ports.CheckedMetrics`: what matches no series at all, and what was never scraped."""
        queries = {each: self._query(each) for each in dict.fromkeys(series)}
        texts = {text for query in queries.values() if query for text in query.texts}
        matched = each_at_once(lambda text: self._labels(text, start, end), sorted(texts))
        found: dict[Series, str | None] = {}
        for each, query in queries.items():
            if query is None:
                found[each] = None
            elif query.counted and not matched[query.counted]:
                found[each] = query.counted
        asked = [each for each in queries if each not in found and requests_of(each) == each]
        known = self.read(asked, start, end)
        never = (each for each in asked if all(point.is_gap for point in known[each]) and known[each])
        return found | {each: f"{self._query_text(each)}, scraped every two minutes or more often," for each in never}

    def bounds(self, series: Series) -> tuple[float, ...]:
        """See `rollout.analysis.ports.BucketedMetrics`."""
        query = self._query(series)
        if series.name not in LATENCIES or query is None or query.counted is None:
            return ()
        end = datetime.fromtimestamp(self.now(), UTC)
        start = datetime.fromtimestamp(self.now() - HOUR, UTC)
        labels = self._labels(query.counted, start, end)
        by_instance = _by_instance(Counter(each, ()) for each in labels)
        common = set.intersection(*(set(each) for each in by_instance)) if by_instance else set()
        return tuple(sorted(bound * self.options.factor(series) for bound in common if math.isfinite(bound)))

    def _query_text(self, series: Series) -> str:
        query = self._query(series)
        return (query.counted if query else None) or ""

    def _query(self, series: Series) -> _Query | None:
        """What is read for it; None if stacks.toml doesn't say."""
        texts, requests = self.options.queries, requests_of(series)
        text = texts.get(series.name)
        of_all = texts.get(requests.name) or text
        if of_all is None or (text is None and series.name not in self.options.absent):
            return None
        values = values_of(series, self.environment, self.options.names)
        sent = [each and selector.rendered(each, values) for each in (text, self.options.alive)]
        return _Query(sent[0], selector.rendered(of_all, values), sent[1])

    def _counted(
        self, keys: Sequence[tuple[_Query, int]], until: int
    ) -> dict[tuple[_Query, int], tuple[Counted, frozenset[int]]]:
        """The counts of some hours, and which minutes are known."""
        texts = {(text, begin) for query, begin in keys for text in query.texts}
        read = each_at_once(lambda each: self._samples(*each, until), sorted(texts))
        scraped = {(query.requests, begin): counters.scrapes(read[query.requests, begin]) for query, begin in keys}
        up = each_at_once(lambda each: self._ups(each, scraped[each], until), sorted(scraped))
        return {
            (query, begin): self._hour(
                tuple(read.get((text or "", begin), ()) for text in (query.counted, query.requests, query.alive)),
                scraped[query.requests, begin],
                up[query.requests, begin],
                begin // MINUTE,
            )
            for query, begin in keys
        }

    def _hour(
        self, read: Sequence[Sequence[Counter]], scraped: Scrapes, up: Sequence[Counter], first: int
    ) -> tuple[Counted, frozenset[int]]:
        """An hour's counts by bucket, and its known minutes."""
        counted, requests, alive = read
        known = counters.known_minutes(scraped, first, first + HOUR // MINUTE) | counters.alive_minutes(alive)
        known -= counters.increases(requests, scraped).gaps | counters.down_minutes(up, scraped)
        return {bound: counters.increases(some, scraped) for bound, some in _by_bound(counted).items()}, frozenset(
            known
        )

    def _points(
        self, series: Series, parts: Sequence[tuple[Counted, frozenset[int]]], start: int, until: int
    ) -> Iterator[Point]:
        """A point for each period that had something, or isn't known."""
        known = frozenset(chain.from_iterable(known for _, known in parts))
        gaps = frozenset(chain.from_iterable(each.gaps for counted, _ in parts for each in counted.values()))
        counts: dict[float, dict[int, float]] = {}
        for counted, those in parts:
            for bound, each in counted.items():
                some = ((minute, count) for minute, count in each.counts.items() if minute in those)
                counts.setdefault(bound, {}).update(some)
        period = int(series.period.total_seconds())
        for begin in range(start, until, period):
            minutes = range(begin // MINUTE, min(begin + period, until) // MINUTE)
            at = datetime.fromtimestamp(begin, UTC)
            if not parts or any(minute not in known or minute in gaps for minute in minutes):
                yield Point(at, GAP)
                continue
            sums = {bound: sum(of.get(minute, 0.0) for minute in minutes) for bound, of in counts.items()}
            if value := self._value(series, sums):
                yield Point(at, value)

    def _value(self, series: Series, sums: Mapping[float, float]) -> float | None:
        if series.name not in LATENCIES:
            return sums.get(math.inf, 0.0) if series.statistic == "Sum" else GAP
        factor = self.options.factor(series)
        return histogram.statistic(series.statistic, {bound * factor: count for bound, count in sums.items()})

    def _samples(self, text: str, begin: int, until: int) -> tuple[Counter, ...]:
        """The raw samples of an hour and of some minutes before; and after an hour that is over, none."""
        end = min(begin + HOUR, until)
        data = self._asked("/api/v1/query", query=f"{text}[{end - begin + BEFORE}s]", time=str(end))
        try:
            return tuple(
                Counter(
                    each.metric, [(at, float(value)) for at, value in each.values or () if math.isfinite(float(value))]
                )
                for each in read_as(_Matrix, data).result
            )
        except (Unexpected, ValueError) as error:
            raise _unusable(str(error)) from None

    def _ups(self, asked: tuple[str, int], scraped: Scrapes, until: int) -> tuple[Counter, ...]:
        """`up` of the instances, which is 0 where a scrape failed; none where Prometheus doesn't scrape them itself."""
        jobs = sorted({job for job, _ in scraped if job})
        if not jobs:
            return ()
        return self._samples(f"up{{{selector.any_of('job', jobs)}}}", asked[1], until)

    def _labels(self, text: str, start: datetime, end: datetime) -> tuple[Mapping[str, str], ...]:
        """The labels of the series that a selector matches in a time."""
        data = self._asked(
            "/api/v1/series", **{"match[]": text, "start": str(start.timestamp()), "end": str(end.timestamp())}
        )
        try:
            return tuple(read_as(list[dict[str, str]], data))
        except Unexpected as error:
            raise _unusable(str(error)) from None

    def _asked(self, path: str, **fields: str) -> Any:
        """The data of an answer that has all of it: others are told apart by `warnings`."""
        said = self.api.post(path, fields=fields | {"partial_response": "false"}, encode_multipart=False)
        try:
            answer = read_as(_Answer, said)
        except Unexpected as error:
            raise _unusable(str(error)) from None
        if answer.warnings:
            what = f"Prometheus warns that something is missing: {answer.warnings[0][:200]}"
            raise AwsError(what, hint="try again in a minute", code="incomplete-data")
        return answer.data


def _unusable(why: str) -> AwsError:
    return AwsError(f"Prometheus's answer has another form: {why}", code="metrics-source-failed")


def _by_instance(buckets: Iterable[Counter]) -> list[dict[float, list[Counter]]]:
    """Buckets by what else their labels say, and by bound."""
    found: defaultdict[frozenset[tuple[str, str]], dict[float, list[Counter]]] = defaultdict(dict)
    for each in buckets:
        rest = frozenset((name, value) for name, value in each.labels.items() if name != "le")
        try:
            found[rest].setdefault(float(each.labels.get("le", "inf")), []).append(each)
        except ValueError:
            raise _unusable("le is no number") from None
    return list(found.values())


def _by_bound(counted: Iterable[Counter]) -> dict[float, list[Counter]]:
    """Counters by the bounds that all of their instances have; without buckets by infinity."""
    groups = _by_instance(counted)
    common = set.intersection(*(set(each) for each in groups)) if groups else set()
    return {bound: [each for group in groups for each in group[bound]] for bound in common}
