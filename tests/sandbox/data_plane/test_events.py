"""What a function gets and what may come of its answer, as AWS documents both."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from rollout_sandbox import Sandbox
from tests.sandbox.data_plane.site import Reply, Site
from tests.sandbox.tenant import path

MULTI = {"lambda.multi_value_headers.enabled": "true"}
MEGABYTE = 1024 * 1024
Asked = Callable[..., tuple[dict[str, Any], Reply]]


@pytest.fixture(scope="module")
def asked(shared: Site, sandbox: Sandbox) -> Asked:
    """Send a request to a function; gives the event and the answer."""
    (single,), (lists,) = shared.served("one"), shared.served("lists", **MULTI)
    shared.split({single: 1})
    shared.tenant.rule(shared.forward({lists: 1}), priority=11, conditions=[path("/lists*")])

    def ask(*args: Any, said: Any = None, **more: Any) -> Any:
        events = []

        def handler(event: dict[str, Any], context: Any) -> Any:
            events.append(event)
            return {"statusCode": 200} if said is None else said

        sandbox.handle(handler, account=shared.tenant.account)
        reply = shared.get(*args, **more)
        return (events or [{}])[0], reply

    return ask


def test_the_event_is_the_load_balancers(asked: Asked) -> None:
    headers = [("Host", "example.com"), ("X-Thing", "1"), ("X-Thing", "2"), ("X-Forwarded-For", "203.0.113.9")]
    event, reply = asked("/a/%20b?x=%41&y&x=2", headers, method="POST", body=b"hi")
    trace = event["headers"].pop("x-amzn-trace-id")
    assert trace.startswith("Root=1-")
    assert len(trace) == len("Root=1-") + 8 + 1 + 24
    group = event.pop("requestContext")["elb"]["targetGroupArn"]
    assert group.split("/")[1] == "one"
    assert event == {
        "httpMethod": "POST",
        "path": "/a/%20b",
        "queryStringParameters": {"x": "2", "y": ""},
        "headers": {
            "host": "example.com",
            "x-thing": "2",  # of several, the last
            "content-length": "2",
            "x-forwarded-for": "203.0.113.9, 127.0.0.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "body": "hi",
        "isBase64Encoded": False,
    }
    assert (reply.status, reply.body, reply.header("server")) == (200, b"", "awselb/2.0")


def test_headers_and_parameters_are_lists_where_the_group_says_so(asked: Asked) -> None:
    said = {"statusCode": 201, "multiValueHeaders": {"set-cookie": ["a=1", "b=2"]}, "body": "made"}
    headers = [("X-Thing", "1"), ("x-thing", "2")]
    event, reply = asked("/lists?x=%41&x=2", headers, said=said)
    assert event["multiValueHeaders"]["x-thing"] == ["1", "2"]
    assert event["multiValueQueryStringParameters"] == {"x": ["%41", "2"]}
    assert not {"headers", "queryStringParameters"} & event.keys()
    assert (reply.status, reply.body, reply.cookie) == (201, b"made", "a=1; b=2")


@pytest.mark.parametrize(
    ("headers", "encoded"),
    [
        ({}, False),
        ({"Content-Type": "text/csv"}, False),
        ({"Content-Type": "application/json; charset=utf-8"}, False),
        ({"Content-Type": "application/javascript"}, False),
        ({"Content-Type": "application/xml"}, False),
        ({"Content-Type": "application/octet-stream"}, True),
        ({"Content-Type": "application/jsonlines"}, True),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, True),
    ],
)
def test_a_body_is_base64_unless_it_is_text(asked: Asked, headers: dict[str, str], *, encoded: bool) -> None:
    event, _ = asked("/a", headers, method="POST", body=b'{"a": 1}')
    assert event["isBase64Encoded"] is encoded
    body = event["body"].encode()
    assert (base64.b64decode(body) if encoded else body) == b'{"a": 1}'


def test_a_traced_request_stays_traced(asked: Asked) -> None:
    event, _ = asked("/a", {"X-Amzn-Trace-Id": "Root=1-67891233-abcdef012345678912345678"})
    own, _, theirs = event["headers"]["x-amzn-trace-id"].partition(";")
    assert own.startswith("Self=1-")
    assert theirs == "Root=1-67891233-abcdef012345678912345678"


def test_a_base64_answer_is_decoded(asked: Asked) -> None:
    said = {"statusCode": 200, "isBase64Encoded": True, "body": base64.b64encode(b"\x00\xff").decode()}
    _, reply = asked("/a", said=said)
    assert reply.body == b"\x00\xff"
    assert reply.header("content-type") == "application/octet-stream"


def test_hop_by_hop_headers_of_an_answer_are_the_load_balancers(asked: Asked) -> None:
    headers = {"Connection": "close", "Content-Length": "1", "Server": "mine", "X-Kept": "yes"}
    _, reply = asked("/a", said={"statusCode": 404, "headers": headers, "body": "gone"})
    assert (reply.status, reply.body, reply.header("server"), reply.header("x-kept")) == (
        404,
        b"gone",
        "awselb/2.0",
        "yes",
    )


@pytest.mark.parametrize(
    "said",
    [
        "text",
        {},
        {"statusCode": "200"},
        {"statusCode": True},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "headers": {"x": 1}},
        {"statusCode": 200, "headers": ["x"]},
        {"statusCode": 200, "headers": {"x": "a\r\nb: c"}},
        {"statusCode": 200, "isBase64Encoded": "no"},
        {"statusCode": 200, "isBase64Encoded": True, "body": "#"},
        {"statusCode": 200, "body": "x" * MEGABYTE},
    ],
)
def test_a_malformed_answer_is_a_502(asked: Asked, said: Any) -> None:
    _, reply = asked("/a", said=said)
    assert reply.status == 502


def test_plain_headers_are_not_enough_where_lists_are_wanted(asked: Asked) -> None:
    _, reply = asked("/lists", said={"statusCode": 200, "headers": {"x-kept": "no"}})
    assert (reply.status, reply.header("x-kept")) == (200, None)


def test_a_body_may_be_as_large_as_a_megabyte(asked: Asked) -> None:
    event, reply = asked("/a", method="POST", body=b"x" * MEGABYTE)
    assert (len(event["body"]), reply.status) == (MEGABYTE, 200)


def test_a_larger_body_reaches_no_function(asked: Asked) -> None:
    event, reply = asked("/a", method="POST", body=b"x" * (MEGABYTE + 1))
    assert (event, reply.status) == ({}, 413)


def test_a_web_socket_is_refused(asked: Asked) -> None:
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "x", "Sec-WebSocket-Version": "13"}
    event, reply = asked("/a", headers)
    assert (event, reply.status) == ({}, 400)
