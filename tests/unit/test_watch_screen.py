"""The screen of `status --watch` at the widths that terminals have."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from rich.console import Console

from rollout.analysis.verdicts import AnalysisResult, MetricResult, Verdict
from rollout.cli.screens.watch import line, sparkline, watch
from rollout.inventory.quantities import Percent
from rollout.ramp.decide import Act, Decision
from rollout.ramp.state import RampState
from rollout.ramp.view import RampView
from rollout.reports.timeseries import Estimate
from tests.unit.dashboard.world import NOW, overview

NEEDS = "not yet sure that it is no worse than 0.6 %; needs about 412 more requests"
SENTENCE = f"5xx 0.1 % of 900 against 0.1 % of 2,700: {NEEDS}"
FINDING = MetricResult("server-errors", ("r1",), Verdict.INCONCLUSIVE, (3, 2700), (1, 900), SENTENCE, 412)
JUDGEMENT = AnalysisResult(Verdict.INCONCLUSIVE, (FINDING,), SENTENCE)
AT = Percent(250)
STANDS = RampState(("r1", "r2", "r3"), AT, NOW - timedelta(hours=10), is_new=False)
RAMP = RampView(STANDS, JUDGEMENT, Decision(Act.BAKE, f"r1: {SENTENCE}"))


def drawn(width: int, ramp: RampView = RAMP, *, is_plain: bool = False) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(watch(overview(), ramp, width, is_plain=is_plain))
    assert isinstance(console.file, io.StringIO)
    return [text.rstrip() for text in console.file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100, 160, 300])
def test_a_terminal_of_any_width_shows_routes_weights_and_what_is_missing(width: int) -> None:
    lines = drawn(width)
    assert max(map(len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    assert "25 %" in text
    assert "needs about 412 more requests (about 26 minutes)" in text
    table = [each.split() for each in lines if each.strip().startswith(("r1 ", "r2 ", "r3 "))]
    assert len(table) == 3
    assert all(row[-1] != "…" for row in table)  # columns are left out, and numbers never cut


def test_a_wide_terminal_has_both_implementations_side_by_side() -> None:
    text = "\n".join(drawn(160))
    for title in ("rule", "want", "live", "measured", "5xx old", "p50 old", "p99 old", "share"):
        assert title in text
    assert "ada@laptop" in text  # who did what last


def test_a_ramp_that_ended_or_cannot_be_told_says_so() -> None:
    assert "drift: somebody" in "\n".join(drawn(80, RampView(trouble="drift: somebody else set weights")))
    assert "no ramp has begun" in "\n".join(drawn(80, RampView(RampState(("r1",)))))


def test_bars_are_in_ascii_where_nothing_else_can_be_shown() -> None:
    shares = [Estimate(0.0), None, Estimate(0.5), Estimate(1.0)]
    assert sparkline(shares) == "▁ ▅█"
    assert sparkline(shares, ".:-=+*#@") == ". +@"
    assert not set("▁▂▃▄▅▆▇█") & set("".join(drawn(160, is_plain=True)))


def test_a_pipe_gets_a_line_that_changes_with_what_matters_alone() -> None:
    told = line(overview(), RAMP)
    assert told == "production: phase unknown, live 25 %; ramp waiting, inconclusive"
    later = RampView(STANDS, JUDGEMENT, Decision(Act.BAKE, "11m of 2h left"))
    assert line(overview(), later) == told
