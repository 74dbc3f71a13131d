"""The analysis's ports to AWS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from rollout.analysis.metrics import AlarmState, Point, Series
from rollout.inventory.model import Arn


class TargetGroups(Protocol):
    """Reads target groups."""

    def targets(self, groups: Sequence[Arn]) -> Mapping[Arn, tuple[str, ...]]:
        """The ids of the registered targets of target groups: a function's ARN, an address, an instance.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """


class Metrics(Protocol):
    """CloudWatch, for one environment."""

    def read(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, tuple[Point, ...]]:
        """The points in a time; a period without a point had no events.

        Args:
            series: The queries; each is in the answer.
            start: The first minute.
            end: The minute after the last one.

        Raises:
            AwsError: AWS refused, can't be reached, or its answer is incomplete.
        """


class Alarms(Protocol):
    """CloudWatch's alarms, for one environment."""

    def states(self, names: Sequence[str]) -> Mapping[str, AlarmState]:
        """The states of alarms, composite ones too.

        Args:
            names: Each is in the answer.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
