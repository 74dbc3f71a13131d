"""Events of CloudWatch Logs as lines, and how often a minute is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.adapters.aws.delivered_logs import FIELDS, DeliveredAccessLogs, line_of
from rollout.analysis.measuring.access_log import answer_of, asked_of
from rollout.analysis.metrics import MINUTE
from rollout.errors import AwsError
from rollout.inventory.model import Arn
from tests.codes import raises

if TYPE_CHECKING:
    from rollout.adapters.aws.session import Access

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BALANCER = Arn("arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/app/public/50dc6c495c0c9188")
GROUP = "/aws/vendedlogs/alb"
RECORD: Mapping[str, Any] = {
    "time": "2026-03-01T12:00:00.186641Z",
    "elb": "app/public/50dc6c495c0c9188",
    "client_port": "192.0.2.7:2817",
    "target_processing_time": "0.048",
    "elb_status_code": "502",
    "target_status_code": "-",
    "user_agent": "curl/8.5.0",
    "target_group_arn": "arn:group",
    "matched_rule_priority": "7",
    "error_reason": "LambdaUnhandled",
}


def test_an_event_is_a_line_with_the_same_fields() -> None:
    *asked, rest = asked_of(line_of(json.dumps({**RECORD, "type": "http", "a later field": 1})))
    assert asked == [b"2026-03-01T12:00:00.186641Z", b"192.0.2.7", b"curl/8.5.0", b"arn:group", b"7"]
    assert answer_of(rest) == (b"502", b"-", b"0.048", b"LambdaUnhandled")


def test_numbers_and_empty_values_are_as_good() -> None:
    numbers = {"target_processing_time": -1, "elb_status_code": 502, "target_status_code": None, "error_reason": ""}
    *_, rest = asked_of(line_of(json.dumps({**RECORD, **numbers, "matched_rule_priority": 7})))
    assert answer_of(rest) == (b"502", b"-", b"-1", b"-")


@pytest.mark.parametrize("field", FIELDS)
def test_an_event_without_a_field_is_no_line(field: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - as `asked_of` promises
        asked_of(line_of(json.dumps({name: value for name, value in RECORD.items() if name != field})))


@pytest.mark.parametrize("message", ["", "http 2026-03-01T12:00:00Z app/public", "[]", "null", '{"time": '])
def test_what_is_no_json_is_no_line(message: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - as `asked_of` promises
        asked_of(line_of(message))


@given(st.text(max_size=40))
def test_no_user_agent_breaks_out_of_its_field(agent: str) -> None:
    time, address, _, group, rule, rest = asked_of(line_of(json.dumps({**RECORD, "user_agent": agent})))
    assert (time[:4], address, group, rule) == (b"2026", b"192.0.2.7", b"arn:group", b"7")
    assert answer_of(rest)[0] == b"502"


class Logs:
    """CloudWatch Logs with one delivery, as far as it is asked."""

    def __init__(self, *, form: str = "json", fields: tuple[str, ...] = FIELDS, group: str = GROUP) -> None:
        self.newest = NOON
        self._told: dict[str, Mapping[str, Any]] = {
            "describe_delivery_sources": {
                "deliverySources": [
                    {"name": "other", "logType": "ALB_CONNECTION_LOGS", "resourceArns": [BALANCER]},
                    {"name": "logs", "logType": "ALB_ACCESS_LOGS", "resourceArns": [BALANCER]},
                ]
            },
            "describe_delivery_destinations": {
                "deliveryDestinations": [
                    {
                        "arn": "arn:destination",
                        "outputFormat": form,
                        "deliveryDestinationConfiguration": {
                            "destinationResourceArn": f"arn:aws:logs:us-west-2:1:log-group:{group}:*"
                        },
                    }
                ]
            },
            "describe_deliveries": {
                "deliveries": [
                    {"deliverySourceName": "logs", "deliveryDestinationArn": "arn:destination", "recordFields": fields}
                ]
            },
        }
        self.asked = 0

    def client(self, _service: str) -> Logs:
        return self

    def get_paginator(self, call: str) -> Pages:
        return Pages(self._told[call])

    def filter_log_events(self, **what: Any) -> Mapping[str, Any]:
        self.asked += 1
        there = what["startTime"] <= self.newest.timestamp() * 1000
        return {"events": [{"eventId": "1", "message": json.dumps(RECORD)}] if there else []}


class Pages:
    def __init__(self, page: Mapping[str, Any]) -> None:
        self._page = page

    def paginate(self) -> list[Mapping[str, Any]]:
        return [{}, self._page]


def adapter(logs: Logs) -> DeliveredAccessLogs:
    return DeliveredAccessLogs(cast("Access", logs), [GROUP])


def test_a_minute_is_there_once_something_after_it_is() -> None:
    logs = Logs()
    logs.newest = NOON - timedelta(seconds=1)
    found = adapter(logs).files(BALANCER, NOON - 10 * MINUTE, NOON)
    assert [file.until for file in found] == [NOON - n * MINUTE for n in range(9, 0, -1)]
    logs.newest = NOON
    assert [file.until for file in adapter(logs).files(BALANCER, NOON - 2 * MINUTE, NOON)] == [NOON - MINUTE, NOON]


def test_a_minute_is_read_five_times_at_most_and_few_calls_say_what_is_there() -> None:
    logs = Logs()
    reader, versions, keys = adapter(logs), list[int](), set[str]()
    for minutes in range(60):
        logs.newest = NOON + minutes * MINUTE
        (first, *_) = reader.files(BALANCER, NOON - MINUTE, NOON + minutes * MINUTE)
        versions.append(first.version)
        keys.add(first.key)
    assert len(keys) == 1
    assert versions == sorted(versions)
    assert set(versions) == set(range(5))
    logs.asked = 0
    reader.files(BALANCER, NOON - 6 * 60 * MINUTE, NOON)
    assert logs.asked < 12


@pytest.mark.parametrize("logs", [Logs(form="plain"), Logs(fields=FIELDS[1:])])
def test_logs_of_another_form_are_told(logs: Logs) -> None:
    with raises(AwsError, "access-log-form"):
        adapter(logs).places([BALANCER])


def test_a_group_that_stacks_toml_does_not_name_is_not_read() -> None:
    assert adapter(Logs(group="others")).places([BALANCER]) == {BALANCER: None}
