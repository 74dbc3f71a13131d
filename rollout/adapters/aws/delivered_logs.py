"""Load balancers' access logs in CloudWatch Logs, where a delivery puts them; the only module that reads them there.

Each minute takes the place of a file. It is read once what follows it is there, and up to four times more, less and
less often, as long as its lines are too few. CloudWatch Logs can't be asked for what it took in since a time; so what
was read before is known by its event's id. What is assumed of AWS is in docs/decisions/0038-delivered-logs.md.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rollout.adapters.aws.access_logs import S3AccessLogs
from rollout.adapters.aws.session import Access, explained
from rollout.analysis.metrics import MINUTE
from rollout.analysis.ports import AccessLogs, LogFile
from rollout.errors import AwsError
from rollout.inventory.model import Arn

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

ACCESS_LOGS = "ALB_ACCESS_LOGS"
MINUTE_BYTES = 16_000_000  # CloudWatch Logs doesn't say how large a minute is; so a look reads an hour at most
_PATIENCE = 15  # minutes; later lines are not looked for
_LINE = (
    '- {time} {elb} {client_port} - -1 {target_processing_time} -1 {elb_status_code} {target_status_code} 0 0 "-" '
    '"{user_agent}" - - {target_group_arn} "-" "-" "-" {matched_rule_priority} - "-" "-" "{error_reason}" '
)
"""A line as in S3, of the fields that evidence needs; see `analysis.measuring.access_log`."""
FIELDS = (
    "time",
    "elb",
    "client_port",
    "target_processing_time",
    "elb_status_code",
    "target_status_code",
    "user_agent",
    "target_group_arn",
    "matched_rule_priority",
    "error_reason",
)


def access_logs(access: Access, groups: Collection[str]) -> AccessLogs:
    """Those in log groups, or in S3 if there are none."""
    return DeliveredAccessLogs(access, groups) if groups else S3AccessLogs(access)


class DeliveredAccessLogs:
    """The `AccessLogs` port over botocore.

    Args:
        groups: The log groups that may be read.
    """

    def __init__(self, access: Access, groups: Collection[str]) -> None:
        self._access, self._groups = access, groups
        self._places: dict[Arn, str] = {}

    @cached_property
    def _logs(self) -> CloudWatchLogsClient:
        client: CloudWatchLogsClient = self._access.client("logs")
        return client

    def places(self, load_balancers: Sequence[Arn]) -> Mapping[Arn, str | None]:
        return {arn: self._place(arn) for arn in load_balancers}

    def files(self, load_balancer: Arn, since: datetime, until: datetime) -> tuple[LogFile, ...]:
        if (group := self._place(load_balancer)) is None:
            return ()
        first, balancer = (
            since.astimezone(UTC).replace(second=0, microsecond=0),
            load_balancer.partition(":loadbalancer/")[2],
        )
        ends = [first + (number + 1) * MINUTE for number in range(-((first - until) // MINUTE))]
        there = bisect_left(ends, True, key=lambda end: not self._is_there(group, balancer, end))
        return tuple(
            LogFile(group, f"{balancer} {end:%Y%m%dT%H%MZ}", end, MINUTE_BYTES, min(age, _PATIENCE).bit_length())
            for age, end in zip(range(there - 1, -1, -1), ends, strict=False)
        )

    def lines(self, file: LogFile, seen: set[int] | None = None) -> Iterator[Sequence[bytes]]:
        balancer, _, _ = file.key.rpartition(" ")
        known = frozenset(seen or ())
        for events in self._events(
            file.place, balancer, startTime=_ms(file.until - MINUTE), endTime=_ms(file.until) - 1
        ):
            yield [line_of(each["message"]) for each in events if hash(each["eventId"]) not in known]
            if seen is not None:
                seen.update(hash(each["eventId"]) for each in events)

    def _is_there(self, group: str, balancer: str, since: datetime) -> bool:
        """Whether anything was delivered of a time on; events are sorted by their time."""
        return any(self._events(group, balancer, startTime=_ms(since), limit=1))

    def _events(self, group: str, balancer: str, **what: Any) -> Iterator[Sequence[Mapping[str, Any]]]:
        """A load balancer's events in a log group, which may have others'; pages may be empty."""
        asked = {"logGroupName": group, "filterPattern": f'{{ $.elb = "{balancer}" }}', **what}
        while True:
            page = explained(lambda: self._logs.filter_log_events(**asked), group)
            yield page.get("events", ())
            if not (token := page.get("nextToken")):
                return
            asked["nextToken"] = token

    def _place(self, balancer: Arn) -> str | None:
        """The group that a load balancer's logs are delivered to; None if there is none, which is asked again."""
        if balancer not in self._places:
            if (found := self._delivery(balancer)) is None:
                return None
            self._places[balancer] = found
        return self._places[balancer]

    def _delivery(self, balancer: Arn) -> str | None:
        sources = {
            each["name"]
            for each in self._all("describe_delivery_sources", "deliverySources")
            if each.get("logType") == ACCESS_LOGS and balancer in each.get("resourceArns", ())
        }
        if not sources:
            return None
        destinations = {
            each["arn"]: each for each in self._all("describe_delivery_destinations", "deliveryDestinations")
        }
        for each in self._all("describe_deliveries", "deliveries"):
            destination = destinations.get(each["deliveryDestinationArn"])
            if each["deliverySourceName"] not in sources or destination is None:
                continue
            arn: str = destination.get("deliveryDestinationConfiguration", {}).get("destinationResourceArn", "")
            group = arn.partition(":log-group:")[2].removesuffix(":*")
            if group in self._groups:
                _require_form(group, destination.get("outputFormat"), each.get("recordFields"))
                return group
        return None

    def _all(self, call: str, what: str) -> list[dict[str, Any]]:
        pages = explained(lambda: self._logs.get_paginator(call))  # type: ignore[call-overload]
        return explained(lambda: [each for page in pages.paginate() for each in page.get(what, ())])


def _require_form(group: str, form: str | None, fields: Collection[str] | None) -> None:
    """Make sure that lines can be read, as far as the delivery says of what form they are."""
    missing = [field for field in FIELDS if fields and field not in fields]
    if form not in (None, "json") or missing:
        raise AwsError(
            f"access logs there lack {', '.join(missing)}" if missing else f"access logs there are {form}, not JSON",
            where=group,
            hint='deliver all record fields with the output format "json"; see docs/evidence.md',
            code="access-log-form",
        )


def line_of(message: str) -> bytes:
    """An event as a line; itself if it is none, which readers count as one that can't be read."""
    try:
        record = json.loads(message)
        return _LINE.format(**{field: _text(record[field]) for field in FIELDS}).encode()
    except (ValueError, LookupError, TypeError):
        return message.encode()


def _text(value: Any) -> str:
    return "-" if value is None or value == "" else str(value).replace('"', "\\x22")


def _ms(time: datetime) -> int:
    return int(time.timestamp() * 1000)
