"""Datadog's timeseries API as rollout's port `Metrics`.

Datadog has no points where nothing was counted, nor where nobody measured. So stacks.toml names a query that always has
points while somebody measures, `alive`. A period without one isn't known; one with it counts 0 where a query has none.
https://docs.datadoghq.com/api/latest/metrics/#query-timeseries-data-across-multiple-products
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from pydantic import field_validator

from rollout import Environment
from rollout.adapters.sources import JsonApi, SourceOptions, each_at_once, values_of, variable
from rollout.analysis.metrics import GAP, MINUTE, Point, Series
from rollout.base.foreign import Foreign, Unexpected, read_as
from rollout.errors import AwsError, UsageError
from rollout_datadog import query

LATENCIES = ("TargetResponseTime", "Duration")
POINTS = 240
"""A query's points in one answer: four hours of minutes, which Datadog never thins out."""
TOGETHER = 20
"""Queries in one request; requests are limited by the hour."""
LATE = 900
"""Seconds after which points don't change any more."""
API_KEY, APP_KEY, SITE = ("DD_API_KEY", "DATADOG_API_KEY"), ("DD_APP_KEY", "DATADOG_APP_KEY"), ("DD_SITE",)
PATH = "/api/v2/query/timeseries"


class DatadogOptions(SourceOptions):
    """The options of `source = "datadog"`.

    Attributes:
        alive: What has points while somebody measures; it is required.
        url: The address of the API; by default that of `DD_SITE`, or of datadoghq.com.
    """

    alive: str
    url: str | None = None

    @field_validator("queries", "alive")
    @classmethod
    def _filters(cls, value: Mapping[str, str] | str) -> Mapping[str, str] | str:
        for name, text in value.items() if isinstance(value, Mapping) else (("alive", value),):
            try:
                query.check(text)
            except ValueError as error:
                raise ValueError(f"{name} {error}") from None
        return value


def api_of(options: DatadogOptions) -> JsonApi:
    """The API, with the keys of the environment's variables.

    Raises:
        UsageError: A key is missing, or the address isn't one.
    """
    keys = {"DD-API-KEY": variable(*API_KEY), "DD-APPLICATION-KEY": variable(*APP_KEY)}
    headers = {name: value for name, value in keys.items() if value}
    if len(headers) < len(keys):
        what = f"set {API_KEY[0]} and {APP_KEY[0]}: Datadog's API needs both"
        raise UsageError(what, code="plugin-unusable")
    return JsonApi("Datadog", options.url or f"https://api.{variable(*SITE) or 'datadoghq.com'}", headers)


class _Column(Foreign):
    query_index: int = 0


class _Attributes(Foreign):
    series: list[_Column] | None = None
    times: list[int] | None = None
    values: list[list[float | None]] | None = None


class _Data(Foreign):
    attributes: _Attributes


class _Answer(Foreign):
    data: _Data
    errors: str | None = None


Values = Mapping[int, float]
"""By seconds since 1970."""
_Key = tuple[str, int, int]
"""A query, seconds of a period, and where a window begins."""


