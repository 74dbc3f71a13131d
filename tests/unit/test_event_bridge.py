"""What EventBridge answers of an event, by a server that gives AWS's answers: whether it was taken, and its size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from rollout.adapters.aws.event_bridge import LARGEST, EventBridge
from rollout.adapters.aws.session import Access
from rollout.adapters.notify.ports import NotTold, Unreached
from rollout.inventory.model import Arn

BUS = Arn("arn:aws:events:eu-west-1:123456789012:event-bus/ramps")
AT = datetime(2026, 11, 25, 22, tzinfo=UTC)
DETAIL = {"notice": "step", "details": {"routes": ["score"]}}


class Bus:
    """One that answers each call with the same entry."""

    events: EventBridge

    def __init__(self) -> None:
        self.entry: dict[str, str] = {"EventId": "1"}
        self.came: list[Any] = []


@pytest.fixture
def bus() -> Iterator[Bus]:
    made = Bus()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            body = json.dumps({"FailedEntryCount": int("EventId" not in made.entry), "Entries": [made.entry]}).encode()
            self.send_response(200)
            self.send_header("x-amzn-RequestId", "1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    made.events = EventBridge(Access("us-west-2", f"http://127.0.0.1:{server.server_port}", "a", "b"))
    yield made
    server.shutdown()
    serving.join()
    server.server_close()


def test_an_event_says_whose_it_is_and_of_which_version(bus: Bus) -> None:
    bus.events.put(BUS, DETAIL, AT)
    ((entry,),) = (said["Entries"] for said in bus.came)
    assert (entry["Source"], entry["DetailType"], entry["EventBusName"]) == ("rollout", "rollout notice v1", BUS)
    assert (json.loads(entry["Detail"]), entry["Time"]) == (DETAIL, AT.timestamp())


@pytest.mark.parametrize(
    ("code", "error"),
    [("ThrottlingException", Unreached), ("InternalFailure", Unreached), ("NotAuthorizedForSourceException", NotTold)],
)
def test_a_call_that_succeeds_may_have_failed(bus: Bus, code: str, error: type[Exception]) -> None:
    bus.entry = {"ErrorCode": code, "ErrorMessage": "not now"}
    with pytest.raises(NotTold, match=f"{code}: not now") as caught:
        bus.events.put(BUS, DETAIL, AT)
    assert type(caught.value) is error


@pytest.mark.parametrize(("letters", "whole"), [(LARGEST - 200, True), (LARGEST, False), (LARGEST // 2, False)])
def test_an_event_that_would_be_too_large_comes_without_details(bus: Bus, letters: int, whole: bool) -> None:
    letter = "ü" if letters == LARGEST // 2 else "u"
    bus.events.put(BUS, {**DETAIL, "details": {"routes": [letter * letters]}}, AT)
    detail = bus.came[0]["Entries"][0]["Detail"]
    assert bool(json.loads(detail)["details"]) is whole
    assert len(detail.encode()) < LARGEST
