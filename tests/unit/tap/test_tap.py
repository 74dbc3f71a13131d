"""How a function gets the tap: by a decorator, or by its environment. What can't be leaves the handler as it is."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import rollout_tap
from rollout_tap import sinks, tap
from rollout_tap.settings import Settings
from rollout_tap.sinks import FileSink, FirehoseSink, S3Sink, sink_at
from tests.unit.tap.requests import Kept, answer, event


def handler(_event: Any, _context: Any) -> Any:
    """A function."""
    return answer()


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    module = ModuleType("an_app")
    module.handler = handler  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    yield module
    vars(rollout_tap).pop("handler", None)


def test_a_handler_of_the_environment_is_recorded_into_a_file(
    app: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "requests.jsonl"
    monkeypatch.setenv("ROLLOUT_TAP_HANDLER", "an_app.handler")
    monkeypatch.setenv("ROLLOUT_TAP_SINK", file.as_uri())
    monkeypatch.setenv("ROLLOUT_TAP_PERCENT", "100")
    monkeypatch.setenv("ROLLOUT_TAP_EVERY", "0")
    monkeypatch.setenv("ROLLOUT_TAP_WAIT", "1")
    tapped = rollout_tap.handler
    assert (tapped is rollout_tap.handler, tapped.__doc__) == (True, "A function.")
    tapped(event("/a"), None)
    tapped(event("/b"), None)
    assert [json.loads(line)["path"] for line in file.read_text().splitlines()] == ["/a"]


@pytest.mark.parametrize("name", ["", "handler"])
def test_a_function_without_a_handler_says_so(app: ModuleType, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLOUT_TAP_HANDLER", name)
    with pytest.raises(RuntimeError, match="ROLLOUT_TAP_HANDLER"):
        _ = rollout_tap.handler


@pytest.mark.parametrize(("name", "error"), [("an_app.none", AttributeError), ("no_app.handler", ModuleNotFoundError)])
def test_a_handler_that_is_not_there_is_the_error_that_it_would_be(
    app: ModuleType, name: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLOUT_TAP_HANDLER", name)
    with pytest.raises(error):
        _ = rollout_tap.handler


def test_without_a_sink_there_is_no_tap(capsys: pytest.CaptureFixture[str]) -> None:
    assert tap()(handler) is handler
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"percent": 101},
        {"percent": "nan"},
        {"percent": None},
        {"sink": "http://example.com"},
        {"sink": "s3://"},
        {"answers": "plain"},
        {"wait": 5},
        {"headers": 7},
        {"share": 1},
    ],
)
def test_a_setting_that_can_not_be_is_no_tap_and_a_line_of_the_log(
    wrong: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert tap(**{"sink": Kept(), **wrong})(handler) is handler
    assert next(iter(wrong)) in json.loads(capsys.readouterr().err)["rollout_tap"]["off"]


def test_arguments_count_before_the_environment() -> None:
    environ = {"ROLLOUT_TAP_PERCENT": "5", "ROLLOUT_TAP_HEADERS": "x-a, x-b", "ROLLOUT_TAP_BATCH": ""}
    found = Settings.of({"percent": 7}, environ)
    assert (found.percent, found.headers, found.batch) == (7, ("x-a", "x-b"), 100)
    assert "run-of-may" not in repr(Settings.of({"salt": "run-of-may"}, {}))


def test_an_address_is_a_sink() -> None:
    kinds = {"s3://bucket/a/b": S3Sink, "firehose://stream": FirehoseSink, "file:///tmp/a.jsonl": FileSink}
    assert {address: type(sink_at(address)) for address in kinds} == kinds


class Stream:
    """Firehose, as far as a sink asks it: it refuses one record of each call."""

    def __init__(self) -> None:
        self.calls: list[list[bytes]] = []

    def put_record_batch(self, **asked: Any) -> dict[str, int]:
        assert asked["DeliveryStreamName"] == "stream"
        self.calls.append([each["Data"] for each in asked["Records"]])
        return {"FailedPutCount": 1}


@pytest.mark.parametrize(("lines", "calls"), [([b"x\n"] * 1200, 3), ([b"x" * 3_000_000 + b"\n"] * 3, 3)])
def test_firehose_gets_as_much_at_once_as_it_takes_and_what_it_refuses_is_not_counted(
    lines: list[bytes], calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Stream()
    monkeypatch.setattr(sinks, "_client", lambda _service: stream)
    assert FirehoseSink("stream").write(lines) == len(lines) - calls
    assert len(stream.calls) == calls
    assert [line for call in stream.calls for line in call] == lines
    assert all(len(call) <= 500 and sum(map(len, call)) <= 4 << 20 for call in stream.calls)
