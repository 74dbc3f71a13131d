"""The sandbox in a process of its own: one a folder, found again, and the same AWS after a stop or a crash."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from rollout import cli
from rollout.errors import SandboxError, UsageError
from rollout_sandbox import Fault, daemon
from tests.sandbox.tenant import REGION, Tenant, refused, single, weighted

ACCOUNT = "111122223333"


def test_it_starts_once_and_stops_once(folder: Path) -> None:
    assert daemon.status(folder) is None
    with pytest.raises(SandboxError, match="rollout sandbox start") as caught:
        daemon.connect(folder)
    assert caught.value.code == "sandbox-not-running"
    info = daemon.start(folder)
    assert daemon.start(folder) == daemon.connect(folder) == daemon.status(folder) == info
    assert info.client("sts", ACCOUNT, REGION).get_caller_identity()["Account"] == ACCOUNT
    assert info.environ(ACCOUNT, REGION)["PULUMI_DEBUG_PROVIDERS"] == f"aws:{info.provider_port(ACCOUNT, REGION)}"
    assert [call.action for call in info.calls()] == ["sts:GetCallerIdentity"]
    assert daemon.stop(folder)
    assert not daemon.stop(folder)
    assert daemon.status(folder) is None
    with pytest.raises(SandboxError) as caught:
        daemon.connect(folder)
    assert caught.value.what == "no sandbox is running"  # and nothing of an end that was asked for


def test_two_starts_at_once_make_one(folder: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(daemon.start, [folder, folder])
    assert one == other


def test_stops_at_once_are_no_error(folder: Path) -> None:
    daemon.start(folder)
    with ThreadPoolExecutor(4) as pool:
        stopped = list(pool.map(daemon.stop, [folder] * 4))
    assert any(stopped)
    assert daemon.status(folder) is None


@pytest.mark.parametrize("lost", ["its file", "the folder, made anew"])
def test_it_ends_when_it_can_no_longer_be_found(folder: Path, lost: str) -> None:
    info = daemon.start(folder)
    with (folder / "daemon.lock").open() as life:
        if lost == "its file":
            (folder / "sandbox.json").unlink()
        else:
            shutil.rmtree(folder)
            assert daemon.start(folder).pid != info.pid
        ends = time.monotonic() + 20
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(life, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            assert time.monotonic() < ends
            time.sleep(0.1)


def test_it_has_no_secrets_of_whoever_started_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept_from_it = ("AWS_SECRET_ACCESS_KEY", "PULUMI_CONFIG_PASSPHRASE", "DOCKER_HOST", "GITHUB_TOKEN")
    for name in kept_from_it:
        monkeypatch.setenv(name, "theirs")
    info = daemon.start(folder)
    given = Path(f"/proc/{info.pid}/environ").read_bytes().decode().split("\0")
    assert {each.partition("=")[0] for each in given} & {"PATH", *kept_from_it} == {"PATH"}


def test_its_files_are_its_owners_alone_under_any_umask(folder: Path) -> None:
    before = os.umask(0o000)
    try:
        info = daemon.start(folder)
    finally:
        os.umask(before)
    info.client("logs", ACCOUNT, REGION).create_log_group(logGroupName="group")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert {"calls.jsonl", "changes.jsonl", "daemon.log", "sandbox.json"} <= files.keys()
    assert set(files.values()) == {0o600}


def test_its_clock_is_made_faster_by_a_command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = daemon.start(folder)
    monkeypatch.setenv("ROLLOUT_SANDBOX", str(folder))
    done = CliRunner().invoke(cli.app, ["sandbox", "speed", "600"])
    assert done.exit_code == 0, done.output
    told, started = info.clock.now(), time.monotonic()  # in this order: to ask takes a while
    while time.monotonic() - started < 0.1:
        pass
    assert (info.clock.now() - told).total_seconds() > 30  # a fast clock has gone by half a minute and more in 0.1 s
    assert CliRunner().invoke(cli.app, ["sandbox", "speed", "0"]).exit_code == 2


def test_its_functions_answer_wrongly_by_a_command_until_another(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = Tenant(daemon.start(folder), ACCOUNT)
    tenant.function("rust-one")
    monkeypatch.setenv("ROLLOUT_SANDBOX", str(folder))

    def run(*arguments: str) -> int:
        return CliRunner().invoke(cli.app, ["sandbox", "behave", *arguments]).exit_code

    def answered(path: str) -> tuple[int, set[str]]:
        event = json.dumps({"httpMethod": "GET", "path": path, "headers": {}})
        said = json.load(tenant.functions.invoke(FunctionName="rust-one", Payload=event)["Payload"])
        return said["statusCode"], set(json.loads(said["body"]))

    well = (200, {"method", "path", "query"})
    assert run("rust-*", "--differs", "missing-key:/v2/*", "--differs", "random-id:/v3/*") == 0
    assert [answered(path) for path in ("/v1/a", "/v2/a", "/v3/a")] == [
        well,
        (200, {"method", "path"}),
        (200, {"method", "path", "query", "id"}),
    ]
    assert run("rust-*", "--server-errors", "100") == 0
    assert answered("/v2/a")[0] == 500
    assert run("--forget") == 0
    assert answered("/v2/a") == well
    assert [run("--differs", "nonsense"), run("--server-errors", "101")] == [UsageError.exit_code] * 2


def test_faults_are_ordered_from_outside(folder: Path) -> None:
    info = daemon.start(folder)
    sts = info.client("sts", ACCOUNT, REGION)
    info.faults.add(Fault("sts:*", code="ExpiredToken", message="gone", times=2))
    with refused("ExpiredToken", "gone"):
        sts.get_caller_identity()
    info.faults.clear()
    assert sts.get_caller_identity()["Account"] == ACCOUNT


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_the_same_aws_comes_back(folder: Path, *, kill: bool) -> None:
    info = daemon.start(folder)
    tenant = Tenant(info, ACCOUNT)
    function, group, other = tenant.function("scorer"), tenant.group("group"), tenant.group("other")
    tenant.permit("scorer", group)
    tenant.register(group, function)
    rule = tenant.rule(single(group))
    tenant.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=weighted({group: 999, other: 1}))
    watch: dict[str, Any] = {"AlarmName": "errors", "AlarmRule": "FALSE", "Tags": [{"Key": "team", "Value": "scores"}]}
    tenant.client("cloudwatch").put_composite_alarm(**watch)
    tenant.client("cloudwatch").put_dashboard(DashboardName="scores", DashboardBody='{"widgets": []}')
    before = (tenant.read(rule), tenant.health(group), tenant.default_rule())
    if kill:
        os.kill(info.pid, signal.SIGKILL)
        with FileLock(folder / "daemon.lock", timeout=10):
            assert daemon.status(folder) is None
        with (folder / "changes.jsonl").open("a") as tape:
            tape.write('{"number": 99, "cut off')
    else:
        daemon.stop(folder)
    again = Tenant(daemon.start(folder), ACCOUNT)
    assert (again.read(rule), again.health(group), again.default_rule()) == before
    found = again.client("cloudwatch")
    assert [
        alarm["AlarmName"] for alarm in found.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    ] == ["errors"]
    assert found.get_dashboard(DashboardName="scores")["DashboardBody"] == '{"widgets": []}'
    assert again.group("third") not in (group, other)


def test_a_stale_file_is_known_for_what_it_is(folder: Path) -> None:
    info = daemon.start(folder)
    said = (folder / "sandbox.json").read_text()
    daemon.stop(folder)
    (folder / "sandbox.json").write_text(said)
    assert daemon.status(folder) is None
    # The process id and even the port may be somebody else's by now: the token tells.
    other = daemon.start(folder)
    (folder / "sandbox.json").write_text(
        json.dumps({**json.loads(said), "pid": os.getpid(), "endpoint": other.endpoint})
    )
    assert daemon.status(folder) is None
    (folder / "sandbox.json").write_text("{")
    assert daemon.status(folder) is None
    (folder / "sandbox.json").write_text(
        json.dumps({**json.loads(said), "token": other.token, "endpoint": other.endpoint})
    )
    assert daemon.status(folder) is not None
    assert info.endpoint != other.endpoint


def test_a_daemon_that_cannot_start_says_why(folder: Path) -> None:
    folder.mkdir()
    (folder / "changes.jsonl").write_text("nonsense\n")
    with pytest.raises(SandboxError, match="Expecting value") as caught:
        daemon.start(folder)
    assert caught.value.code == "sandbox-not-started"
