"""Topics that reach nobody outside: moto would send real requests for http, and start containers for functions."""

from __future__ import annotations

from types import ModuleType
from typing import Any

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
