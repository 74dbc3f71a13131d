"""Topics and event buses that reach nobody outside: moto would send real requests for http, and start containers."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from moto.events import urls as event_urls
from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend
from moto.sns import urls
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend

QUIET = frozenset({"sqs", "email", "email-json", "sms"})
"""Protocols by which nothing leaves this process: queues are moto's own, and moto sends no mail."""


class QuietTopics(SNSBackend):
    """moto's SNS, whose subscriptions stay in it."""

    @property
    def _url_module(self) -> ModuleType:
        return urls

    def subscribe(self, topic_arn: str, endpoint: str, protocol: str) -> Any:
        """Subscribe."""
        if protocol not in QUIET:
            raise SNSInvalidParameter(f"Invalid parameter: the sandbox sends nothing by {protocol}, only by sqs")
        return super().subscribe(topic_arn, endpoint, protocol)


class QuietBuses(EventsBackend):
    """moto's EventBridge, whose rules have only queues as targets."""

    @property
    def _url_module(self) -> ModuleType:
        return event_urls

    def put_targets(self, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]) -> None:
        """Put targets."""
        for target in targets:
            if target["Arn"].split(":")[2] != "sqs":
                raise ValidationException(f"the sandbox sends events only to queues of SQS, not to {target['Arn']}")
        super().put_targets(name, event_bus_arn, targets)
