"""A request as a function gets it, and which answers a load balancer takes, as AWS documents both."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from rollout.alb.alb_event import MAX_BYTES, Answer, Malformed, checked, event
from rollout.inventory.conditions import Request

GROUP = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/new/1"
ASKED = Request.of("POST", "/score/1?a=1&a=2&b=%20", [("X-One", "1"), ("x-one", "2"), ("Host", "mine")])
ADDED = [("host", "shop.test"), ("x-forwarded-for", "10.0.0.1")]


def test_of_several_values_the_last_one_stays() -> None:
    assert event(ASKED, b"", ADDED, GROUP, multi_value=False) == {
        "requestContext": {"elb": {"targetGroupArn": GROUP}},
        "httpMethod": "POST",
        "path": "/score/1",
        "queryStringParameters": {"a": "2", "b": "%20"},
        "headers": {"x-one": "2", "host": "shop.test", "x-forwarded-for": "10.0.0.1"},
        "body": "",
        "isBase64Encoded": False,
    }


def test_with_lists_all_values_stay() -> None:
    assert event(ASKED, b"", ADDED, GROUP, multi_value=True) == {
        "requestContext": {"elb": {"targetGroupArn": GROUP}},
        "httpMethod": "POST",
        "path": "/score/1",
        "multiValueQueryStringParameters": {"a": ["1", "2"], "b": ["%20"]},
        "multiValueHeaders": {"x-one": ["1", "2"], "host": ["shop.test"], "x-forwarded-for": ["10.0.0.1"]},
        "body": "",
        "isBase64Encoded": False,
    }


def sent(body: bytes, *headers: tuple[str, str]) -> tuple[str, bool]:
    got = event(Request.of("POST", "/", headers), body, (), GROUP, multi_value=False)
    return got["body"], got["isBase64Encoded"]


@pytest.mark.parametrize(
    "kind", ["text/html", "TEXT/plain; charset=utf-8", " application/json", "application/javascript", "application/xml"]
)
def test_a_text_is_sent_as_it_is(kind: str) -> None:
    assert sent("grün".encode(), ("content-type", kind)) == ("grün", False)
    assert sent("grün".encode(), ("content-type", "image/png"), ("content-type", kind)) == ("grün", False)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"text", [("content-type", "image/png")]),
        (b"text", [("content-type", "text/plain"), ("content-type", "image/png")]),
        (b"text", [("content-type", "application/json2")]),
        (b"text", [("content-type", "text/plain"), ("content-encoding", "gzip")]),
        (b"\xff", [("content-type", "text/plain")]),
        (b"\xff", []),
    ],
)
def test_anything_else_is_encoded(body: bytes, headers: list[tuple[str, str]]) -> None:
    assert sent(body, *headers) == (base64.b64encode(body).decode(), True)


def test_an_answer_is_decoded_and_loses_the_headers_that_are_the_load_balancers() -> None:
    ours = ("Connection", "Content-Length", "Date", "Keep-Alive", "Server", "Transfer-Encoding", "Upgrade")
    said = {
        "statusCode": 200,
        "body": "aGk=",
        "isBase64Encoded": True,
        "headers": {"x": "1", **dict.fromkeys(ours, "")},
    }
    assert checked(said, multi_value=False) == Answer(200, (("x", "1"),), b"hi")


def test_a_status_alone_is_an_answer() -> None:
    for status in (100, 599):
        assert checked({"statusCode": status}, multi_value=False) == Answer(status, (), b"")
    assert checked({"statusCode": 200, "body": "grün"}, multi_value=False).body == "grün".encode()


def test_lists_of_values_are_several_headers_and_the_other_kind_does_not_count() -> None:
    said = {"statusCode": 200, "multiValueHeaders": {"x": ["1", "2"]}, "headers": {"y": "3"}}
    assert checked(said, multi_value=True).headers == (("x", "1"), ("x", "2"))
    assert checked(said, multi_value=False).headers == (("y", "3"),)


@pytest.mark.parametrize(
    ("said", "multi_value"),
    [
        (None, False),
        ([], False),
        ({}, False),
        ({"statusCode": "200"}, False),
        ({"statusCode": True}, False),
        ({"statusCode": 99}, False),
        ({"statusCode": 600}, False),
        ({"statusCode": 200, "isBase64Encoded": "true"}, False),
        ({"statusCode": 200, "isBase64Encoded": 1}, False),
        ({"statusCode": 200, "body": {}}, False),
        ({"statusCode": 200, "body": "a", "isBase64Encoded": True}, False),
        ({"statusCode": 200, "body": "a*==", "isBase64Encoded": True}, False),
        ({"statusCode": 200, "body": "\ud800"}, False),
        ({"statusCode": 200, "headers": ["x"]}, False),
        ({"statusCode": 200, "headers": {"x": 1}}, False),
        ({"statusCode": 200, "headers": {1: "x"}}, False),
        ({"statusCode": 200, "headers": {"x": "1\r2"}}, False),
        ({"statusCode": 200, "headers": {"x": "1\n2"}}, False),
        ({"statusCode": 200, "multiValueHeaders": {"x": "1"}}, True),
        ({"statusCode": 200, "multiValueHeaders": {"x": ["1", 2]}}, True),
        ({"statusCode": 200, "multiValueHeaders": "x"}, True),
    ],
)
def test_what_can_not_be_sent_on_is_malformed(said: Any, multi_value: bool) -> None:
    with pytest.raises(Malformed):
        checked(said, multi_value=multi_value)


def test_an_answer_of_1_mb_as_json_is_the_largest() -> None:
    frame = len('{"statusCode": 200, "body": ""}')
    for letter, size in (("a", 1), ("é", 6)):  # as JSON has it
        most = (MAX_BYTES - frame) // size
        assert len(checked({"statusCode": 200, "body": letter * most}, multi_value=False).body) >= most
        with pytest.raises(Malformed):
            checked({"statusCode": 200, "body": letter * (most + 1)}, multi_value=False)


OK: dict[str, Any] = {"statusCode": 200}


@pytest.mark.parametrize("wrong", ["headers", "body", "isBase64Encoded", "statusCode"])
def test_null_is_no_answer(wrong: str) -> None:
    with pytest.raises(Malformed):
        checked({**OK, "headers": {}, "body": "", wrong: None}, multi_value=False)


def test_null_is_no_answer_with_lists_of_headers_either() -> None:
    with pytest.raises(Malformed):
        checked({**OK, "multiValueHeaders": None}, multi_value=True)
    assert checked({**OK, "headers": None}, multi_value=True).headers == ()  # which isn't looked at then


def test_what_is_left_out_is_empty() -> None:
    found = checked(OK, multi_value=False)
    assert (found.status, found.headers, found.body) == (200, (), b"")


@pytest.mark.parametrize(("bound", "is_taken"), [(1024, False), (4096, True)])
def test_the_size_is_the_callers(bound: int, *, is_taken: bool) -> None:
    said = {**OK, "body": "x" * 2000}
    if is_taken:
        assert checked(said, multi_value=False, max_bytes=bound).status == 200
        return
    with pytest.raises(Malformed):
        checked(said, multi_value=False, max_bytes=bound)
