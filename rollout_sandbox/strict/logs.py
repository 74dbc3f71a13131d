"""CloudWatch Logs with what the sandbox has for them; all else is moto's.

Logs Insights knows what functions' REPORT lines would tell of cold starts, as the sandbox's functions write no logs. A
load balancer's access logs may be delivered to log groups; FilterLogEvents finds them by load balancer, not otherwise.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from operator import itemgetter
from types import ModuleType
from typing import Any, ClassVar, Protocol

from moto.elbv2.models import elbv2_backends
from moto.logs import urls
from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import Delivery, DeliverySource, LogQuery, LogsBackend
from moto.moto_api._internal import mock_random

from rollout_sandbox.data_plane.access_log import RECORD_FIELDS
from rollout_sandbox.metrics import REPORTS, Metric, Metrics

_REPORTS = (
    'filter @type = "REPORT" | stats count(*) as Reports, count(@initDuration) as ColdStarts, '
    "sum(@initDuration) as InitMilliseconds by bin(1m)"
)
ACCESS_LOGS = "ALB_ACCESS_LOGS"
_BY_BALANCER = re.compile(r'\{ \$\.elb = "([^"]+)" \}')
_PAGE_EVENTS, _PAGE_BYTES, _NEVER = 10_000, 1_000_000, 1 << 60

Event = dict[str, Any]


class Events(Protocol):
    """A load balancer's events in a log group."""

    balancer: str

    def events(self, start: int, end: int) -> Iterator[Event]:
        """Those of some milliseconds since 1970, both inclusive, by time."""


class MeasuredLogs(LogsBackend):
    """moto's logs, and the sandbox's measurements in them.

    Attributes:
        delivered: By log group, the access logs that are delivered there.
    """

    measured: ClassVar[Metrics]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.delivered: defaultdict[str, list[Events]] = defaultdict(list)

    @property
    def _url_module(self) -> ModuleType:
        return urls

    def start_query(self, log_group_names: list[str], start_time: int, end_time: int, query_string: str) -> str:
        """StartQuery: both times are inclusive, in seconds since 1970."""
        name, *others = log_group_names
        lines = self._lines(name, "Reports", start_time, end_time)
        if query_string != _REPORTS or others or not (lines or name in self.groups):
            return str(super().start_query(log_group_names, start_time, end_time, query_string))
        cold = self._lines(name, "ColdStarts", start_time, end_time)
        init = self._lines(name, "InitMilliseconds", start_time, end_time)
        query = LogQuery(str(mock_random.uuid1()), start_time, end_time, "fields @message", [])
        query.results = [
            {
                "bin(1m)": f"{datetime.fromtimestamp(minute, UTC):%Y-%m-%d %H:%M:%S.000}",
                "Reports": str(len(found)),
                "ColdStarts": str(len(cold.get(minute, ()))),
                **({"InitMilliseconds": str(sum(init[minute]))} if minute in init else {}),
            }
            for minute, found in sorted(lines.items())
        ]
        self.queries[query.query_id] = query
        return query.query_id

    def put_delivery_source(self, name: str, resource_arn: str, log_type: str, tags: dict[str, str]) -> DeliverySource:
        """PutDeliverySource, which in moto doesn't know load balancers."""
        if log_type != ACCESS_LOGS:
            made: DeliverySource = super().put_delivery_source(name, resource_arn, log_type, tags)
            return made
        if resource_arn not in elbv2_backends[self.account_id][self.region_name].load_balancers:
            raise ResourceNotFoundException("Cannot access provided resource.")
        self.delivery_sources[name] = DeliverySource(
            self.account_id, self.region_name, name, resource_arn, log_type, tags
        )
        return self.delivery_sources[name]

    def create_delivery(self, **asked: Any) -> Delivery:  # type: ignore[override]
        """CreateDelivery, for which moto's default fields are CloudFront's."""
        source = self.delivery_sources.get(asked["delivery_source_name"])
        if source and source.log_type == ACCESS_LOGS:
            asked["record_fields"] = asked["record_fields"] or list(RECORD_FIELDS)
        made: Delivery = super().create_delivery(**asked)
        return made

    def places(self, balancer: str) -> Iterator[tuple[str, str, Sequence[str]]]:
        """The deliveries of a load balancer's access logs to log groups: ids, groups and record fields."""
        groups = {
            each.arn: each.delivery_destination_configuration["destinationResourceArn"].partition(":log-group:")[2]
            for each in self.delivery_destinations.values()
            if each.delivery_destination_type == "CWL"
        }
        for each in self.deliveries.values():
            source = self.delivery_sources.get(each.delivery_source_name)
            if source and balancer in source.resource_arns and each.delivery_destination_arn in groups:
                yield each.id, groups[each.delivery_destination_arn].removesuffix(":*"), each.record_fields

    def filter_log_events(self, *asked: Any) -> tuple[list[Event], str | None, list[dict[str, Any]]]:
        """FilterLogEvents: both times are inclusive, in milliseconds since 1970."""
        group, _, start, end, limit, next_token, pattern, _ = asked
        if group not in self.delivered or group not in self.groups:
            told: tuple[list[Event], str | None, list[dict[str, Any]]] = super().filter_log_events(*asked)
            return told
        by = _BY_BALANCER.fullmatch(pattern or "")
        if pattern and not by:
            raise InvalidParameterException(f"Invalid filter pattern: the sandbox knows {_BY_BALANCER.pattern}")
        logs = [each for each in self.delivered[group] if not by or each.balancer == by[1]]
        events = merge(*(each.events(start or 0, end or _NEVER) for each in logs), key=itemgetter("timestamp"))
        first = int(next_token or 0)
        page, size = list[Event](), 0
        for event in islice(events, first, None):
            size += len(event["message"])
            if len(page) == (limit or _PAGE_EVENTS) or size > _PAGE_BYTES:
                return page, str(first + len(page)), []
            page.append(event)
        return page, None, []

    def _lines(self, group: str, name: str, start: int, end: int) -> Mapping[int, tuple[float, ...]]:
        function = group.removeprefix("/aws/lambda/")
        metric = Metric(self.account_id, self.region_name, REPORTS, name, (("FunctionName", function),))
        return self.measured.between(metric, start, end + 1)


def logs_on(metrics: Metrics) -> type[MeasuredLogs]:
    """Logs of these measurements; moto makes one an account and region."""
    attributes: dict[str, Any] = {"measured": metrics}
    return type("MeasuredLogs", (MeasuredLogs,), attributes)
