"""`rollout report`: before anything was deployed, and in the middle of it."""

from __future__ import annotations

import re

from tests.behaviour.team import InMemoryTeam
from tests.unit.dashboard.reader import Page, faults


def report(team: InMemoryTeam, *arguments: str) -> Page:
    done = team.run("report", "production", "--html", "report.html", "--force", *arguments)
    assert done.returncode == 0, done.stderr
    assert "report.html: the report on production" in done.stdout
    return Page((team.folder / "report.html").read_text("utf-8"))


def test_an_environment_that_was_never_deployed_has_one(team: InMemoryTeam) -> None:
    said = report(team).text
    assert "No ramp yet." in said
    assert "No changes yet." in said
    assert "Not as the inventory says:" in said


def test_it_tells_of_weights_requests_and_who_moved_them(cut_over: InMemoryTeam) -> None:
    cut_over.open().set_weight(40, approve=True, message="to 40, for ticket 7")
    cut_over.world.serve(cut_over.inventory, {"stamp-score": 120})
    page = report(cut_over, "--since", "1h")
    assert faults(page) == []
    assert "to 40, for ticket 7" in page.text
    assert "40 % of the requests go to the candidate" in page.text
    assert "Weighted rules are in place." in page.text
    (requests,) = re.findall(r"stamp-score \S+ \S+ 40 % 40 % \S+ % \(.*?\) (\d+ → \d+)", page.text)
    assert requests == "72 → 48"


def test_bad_arguments_are_told_before_anything_is_read(team: InMemoryTeam) -> None:
    assert "10m to 60d" in team.run("report", "production", "--html", "x.html", "--since", "90d").stderr
    assert team.run("report", "production", "--html", "x.html", "--since", "90d").returncode == 2
    assert team.meets.log == []
