"""The analysis's ports to AWS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

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
    """CloudWatch, or another source, for one environment. `rollout.fakes.metrics_contract` tests one."""

    def read(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, tuple[Point, ...]]:
        """The points in a time.

        A period without a point had no events. A period of which the source knows nothing has the value `GAP`.

        Args:
            series: The queries; each is in the answer.
            start: The first minute.
            end: The minute after the last one.

        Raises:
            AwsError: The source refused, can't be reached, or its answer is incomplete.
        """


@runtime_checkable
class CheckedMetrics(Protocol):
    """A source that knows its queries; `rollout preflight` asks it."""

    def unanswered(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, str | None]:
        """The series of which there is nothing in a time, each with the query as it is sent; None if it has none.

        Raises:
            AwsError: As `Metrics.read`.
        """


@runtime_checkable
class BucketedMetrics(Protocol):
    """A source that counts latencies by the bounds of a histogram."""

    def bounds(self, series: Series) -> tuple[float, ...]:
        """The values up to which it can count exactly, rising, in the series' unit; empty if it has none.

        Raises:
            AwsError: As `Metrics.read`.
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

    def mute(self, names: Sequence[str], function: Arn) -> Mapping[str, str]:
        """Those of some alarms that don't invoke a function when they go off, and why.

        Raises:
            AwsError: As for `states`.
        """


Architecture = Literal["x86_64", "arm64"]


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """What a function's bill goes by.

    Attributes:
        memory: In MB.
        architecture: What it runs on.
        log_group: Where it writes its logs.
        provisioned: How many of its environments provisioned concurrency keeps ready, of all its versions.
    """

    memory: int
    architecture: Architecture
    log_group: str
    provisioned: int = 0


@dataclass(frozen=True, slots=True)
class ConcurrencyLimits:
    """How many environments may be at work at once in an account's region.

    Attributes:
        unreserved: For all functions together that have none reserved.
        reserved: By function's name, for those that have: so many, whatever others do.
    """

    unreserved: int
    reserved: Mapping[str, int]


class DescribedFunctions(Protocol):
    """Lambda's settings and limits of functions, for one environment."""

    def limits(self, functions: Sequence[str]) -> ConcurrencyLimits:
        """The limits of the account and of functions, by their names.

        Raises:
            AwsError: AWS refused, can't be reached, or there is no such function.
        """

    def settings(self, functions: Sequence[str]) -> Mapping[str, FunctionSettings]:
        """The settings of functions by their ARNs, which may name an alias or a version; each is in the answer.

        Raises:
            AwsError: AWS refused, can't be reached, or there is no such function.
        """


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file of a load balancer's access log, or what takes its place.

    Attributes:
        place: The bucket or log group that it is in.
        key: Its key there.
        until: The end of its minutes, in UTC.
        size: In bytes, compressed.
        version: Another one may have more lines; files in S3 have one.
    """

    place: str
    key: str
    until: datetime
    size: int
    version: int = 0


class AccessLogs(Protocol):
    """The access logs of load balancers, for one environment."""

    def places(self, load_balancers: Sequence[Arn]) -> Mapping[Arn, str | None]:
        """The bucket or log group of each load balancer's logs; None if it writes none.

        Raises:
            AwsError: AWS refused, can't be reached, or the logs have a form that rollout can't read.
        """

    def files(self, load_balancer: Arn, since: datetime, until: datetime) -> tuple[LogFile, ...]:
        """The files that are there by now, the oldest first; none if the load balancer writes no logs.

        Args:
            since: When the first request was answered.
            until: When the last one was.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """

    def lines(self, file: LogFile, seen: set[int] | None = None) -> Iterator[Sequence[bytes]]:
        """The lines of a file, some at a time; none if it is gone.

        Args:
            file: The file.
            seen: What an earlier version of it had, which is left out; what this one has is added.

        Raises:
            AwsError: AWS refused, can't be reached, or the file isn't a log.
        """
