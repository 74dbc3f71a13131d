"""What leaves the process: no header that isn't named, no value of a secret; equal ones can still be told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.parity.comparing.shown import SECRET_NAMES
from rollout.parity.sources.json_lines import JsonLinesSource
from rollout_tap import redaction
from rollout_tap.lines import line
from rollout_tap.redaction import Redaction
from rollout_tap.settings import Settings
from tests.unit.tap.requests import Data, answer, event

CANARY = "canary-7f3a"


def written(asked: Data, said: Data | None = None, **how: Any) -> bytes:
    settings = Settings.of({"salt": "run", **how}, {})
    return line(asked, said, settings.redaction(), settings.redaction_of_answers())


def read(asked: Data, said: Data | None = None, **how: Any) -> Data:
    found: Data = json.loads(written(asked, said, **how))
    return found


def test_parity_hides_what_the_tap_hides() -> None:
    assert redaction.SECRET_NAMES.pattern == SECRET_NAMES.pattern


@pytest.mark.parametrize(
    "asked",
    [
        event(headers={"authorization": CANARY, "Cookie": CANARY, "x-unknown": CANARY}),
        event(multiValueHeaders={"x-api-key": [CANARY, CANARY]}),
        event(queryStringParameters={"access_token": CANARY}),
        event(multiValueQueryStringParameters={"apiKey": ["a", CANARY]}),
        event(body=json.dumps({"user": {"password": CANARY}})),
        event(body=json.dumps({"auth": {"user": [CANARY, {"x": CANARY}]}})),
        event(body=f'{{"a": {{"token": "{CANARY}"}}, "a": 1}}'),
        event(body=json.dumps([[{"e-mail": CANARY}]])),
    ],
)
def test_secrets_stay_in_the_process_unasked(asked: Data) -> None:
    said = answer({"name": CANARY, "list": [CANARY, {"x": CANARY}]})
    assert CANARY.encode() not in written(asked, said)


def test_answers_keep_their_keys_and_kinds_and_show_their_values_only_where_that_is_asked_for() -> None:
    said = answer({"a": "x", "b": 1, "c": 1.0, "d": None, "e": True, "f": ["x"], "token": CANARY}, 404)
    found = read(event(), said)["answer"]
    assert (found["status"], found["headers"]) == (404, {"content-type": "application/json"})
    kinds = {key: type(value) for key, value in found["body"].items()}
    assert kinds == {"a": str, "b": int, "c": float, "d": type(None), "e": bool, "f": list, "token": str}
    assert found["body"]["a"] == found["body"]["f"][0] != "x"
    shown = read(event(), said, answers="shown")["answer"]["body"]
    assert (shown["a"], shown["b"], shown["token"] != CANARY) == ("x", 1, True)
    assert "body" not in read(event(), {**said, "body": "no JSON"})["answer"]


@pytest.mark.parametrize(
    ("place", "hidden"),
    [
        ("$.user.name", {"$.user.name"}),
        ("$.**.name", {"$.user.name", "$.list[*].name"}),
        ("$.list", {"$.list[*].name"}),
        ("$**", {"$.user.name", "$.list[*].name", "$.id"}),
        ("query:name", {"query"}),
        ("header:host", {"host"}),
    ],
)
def test_a_place_is_hashed_and_what_is_below_it(place: str, hidden: set[str]) -> None:
    asked = event(
        body=json.dumps({"user": {"name": "Ada"}, "list": [{"name": "Ada"}], "id": "Ada"}),
        queryStringParameters={"name": "Ada"},
        headers={"host": "Ada"},
    )
    found = read(asked, redact=place)
    body = json.loads(found["body"])
    values = {
        "$.user.name": body["user"]["name"],
        "$.list[*].name": body["list"][0]["name"],
        "$.id": body["id"],
        "query": found["path"].partition("name=")[2],
        "host": found["headers"]["host"],
    }
    assert {each for each, value in values.items() if value != "Ada"} == hidden
    assert len({values[each] for each in hidden}) == 1, "equal values have one hash"


def test_hashes_are_of_one_salt() -> None:
    asked = event(body='{"token": "a"}')
    assert read(asked) == read(asked)
    assert read(asked)["body"] != read(asked, salt="another")["body"]
    assert Settings().redaction().json({"token": "a"}) != Settings().redaction().json({"token": "a"})


def test_a_number_that_is_hashed_stays_one_of_its_kind() -> None:
    hashed = Redaction(b"run").json({"secret": 7, "session": 7.5, "token": True, "csrf": None})
    assert [type(each) for each in hashed.values()] == [int, float, bool, type(None)]
    assert (hashed["secret"] != 7, hashed["session"] != 7.5) == (True, True)


NAMES = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
TEXTS = st.from_regex(r"[A-Za-z0-9_.~-]{1,12}", fullmatch=True)


@given(
    st.dictionaries(NAMES, st.lists(TEXTS, min_size=1, max_size=3), max_size=3),
    st.dictionaries(NAMES, st.integers() | st.text() | st.none(), max_size=3),
    st.booleans(),
)
def test_parity_reads_what_the_tap_writes(query: dict[str, list[str]], body: dict[str, Any], lists: bool) -> None:
    asked = event("/v2/stamps/7", "POST", json.dumps(body))
    if lists:
        headers = {name: [value] for name, value in asked.pop("headers").items()}
        asked |= {"multiValueHeaders": headers, "multiValueQueryStringParameters": query}
    else:
        query = {name: values[-1:] for name, values in query.items()}
        asked["queryStringParameters"] = {name: values[0] for name, values in query.items()}
    source = JsonLinesSource(lambda _: "scores")
    (found,) = source.read([written(asked, answer({}, 201))])
    hidden = Settings.of({"salt": "run"}, {}).redaction()
    pairs = [(name, value) for name, values in query.items() for value in values]
    assert list(found.request.query) == list(hidden.query(pairs))
    assert (found.request.method, found.request.path, found.request.host) == ("POST", "/v2/stamps/7", "api.example.com")
    assert json.loads(found.body) == hidden.json(body)
    assert (found.answered, source.broken) == (201, 0)
