"""Clients in access logs: each counts once a route and window, as it is defined, whatever the order of lines."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.analysis.measuring.clients import ClientCounts, LoggedRoute, TimeLimit
from rollout.analysis.metrics import MINUTE
from rollout.analysis.streams import CODES, Kind, Latency, Stream, Window
from rollout.fakes.access_logs import log_line
from rollout.inventory.ramp_settings import DEFAULT_METRICS, MetricName

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
GROUPS = ("arn:legacy", "arn:candidate")
ROUTES = (LoggedRoute("a", "1", GROUPS), LoggedRoute("b", "2", GROUPS))
LATENCY = Latency(0.99, 0.1, 0.2, 0.3)
PLACES = ((0, 0), (0, 1), (1, 0), (1, 1))  # minutes and sides
LIMITS: dict[tuple[str, MetricName], list[TimeLimit]] = {(name, "latency-p99"): [TimeLimit(LATENCY)] for name in "ab"}


class Asked(NamedTuple):
    """A request."""

    second: int
    client: int
    route: int = 0
    side: int = 0
    status: int | None = 200
    seconds: float = 0.05

    def line(self) -> bytes:
        at = START + timedelta(seconds=self.second)
        failed = "LambdaUnhandled" if self.status is None else "-"
        return log_line(
            at,
            GROUPS[self.side],
            ROUTES[self.route].rule,
            client=f"10.0.0.{self.client}",
            status=self.status,
            seconds=self.seconds,
            reason=failed,
        )

    @property
    def minute(self) -> int:
        return self.second // 60


def requests(minutes: int = 70) -> st.SearchStrategy[list[Asked]]:
    asked = st.builds(
        Asked,
        st.integers(0, minutes * 60 - 1),
        st.integers(1, 5),
        st.integers(0, 1),
        st.integers(0, 1),
        st.sampled_from([200, 404, 429, 503, None]),
        st.sampled_from([0.05, 0.1, 0.15, 0.25, 0.3, 0.5]),
    )
    return st.lists(asked, max_size=60, unique_by=lambda each: (each.second, each.client, each.route))


def counts(metrics: Sequence[MetricName] = DEFAULT_METRICS, **given: object) -> ClientCounts:
    made = ClientCounts(START, ROUTES, metrics, **given)  # type: ignore[arg-type]
    made.limit(LIMITS)
    return made


def counted(asked: Sequence[Asked], minutes: int = 70) -> tuple[Window, ...]:
    made = counts()
    for minute in range(minutes):
        made.feed([each.line() for each in asked if each.minute == minute])
        made.take()
    return made.windows()


def stream(windows: Sequence[Window], metric: MetricName, route: str = "a", at: int = 0) -> Stream:
    (found,) = (each for each in windows[at].streams if each.metric == metric and each.routes == (route,))
    return found


def numbers(windows: Sequence[Window]) -> list[list[float]]:
    """All that windows have, as numbers."""
    return [
        [
            window.since,
            *(
                float(number)
                for stream in window.streams
                for arm in (stream.legacy, stream.candidate, stream.harmful, stream.legacy_harmful)
                if arm
                for number in (*arm.requests, *arm.events)
            ),
        ]
        for window in windows
    ]


def by_definition(asked: Sequence[Asked], since: int, minutes: int) -> dict[tuple[str, Kind], np.ndarray]:
    """Clients and events by side and minute, straight from the words."""
    found = defaultdict(lambda: np.zeros((2, minutes - since, 3)))  # type: ignore[var-annotated]
    for route in (0, 1):
        for client in range(1, 6):
            own = sorted(each for each in asked if (each.route, each.client) == (route, client))
            own = [each for each in own if each.minute >= since]
            own = [each for each in own if (each.minute, each.side) == (own[0].minute, own[0].side)]
            if not own:
                continue
            side, minute, name = own[0].side, own[0].minute - since, ROUTES[route].name
            failed = sum(each.status is None for each in own)
            errors: dict[Kind, int] = {
                ("server-errors", ()): failed + sum(each.status == 503 for each in own),
                ("lambda-errors", ()): failed,
                **{("client-errors", (code,)): sum(str(each.status) == code for each in own) for code in CODES},
            }
            for kind, bad in errors.items():
                found[name, kind][side, minute] += 1, bad / len(own), 0
            times = [each.seconds for each in own if each.status]
            if times:
                bounds = ((LATENCY.limit, LATENCY.tolerated)[side], LATENCY.harmful)
                above = (sum(time > bound for time in times) / len(times) for bound in bounds)
                found[name, ("latency-p99", ())][side, minute] += (1, *above)
    return found


@settings(max_examples=8)
@given(requests())
def test_windows_are_as_they_are_defined(asked: list[Asked]) -> None:
    windows = counted(asked)
    assert [window.since for window in windows] == [0, 30, 60]
    for window in windows:
        expected = by_definition(asked, window.since, 70)
        for each in window.streams:
            assert (each.unit, each.start) == ("clients", START + window.since * MINUTE)
            sides = (each.legacy, each.harmful and each.legacy_harmful), (each.candidate, each.harmful)
            kinds: list[Kind] = [(each.metric, (code,)) for code in each.codes] or [each.kind]
            for side, (arm, harmful) in enumerate(sides):
                wanted = sum(expected[each.routes[0], kind][side] for kind in kinds)
                assert arm.requests * len(kinds) == pytest.approx(wanted[:, 0])
                assert arm.events == pytest.approx(wanted[:, 1])
                if harmful:
                    assert harmful.events == pytest.approx(wanted[:, 2])


@pytest.mark.parametrize("seen", [(), ("404",), ("403", "others"), CODES])
def test_each_code_that_any_side_shows_on_any_route_is_a_stream_of_its_own(seen: tuple[str, ...]) -> None:
    status = {code: 418 if code == "others" else int(code) for code in seen}
    asked = [Asked(40 * 60 + n, 1 + n, n % 2, n % 3 == 0, status=status[code]) for n, code in enumerate(seen)]
    for window in counted([*asked, Asked(1, 50), Asked(2, 51, 1, 1)]):
        for route in "ab":
            kinds = [each.codes for each in window.streams if each.codes and each.routes == (route,)]
            assert [codes for codes in kinds if codes[0] in seen] == [(code,) for code in seen]
            assert sorted(code for codes in kinds for code in codes) == sorted(CODES)
            assert len(kinds) == min(len(seen) + 1, len(CODES))


@settings(max_examples=8)
@given(requests(), st.randoms(use_true_random=False))
def test_neither_the_order_of_lines_nor_how_they_are_cut_matters(asked: list[Asked], random: Random) -> None:
    shuffled = random.sample(asked, len(asked))
    made = counts()
    for each in (shuffled[at : at + 7] for at in range(0, len(shuffled), 7)):
        near = [one for one in each if one.minute <= made.taken + 60]
        made.feed(one.line() for one in near)
    again = counts()
    again.feed(one.line() for one in asked if one.minute <= 60)
    for one in (made, again):
        for _ in range(61):
            one.take()
    for ours, others in zip(numbers(made.windows()), numbers(again.windows()), strict=True):
        assert ours == pytest.approx(others)


@settings(max_examples=8)
@given(requests())
def test_a_client_counts_at_most_once_a_window_and_route(asked: list[Asked]) -> None:
    for window in counted(asked):
        for each in window.streams:
            assert each.legacy.requests.sum() + each.candidate.requests.sum() <= 5
            assert (each.legacy.events <= each.legacy.requests + 1e-9).all()
            assert (each.candidate.events <= each.candidate.requests + 1e-9).all()


def test_a_client_counts_on_the_side_of_its_first_request() -> None:
    both = [Asked(5, 1, side=1, status=503), Asked(9, 1, side=0), Asked(3, 2, side=0), Asked(4, 2, side=1, status=503)]
    found = stream(counted(both, 1), "server-errors")
    assert (found.legacy.requests.sum(), found.legacy.events.sum()) == (1, 0)
    assert (found.candidate.requests.sum(), found.candidate.events.sum()) == (1, 1)


def test_a_client_that_stays_counts_once_in_each_window() -> None:
    windows = counted([Asked(60 * minute, 1, status=503 if minute > 40 else 200) for minute in range(70)])
    found = [stream(windows, "server-errors", at=at).legacy for at in range(3)]
    assert [(arm.requests.sum(), arm.requests[0], arm.events.sum()) for arm in found] == [
        (1, 1, 0),
        (1, 1, 0),
        (1, 1, 1),
    ]


def test_only_the_first_and_the_last_three_windows_are_kept() -> None:
    made = counts()
    for _ in range(200):
        made.take()
    assert [window.since for window in made.windows()] == [0, 120, 150, 180]
    assert len(made.windows()[1].streams[0].legacy.requests) == 80


def test_a_minute_that_is_no_evidence_counts_nobody_and_its_clients_count_later() -> None:
    made = counts()
    made.feed([Asked(1, 1).line(), Asked(61, 1).line(), Asked(2, 1, route=1).line()])
    made.take(routes=["b"])
    made.take()
    assert list(stream(made.windows(), "server-errors").legacy.requests) == [0, 1]
    assert list(stream(made.windows(), "server-errors", "b").legacy.requests) == [1, 0]


def test_lines_are_counted_by_target_group_even_of_other_rules_and_late_ones_are_not() -> None:
    made = counts()
    other = log_line(START, GROUPS[0], 77)
    made.feed([Asked(1, 1).line(), Asked(2, 2, side=1).line(), other, other, b"broken", Asked(1, 1).line()[:200], b""])
    assert (made.counted(0), made.strange) == ({GROUPS[0]: 3, GROUPS[1]: 1}, 2)
    made.take()
    made.feed([Asked(1, 1).line()])
    assert (made.counted(0), made.late) == ({}, 1)


def test_routes_that_share_target_groups_are_told_apart_by_their_rules() -> None:
    windows = counted([Asked(1, 1, route=0, status=503), Asked(1, 1, route=1)], 1)
    assert stream(windows, "server-errors", "a").legacy.events.sum() == 1
    assert stream(windows, "server-errors", "b").legacy.events.sum() == 0


def test_what_tells_clients_apart_can_be_chosen() -> None:
    lines = [log_line(START, GROUPS[0], 1, client=f"10.0.0.{n % 2}", agent=f"agent {n % 3}") for n in range(60)]
    found = []
    for by in (("address", "user-agent"), ("address",), ("user-agent",)):
        made = counts(by=by)
        made.feed(lines)
        made.take()
        found.append(stream(made.windows(), "server-errors").legacy.requests.sum())
    assert found == [6, 2, 3]


def test_clients_may_be_split_by_anything() -> None:
    made = counts(side=lambda address, _agent: int(address.endswith(b"1")))
    made.feed(log_line(START, GROUPS[0], 1, client=f"10.0.0.{n}") for n in (1, 2, 3, 11, 21))
    made.take()
    found = stream(made.windows(), "server-errors")
    assert (found.legacy.requests.sum(), found.candidate.requests.sum()) == (2, 3)


def crowd(made: ClientCounts, order: Random | None = None) -> Stream:
    """12,000 clients in as many minutes as thousands; a tenth of each side's fail."""
    for minute in range(12):
        clients = list(range(minute * 1000, minute * 1000 + 1000))
        if order:
            order.shuffle(clients)
        made.feed(
            log_line(
                START + minute * MINUTE,
                GROUPS[n % 2],
                1,
                client=f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}",
                status=(200, 503)[n % 20 < 2],
            )
            for n in clients
        )
        made.take()
    return stream(made.windows(), "server-errors")


