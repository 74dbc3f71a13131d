"""Charts: SVG that is whole, inside its frame, and says what it shows."""

from __future__ import annotations

import re
from datetime import timedelta
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from rollout.reports.changes import Effect
from rollout.reports.charts import HEIGHT, WIDTH, Chart, ChartMark, Line, svg
from rollout.reports.timeseries import Estimate
from rollout.reports.words import per_cent_tick
from tests.unit.dashboard.world import NOW

START = NOW - timedelta(hours=2)
estimates = st.builds(Estimate, st.floats(0, 3), st.none() | st.floats(0, 1), st.none() | st.floats(0, 9))


def drawn(*values: Estimate | None, marks: tuple[ChartMark, ...] = (), title: str = "Errors") -> ET.Element:
    line = Line("candidate", tuple((START + timedelta(minutes=n), each) for n, each in enumerate(values)))
    chart = Chart("c", title, "Legacy 1 %.", (line,), per_cent_tick, least=0.01, most=1.0)
    return ET.fromstring(svg(chart, marks, START, NOW))  # noqa: S314 - ours


def paths(chart: ET.Element, name: str) -> list[str]:
    return [each.get("d", "") for each in chart.iter("path") if each.get("class") == name]


@given(st.lists(st.none() | estimates, max_size=30))
def test_all_is_inside_the_frame(values: list[Estimate | None]) -> None:
    chart = drawn(*values)
    for each in chart.iter("path"):
        for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", each.get("d", "")):
            assert 0 <= float(x) <= WIDTH
            assert 0 <= float(y) <= HEIGHT


def test_a_gap_breaks_the_line_and_a_lone_point_is_a_dot() -> None:
    one = Estimate(0.1, 0.05, 0.2)
    chart = drawn(one, one, None, one, one, one, None, one)
    (line,), (band,) = paths(chart, "line candidate"), paths(chart, "band candidate")
    assert [run.count("L") for run in line.split("M")[1:]] == [1, 2]
    assert band.count("Z") == 3
    assert len(list(chart.iter("circle"))) == 1


def test_an_unknown_end_stops_at_the_line_and_two_draw_nothing() -> None:
    open_above, closed = drawn(*[Estimate(0.5, 0.4)] * 2), drawn(*[Estimate(0.5, 0.4, 0.5)] * 2)
    assert paths(open_above, "band candidate") == paths(closed, "band candidate") != []
    assert paths(drawn(*[Estimate(0.5)] * 2), "band candidate") == []


def test_one_hears_what_others_see() -> None:
    chart = drawn(Estimate(0.1), title="Errors <5xx>")
    told = {each.get("id"): each.text for each in chart if each.tag in ("title", "desc")}
    assert chart.get("role") == "img"
    assert [told[each] for each in chart.get("aria-labelledby", "").split()] == ["Errors <5xx>", "Legacy 1 %."]


def test_what_happened_is_marked_where_there_is_room() -> None:
    def mark(minutes: float, number: int) -> ChartMark:
        return ChartMark(START + timedelta(minutes=minutes), number, Effect.STEP, "raised to <25> %")

    chart = drawn(Estimate(0.1), marks=(mark(-1, 1), mark(30, 2), mark(31, 3), mark(90, 4), mark(121, 5)))
    marks = [each for each in chart.iter("g") if each.get("class") == "mark step"]
    assert [each.findtext("title") for each in marks] == [f"{n}: raised to <25> %" for n in (2, 3, 4)]
    assert [each.findtext("text") for each in marks] == ["2", None, "4"]


def test_a_chart_of_nothing_says_so() -> None:
    assert "no requests" in [each.text for each in drawn(None, None).iter("text")]
    assert "no requests" not in [each.text for each in drawn(Estimate(0)).iter("text")]
