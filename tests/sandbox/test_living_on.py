"""Nothing that goes wrong with one connection, event or alarm ends what serves the others; a dead part is noticed."""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
import pytest
from filelock import FileLock
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2_grpc

from rollout.errors import SandboxError
from rollout_sandbox import Sandbox, daemon
from rollout_sandbox.agenda import Agenda
from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.minutes import EachMinute
from rollout_sandbox.serving import OwnServer
from rollout_sandbox.watchdog import Part, Watchdog
from tests.sandbox.running import eventually, function, invoke, recorder
from tests.sandbox.tenant import REGION, Tenant, single

ACCOUNT = "111122223333"


@contextmanager
def without_a_thread_to_spare(monkeypatch: pytest.MonkeyPatch, name: str = "") -> Iterator[None]:
    """The system's own answer once a user has all the threads that it may have, for threads of a name."""
    begin = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if name in thread.name:
            raise RuntimeError("can't start new thread")
        begin(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        yield


def get(place: str, path: str = "/") -> tuple[int, bytes]:
    """The status and the body; no status where the connection is closed."""
    connection = HTTPConnection(place, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except ConnectionError:
        return 0, b""
    finally:
        connection.close()


def test_a_connection_without_a_thread_is_closed_and_takes_no_place(
    server: Callable[..., OwnServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = server(connections=1)
    with without_a_thread_to_spare(monkeypatch):
        assert get(f"127.0.0.1:{one.port}") == (0, b"")
    assert get(f"127.0.0.1:{one.port}") == (200, b"ok")


def test_a_connection_without_a_file_waits_for_one(server: Callable[..., OwnServer]) -> None:
    one = server()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as client:
        client.settimeout(10)
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, hard))  # of which poll needs one
        try:
            client.connect(("127.0.0.1", one.port))  # the kernel takes it
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            went_round = threading.Event()
            one.ask(went_round.set)
            assert went_round.wait(10)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert client.recv(100).startswith(b"HTTP/1.1 200")


def test_the_provider_answers_without_a_thread_to_spare(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    port = sandbox.provider_port(ACCOUNT, REGION)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        with without_a_thread_to_spare(monkeypatch, "provider"):
            waiting = [stub.GetPluginInfo.future(empty_pb2.Empty(), timeout=20) for _ in range(20)]
            assert all(each.result().version for each in waiting)
        assert stub.GetPluginInfo(empty_pb2.Empty(), timeout=20).version


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt])
def test_a_handler_that_exits_is_a_failed_function_and_no_end(tenant: Tenant, end: type[BaseException]) -> None:
    """As on Lambda, where that is Runtime.ExitError."""

    def handler(event: Any, _context: Any) -> dict[str, Any]:
        if event["path"] == "/exits":
            raise end
        return {"statusCode": 200, "body": "well"}

    group = tenant.group("scorers")
    arn = tenant.function("exits")
    tenant.permit("exits", group)
    tenant.register(group, arn)
    assert isinstance(tenant.sandbox, Sandbox)
    tenant.sandbox.handle(handler, function="exits", account=tenant.account)
    tenant.rule(single(group), balancer="internal", conditions=[{"Field": "path-pattern", "Values": ["*"]}])
    place = urlsplit(tenant.url("internal")).netloc
    assert get(place, "/exits")[0] == 502
    assert get(place) == (200, b"well")


def test_an_event_waits_for_a_process_that_cannot_be_started(
    sandbox: Sandbox, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    arn, got = recorder(tenant)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/nowhere")
        assert invoke(tenant, arn, {"number": 1}, InvocationType="Event")[0] is None
        eventually(lambda: "wasn't delivered" in caplog.text)
    sandbox.clock.pass_by(seconds=600)
    assert eventually(got) == [{"number": 1}]


def test_functions_run_however_many_files_are_open(tenant: Tenant) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        function(tenant, "busy", "def handler(event, context):\n    return event")
        assert invoke(tenant, "busy", {"number": 1}) == (None, {"number": 1})
    finally:
        for each in held:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_minutes_are_looked_at_after_one_that_failed() -> None:
    clock, looked = SandboxClock(), list[int]()
    agenda = Agenda(clock)

    def look(minute: int, _: datetime) -> bool:
        looked.append(minute)
        if len(looked) == 1:
            raise ZeroDivisionError
        return len(looked) < 3

    EachMinute(agenda, clock, look).begin()
    clock.pass_by(seconds=600)
    eventually(lambda: len(looked) == 3)
    agenda.stop()
    assert [later - looked[0] for later in looked] == [0, 60, 120]


def test_the_agenda_waits_for_what_is_further_off_than_a_system_can_wait() -> None:
    clock = SandboxClock()
    agenda = Agenda(clock)
    clock.run_at(1e-9)
    agenda.at(clock.now() + timedelta(days=1000), lambda: None)
    for _ in range(20):
        done = threading.Event()
        agenda.at(clock.now(), done.set)
        assert done.wait(10)
    agenda.stop()


@pytest.mark.parametrize("speed", [0, -1, math.nan, math.inf])
def test_a_clock_takes_no_speed_that_it_cannot_run_at(speed: float) -> None:
    clock = SandboxClock()
    with pytest.raises(ValueError, match="not a speed"):
        clock.run_at(speed)
    for seconds in (-1, math.nan, 1e15):
        with pytest.raises(ValueError, match="can't go by"):
            clock.pass_by(seconds=seconds)
    clock.run_at(1e300)
    assert clock.now() <= clock.now()


def test_a_part_that_died_and_one_that_never_answers_are_noticed() -> None:
    lives, asked = True, list[Callable[[], None]]()
    watchdog = Watchdog([Part("the loop", lambda: lives, asked.append)], patience=3)
    for _ in range(10):
        assert watchdog.look() is None
        asked.pop()()
    looks = [watchdog.look() for _ in range(5)]
    assert looks == [None, None, None, "the loop hangs", "the loop hangs"]
    assert len(asked) == 1
    lives = False
    assert watchdog.look() == "the loop died"


STOPS = "import asyncio\n\ndef handler(event, context):\n    asyncio.get_running_loop().stop()\n"


def test_a_daemon_whose_part_died_ends_and_says_which(folder: Path, tmp_path: Path) -> None:
    info = daemon.start(folder)
    (tmp_path / "stops.py").write_text(STOPS)
    info.handle("stops:handler", tmp_path)
    tenant = Tenant(info, ACCOUNT)
    tenant.function("stops")
    threading.Thread(target=invoke_and_forget, args=(tenant,), daemon=True).start()
    with FileLock(folder / "daemon.lock", timeout=20):
        pass
    with pytest.raises(SandboxError, match="the data plane's thread died") as caught:
        daemon.connect(folder)
    assert (caught.value.code, caught.value.where) == ("sandbox-not-running", str(folder / "daemon.log"))
    assert "the sandbox ended: the data plane's thread died" in (folder / "daemon.log").read_text()
    assert daemon.start(folder).pid != info.pid


def invoke_and_forget(tenant: Tenant) -> None:
    event = json.dumps({"httpMethod": "GET", "path": "/", "headers": {}})
    with pytest.raises(Exception, match=r".*"):
        tenant.functions.invoke(FunctionName="stops", Payload=event)


def test_a_daemon_says_why_it_ended(folder: Path) -> None:
    info = daemon.start(folder)
    os.kill(info.pid, signal.SIGTERM)
    with FileLock(folder / "daemon.lock", timeout=20):
        pass
    assert (folder / "daemon.log").read_text().splitlines()[-1] == "the sandbox ended: SIGTERM"
    info = daemon.start(folder)
    os.kill(info.pid, signal.SIGKILL)
    with FileLock(folder / "daemon.lock", timeout=20):
        pass
    with pytest.raises(SandboxError, match="was killed"):
        daemon.connect(folder)


def test_a_daemon_that_is_too_busy_is_not_said_to_be_gone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = daemon.start(folder)
    os.kill(info.pid, signal.SIGSTOP)
    try:
        monkeypatch.setattr("rollout_sandbox.asking.PATIENCE", 0.2)
        with pytest.raises(SandboxError) as caught:
            daemon.connect(folder)
        assert caught.value.code == "sandbox-unreachable"
    finally:
        os.kill(info.pid, signal.SIGCONT)
        monkeypatch.undo()
    began = time.monotonic()
    assert eventually(lambda: daemon.status(folder)) == info
    assert time.monotonic() - began < 10
