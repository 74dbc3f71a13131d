"""What a smoke test asks, and how it judges what comes back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.alb.invocation import Invocation
from rollout.alb.state import AlbState
from rollout.base.plain import plain
from rollout.errors import AwsError, ConfigError, SmokeFailed, UsageError
from rollout.inventory.conditions import for_endpoint, unmet
from rollout.inventory.model import Route
from rollout.migration.smoke.report import SmokeReport, judge
from rollout.migration.smoke.run import Smoke
from rollout.migration.smoke.samples import Sample, made_up, read_samples
from tests.unit.builders import CANDIDATE, environment, live, places

SECONDS = timedelta(seconds=1)
NOW = datetime(2026, 11, 25, 22, tzinfo=UTC)
Answer = Callable[[Mapping[str, Any]], Any]


class Functions:
    """Answers by a function of the event."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.came: list[tuple[str, Mapping[str, Any], timedelta]] = []

    def invoke(self, function: str, event: Mapping[str, object], limit: timedelta) -> Invocation:
        self.came.append((function, event, limit))
        said = self.answer(event)
        return said if isinstance(said, Invocation) else Invocation(said, None, SECONDS)


def answer(status: int = 200, body: str | None = "{}", **more: Any) -> dict[str, Any]:
    return {"statusCode": status, "body": body, "isBase64Encoded": False, **more}


def sample(**expect: Any) -> Sample:
    return Sample.model_validate({"request": {"method": "GET", "path": "/score/1"}, "expect": expect})


def smoke(
    said: Answer | Any, *, found: AlbState | None = None, warm: int = 1, **samples: Sample
) -> tuple[SmokeReport, Functions]:
    functions = Functions(said if callable(said) else lambda _: said)
    asked = Smoke(environment(), found or live({}), functions, NOW)
    return asked.run(samples, ("score",) if samples else tuple(environment().routes), warm), functions


def wrong(said: Any, **expect: Any) -> list[str]:
    report, _ = smoke(said, score=sample(**expect))
    return [problem.what.removeprefix("GET /score/1: ") for problem in report.problems]


def test_the_function_gets_the_event_of_the_load_balancer() -> None:
    asked = Sample.model_validate(
        {
            "request": {
                "method": "POST",
                "path": "/bulk",
                "query": {"q": "a b&c"},
                "headers": {"X-Key": "k", "Host": "shop.example"},
                "body": {"n": 1},
            }
        }
    )
    functions = Functions(lambda _: answer())
    Smoke(environment(), live({}), functions, NOW).run({"bulk": asked}, ["bulk"], 1)
    ((function, event, limit),) = functions.came
    assert (function, limit) == ("new", timedelta(seconds=40))
    assert event["requestContext"] == {"elb": {"targetGroupArn": CANDIDATE}}
    assert (event["httpMethod"], event["path"]) == ("POST", "/bulk")
    assert event["queryStringParameters"] == {"q": "a%20b%26c"}
    assert (json.loads(event["body"]), event["isBase64Encoded"]) == ({"n": 1}, False)
    trace = event["headers"].pop("x-amzn-trace-id")
    assert trace.startswith(f"Root=1-{int(NOW.timestamp()):08x}-")
    assert event["headers"] == {
        "accept": "*/*",
        "content-type": "application/json",
        "host": "shop.example",
        "user-agent": "rollout-smoke",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
        "x-key": "k",
    }


def test_a_route_without_a_sample_is_asked_what_changes_nothing() -> None:
    report, functions = smoke(answer(404))
    score, bulk = report.routes
    assert [event["path"] for _, event, _ in functions.came] == ["/score/smoke"]
    assert (score.status, score.took, score.problems) == (404, SECONDS, ())
    assert (bulk.request, bulk.problems) == ("", ())
    assert bulk.note == "skipped, since a generated POST might change data; write bulk.json"
    report.require()


PATTERNS = st.text(st.sampled_from("ab*?/-_."), min_size=0, max_size=12).map("/".__add__)


