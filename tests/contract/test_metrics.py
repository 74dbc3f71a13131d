"""rollout's contract of metrics sources, in memory and over CloudWatch's API; packages/ has the others'."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from moto.cloudwatch.models import cloudwatch_backends

from rollout.adapters.aws.cloudwatch import CloudWatch
from rollout.adapters.aws.session import Access
from rollout.analysis.metrics import Source
from rollout.analysis.ports import Metrics
from rollout.fakes.metrics_contract import MetricsContract, MetricsSite
from rollout.fakes.services import InMemoryMetrics
from rollout_sandbox import Sandbox
from tests.sandbox.tenant import REGION, Tenant

ACCOUNTS = (f"{number:012}" for number in count(715_000_000_000))


@dataclass
class InMemory:
    metrics: InMemoryMetrics = field(default_factory=InMemoryMetrics)
    tells_gaps: bool = False

    def put(self, source: Source, name: str, at: datetime, *values: float) -> None:
        self.metrics.put(source, name, at, *values)

    def outage(self, start: datetime, end: datetime) -> None:
        raise NotImplementedError


@dataclass
class OnTheSandbox:
    """CloudWatch, which has no points where nothing happened, nor where nobody measured."""

    metrics: Metrics
    backend: Any
    tells_gaps: bool = False

    def put(self, source: Source, name: str, at: datetime, *values: float) -> None:
        dimensions = [{"Name": key, "Value": value} for key, value in source.dimensions]
        data = [{"MetricName": name, "Dimensions": dimensions, "Timestamp": at, "Value": value} for value in values]
        self.backend.put_metric_data(source.namespace, data)  # AWS's own metrics don't come by its API

    def outage(self, start: datetime, end: datetime) -> None:
        raise NotImplementedError


class TestInMemory(MetricsContract):
    @pytest.fixture
    def site(self) -> MetricsSite:
        return InMemory()


class TestCloudWatch(MetricsContract):
    @pytest.fixture
    def site(self, sandbox: Sandbox) -> MetricsSite:
        tenant = Tenant(sandbox, next(ACCOUNTS))
        access = Access(REGION, sandbox.endpoint, tenant.account, "any")
        return OnTheSandbox(CloudWatch(access), cloudwatch_backends[tenant.account][REGION])
