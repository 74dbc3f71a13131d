"""Targets that are addresses: requests to them, their answers, and what goes wrong, as a load balancer has it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.sandbox.data_plane.site import Reply, Site
from tests.sandbox.tenant import path, refused, single

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Served-By: here\r\nSet-Cookie: a=b\r\n\r\nhi"


class Peer:
    """A server that reads one request a connection and says what it was told to say."""

    def __init__(self, said: bytes | None, listening: socket.socket) -> None:
        self.said, self.asked, self._listening = said, list[bytes](), listening
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                self.asked.append(self._read(connection))
                if self.said is None:
                    connection.recv(1)  # until the load balancer has had enough
                else:
                    connection.sendall(self.said)

    @staticmethod
    def _read(connection: socket.socket) -> bytes:
        got = b""
        while b"\r\n\r\n" not in got:
            got += connection.recv(65_536) or b"\r\n\r\n"
        head, _, body = got.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += connection.recv(65_536)
        return head + b"\r\n\r\n" + body


@pytest.fixture
def peer() -> Iterator[Callable[..., tuple[Peer, tuple[str, int]]]]:
    with ExitStack() as open_:

        def serve(said: bytes | None = OK) -> tuple[Peer, tuple[str, int]]:
            listening = open_.enter_context(socket.create_server(("127.0.0.1", 0)))
            return Peer(said, listening), listening.getsockname()

        yield serve


@pytest.fixture
def nobody() -> tuple[str, int]:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address: tuple[str, int] = gone.getsockname()
    return address


def ruled(site: Site, *addresses: tuple[str, int], **more: Any) -> str:
    group = site.addressed("ips", *addresses)
    site.tenant.rule([{"Type": "forward", "TargetGroupArn": group}], conditions=[path("/a*")], **more)
    return group


def test_a_request_reaches_an_address_as_it_was_sent(site: Site, peer: Any) -> None:
    server, address = peer()
    group = ruled(site, address)
    headers = [
        ("Host", "shop.example:8443"),
        ("X-B", "1"),
        ("X-B", "2"),
        ("X-Forwarded-For", "203.0.113.9"),
        ("TE", "x"),
    ]
    reply = site.get("/a/%20b?x=%41&y", headers, method="POST", body=b"body")
    assert (reply.status, reply.body, reply.served_by, reply.cookie) == (200, b"hi", "here", "a=b")
    head, _, body = server.asked[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    said = sorted(line.lower() for line in lines if not line.lower().startswith("x-amzn-trace-id: root=1-"))
    assert (first, body, len(lines) - len(said)) == ("POST /a/%20b?x=%41&y HTTP/1.1", b"body", 1)
    assert said == [
        "content-length: 4",
        "host: shop.example:8443",
        "x-b: 1",
        "x-b: 2",
        "x-forwarded-for: 203.0.113.9, 127.0.0.1",
        "x-forwarded-port: 443",
        "x-forwarded-proto: https",
    ]
    assert (site.metric("HTTPCode_Target_2XX_Count", group=group), site.metric("RequestCount", group=group)) == (
        [1],
        [1],
    )


def test_bodies_have_no_limit_either_way(site: Site, peer: Any) -> None:
    large = b"x" * (3 * 1024 * 1024)
    server, address = peer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(large) + large)
    ruled(site, address)
    assert site.get("/a", method="PUT", body=large).body == large
    assert server.asked[0].endswith(large)


def test_a_body_of_unknown_length_is_handed_on(site: Site, peer: Any) -> None:
    _, address = peer(b"HTTP/1.1 201 Made\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
    ruled(site, address)
    reply = site.get("/a")
    assert (reply.status, reply.body) == (201, b"hi")


@pytest.mark.parametrize("status", [204, 304, 302, 500])
def test_any_status_is_handed_on(site: Site, peer: Any, status: int) -> None:
    body = b"" if status in {204, 304} else b"Content-Length: 0\r\n"
    _, address = peer(b"HTTP/1.1 %d X\r\nLocation: /b\r\n%s\r\n" % (status, body))
    ruled(site, address)
    reply = site.get("/a")
    assert (reply.status, reply.header("location")) == (status, "/b")


def test_a_head_has_the_length_and_no_body(site: Site, peer: Any) -> None:
    server, address = peer(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n")
    ruled(site, address)
    reply = site.get("/a", {"Expect": "100-continue"}, method="HEAD")
    assert (reply.status, reply.header("content-length"), reply.body) == (200, "7", b"")
    assert server.asked[0].startswith(b"HEAD /a HTTP/1.1\r\n")
    assert b"Expect" not in server.asked[0]


def told(site: Site, reply: Reply, group: str) -> tuple[int, list[float], list[float]]:
    requests = site.metric("RequestCount", group=group)
    return reply.status, site.metric(f"HTTPCode_ELB_{reply.status}_Count"), requests


def test_a_target_that_refuses_is_a_502(site: Site, nobody: tuple[str, int]) -> None:
    group = ruled(site, nobody)
    assert told(site, site.get("/a"), group) == (502, [1], [1])
    assert site.metric("TargetConnectionErrorCount", group=group) == [1]


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200"], ids=["closed", "no HTTP", "cut off"])
def test_a_target_that_does_not_speak_http_is_a_502(site: Site, peer: Any, said: bytes) -> None:
    _, address = peer(said)
    group = ruled(site, address)
    assert told(site, site.get("/a"), group) == (502, [1], [1])


def test_a_target_that_lets_wait_is_a_504(site: Site, peer: Any) -> None:
    _, address = peer(None)
    group = ruled(site, address)
    (balancer,) = site.tenant.elb.describe_load_balancers(Names=["public"])["LoadBalancers"]
    site.tenant.elb.modify_load_balancer_attributes(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "1"}],
    )
    site.tenant.sandbox.clock.run_at(20)
    try:
        assert told(site, site.get("/a"), group) == (504, [1], [1])
    finally:
        site.tenant.sandbox.clock.run_at(1)


def test_a_group_without_targets_is_a_503(site: Site) -> None:
    ruled(site)
    assert site.get("/a").status == 503


def test_a_target_that_takes_no_connections_is_passed_over(site: Site, peer: Any, nobody: tuple[str, int]) -> None:
    server, (_, port) = peer()
    group = ruled(site, ("127.0.0.1", port), ("127.0.0.2", nobody[1]))
    assert {site.get("/a").status for _ in range(10)} == {200}
    described = site.tenant.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    states = {each["Target"]["Id"]: each["TargetHealth"]["State"] for each in described}
    assert states == {"127.0.0.1": "healthy", "127.0.0.2": "unhealthy"}
    assert len(server.asked) >= 10  # and the look at its health, once the server has taken it


def test_health_is_unused_without_a_load_balancer(site: Site, peer: Any) -> None:
    _, address = peer()
    group = site.addressed("ips", address)
    assert site.tenant.health(group)["State"] == "unused"


def test_cookies_of_a_sticky_rule_come_with_an_addresss_answers(site: Site, peer: Any) -> None:
    _, address = peer()
    (function,) = site.served("function")
    group = site.addressed("ips", address)
    site.split({group: 1, function: 0}, 60)
    first = site.get("/a")
    assert [name for name, _ in first.headers].count("set-cookie") == 3
    assert "AWSALBTG=" in (first.cookie or "")


def test_a_transform_is_what_an_address_sees(site: Site, peer: Any) -> None:
    server, address = peer()
    group = site.addressed("ips", address)
    site.tenant.elb.create_rule(
        ListenerArn=site.tenant.landscape.listeners["public"],
        Priority=10,
        Conditions=[path("/a*")],
        Actions=single(group),
        Transforms=[{"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [{"Regex": "^/a", "Replace": "/v2"}]}}],
    )
    site.get("/a/b?c")
    assert server.asked[0].startswith(b"GET /v2/b?c HTTP/1.1\r\n")


@pytest.mark.parametrize("address", ["10.0.0.1", "203.0.113.1", "169.254.169.254"])
def test_no_other_address_is_ever_asked(site: Site, address: str) -> None:
    ruled(site, (address, 80))
    assert site.get("/a").served_by == "ips"


def test_a_group_of_load_balancers_is_for_other_load_balancers(site: Site) -> None:
    site.url()
    vpc = site.tenant.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    asked = {"Name": "albs", "TargetType": "alb", "Port": 80, "VpcId": vpc}
    with refused("ValidationError", "target type 'alb'"):
        site.tenant.elb.create_target_group(Protocol="HTTP", **asked)
    made = site.tenant.elb.create_target_group(Protocol="TCP", **asked)["TargetGroups"][0]["TargetGroupArn"]
    with refused("IncompatibleProtocols", "not compatible"):
        site.tenant.rule(single(made))