@given(PATTERNS, st.sampled_from([(), ("GET",), ("POST", "GET"), ("HEAD", "PUT")]))
def test_what_is_made_up_is_a_request_of_the_route(path: str, methods: tuple[str, ...]) -> None:
    route = Route(load_balancer="public", path=path, methods=methods, priority=1, legacy="old", candidate="new")
    made = made_up(route)
    assert made is not None
    assert unmet(for_endpoint(path, methods), made.asked) is None


@pytest.mark.parametrize(
    ("status", "expected", "said"),
    [
        (499, [], []),
        (500, [], ["status 500, expected below 500"]),
        (404, [200, 404], []),
        (204, 200, ["status 204, expected 200"]),
        (503, [200, 503], []),
        (301, [200, 404], ["status 301, expected 200 or 404"]),
    ],
)
def test_a_status_is_one_that_is_expected(status: int, expected: Any, said: list[str]) -> None:
    assert wrong(answer(status), status=expected) == said


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("text", "it is not an object"),
        (answer("200"), "statusCode is not a number from 100 to 599"),  # type: ignore[arg-type]
        ({"body": "{}"}, "statusCode is not a number from 100 to 599"),
        (answer(body={"a": 1}), "body is not text"),  # type: ignore[arg-type]
        (answer(body=None), "body is not text"),
        ({"statusCode": 200, "headers": None, "body": "{}"}, "headers is not an object"),
        (answer(headers={"x": 1}), "header x is not one line of text"),
        (answer(body="%", isBase64Encoded=True), "body doesn't match isBase64Encoded"),
    ],
)
def test_what_a_load_balancer_cannot_read_is_a_502(said: Any, why: str) -> None:
    assert wrong(said) == [f"clients would get a 502, since the load balancer can't read the answer: {why}"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"id": 1}', []),
        ('{"id": "1"}', ["body $.id: '1' is not of type 'integer'"]),
        ("{}", ["body $: 'id' is a required property"]),
        ("<html>", ["the body is not JSON"]),
        ("", ["the body is not JSON"]),
    ],
)
def test_a_body_fits_its_schema(body: str, said: list[str]) -> None:
    schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
    assert wrong(answer(body=body), schema=schema) == said


def test_a_schema_is_looked_up_nowhere() -> None:
    place = "http://127.0.0.1:9/schema.json"
    assert wrong(answer(), schema={"$ref": place}) == [f"the schema refers to {place}, which it doesn't contain"]


def test_a_long_finding_is_cut_and_many_are_not_told() -> None:
    schema = {"type": "array", "items": {"type": "integer"}}
    found = wrong(answer(body=json.dumps(["x" * 1000] * 9)), schema=schema)
    assert len(found) == 3
    assert max(map(len, found)) < 250


def test_everything_wrong_is_told_at_once() -> None:
    def said(event: Mapping[str, Any]) -> Any:
        if event["path"] == "/bulk":
            raise AwsError("Invoke: no", hint="the role lacks a permission", code="access-denied")
        return Invocation(None, "KeyError: 'address'", SECONDS)

    bulk = Sample.model_validate({"request": {"method": "POST", "path": "/bulk"}})
    functions = Functions(said)
    asked = Smoke(environment(), live({}), functions, NOW)
    report = asked.run({"bulk": bulk}, ["score", "bulk"], 1)
    with pytest.raises(SmokeFailed, match="2 of 2 routes") as caught:
        report.require()
    assert places(caught.value.problems) == [
        ("score (new)", "unexpected-response"),
        ("bulk (new)", "access-denied"),
    ]
    crash, denied = caught.value.problems
    assert "KeyError: 'address'" in crash.what
    assert denied.hint == "the role lacks a permission"
    assert caught.value.exit_code == 1


def test_a_candidate_that_is_not_built_is_not_asked() -> None:
    found = live({})
    report, functions = smoke(answer(), found=replace(found, target_groups={}))
    assert functions.came == []
    assert places(report.problems) == [("score (new)", "candidate-missing")]
    assert "rollout phase1 production" in (report.problems[0].hint or "")


