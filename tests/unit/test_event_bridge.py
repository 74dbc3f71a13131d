"""What EventBridge answers of an event, by a server that gives AWS's answers: whether it was taken, and its size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from rollout.adapters.aws.event_bridge import LARGEST, EventBridge
from rollout.adapters.aws.session import Access
from rollout.adapters.notify.ports import NotTold, Unreached
from rollout.inventory.model import Arn
from tests.loopback import Answer, Asked, answering

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

    def answer(asked: Asked) -> Answer:
        made.came.append(json.loads(asked.body))
        said = {"FailedEntryCount": int("EventId" not in made.entry), "Entries": [made.entry]}
        return 200, {"x-amzn-RequestId": "1"}, json.dumps(said).encode()

    with answering(answer) as url:
        made.events = EventBridge(Access("us-west-2", url, "a", "b"))
        yield made


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
