"""Legacy against itself: what an A/A run of past requests tells."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from rollout.analysis.calibration import Calibration, TooShort, Way, calibrate
from rollout.analysis.measuring.past_lines import PastLines
from rollout.analysis.metrics import Unit
from rollout.analysis.past_requests import PastRequests, PastStep, divided
from rollout.analysis.streams import CODES, Kind
from rollout.fakes.access_logs import log_line
from rollout.inventory.quantities import Percent
from rollout.inventory.ramp_settings import Analysis, Ramp
from rollout.inventory.settings import Stickiness

MINUTES, PER_MINUTE = 150, 400
ANALYSIS = Analysis(metrics=("server-errors", "latency-p50"))
RAMP = Ramp(steps=(Percent.of(10), Percent.of(50), Percent.of(100)))
BY_REQUESTS, BY_CLIENTS = Way("requests", cookies=True), Way("clients", cookies=True)
WITHOUT_COOKIES = Way("requests", cookies=False)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _past(*, heavy: int = 0, sigma: float = 0.0, minutes: int = MINUTES) -> PastRequests:
    """Half of the requests are those of `heavy` clients, if there are any, who are slower or faster than others."""
    random = np.random.default_rng(1)
    number = minutes * PER_MINUTE
    light = random.integers(1000, 50_000, number)
    client = np.where(random.random(number) < (0.5 if heavy else 0), random.integers(0, max(1, heavy), number), light)
    seconds = 0.1 * np.exp(random.normal(0, 0.5, number) + random.normal(0, sigma, 50_000)[client])
    failed = random.random(number) < 0.001
    minute = np.repeat(np.arange(minutes), PER_MINUTE)
    return PastRequests(
        ("score",), minute, np.zeros_like(minute), client.astype(np.uint64), {("server-errors", ()): failed}, seconds
    )


def _calibrated(past: PastRequests) -> Calibration:
    return calibrate(past, ANALYSIS, RAMP, Stickiness(), ramps=10)


def test_independent_requests_can_be_judged_each_way() -> None:
    found = _calibrated(_past())
    assert all(alarms.is_safe for alarms in found.alarms)
    assert found.of(BY_REQUESTS).passed > 0.5
    assert found.phi["server-errors"] == 1


def test_heavy_clients_with_cookies_are_judged_by_client_alone() -> None:
    found = _calibrated(_past(heavy=20, sigma=0.5))
    assert [found.of(way).is_safe for way in (BY_REQUESTS, WITHOUT_COOKIES, BY_CLIENTS)] == [False, True, True]
    assert found.busiest > 0.3
    assert not found.is_safe
    assert '"clients"' in found.advice[0]


def test_too_little_time_is_refused() -> None:
    with pytest.raises(TooShort) as refused:
        _calibrated(_past(minutes=100))
    assert (refused.value.minutes, refused.value.needed) == (100, 120)


@pytest.mark.parametrize(
    ("analysis", "stickiness", "way"),
    [
        (ANALYSIS, Stickiness(), BY_REQUESTS),
        (ANALYSIS, Stickiness(enabled=False), WITHOUT_COOKIES),
        (ANALYSIS.model_copy(update={"unit": "clients"}), Stickiness(), BY_CLIENTS),
    ],
)
def test_what_it_says_is_of_the_files_way(analysis: Analysis, stickiness: Stickiness, way: Way) -> None:
    assert calibrate(_past(), analysis, RAMP, stickiness, ramps=2).way == way


def test_each_client_counts_once_a_route_by_its_first_minute() -> None:
    past = PastRequests(
        ("a", "b"),
        minute=np.array([0, 0, 0, 1, 2, 2]),
        route=np.array([0, 0, 1, 0, 0, 0]),
        client=np.array([7, 7, 7, 7, 7, 8], dtype=np.uint64),
        failed={("server-errors", ()): np.array([True, False, False, True, True, True])},
        seconds=np.full(6, 0.1),
    )
    step = PastStep(past, Analysis(metrics=("server-errors",)), 0, 3)
    one = step.clients(0)
    streams = list(step.streams(one, np.zeros(len(one.client), dtype=np.bool_), "clients"))
    assert [(s.routes, s.legacy.requests.tolist(), s.legacy.events.tolist()) for s in streams] == [
        (("a",), [1, 0, 1], [0.5, 0, 1]),
        (("b",), [1, 0, 0], [0, 0, 0]),
    ]
    assert [step.clients(1).client.tolist()] == [[7, 8]]


def test_a_client_that_is_the_candidates_stays_so_at_each_higher_share() -> None:
    clients = np.arange(10_000, dtype=np.uint64)
    shares = [divided(clients, share, 3) for share in (0, 0.05, 0.5, 1)]
    assert all((less <= more).all() for less, more in itertools.pairwise(shares))


@pytest.mark.parametrize(("unit", "codes"), [("requests", {()}), ("clients", {("404",), ("403", "others")})])
def test_clients_are_judged_by_code_and_requests_by_all_4xx(unit: Unit, codes: set[tuple[str, ...]]) -> None:
    bad, minute = np.array([True, False] * 60), np.repeat(np.arange(60), 2)
    failed: dict[Kind, np.ndarray] = {("client-errors", each): bad for each in ((), ("404",), ("403", "others"))}
    past = PastRequests(("a",), minute, minute * 0, minute.astype(np.uint64), failed, np.full(120, 0.1))
    step = PastStep(past, Analysis(metrics=("client-errors",)), 30, 30)
    observed = step.requests if unit == "requests" else step.clients(0)
    streams = list(step.streams(observed, observed.client % 2 == 0, unit))
    assert {stream.codes for stream in streams} == codes
    assert all(stream.legacy.events.sum() for stream in streams)


def test_lines_are_read_in_any_order_and_only_legacys() -> None:
    def line(
        minute: int, client: str, status: int | None = 200, seconds: float = 0.05, group: str = "arn:legacy"
    ) -> bytes:
        reason = "-" if status else "LambdaUnhandled"
        at = START + timedelta(minutes=minute)
        return log_line(at, group, 7, client=client, status=status, seconds=seconds, reason=reason)

    lines = PastLines(START, 10, {("arn:legacy", "7"): "score"}, ("address", "user-agent"))
    lines.feed([line(2, "10.0.0.1", 503), line(1, "10.0.0.1"), line(1, "10.0.0.2", 404, 0.5)])
    lines.feed([line(3, "10.0.0.1", None), b"", b"cut off"])
    lines.feed([line(1, "10.0.0.3", group="arn:candidate"), line(10, "10.0.0.1"), line(-1, "10.0.0.1")])
    past = lines.requests(("server-errors", "client-errors"))
    assert past.minute.tolist() == [0, 0, 1, 2]
    assert past.seconds.tolist() == [0.05, 0.5, 0.05, -1]
    unseen = tuple(code for code in CODES if code != "404")
    assert {kind: bad.tolist() for kind, bad in past.failed.items()} == {
        ("server-errors", ()): [False, False, True, True],
        ("client-errors", ()): [False, True, False, False],
        ("client-errors", ("404",)): [False, True, False, False],
        ("client-errors", unseen): [False] * 4,
    }
    first, second, *others = past.client.tolist()
    assert others == [first, first] != [second, second]