def test_environments_are_opened_by_what_changes_nothing() -> None:
    calls = iter(range(100))

    def said(_: Mapping[str, Any]) -> Any:
        return answer() if next(calls) != 1 else Invocation(None, "crash", SECONDS)

    report, functions = smoke(said, warm=5)
    assert report.warmed == {"new": 4}
    assert [event["path"] for _, event, _ in functions.came] == ["/score/smoke"] * 6


def test_times_are_milliseconds_in_json() -> None:
    report, _ = smoke(Invocation(answer(), None, timedelta(seconds=0.25)), score=sample())
    (route,) = plain(report)["routes"]
    assert (route["route"], route["status"], route["took-ms"]) == ("score", 200, 250)
    json.dumps(plain(report))


def read(folder: Path, **variables: str) -> dict[str, Sample]:
    return read_samples(folder, environment(), wanted=True, variables=variables)


def test_samples_are_read_by_route(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("not a sample")
    asked = {"method": "GET", "path": "/score/1", "headers": {"x-key": "$SHOP_KEY", "x-price": "$5"}}
    (tmp_path / "score.json").write_text(json.dumps({"request": asked, "expect": {"status": 404}}))
    found = read(tmp_path, SHOP_KEY="k")["score"]
    assert found.expect.status == (404,)
    assert dict(found.asked.headers)["x-key"] == "k"
    assert dict(found.asked.headers)["x-price"] == "$5"


def test_every_problem_of_all_samples_is_told(tmp_path: Path) -> None:
    good = {"method": "GET", "path": "/score/1"}
    files: dict[str, Any] = {
        "scor": {"request": good},
        "score": {
            "request": {"method": "GET", "path": "/score/1", "headers": {"x": "$SHOP_KEY"}, "pth": "/"},
            "expect": {"status": 99, "schema": {"type": "nothing"}},
        },
        "bulk": {"request": good},
    }
    for name, said in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(said))
    with pytest.raises(ConfigError) as caught:
        read(tmp_path)
    assert [(Path(str(each.where)).name, each.code, each.what.split(":")[0]) for each in caught.value.problems] == [
        ("bulk.json", "sample-route-mismatch", "GET /score/1 doesn't match the route, which is POST /bulk"),
        ("scor.json", "unknown-route", "there is no route 'scor'; did you mean 'score'?"),
        ("score.json", "invalid-value", "request.headers"),
        ("score.json", "unknown-key", "request.pth"),
        ("score.json", "invalid-value", "expect.status"),
        ("score.json", "invalid-value", "expect.schema"),
    ]
    variable, key = caught.value.problems[2:4]
    assert "SHOP_KEY" in variable.what
    assert "did you mean 'path'" in key.what
    assert "method, path, query, headers, body" in (key.hint or "")


def test_a_file_that_is_no_json_is_told(tmp_path: Path) -> None:
    (tmp_path / "score.json").write_text("{,}")
    with pytest.raises(ConfigError) as caught:
        read(tmp_path)
    assert places(caught.value.problems) == [(str(tmp_path / "score.json"), "invalid-json")]


def test_a_folder_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path / "none")
    assert (caught.value.where, caught.value.code) == (str(tmp_path / "none"), "file-missing")
    assert read_samples(tmp_path / "none", environment(), wanted=False) == {}


@pytest.mark.parametrize("schema", [5, "x", {"type": 5}, {"pattern": "("}])
def test_a_schema_that_is_none_is_told(tmp_path: Path, schema: Any) -> None:
    said = {"request": {"method": "GET", "path": "/score/1"}, "expect": {"schema": schema}}
    (tmp_path / "score.json").write_text(json.dumps(said))
    with pytest.raises(ConfigError, match=r"score\.json: expect\.schema: "):
        read(tmp_path)


@pytest.mark.parametrize("body", ["\x80", "a", "\udce9"])
def test_a_body_that_is_not_what_is_said_of_it_is_a_502(body: str) -> None:
    said = {"statusCode": 200, "headers": {}, "body": body, "isBase64Encoded": True}
    status, problems = judge(Invocation(said, None, timedelta(seconds=1)), (), None)
    assert status is None
    assert any("502" in problem for problem in problems)
