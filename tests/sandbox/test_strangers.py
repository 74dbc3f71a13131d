"""The sandbox's ports are for its user alone: other users, web pages and whoever only takes up room are shut out."""

from __future__ import annotations

import ast
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from rollout.adapters.aws.session import Access
from rollout.base import peers
from rollout_sandbox import Sandbox
from rollout_sandbox.asking import is_alive
from rollout_sandbox.serving import MAX_BODY, OwnServer
from tests.sandbox.tenant import REGION, refused

ACCOUNT = "111122223333"
NOBODY = 65_534

ASK = """
import encodings.idna, os, socket, sys
os.setuid(int(sys.argv[3]))
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
try:
    connection.sendall(sys.argv[2].encode())
    print(connection.recv(100))
except ConnectionError:
    print(b"")
"""
REQUEST = "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"


def answer_to(user: int, port: int, said: str = REQUEST) -> bytes:
    """What a process of a user hears on a port."""
    asked = [sys.executable, "-I", "-c", ASK, str(port), said.format(port=port), str(user)]
    heard = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    return bytes(ast.literal_eval(heard))


CALL = """
import os, sys, grpc
from pulumi.runtime.proto import provider_pb2_grpc
from google.protobuf import empty_pb2
os.setuid(int(sys.argv[2]))
stub = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel("127.0.0.1:" + sys.argv[1]))
try:
    print("VERSION" if stub.GetPluginInfo(empty_pb2.Empty(), timeout=20).version else "")
except grpc.RpcError as error:
    print(error.code().name)
"""


def plugin_info(user: int, port: int) -> str:
    """What a process of a user is told of the provider at a port."""
    asked = [sys.executable, "-c", CALL, str(port), str(user)]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


as_others = pytest.mark.skipif(os.geteuid() != 0 or not peers.are_known(), reason="only root can be another user")


@as_others
def test_another_user_hears_nothing_of_the_api_and_the_control_paths(sandbox: Sandbox) -> None:
    port = urlsplit(sandbox.endpoint).port or 0
    assert answer_to(os.geteuid(), port).startswith(b"HTTP/1.1 403")
    assert answer_to(NOBODY, port) == b""
    control = f"GET /_rollout/clock HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-Rollout-Token: {sandbox.token}\r\n\r\n"
    assert answer_to(os.geteuid(), port, control).startswith(b"HTTP/1.1 200")
    assert answer_to(NOBODY, port, control) == b""


@as_others
def test_another_user_hears_nothing_of_the_provider(sandbox: Sandbox) -> None:
    port = sandbox.provider_port(ACCOUNT, REGION)
    assert plugin_info(os.geteuid(), port) == "VERSION"
    assert plugin_info(NOBODY, port) == "PERMISSION_DENIED"


@pytest.mark.parametrize("token", ["", "guessed", "the sandbox's own"])
def test_where_users_are_not_known_the_sessions_token_shows_whose_a_call_is(
    sandbox: Sandbox, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "are_known", lambda: False)  # as on macOS
    own = token == "the sandbox's own"
    access = Access(REGION, sandbox.endpoint, ACCOUNT, "any", sandbox.token if own else token or None)
    if own:
        assert access.client("sts").get_caller_identity()["Account"] == ACCOUNT
        return
    with refused("InvalidClientTokenId", "token"):
        access.client("sts").get_caller_identity()


def test_who_has_taken_the_port_of_a_sandbox_does_not_learn_its_token() -> None:
    heard: list[str] = []

    def impostor(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        heard.append(str(environ))
        start_response("200 OK", [("Content-Length", "2")])
        return [b"{}"]

    server = OwnServer(impostor)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    assert not is_alive(f"http://127.0.0.1:{server.port}", "the-secret-token")
    server.shutdown()
    assert "/_rollout/health" in heard[0]
    assert "the-secret-token" not in heard[0]


@pytest.mark.parametrize("host", ["rebound.example", "rebound.example:{port}", "127.0.0.1", "127.0.0.1:1", None])
@pytest.mark.parametrize("path", ["/", "/_rollout/clock"])
def test_it_answers_under_its_own_name_alone(sandbox: Sandbox, host: str | None, path: str) -> None:
    port = urlsplit(sandbox.endpoint).port
    connection = HTTPConnection("127.0.0.1", port)
    connection.putrequest("GET", path, skip_host=True)
    connection.putheader("X-Rollout-Token", sandbox.token)
    if host:
        connection.putheader("Host", host.format(port=port))
    connection.endheaders()
    assert connection.getresponse().status == HTTPStatus.FORBIDDEN
    connection.close()


def test_localhost_is_a_name_of_its_own(sandbox: Sandbox) -> None:
    port = urlsplit(sandbox.endpoint).port
    connection = HTTPConnection("localhost", port)
    connection.request("GET", "/_rollout/clock", headers={"X-Rollout-Token": sandbox.token})
    assert connection.getresponse().status == HTTPStatus.OK
    connection.close()


@pytest.mark.parametrize(
    ("length", "status"),
    [(str(MAX_BODY + 1), HTTPStatus.REQUEST_ENTITY_TOO_LARGE), ("-1", HTTPStatus.BAD_REQUEST), ("1" * 5000, 413)],
)
def test_a_body_that_is_too_large_is_not_read(sandbox: Sandbox, length: str, status: int) -> None:
    connection = HTTPConnection(urlsplit(sandbox.endpoint).netloc)
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", length)
    connection.endheaders()
    assert connection.getresponse().status == status
    connection.close()


@pytest.mark.parametrize("half", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: a"])
def test_half_a_request_is_waited_for_only_so_long(server: Callable[..., OwnServer], half: bytes) -> None:
    port = server(arrives_within=0.1).port
    with socket.create_connection(("127.0.0.1", port), 10) as slow:
        slow.sendall(half)
        assert slow.recv(100) == b""


def test_there_are_only_so_many_connections_and_room_again(server: Callable[..., OwnServer]) -> None:
    port = server(connections=2, arrives_within=10).port
    held = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(2)]
    with socket.create_connection(("127.0.0.1", port), 10) as third:
        assert third.recv(100) == b""
    for each in held:
        each.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert each.recv(100).startswith(b"HTTP/1.1 200")
        each.close()
    assert any(answer_to(os.geteuid(), port) for _ in range(20))  # soon, once both are let go of