@dataclass
class Datadog:
    """The source.

    Args:
        now: Seconds since 1970.
    """

    environment: Environment
    options: DatadogOptions
    api: JsonApi
    now: Callable[[], float] = time.time
    _known: dict[_Key, Values] = field(default_factory=dict, init=False)

    def read(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, tuple[Point, ...]]:
        """See `rollout.analysis.ports.Metrics`."""
        queries = {each: self._query(each) for each in dict.fromkeys(series)}
        minute = int(MINUTE.total_seconds())
        first, until = int(start.timestamp()), int(min(end.timestamp(), self.now() // minute * minute))
        sent = {(sent, _seconds(each.period)) for each, (sent, _) in queries.items() if sent}
        sent |= {(alive, minute) for _, alive in queries.values() if alive}
        values = self._values(sorted(sent), first, until)
        found = dict[Series, tuple[Point, ...]]()
        for each, (text, alive) in queries.items():
            own = values[text, _seconds(each.period)] if text else {}
            found[each] = tuple(self._points(each, own, values.get((alive or "", minute), {}), first, until))
        return found

    def unanswered(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, str | None]:
        """See `rollout.analysis.ports.CheckedMetrics`."""
        queries = {each: self._query(each) for each in dict.fromkeys(series)}
        found = self.read(series, start, end)
        quiet: dict[Series, str | None] = {}
        for each, (text, alive) in queries.items():
            if alive is None:
                quiet[each] = None
            elif found[each] and all(point.is_gap for point in found[each]):
                quiet[each] = alive
            elif text and not any(point.value for point in found[each] if not point.is_gap):
                quiet[each] = text
        return quiet

    def _query(self, series: Series) -> tuple[str | None, str | None]:
        """What is sent for it, and what has points while it is measured; both None if stacks.toml doesn't say."""
        text = self.options.queries.get(series.name)
        values = values_of(series, self.environment, self.options.names)
        if text is None:
            is_absent = series.name in self.options.absent
            return None, f"max:{query.rendered(self.options.alive, values)}" if is_absent else None
        metric, alive = query.rendered(text, values), f"max:{query.rendered(self.options.alive, values)}"
        if series.name in LATENCIES:
            sent = query.of_distribution(metric, series.statistic, self.options.factor(series))
        else:
            sent = query.counted(metric) if series.statistic == "Sum" else None
        return sent, alive if sent else None

    def _points(self, series: Series, own: Values, alive: Values, first: int, until: int) -> Iterator[Point]:
        """A point for each period that has a value, or isn't known."""
        period, minute = _seconds(series.period), _seconds(MINUTE)
        is_time = series.name in LATENCIES and series.statistic[0] in "pM"
        factor = self.options.factor(series) if is_time else 1.0
        for begin in range(first, until, period):
            at = datetime.fromtimestamp(begin, UTC)
            if any(each not in alive for each in range(begin, min(begin + period, until), minute)):
                yield Point(at, GAP)
            elif value := own.get(begin):
                yield Point(at, max(0.0, value * factor))

    def _values(self, sent: Sequence[tuple[str, int]], first: int, until: int) -> dict[tuple[str, int], Values]:
        """The values of queries, by windows that every reading has alike; those that are over are kept."""
        keys = [
            (text, period, window)
            for text, period in sent
            for window in range(first // (POINTS * period) * POINTS * period, until, POINTS * period)
        ]
        known = {key: self._known[key] for key in keys if key in self._known}
        by_window: dict[tuple[int, int], list[str]] = {}
        for text, period, window in keys:
            if (text, period, window) not in known:
                by_window.setdefault((period, window), []).append(text)
        asked = [
            (tuple(texts[first : first + TOGETHER]), *key)
            for key, texts in by_window.items()
            for first in range(0, len(texts), TOGETHER)
        ]
        for (texts, period, window), values in each_at_once(lambda each: self._asked(*each, until), asked).items():
            known |= {(text, period, window): each for text, each in zip(texts, values, strict=True)}
        self._known |= {key: known[key] for key in keys if key[2] + POINTS * key[1] + LATE <= until}
        found: dict[tuple[str, int], dict[int, float]] = {each: {} for each in sent}
        for text, period, window in keys:
            found[text, period].update(known[text, period, window])
        return dict(found)

    def _asked(self, texts: Sequence[str], period: int, window: int, until: int) -> list[Values]:
        """The values of some queries in a window, in their order."""
        names = [f"q{number}" for number in range(len(texts))]
        said = self.api.post(
            PATH,
            json={
                "data": {
                    "type": "timeseries_request",
                    "attributes": {
                        "formulas": [{"formula": name} for name in names],
                        "from": window * 1000,
                        "to": min(window + POINTS * period, -(-until // period) * period) * 1000,
                        "interval": period * 1000,
                        "queries": [
                            {"data_source": "metrics", "name": name, "query": text}
                            for name, text in zip(names, texts, strict=True)
                        ],
                    },
                }
            },
        )
        try:
            answer = read_as(_Answer, said)
            return _columns(answer, len(texts), period)
        except (Unexpected, ValueError) as error:
            raise AwsError(f"Datadog's answer has another form: {error}", code="metrics-source-failed") from None


def _columns(answer: _Answer, number: int, period: int) -> list[Values]:
    """The values of each query; none of one that has no points.

    Raises:
        AwsError: It isn't whole, or of other periods than were asked for.
        ValueError: It has another form.
    """
    if answer.errors:
        what = f"Datadog's answer isn't whole: {answer.errors[:200]}"
        raise AwsError(what, hint="try again in a minute", code="incomplete-data")
    found, of = list[dict[int, float]]({} for _ in range(number)), answer.data.attributes
    times, columns = [each // 1000 for each in of.times or ()], of.series or []
    steps = {later - earlier for earlier, later in pairwise(times)}
    if any(each % period for each in times) or (steps and min(steps) != period):
        what = f"Datadog answered with other periods than {timedelta(seconds=period)}, so nothing can be counted"
        raise AwsError(what, hint="ask for less time, or for fewer queries", code="incomplete-data")
    for column, values in zip(columns, of.values or [], strict=True):
        if not 0 <= column.query_index < number or found[column.query_index]:
            raise ValueError("a series of no query, or a second one of the same")
        given = zip(times, values, strict=True)
        found[column.query_index] = {at: value for at, value in given if value is not None}
    return list(found)


def _seconds(period: timedelta) -> int:
    return int(period.total_seconds())
