"""CloudWatch's event, and what isn't one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.fakes.clock import MONDAY
from rollout.guard.alarm import AlarmEvent, event_id, read_event
from tests.unit.guard.builders import event, event_json

DOCUMENTED = """{
  "source": "aws.cloudwatch",
  "alarmArn": "arn:aws:cloudwatch:us-east-1:444455556666:alarm:lambda-demo-metric-alarm",
  "accountId": "444455556666",
  "time": "2023-08-04T12:36:15.490+0000",
  "region": "us-east-1",
  "alarmData": {
    "alarmName": "lambda-demo-metric-alarm",
    "state": {"value": "ALARM", "reason": "test", "timestamp": "2023-08-04T12:36:15.490+0000"},
    "previousState": {
      "value": "INSUFFICIENT_DATA",
      "reason": "Insufficient Data: 5 datapoints were unknown.",
      "reasonData": "{\\"version\\":\\"1.0\\"}",
      "timestamp": "2023-08-04T12:31:29.591+0000"
    },
    "configuration": {"description": "Metric Alarm to test Lambda actions", "metrics": []}
  }
}"""
"""As in AWS's documentation of alarm actions."""


def test_the_documented_event_is_read() -> None:
    found = read_event(json.loads(DOCUMENTED))
    assert found
    assert (found.alarm, found.state, found.previous) == ("lambda-demo-metric-alarm", "ALARM", "INSUFFICIENT_DATA")
    assert found.at.isoformat() == "2023-08-04T12:36:15.490000+00:00"
    assert found.id == event_id(found.arn, found.at)


def test_each_change_has_an_id_of_its_own() -> None:
    later = event(at=MONDAY.replace(minute=1))
    assert len({event().id, later.id, event("another").id}) == 3
    assert event().id == event().id


def test_a_drill_names_itself() -> None:
    data = json.dumps({"rollout-drill": "d1", "dry": True})
    assert (event(reason_data=data).drill, event(reason_data=data).dry) == ("d1", True)
    assert event(reason_data='{"rollout-drill": 3}').drill == event(reason_data="[]").drill == ""


@pytest.mark.parametrize(
    "other",
    [
        None,
        [],
        "text",
        {},
        {"source": "aws.s3"},
        {"alarmArn": "a", "alarmData": {}},
        {1: object()},
    ],
)
def test_anything_else_is_no_event(other: object) -> None:
    assert read_event(other) is None


_VALUES = st.none() | st.integers() | st.text() | st.lists(st.text()) | st.dictionaries(st.text(), st.text())


@given(st.sampled_from(["alarmName", "state", "previousState", "configuration"]), _VALUES)
def test_random_parts_never_stop_the_reading(part: str, value: Any) -> None:
    made = event_json()
    made["alarmData"][part] = value
    assert isinstance(read_event(made), AlarmEvent | None)