def test_many_clients_are_sampled_by_their_hashes_alike_on_both_sides() -> None:
    made = counts(most=1000)
    found = crowd(made)
    known = found.legacy.requests + found.candidate.requests
    assert made.sampled >= 4
    assert known[0] > 75
    assert 300 < known.sum() < 6000
    share = found.legacy.events.sum() / found.legacy.requests.sum()
    assert math.isclose(share, 0.1, abs_tol=0.08)


def test_the_sample_is_the_same_in_every_process_and_another_one_in_another_step() -> None:
    """Who is in it depends on nothing but the client and the step's first minute: not on the process or the order."""
    found = crowd(counts(most=1000), Random(1))  # noqa: S311 - an order is no secret
    assert [int(arm.requests.sum()) for arm in (found.legacy, found.candidate)] == [636, 636]
    later = ClientCounts(START - MINUTE, ROUTES, DEFAULT_METRICS, most=1000)
    later.take()
    assert list(crowd(later).legacy.requests[1:]) != list(found.legacy.requests)


def test_a_latency_counts_from_the_minute_that_its_limit_may_judge() -> None:
    made = counts()
    made.limit({("a", "latency-p99"): [TimeLimit(LATENCY, since=1)]})
    made.feed([Asked(1, 1).line(), Asked(61, 2).line()])
    made.take()
    made.take()
    assert list(stream(made.windows(), "latency-p99").legacy.requests) == [0, 1]


