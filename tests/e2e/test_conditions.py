"""A rule with a CDN's secret header on the real engine: adopted and weighted as it is, and its value in no file."""

from __future__ import annotations

from typing import Any

import pytest

from rollout.errors import Drift
from rollout.inventory.model import Split
from rollout.inventory.quantities import Percent
from tests.conftest import Team

pytestmark = pytest.mark.engine
SECRET = "s3cr3t-of-the-cdn"
HOST = {"Field": "host-header", "HostHeaderConfig": {"Values": ["api.example.com", "*.example.org"]}}
SOURCE = {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}


def header(value: str) -> dict[str, Any]:
    return {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Origin-Verify", "Values": [value]}}


def asked(team: Team) -> list[dict[str, Any]]:
    elb = team.aws.client("elbv2", team.account, "us-west-2")
    (rule,) = elb.describe_rules(RuleArns=[team.rules()["ceramic-score"]])["Rules"]
    conditions: list[dict[str, Any]] = rule["Conditions"]
    return conditions


def changed(team: Team, *conditions: dict[str, Any]) -> list[dict[str, Any]]:
    """Somebody gives the route's rule other conditions, and the file takes them as they are."""
    elb = team.aws.client("elbv2", team.account, "us-west-2")
    path = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/ceramic-cache/score/*"]}}
    elb.modify_rule(RuleArn=team.rules()["ceramic-score"], Conditions=[path, *conditions])
    return asked(team)


def files_with(team: Team, text: str) -> list[str]:
    """The files of the checkout and of the backend that have a text."""
    folders = (team.folder, team.aws.folder / "state")
    files = (file for folder in folders for file in folder.rglob("*") if file.is_file())
    return [str(file) for file in files if text.encode() in file.read_bytes()]


AS_IS = ('path = "/ceramic-cache/score/*"\nmethods = ["POST"]', 'match = "as-is"')


def test_a_rule_with_a_secret_header_is_adopted_and_weighted_as_it_is(built: Team) -> None:
    before = changed(built, HOST, header(SECRET), SOURCE)
    built.edit(*AS_IS)
    built.open().phase2(approve=True)
    built.open().set_weight(10, approve=True)
    assert asked(built) == before
    assert not built.open().drift().problems
    assert files_with(built, SECRET) == []
    assert SECRET not in repr(built.events)


def test_a_secret_header_that_came_later_is_drift_until_it_is_adopted(cut_over: Team) -> None:
    cut_over.edit(*AS_IS)
    now = changed(cut_over, header(SECRET))
    with pytest.raises(Drift) as caught:
        cut_over.open().set_weight(10, approve=True)
    assert [problem.code for problem in caught.value.problems] == ["conditions-changed"]
    cut_over.open().adopt(approve=True)
    assert not cut_over.open().drift().problems
    cut_over.open().set_weight(10, approve=True)
    assert asked(cut_over) == now
    assert {route.live for route in cut_over.open().status().routes} == {Split.at(Percent.of(10))}
    assert files_with(cut_over, SECRET) == []
