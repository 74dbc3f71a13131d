"""The screen of `status --watch` at the sizes that terminals have."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest

from rollout.analysis.verdicts import AnalysisResult, MetricResult, Verdict
from rollout.cli.console import SafeConsole
from rollout.cli.screens.watch import Watched, line, sparkline
from rollout.errors import Problem
from rollout.inventory.quantities import Percent
from rollout.ramp.decide import Act, Decision
from rollout.ramp.state import RampState
from rollout.ramp.view import RampView
from rollout.reports.glance import glance
from rollout.reports.overview import Overview
from rollout.reports.timeseries import Estimate
from tests.unit.dashboard.situations import SITUATIONS
from tests.unit.dashboard.world import NOW, overview, shop

NEEDS = "may still be worse than 0.6 %; needs about 412 more requests"
SENTENCE = f"5xx 0.1 % of 900 against legacy's 0.1 % of 2,700: {NEEDS}"
FINDING = MetricResult("server-errors", ("r1",), Verdict.INCONCLUSIVE, (3, 2700), (1, 900), SENTENCE, 412, pace=16)
JUDGEMENT = AnalysisResult(Verdict.INCONCLUSIVE, (FINDING,), SENTENCE)
AT = Percent(250)
STANDS = RampState(("r1", "r2", "r3"), AT, NOW - timedelta(hours=10), is_new=False)
RAMP = RampView(STANDS, JUDGEMENT, Decision(Act.BAKE, f"r1: {SENTENCE}"))


def drawn(
    width: int, ramp: RampView = RAMP, *, height: int = 24, is_plain: bool = False, of: Overview | None = None
) -> list[str]:
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii" if is_plain else "utf-8", errors="replace")
    console = SafeConsole(file=file, width=width, height=height, color_system=None)
    console.print(Watched(of or overview(ramp=ramp)))
    file.seek(0)
    return [text.rstrip() for text in file.read().splitlines()]


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100, 160, 300])
def test_a_terminal_of_any_width_shows_routes_weights_and_what_is_missing(width: int) -> None:
    lines = drawn(width, height=40)
    assert max(map(len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    assert "[25" in text
    assert "needs 412 more requests, about 26m" in text
    table = [each.split() for each in lines if each.strip(" …").startswith(("r1 ", "r2 ", "r3 "))]
    assert len(table) == 3
    assert all(row[-1] != "…" for row in table)  # columns are left out, and numbers never cut


def test_a_wide_terminal_has_both_implementations_side_by_side() -> None:
    text = "\n".join(drawn(160))
    for title in ("rule", "want", "live", "measured", "5xx old", "p50 old", "p99 old", "share"):
        assert title in text
    assert "ada@laptop" in text  # who did what last


@pytest.mark.parametrize("name", SITUATIONS)
def test_each_situation_has_the_dashboards_word_shape_and_sentence(name: str) -> None:
    found = SITUATIONS[name]()
    now, text = glance(found), " ".join("\n".join(drawn(120, of=found)).split())
    assert f"{now.shape} {now.word}" in text
    assert now.said in text
    assert "".join((*now.act[:2], now.command or "", now.act[2])) in text
    assert now.word in line(found)


@cache
def many() -> Overview:
    """Ninety routes, of which one isn't as the inventory says."""
    found = overview(shop(90), ramp=RAMP)
    routes = found.status.routes
    off = replace(routes[70], want=Percent.of(50))
    return replace(found, status=replace(found.status, routes=(*routes[:70], off, *routes[71:])))


@pytest.mark.parametrize("size", [(80, 24), (40, 24), (200, 60)])
def test_ninety_routes_fit_a_screen_and_those_that_need_somebody_come_first(size: tuple[int, int]) -> None:
    width, height = size
    lines = drawn(width, height=height, of=many())[:height]
    rows = [each.split()[1] for each in lines if each.startswith(("  ! ", "  … ")) and each[4:].strip()[0] == "r"]
    assert rows[0] == "r71"
    assert rows[1] == "r1"  # which the judge isn't sure of
    assert any("more routes at 25 %" in each for each in lines)


def test_what_differs_from_the_inventory_is_said_once() -> None:
    found = overview(ramp=RAMP)
    for count, shown in ((1, 1), (90, 4)):  # the first one also in the sentence at the top
        problems = tuple(Problem("was renumbered", where=f"routes.r{n}") for n in range(count))
        one = replace(found, status=replace(found.status, problems=problems))
        assert "\n".join(drawn(120, of=one)).count("was renumbered") == shown


def test_a_ramp_that_ended_or_cannot_be_told_says_so() -> None:
    assert "Drift: somebody" in "\n".join(drawn(80, RampView(trouble="drift: somebody else set weights")))
    assert "No ramp is running" in "\n".join(drawn(80, RampView(RampState(("r1",)))))


def test_a_bar_at_zero_is_drawn_as_one_without_requests() -> None:
    text = "\n".join(drawn(100, of=SITUATIONS["guard-fired"]()))
    assert "░" in text
    assert "█" not in text


@pytest.mark.parametrize("width", [24, 30, 34])
def test_a_narrow_terminal_cuts_a_long_name_and_no_number(width: int) -> None:
    lines = drawn(width, height=60, of=overview(shop(names=("passport-score-history", "stamps"))))
    assert max(map(len, lines)) <= width
    assert any("passport" in each and each.endswith("25 %") for each in lines)


def test_it_is_drawn_in_ascii_where_nothing_else_can_be_shown() -> None:
    shares = [Estimate(0.0), None, Estimate(0.5), Estimate(1.0)]
    assert sparkline(shares) == "▁ ▅█"
    assert sparkline(shares, ".:-=+*#@") == ". +@"
    text = "\n".join(drawn(160, is_plain=True))
    assert "####" in text
    assert "  . Too few" in text


def test_a_pipe_gets_a_line_that_changes_with_what_matters_alone() -> None:
    told = line(overview(ramp=RAMP))
    assert "live 25 %" in told
    assert "inconclusive" in told
    nearer = replace(JUDGEMENT, findings=(replace(FINDING, needs=11),))
    assert line(overview(ramp=RampView(STANDS, nearer, Decision(Act.BAKE, "11m of 2h left")))) == told