def test_limits_are_renewed_for_later_minutes_alike_on_both_sides() -> None:
    made, slower = counts(), Latency(0.99, 0.4, 0.5, 0.6)
    made.limit({("a", "latency-p99"): [TimeLimit(LATENCY), TimeLimit(slower, since=1)]})
    made.feed(
        Asked(60 * minute + side, 1 + 2 * minute + side, side=side, seconds=0.45).line() for minute, side in PLACES
    )
    made.take()
    latencies = [stream(made.windows(), "latency-p99").latency]
    made.take()
    found = stream(made.windows(), "latency-p99")
    latencies.append(found.latency)
    assert [(each.limit, each.renewed) for each in latencies if each] == [(0.1, False), (0.4, True)]
    assert (list(found.legacy.events), list(found.candidate.events)) == ([1, 1], [1, 0])
    assert [list(arm.events) for arm in (found.legacy_harmful, found.harmful) if arm] == [[1, 0], [1, 0]]


def test_a_latency_without_a_limit_counts_nobody_until_it_has_one() -> None:
    made = ClientCounts(START, ROUTES, DEFAULT_METRICS)
    made.feed([Asked(1, 1).line()])
    made.take()
    made.limit(LIMITS)
    made.feed([Asked(61, 2, seconds=0.15).line()])
    made.take()
    found = stream(made.windows(), "latency-p99")
    assert (list(found.legacy.requests), list(found.legacy.events)) == ([0, 1], [0, 1])
    assert found.latency == LATENCY
    assert not stream(made.windows(), "latency-p50").legacy.requests.any()
