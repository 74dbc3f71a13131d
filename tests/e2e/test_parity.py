"""A candidate that is subtly wrong on two of eight routes, in the sandbox: found from logs, samples and lines."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rollout.api.parity import Sources
from rollout.errors import PreflightFailed
from rollout.parity.report import ParityReport
from rollout.parity.verdict import Result
from tests.conftest import ROOT, Prepared, Team

pytestmark = pytest.mark.engine

HANDLERS = """
import json, random, time

FAULTS = {faults}

def handler(event, context):
    path, ours = event["path"], context.function_name != "rust-scorer"
    told = {{"path": path, "method": event["httpMethod"], "score": 7}}
    if "/ceramic-cache/score/" in path:
        told["at"] = time.time()
    if "/embed/score/" in path:
        told["id"] = random.random()
    if "/stamps/bulk" in path and event["httpMethod"] == "POST":
        told["stamps"] = random.sample(range(100, 110), 10)
    if FAULTS and not ours and path.startswith("/v2/stamps/"):
        told["score"] = "7"
    if FAULTS and not ours and "validate-api-key" in path:
        del told["method"]
    lists = "multiValueHeaders" in event
    kind = {{"content-type": "application/json"}}
    headers = {{"multiValueHeaders": {{k: [v] for k, v in kind.items()}}}} if lists else {{"headers": kind}}
    return {{"statusCode": 200, "body": json.dumps(told), "isBase64Encoded": False, **headers}}
"""
READS = {
    "public": [f"/v2/stamps/{n}/score/0xA{n:03}" for n in range(12)],
    "internal": [
        *(f"/internal/embed/score/{n}/0xA{n:03}" for n in range(12)),
        *(f"/internal/embed/validate-api-key?n={n}" for n in range(12)),
    ],
}
CHANGES = {
    "stamps-bulk-post": ("POST", "/ceramic-cache/stamps/bulk"),
    "stamps-bulk-patch": ("PATCH", "/ceramic-cache/stamps/bulk"),
    "stamps-bulk-delete": ("DELETE", "/ceramic-cache/stamps/bulk"),
    "ceramic-score": ("POST", "/ceramic-cache/score/0xA{n:03}"),
    "embed-stamps": ("POST", "/internal/embed/stamps/0xA{n:03}"),
}
WRONG = {"stamp-score": "body $.score (type)", "embed-validate-api-key": "body $.method (missing)"}
NOISE = {
    "ceramic-score": "body $.at (value)",
    "embed-score": "body $.id (value)",
    "stamps-bulk-post": "body $.stamps (order)",
}


def answering(team: Team, *, faults: bool) -> None:
    module = f"answers_{faults}".lower()
    (team.folder / f"{module}.py").write_text(HANDLERS.format(faults=faults))
    team.aws.handle(f"{module}:handler", team.folder, "*", team.account)


@pytest.fixture
def asked(prepared: Prepared, tmp_path: Path) -> Iterator[Team]:
    team = prepared.team(tmp_path / "checkout", "phase2", whole=True)
    shutil.copytree(ROOT / "samples", team.folder / "samples", dirs_exist_ok=True)
    team.append("".join(f'\n[routes.{route}.parity]\nreplay = "idempotent"\n' for route in CHANGES))
    team.edit("steps = [5, 10, 25, 50, 100]", 'steps = [5, 100], parity = "required", max-difference = 25')
    answering(team, faults=True)
    inventory = team.open().inventory
    for balancer, paths in READS.items():
        named = inventory.load_balancers[balancer]
        url = team.aws.url(team.account, inventory.region, str(named.real_name), named.listener_port)
        for path in paths:
            with urllib.request.urlopen(url + path) as answer:  # noqa: S310 - a load balancer of the sandbox
                assert answer.status == 200
    team.aws.deliver_logs()
    yield team
    team.aws.forget_profiles()


def lines(team: Team) -> Path:
    file = team.folder / "changes.jsonl"
    requests = [
        {"route": route, "method": method, "path": path.format(n=n), "body": {"n": n}}
        for route, (method, path) in CHANGES.items()
        for n in range(12)
    ]
    file.write_text("\n".join(map(json.dumps, requests)))
    return file


def results(report: ParityReport) -> dict[str, Any]:
    return {route.route: route.result for route in report.routes if route.result is not Result.SAME}


def refused(team: Team) -> dict[str, str]:
    with pytest.raises(PreflightFailed) as caught:
        team.open().ramp(approve=True, once=True)
    return {str(problem.where): problem.code for problem in caught.value.problems}


def test_two_wrong_routes_of_eight_are_found_and_stop_the_ramp_until_the_candidate_is_mended(asked: Team) -> None:
    assert refused(asked) == {f"routes.{name}": "no-parity" for name in asked.open().inventory.routes}
    sources = Sources(files=[lines(asked)])
    found = asked.open().parity.compare(sources, rate=100, at_once=4)
    assert len(found.routes) == 8
    assert results(found) == dict.fromkeys(WRONG, Result.DIFFERENT)
    routes = {route.route: route for route in found.routes}
    assert {name: [each.place for each in routes[name].differences] for name in WRONG} == {
        name: [place] for name, place in WRONG.items()
    }
    assert {name: [each.place for each in route.noise] for name, route in routes.items() if route.noise} == {
        name: [place] for name, place in NOISE.items()
    }
    origins = {origin for route in found.coverage.routes for origin in route.origins}
    assert origins == {"access log", "sample", "JSON lines"}
    assert refused(asked) == {f"routes.{name}": "parity-insufficient" for name in WRONG}
    answering(asked, faults=False)
    assert results(asked.open().parity.compare(sources, rate=100, at_once=4, restart=True)) == {}
    assert asked.open().ramp(approve=True, once=True).state == "raised"
    assert {str(route.live and route.live.weight) for route in asked.open().status().routes} == {"5"}
