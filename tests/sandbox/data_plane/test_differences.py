"""A candidate that differs in a chosen way: each kind changes what it says, elsewhere nothing, and no error rate."""

from __future__ import annotations

import json
from random import Random
from typing import Any, get_args

import pytest

from rollout_sandbox import Difference, Profile
from rollout_sandbox.data_plane.differences import KINDS, Kind
from tests.sandbox.data_plane.site import Site

BODY: dict[str, Any] = {
    "n": True,
    "list": [1, 2.5, {"at": "2026-11-01T12:00:00Z"}, *"abcdefgh"],
    "last": "2026-99-01T12:00",
}


def chances() -> Random:
    return Random(1)  # noqa: S311 - no secrets


def said(kind: str, body: Any = BODY, status: int = 200, path: str = "/v2/a", **more: Any) -> Any:
    answer = {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body), **more}
    before = json.dumps(answer)
    found = Difference.of(kind).altered(answer, path, chances())
    assert json.dumps(answer) == before, "a handler may give the same answer again"
    return found


def body(kind: str, **more: Any) -> Any:
    return json.loads(said(kind, **more)["body"])


def test_each_kind_is_what_it_says() -> None:
    assert body("number-as-text") == {**BODY, "list": ["1", *BODY["list"][1:]]}
    assert body("missing-key") == {key: BODY[key] for key in ("n", "list")}
    assert body("date-form")["list"][2] == {"at": "Sun, 01 Nov 2026 12:00:00 +0000"}
    assert body("date-form")["last"] == BODY["last"]
    shuffled = body("unordered-list")["list"]
    assert (shuffled != BODY["list"], sorted(map(str, shuffled)) == sorted(map(str, BODY["list"]))) == (True, True)
    assert body("random-id").keys() - BODY.keys() == {"id"}
    assert said("header-case")["headers"] == {"CONTENT-TYPE": "application/json"}
    assert [said("forbidden", status=status)["statusCode"] for status in (200, 401, 404)] == [200, 403, 404]
    assert set(get_args(Kind)) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("answer", ["malformed", None, [], {}, {"body": "no JSON"}, {"body": None}, {"body": "[]"}])
def test_what_an_answer_does_not_have_stays_as_it_is(kind: str, answer: Any) -> None:
    assert Difference.of(kind).altered(answer, "/", chances()) == answer


@pytest.mark.parametrize("kind", KINDS)
def test_other_paths_are_left_alone(kind: str) -> None:
    assert said(f"{kind}:/v2/*") == said(kind)
    assert body(f"{kind}:/v1/*", status=401) == BODY
    assert said(f"{kind}:/v1/*", status=401)["statusCode"] == 401


def test_there_is_no_other_kind() -> None:
    with pytest.raises(ValueError, match="wrong"):
        Difference.of("wrong:/a")


def test_a_load_balancer_and_invoke_give_the_answer_that_differs_and_nothing_counts_as_an_error(site: Site) -> None:
    (group,) = site.served("one")
    site.split({group: 1})
    site.tenant.sandbox.behave(
        Profile("one", account=site.tenant.account, differs=(Difference("missing-key", "/a*"), Difference("random-id")))
    )
    reply = site.get("/a")
    assert (set(reply.said), reply.served_by) == ({"method", "path", "id"}, "one")
    event = {"httpMethod": "GET", "path": "/b", "headers": {}}
    invoked = json.load(site.tenant.functions.invoke(FunctionName="one", Payload=json.dumps(event))["Payload"])
    assert set(json.loads(invoked["body"])) == {"method", "path", "query", "id"}
    assert site.metric("HTTPCode_Target_5XX_Count", group=group) == site.metric("LambdaUserError", group=group) == []
