"""The tap in a legacy handler under clients, and what it recorded, asked of the candidate: it finds what differs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from rollout.api.environment import EnvironmentRollout
from rollout.api.parity import Sources
from rollout.inventory import file as config
from rollout.migration.events import Event
from rollout.parity.report import ParityReport
from rollout_sandbox import Difference, Profile, Sandbox
from rollout_sandbox.load import Endpoint, Load, Verdict
from rollout_sandbox.reach import variables
from rollout_tap.sinks import S3Sink
from tests.sandbox.data_plane.site import Site
from tests.sandbox.tenant import REGION, Tenant, path, weighted

HANDLER = """
import json
from rollout_tap import tap

@tap(sink={sink!r}, percent=100, batch=10, wait=1)
def handler(event, context):
    asked = json.loads(event["body"] or "{{}}")
    told = {{"path": event["path"], "score": len(event["path"]), "name": asked.get("name"), "by": asked.get("token")}}
    headers = {{"content-type": "application/json"}}
    return {{"statusCode": 201 if asked else 200, "headers": headers, "body": json.dumps(told)}}
"""
INVENTORY = """
[project]
name = "scores"
[load-balancers.public]
name = "public"
listener-port = 443
[routes.scores]
load-balancer = "public"
path = "/a*"
priority = 10
legacy = "legacy"
candidate = {{ target-group = "candidate" }}
[routes.scores.parity]
replay = "idempotent"
[environments.production]
account = "{account}"
region = "{region}"
"""
CANARY = "canary-7f3a"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One that has a folder, for Pulumi's states, where `parity` keeps what it found."""
    with Sandbox.start(tmp_path_factory.mktemp("aws")) as running:
        yield running


@pytest.fixture
def tapped(tenant: Tenant, tmp_path: Path) -> Path:
    """The file that a handler of legacy is recorded into; the candidate answers by the same code, which isn't."""
    file = tmp_path / "recorded.jsonl"
    for name, sink in (("legacy", file.as_uri()), ("candidate", None)):
        (tmp_path / f"app_{name}.py").write_text(HANDLER.format(sink=sink))
        tenant.sandbox.handle(f"app_{name}:handler", tmp_path, name, tenant.account)
    (tmp_path / "stacks.toml").write_text(INVENTORY.format(account=tenant.account, region=REGION))
    return file


def compared(site: Site, recorded: Path) -> ParityReport:
    file = recorded.with_name("stacks.toml")
    inventory = config.load(file).environment("production")
    target = EnvironmentRollout(
        inventory, file, sandbox=site.tenant.sandbox, provider="stand-in", on_event=list[Event]().append
    )
    sources = Sources(files=[recorded], only_files=True)
    return target.parity.compare(sources, rate=100, at_once=4, restart=True)


def test_what_clients_asked_of_legacy_is_asked_of_the_candidate_and_what_differs_is_found(
    tenant: Tenant, tapped: Path
) -> None:
    site = Site(tenant)
    legacy, _ = site.served("legacy", "candidate")
    tenant.rule(weighted({legacy: 1}), priority=10, conditions=[path("/a*")])
    asked = Endpoint("scores", "public", site.url(), "GET", "/a/*/score", "legacy")
    with Load([asked], rate=100) as load:
        load.wait(40)
    assert {answer.verdict for answer in load.answers} == {Verdict.FINE}
    for number in range(20):
        body = json.dumps({"name": f"n{number}", "token": CANARY}).encode()
        assert site.get("/a/1", {"content-type": "application/json"}, method="POST", body=body).status == 201

    lines = [json.loads(line) for line in tapped.read_text().splitlines()]
    assert len(lines) >= 50
    assert {line["answer"]["status"] for line in lines} == {200, 201}
    assert CANARY not in tapped.read_text()

    found = compared(site, tapped)
    (route,) = found.routes
    assert (route.result, route.different, found.coverage.routes[0].origins) == ("same", 0, {"JSON lines": len(lines)})
    assert found.coverage.routes[0].statuses.keys() == {"2xx"}
    wrong = Profile(
        "candidate", account=tenant.account, differs=(Difference("missing-key"), Difference("number-as-text"))
    )
    tenant.sandbox.behave(wrong)
    (route,) = compared(site, tapped).routes
    assert {each.place for each in route.differences} == {"body $.by (missing)", "body $.score (type)"}


def test_batches_are_objects_of_a_bucket(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant.client("s3").create_bucket(Bucket="recorded", CreateBucketConfiguration={"LocationConstraint": REGION})
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # made of the environment, once
    for name, value in variables(tenant.sandbox.endpoint, tenant.sandbox.token, tenant.account, REGION, None).items():
        monkeypatch.setenv(name, value)
    sink = S3Sink("recorded", "/taps/legacy/")
    assert [sink.write([b"1\n", b"2\n"]), sink.write([b"3\n"])] == [2, 1]
    found = tenant.client("s3").list_objects_v2(Bucket="recorded", Prefix="taps/legacy/")["Contents"]
    objects = (tenant.client("s3").get_object(Bucket="recorded", Key=each["Key"]) for each in found)
    assert sorted(each["Body"].read() for each in objects) == [b"1\n2\n", b"3\n"]
    assert all(each["Key"].endswith(".jsonl") for each in found)
