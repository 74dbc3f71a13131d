"""The measured split in status and report, by real requests."""

from __future__ import annotations

import re
from http import HTTPStatus
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from rollout.analysis.measuring.split import SplitVerdict
from rollout.analysis.metrics import MINUTE
from rollout.inventory.quantities import Percent
from rollout_sandbox.daemon import SandboxInfo
from tests.conftest import Team
from tests.unit.dashboard.reader import Page, faults

pytestmark = pytest.mark.engine


def ask(team: Team, method: str, path: str, times: int) -> None:
    """Send requests without cookies to the public load balancer."""
    address = urlsplit(team.aws.url(team.account, "us-west-2", "passport-public", 443))
    connection = HTTPConnection(address.netloc, timeout=30)
    for _ in range(times):
        connection.request(method, path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == HTTPStatus.OK
    connection.close()


def let_the_minute_end(aws: SandboxInfo) -> None:
    """CloudWatch's minute, by the sandbox's own clock."""
    aws.clock.pass_by(seconds=MINUTE.total_seconds())


def test_what_the_load_balancers_did_is_held_against_the_weights(cut_over: Team) -> None:
    cut_over.open().set_weight(40, approve=True)
    ask(cut_over, "GET", "/v2/stamps/1/score/0xA", 150)
    ask(cut_over, "POST", "/ceramic-cache/score/0xA", 150)
    let_the_minute_end(cut_over.aws)
    status = cut_over.open().status()
    stamps, ceramic, embed = (route.measured for route in status.routes)
    assert stamps is not None
    assert stamps is ceramic
    assert (stamps.routes, stamps.requests) == (("stamp-score", "ceramic-score"), 300)
    assert (stamps.verdict, stamps.expected) == (SplitVerdict.AGREES, Percent.of(40))
    assert 60 < stamps.candidate < 180
    assert embed is not None
    assert embed.requests == 0
    assert cut_over.open().ramp.plan(since="15m").requests_per_minute == 300 / 15
    gate = cut_over.open().preview("weight", weights={"stamp-score": Percent.of(80)}).gate
    (line, *_) = gate.traffic
    assert line.volume is not None
    assert 5 < line.volume.per_minute < 15  # 150 in a quarter of an hour, as weights and legacy's counts let guess


def test_a_report_counts_the_requests_of_each_side(cut_over: Team) -> None:
    cut_over.open().set_weight(40, approve=True, message="to 40, for ticket 7")
    ask(cut_over, "GET", "/v2/stamps/1/score/0xA", 120)
    let_the_minute_end(cut_over.aws)
    done = cut_over.run("report", "production", "--html", "report.html", "--since", "1h")
    assert done.returncode == 0, done.stderr
    page = Page((cut_over.folder / "report.html").read_text("utf-8"))
    assert faults(page) == []
    assert "to 40, for ticket 7" in page.text
    (requests,) = re.findall(r"stamp-score \S+ \S+ 40 % 40 % \S+ % \(.*?\) (\d+ → \d+)", page.text)
    old, new = map(int, requests.split(" → "))
    assert old + new == 120
    assert 20 < new < 80
