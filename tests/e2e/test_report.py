"""`rollout report` on the sandbox: before anything was deployed, and in the middle of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rollout.metrics import MINUTE
from tests.conftest import Team
from tests.e2e.test_measured import ask
from tests.unit.dashboard.reader import Page, faults

pytestmark = pytest.mark.engine


def report(team: Team, *arguments: str) -> Page:
    done = team.run("report", "production", "--html", "report.html", "--force", *arguments)
    assert done.returncode == 0, done.stderr
    assert "report.html has the report on production" in done.stdout
    return Page((team.folder / "report.html").read_text("utf-8"))


def test_an_environment_that_was_never_deployed_has_one(team: Team) -> None:
    said = report(team).text
    assert "No ramp yet." in said
    assert "Nothing yet: no stack was ever updated." in said
    assert "Not as the inventory says:" in said


def test_it_tells_of_weights_requests_and_who_moved_them(cut_over: Team) -> None:
    cut_over.open().set_weight(40, approve=True, message="to 40, for ticket 7")
    ask(cut_over, "GET", "/v2/stamps/1/score/0xA", 120)
    cut_over.aws.clock.pass_by(seconds=MINUTE.total_seconds())
    page = report(cut_over, "--since", "1h")
    assert faults(page) == []
    assert "to 40, for ticket 7" in page.text
    assert "Cut over; live: 40 %." in page.text
    (requests,) = re.findall(r"stamp-score \S+ \S+ 40 % 40 % \S+ % \(.*?\) (\d+ → \d+)", page.text)
    old, new = map(int, requests.split(" → "))
    assert old + new == 120
    assert 20 < new < 80


def test_bad_arguments_are_told_before_anything_is_read(team: Team, tmp_path: Path) -> None:
    assert "10m to 60d" in team.run("report", "production", "--html", "x.html", "--since", "90d").stderr
    assert team.run("report", "production", "--html", "x.html", "--since", "90d").returncode == 2
    assert team.calls("*") == []
