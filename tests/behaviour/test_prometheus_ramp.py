"""A ramp that Prometheus judges: its package over a server on loopback, and everything else in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from prometheus_server import PrometheusServer

from rollout.analysis.metrics import MINUTE, Point, Series
from rollout.errors import AnalysisFailed, AwsError
from rollout.fakes.services import InMemoryMetrics
from rollout.inventory.quantities import WHOLE, ZERO, Percent
from rollout_prometheus import source
from rollout_prometheus.source import Prometheus
from tests.behaviour.team import InMemoryTeam
from tests.codes import raises

ANALYSIS = """
[environments.production.analysis]
source = "prometheus"
metrics = ["server-errors", "latency-p99"]

[environments.production.analysis.options]
url = "{url}"
absent = ["LambdaUserError", "LambdaInternalError"]

[environments.production.analysis.options.queries]
RequestCount = 'requests_total{{group="$name"}}'
HTTPCode_Target_5XX_Count = 'requests_total{{group="$name", code=~"5.."}}'
TargetResponseTime = 'seconds_bucket{{group="$name"}}'
"""
BOUNDS = (0.05, 0.1, 0.2, 0.4, 0.8)
EACH = 2400
"""Requests of a route in a minute."""


@dataclass
class Watched(InMemoryMetrics):
    """The load balancers' metrics from Prometheus, and all others in memory."""

    prometheus: Prometheus | None = None

    def read(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, tuple[Point, ...]]:
        found = dict(super().read(series, start, end))
        ours = [each for each in series if each.namespace == "AWS/ApplicationELB"]
        return found | dict(self.prometheus.read(ours, start, end)) if self.prometheus else found

    def bounds(self, series: Series) -> tuple[float, ...]:
        return self.prometheus.bounds(series) if self.prometheus else ()


@dataclass
class Services:
    """An instance a target group, scraped each minute; legacy takes 30 ms, and for one of a hundred requests 150.

    Attributes:
        bad: The candidate's share of errors.
        late: Its share of requests that take 150 ms.
    """

    team: InMemoryTeam
    server: PrometheusServer
    bad: float = 0.0
    late: float = 0.01
    totals: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def minutes(self, number: int, *, scraped: bool = True) -> None:
        clock, splits = self.team.world.clock, self.team.splits()
        for _ in range(number):
            clock.advance(MINUTE)
            for name, split in splits.items():
                route, share = self.team.inventory.routes[name], split.weight.share if split else 0.0
                self._serve(route.legacy, round(EACH * (1 - share)), 0.0, 0.01)
                self._serve(route.candidate, round(EACH * share), self.bad, self.late)
            for (group, name, label), total in self.totals.items() if scraped else ():
                kind = {"le": label} if name == "seconds_bucket" else {"code": label}
                labels = {"name": name, "job": "shop", "instance": group, "group": group} | kind
                self.server.add(clock.utc.timestamp(), total, **labels)

    def _serve(self, group: str, count: int, bad: float, late: float) -> None:
        failed, slow = round(bad * count), round(late * count)
        self.totals[group, "requests_total", "200"] += count - failed
        if failed:
            self.totals[group, "requests_total", "500"] += failed
        for bound in (*BOUNDS, float("inf")):
            label = f"{bound:g}".replace("inf", "+Inf")
            self.totals[group, "seconds_bucket", label] += (count - slow) + slow * (bound > 0.15)


@pytest.fixture
def services(cut_over: InMemoryTeam) -> Iterator[Services]:
    """Services at the first step of a ramp, after an hour at 0."""
    cut_over.set_ramp('steps = [25, 100], bake = "10m"')
    with PrometheusServer() as server:
        cut_over.append(ANALYSIS.format(url=server.url))
        prometheus = source(cut_over.open().inventory)
        prometheus.now = lambda: cut_over.world.clock.utc.timestamp()  # noqa: PLW0108 - `utc` is another one each time
        prometheus.api._sleep = lambda _: None
        cut_over.world.metrics = Watched(prometheus=prometheus)
        found = Services(cut_over, server)
        found.minutes(60)
        assert cut_over.open().ramp(approve=True, once=True).weight == Percent.of(25)
        yield found


def weights(of: Services) -> set[Percent]:
    return {split.weight for split in of.team.splits().values() if split}


def test_a_good_candidate_goes_on(services: Services) -> None:
    services.minutes(30)
    result = services.team.open().ramp(approve=True, once=True)
    assert (result.state, weights(services)) == ("raised", {WHOLE})
    measured = services.team.open().status(since=5 * MINUTE).routes[0].measured
    assert measured


@pytest.mark.parametrize(("bad", "late"), [(0.02, 0.01), (0.0, 0.05)])
def test_a_bad_or_slow_one_goes_back(services: Services, bad: float, late: float) -> None:
    services.bad, services.late = bad, late
    services.minutes(30)
    with pytest.raises(AnalysisFailed):
        services.team.open().ramp(approve=True, once=True)
    assert weights(services) == {ZERO}


def test_what_nobody_measured_passes_nothing(services: Services) -> None:
    services.minutes(30, scraped=False)
    services.team.open().ramp(approve=True, once=True)
    assert weights(services) == {Percent.of(25)}


def test_while_it_is_down_the_ramp_waits(services: Services) -> None:
    services.minutes(30)
    services.server.faults += [(503, {}, b"")] * 400
    with raises(AwsError, "metrics-source-failed"):
        services.team.open().ramp(approve=True, once=True)
    assert weights(services) == {Percent.of(25)}
    services.server.faults.clear()
    services.team.open().ramp(approve=True, once=True)
    assert weights(services) == {WHOLE}
