"""Pages: whole without anything from elsewhere, readable by all, and true to what was read."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from rollout.alb.state import AlbState
from rollout.errors import EngineMissing
from rollout.reports.overview import Overview
from rollout.reports.pages import (
    SCRIPTS,
    STYLES,
    Links,
    Row,
    asset,
    digest,
    environment_page,
    fleet_page,
    report_page,
    sha256,
    waiting_page,
)
from rollout.state.history.entries import Update
from tests.unit.dashboard.reader import Page, colours, contrast, faults
from tests.unit.dashboard.situations import SITUATIONS
from tests.unit.dashboard.world import HISTORY, NOW, Counted, Histories, compared, costs, made, overview, shop

LINKS = Links(
    "/t/", lambda name, since, route: f"/t/{name}?since={f'{since.days}d' if since else 'fit'}&route={route}", 15
)
NEVER = overview(live=AlbState("123456789012"), stacks=Histories(()))
DAY = overview()
PAID = replace(DAY, costs=costs(shop()))
HOSTILE = '"><script>alert(1)</script>'


def live(found: Overview, route: str | None = None) -> str:
    return environment_page(found, LINKS, ("staging", "production"), route=route)


PAGES = {
    "report": report_page(DAY),
    "report of nothing": report_page(NEVER),
    "environment": live(DAY),
    "one route": live(DAY, "r2"),
    "fleet": fleet_page([Row("staging"), Row("production", DAY), Row("review", None, "no credentials")], LINKS),
    "waiting": waiting_page("production", LINKS, ("staging", "production")),
}


@pytest.mark.parametrize("name", PAGES)
def test_nobody_stumbles(name: str) -> None:
    assert faults(Page(PAGES[name])) == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_comes_from_elsewhere(name: str) -> None:
    page = Page(PAGES[name])
    assert [each for each in page.values("src", "href", "action") if not re.match(r"#|data:,|/t/", each)] == []
    assert "url(" not in asset("style.css")
    assert page.values("style") == []  # which a Content-Security-Policy without unsafe-inline would refuse
    assert [each for tag in page.tags for each in tag.given if each.startswith("on")] == []


def test_a_report_has_no_script_and_allows_none() -> None:
    page = Page(PAGES["report"])
    (policy,) = (each["content"] for each in page.all("meta") if each.get("http-equiv"))
    assert page.all("script") == []
    assert [each["href"] for each in page.all("a") if not each["href"].startswith("#")] == []
    assert policy == f"default-src 'none'; style-src {digest('style.css')}; img-src data:"
    assert f"<style>{asset('style.css')}</style>" in PAGES["report"]
    assert "data-chart" not in PAGES["report"]


def test_a_live_pages_charts_are_drawn_by_scripts_of_known_content_alone() -> None:
    page = Page(PAGES["environment"])
    given = [(each["src"], each["integrity"]) for each in page.all("script") if "src" in each]
    assert all(f"<style>{asset(each)}</style>" in PAGES["environment"] for each in STYLES)
    assert given == [(f"/t/assets/{each}", sha256(each)) for each in SCRIPTS]
    assert "MIT" in asset("uplot/LICENSE")


def test_a_live_page_has_the_charts_numbers_beside_their_drawings() -> None:
    page = Page(PAGES["environment"])
    (course,) = page.values("data-course")
    charts = [json.loads(each) for each in page.values("data-chart")]
    x = json.loads(course)["x"]
    assert len(charts) == len([each for each in page.all("svg") if each.get("class") == "chart"]) == 4
    lines = {line["name"]: line for line in charts[1]["lines"]}
    assert [*lines] == ["legacy", "candidate", "harm"]
    assert {len(line[part]) for line in lines.values() for part in ("value", "low", "high")} == {len(x)}
    now = DAY.whole and DAY.whole.candidate[-2].errors
    assert now
    assert now.low
    assert (lines["candidate"]["value"][-2], lines["candidate"]["low"][-2]) == pytest.approx((now.value, now.low), 1e-3)
    assert [mark[1] for mark in json.loads(course)["marks"]] == [3, 6]
    assert lines["harm"]["value"][-2] == pytest.approx(lines["legacy"]["value"][-2] + 0.005, rel=0.01)
    assert [line["name"] for line in charts[0]["lines"]] == ["candidate", "weight"]


def test_what_harm_is_stands_in_the_legend_and_in_the_table_that_needs_no_script() -> None:
    said = Page(PAGES["environment"]).text
    assert "red shade: from what is tolerated to what is harm" in said
    assert re.search(
        r"harm above, 5xx harm above, p50 harm above, p99 2026-11-25 11:45 .* 0\.\d\d % [\d.]+ ms [\d.]+ ms ", said
    )
    unknown = Page(live(replace(DAY, analysis=None))).text
    assert "harm" not in unknown


def test_costs_are_told_with_intervals_and_as_estimates() -> None:
    for page in (live(PAID), report_page(PAID)):
        said = Page(page).text
        assert re.search(
            r"Double running now \$0\.19\d+ a day Legacy alone, .* \$0\.2\d+ a day \(\$0\.2\d+ to \$0\.2\d+\)", said
        )
        assert re.search(r"Saved at 100 % \$3\.\d\d in 30 days \(\$3\.\d\d to \$3\.\d\d\)", said)
        assert "Estimates, with 95 % intervals, by AWS's list prices of us-east-1" in said
    assert Page(live(PAID)).text.count("r3 83,960 $0.87") == 1
    of_route = Page(live(PAID, "r3")).text
    assert "r3 83,960 $0.87" in of_route
    assert "r2 83,960" not in of_route


def test_a_dearer_candidate_costs_more() -> None:
    dear = costs(shop(), milliseconds=(30, 300))
    assert re.search(r"Costs more at 100 % \$\d+\.\d\d in 30 days \(\$\d", Page(live(replace(DAY, costs=dear))).text)


def test_costs_that_are_not_known_are_one_line() -> None:
    elsewhere = costs(shop(), region="eu-north-1")
    said = Page(live(replace(DAY, costs=elsewhere))).text
    assert "The prices of eu-north-1 aren't known: set million-requests, gb-second, gb-second-arm in [cost] of" in said
    assert "$" not in said
    assert (
        "no route of p is served by a function"
        in Page(live(replace(DAY, costs="no route of p is served by a function"))).text
    )
    assert "Cost" not in Page(live(DAY)).text


def test_without_requests_to_the_candidate_nothing_is_saved_yet() -> None:
    said = Page(live(replace(DAY, costs=costs(shop(), requests=(2600, 0))))).text
    assert "The functions cost $" in said
    assert "Only one side had requests" in said
    assert "Saved at 100 % $" not in said


def test_a_route_has_paritys_groups_and_how_to_see_the_answers() -> None:
    update = compared(["r2"], 29, different=4, groups=["body $.score (type)", HOSTILE])
    found = overview(stacks=Histories((update, *HISTORY)))
    said = Page(live(found, "r2")).text
    assert "Different: differs in at most 1.5 % of answers (95 % sure): 4 of 600; 92 %" in said
    assert f"r2:1 body $.score (type) 4 of 600 r2:2 {HOSTILE} 4 of 600" in said
    assert "rollout parity explain production r2" in said
    assert "History has no verdict" in Page(live(found, "r1")).text
    newer = overview(stacks=Histories((update, made("deploy", 2))))
    assert "Change 2, deploy, is newer" in Page(live(newer, "r2")).text
    again = overview(stacks=Histories((update, made("deploy", 2), compared(["r2"], 1))))
    assert "Same: differs in at most 0.5 %" in Page(live(again, "r2")).text
    assert "is newer" not in Page(live(again, "r2")).text


def test_a_route_has_both_sides_times_by_rank() -> None:
    page = Page(live(DAY, "r2"))
    shared, chart = (json.loads(page.values(name)[-1]) for name in ("data-course", "data-chart"))
    assert shared["ranks"][0] == "p30"
    assert shared["x"] == sorted(shared["x"])
    assert {*shared["ticks"]} <= {*shared["x"]}
    old, new = (line["value"] for line in chart["lines"])
    assert len(old) == len(new) == len(shared["x"])
    assert max(old) <= chart["top"]
    assert f"p99 {1000 * old[-2]:.3g} ms {1000 * new[-2]:.3g} ms" in page.text
    assert len(Page(PAGES["environment"]).values("data-course")) == 1


@pytest.mark.parametrize("scheme", colours(asset("style.css")), ids=("light", "dark"))
def test_all_can_be_told_from_the_paper(scheme: dict[str, str]) -> None:
    for paper in (scheme["paper"], scheme["panel"]):
        texts = {name: contrast(scheme[name], paper) for name in ("ink", "faint", "bad", "good", "link", "wait", "ask")}
        lines = {name: contrast(scheme[name], paper) for name in ("legacy", "candidate", "weight")}
        assert {name: ratio for name, ratio in texts.items() if ratio < 4.5} == {}  # WCAG 1.4.3
        assert {name: ratio for name, ratio in lines.items() if ratio < 3} == {}  # WCAG 1.4.11


def test_a_report_says_what_was_read() -> None:
    said = Page(PAGES["report"]).text
    assert "Ramp At 25 % since 2026-11-25 02:00 UTC; next 50 %" in said
    assert "ramp raised 25 % 5xx 0.10 % of 4,400 against legacy's 0.11 % of 84,100: as good ada@laptop" in said
    assert re.search(r"r1 /r1 25 % 25 % 25\.\d % \(2\d\.\d to 2\d\.\d\) [\d,]+ → [\d,]+ 0\.1\d %", said)
    assert "2026-11-25 11:45 25.0 %" in said
    assert said.count("Response time, p99") == 2 * (1 + 3)


def test_a_report_of_an_environment_that_was_never_deployed_says_so() -> None:
    said = Page(PAGES["report of nothing"]).text
    assert "No changes yet." in said
    assert "No ramp yet." in said
    assert "Steps of the ramp" not in PAGES["report of nothing"]
    assert "no requests" in said
    assert "No requests." in said  # in the table
    assert "unknown" in said


def test_what_cannot_be_read_is_said_and_the_rest_is_there() -> None:
    lacking = Histories(trouble=EngineMissing("there is no Pulumi engine", hint="run `rollout setup`"))
    found = overview(metrics=Counted(is_broken=True), stacks=lacking)
    said = Page(report_page(found)).text
    assert "CloudWatch can't be read: GetMetricData: AccessDenied; the role lacks a permission" in said
    assert "the history can't be read: there is no Pulumi engine; run `rollout setup`" in said
    assert "Ramp Not known: there is no Pulumi engine" in said
    assert "r1 /r1 25 % 25 %" in said


def test_what_others_wrote_stays_text() -> None:
    hostile = (*HISTORY, Update("update", "succeeded", HOSTILE, NOW - timedelta(hours=1)))
    found = overview(stacks=Histories(hostile))
    for html in (report_page(found), live(found), fleet_page([Row("p", None, HOSTILE)], LINKS)):
        assert HOSTILE in Page(html).text
        assert "<script>alert" not in html


def test_a_live_page_leads_to_spans_and_routes() -> None:
    links = Page(PAGES["environment"]).values("href")
    assert "/t/production?since=7d&route=None" in links
    assert "/t/production?since=1d&route=r2" in links
    one = Page(PAGES["one route"])
    assert "Measurements of r2 " in one.text
    assert "/t/production?since=7d&route=r2" in one.values("href")


def test_a_page_of_a_route_has_its_rule_its_verdict_and_its_changes() -> None:
    said = Page(live(SITUATIONS["failing"](), "score")).text
    assert "score in asia" in said
    assert "Worse than legacy 25 % of its requests" in said
    assert "/score, priority 1 on public" in said
    assert "server-errors, fail : 5xx 1.2 %" in said
    assert re.search(r"4xx [01]\.\d+ % \(.*\) [01]\.\d+ % \(", said)
    assert re.search(r"p50 \d+ ms \d+ ms 1\.4\d", said)  # 110 ms beside 80, and legacy's night
    other = Page(live(SITUATIONS["failing"](), "stamps")).text
    assert ("As good as legacy" in other, "Worse than legacy" in other) == (True, False)
    moved = (*HISTORY, made("weight", 1, r1=(25, 50)), made("weight", 1, r2=(25, 50)))
    of_r2 = Page(live(overview(stacks=Histories(moved)), "r2")).text
    assert of_r2.count("25 → 50 %") == 4 + 1  # in each chart, and in the table; r1's nowhere


def test_a_fleet_shows_each_route_in_each_environment_worst_first() -> None:
    found = [Row(each.environment, each) for each in (situation() for situation in SITUATIONS.values())]
    page = Page(fleet_page(found, LINKS))
    assert faults(page) == []
    assert re.search(r"route review asia europe staging production score 0 %", page.text)
    assert "/t/asia?since=fit&route=stamps" in page.values("href")
    assert page.text.count("25 % ✕") == 1


def test_a_fleet_has_a_line_for_whoever_can_be_read() -> None:
    page = Page(PAGES["fleet"])
    assert "staging loading …" in page.text
    assert "review Can't be read: no credentials" in page.text
    assert re.search(r"production .* 25 % to the candidate .* Share since 11:45 25\.\d % ", page.text)


@pytest.mark.thorough
def test_many_routes_make_a_page_that_can_be_sent() -> None:
    found = overview(shop(40), metrics=Counted(requests=20))
    html = report_page(found)
    assert len(html) < 1_500_000
    assert len(Page(html).all("details")) == 1 + 24
