"""Access logs on their way to S3: a file for each load balancer and five minutes of the sandbox's clock.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html#access-log-file-format
Lines are compressed as they come. A file is delivered when its five minutes are over: nobody can tell whether it was
there before somebody looked, so it is put into its bucket right before the next call to S3, and no thread waits for it.
A line that comes late, since its answer was long, goes into a further file of its five minutes, as on AWS. Memory is
bounded: of files that nobody fetches, and of those in buckets, the oldest go.
"""

from __future__ import annotations

import threading
import zlib
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from string import ascii_lowercase, digits

from moto.logs.models import logs_backends

from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.data_plane.access_log import Entry
from rollout_sandbox.data_plane.delivered_log import DeliveredLog
from rollout_sandbox.faults import Faults, LogFault
from rollout_sandbox.strict.log_buckets import LogBucket
from rollout_sandbox.strict.logs import MeasuredLogs

INTERVAL = timedelta(minutes=5)
MAX_FILE, MAX_WAITING, MAX_DELIVERED = 4_000_000, 16_000_000, 64_000_000
"""Bytes, compressed: of one file, of what a load balancer has for S3, and of what all have put there."""
_GZIP = 31


class _File:
    """Lines of one load balancer and interval."""

    def __init__(self, until: datetime) -> None:
        self.until = self.at = until
        self.content = b""
        self._parts: list[bytes] = []
        self._size = 0
        self._zip = zlib.compressobj(1, wbits=_GZIP)

    def add(self, line: str) -> None:
        part = self._zip.compress(f"{line}\n".encode())
        if part:
            self._parts.append(part)
            self._size += len(part)

    @property
    def is_full(self) -> bool:
        return self._size > MAX_FILE

    def closed(self) -> _File:
        """The same, once nothing more comes."""
        self.content = b"".join([*self._parts, self._zip.flush()])
        self._parts.clear()
        del self._zip  # a quarter of a megabyte
        return self


class AccessLog:
    """One load balancer's log.

    Args:
        node: The address that it has.

    Attributes:
        bucket: Where it goes; None if it is off.
        delivered: The same in log groups.
    """

    def __init__(self, node: str) -> None:
        self.node = node
        self.bucket: LogBucket | None = None
        self.delivered: tuple[DeliveredLog, ...] = ()
        self._open: dict[datetime, _File] = {}
        self._closed: deque[_File] = deque()
        self._lock = threading.Lock()

    def write(self, entry: Entry) -> None:
        """Note a request that was answered."""
        if entry.answered is None:
            return
        for each in self.delivered:
            each.write(entry)
        if self.bucket is None:
            return
        until = entry.answered - (entry.answered - datetime.min.replace(tzinfo=UTC)) % INTERVAL + INTERVAL
        with self._lock:
            if until not in self._open:
                self._close(entry.answered)
                self._open[until] = _File(until)
            file = self._open[until]
            file.add(entry.line)
            if file.is_full:
                self._closed.append(self._open.pop(until).closed())

    def over(self, now: datetime, *, early: bool) -> list[_File]:
        """The files whose interval is over, or all of them; they are given once."""
        with self._lock:
            self._close(datetime.max.replace(tzinfo=UTC) if early else now)
            found = [file for file in self._closed if early or file.until <= now]
            self._closed = deque(file for file in self._closed if not (early or file.until <= now))
            return found

    def _close(self, now: datetime) -> None:
        for until in [until for until in self._open if until <= now]:
            self._closed.append(self._open.pop(until).closed())
        while sum(len(file.content) for file in self._closed) > MAX_WAITING:
            self._closed.popleft()


class LogFiles:
    """The access logs of a sandbox.

    Args:
        clock: The sandbox's.
        faults: Some of which are about logs.
        random: For files' names.
    """

    def __init__(self, clock: SandboxClock, faults: Faults, random: Random) -> None:
        self._clock, self._faults, self._random = clock, faults, random
        self._logs: dict[str, AccessLog] = {}
        self._deliveries: dict[str, DeliveredLog] = {}
        self._late: list[tuple[str, LogBucket, _File]] = []
        self._delivered: deque[tuple[LogBucket, str, int]] = deque()

    def of(self, balancer: str, *, internal: bool = False) -> AccessLog:
        """A load balancer's log, by its ARN."""
        if balancer not in self._logs:
            host = 1 + zlib.crc32(balancer.encode()) % 254
            self._logs[balancer] = AccessLog(f"10.20.1.{host}" if internal else f"203.0.113.{host}")
        return self._logs[balancer]

    def delivered(self, account: str, region: str, balancer: str) -> tuple[DeliveredLog, ...]:
        """A load balancer's logs in log groups, by the deliveries that are there now."""
        backend, found = logs_backends[account][region], list[DeliveredLog]()
        assert isinstance(backend, MeasuredLogs)  # noqa: S101 - see `strict`
        for delivery, group, fields in backend.places(balancer):
            if delivery not in self._deliveries:
                log = DeliveredLog(balancer.partition(":loadbalancer/")[2], fields, self._clock, self._faults)
                self._deliveries[delivery] = log
                backend.delivered[group].append(log)
            found.append(self._deliveries[delivery])
        return tuple(found)

    def deliver(self, *, early: bool = False) -> None:
        """Put into the buckets what is due; in turn with moto's changes.

        Args:
            early: Whether the intervals that aren't over count as over.
        """
        now = self._clock.now()
        due = self._late + [
            (balancer, log.bucket, file)
            for balancer, log in self._logs.items()
            for file in self._handled(balancer, log, now, early=early)
            if log.bucket is not None
        ]
        self._late = [each for each in due if each[2].at > now and not early]
        for balancer, bucket, file in due:
            if early or file.at <= now:
                self._put(balancer, bucket, file)

    def _handled(self, balancer: str, log: AccessLog, now: datetime, *, early: bool) -> Iterator[_File]:
        """A load balancer's finished files, after what the faults do to them."""
        name = balancer.split("/")[-2]
        for file in log.over(now, early=early):
            match self._faults.take_log(name):
                case LogFault(happens="lost"):
                    continue
                case LogFault(happens="truncated"):
                    file.content = file.content[: len(file.content) // 2]
                case LogFault(happens="late", delay=delay):
                    file.at += delay
            yield file

    def _put(self, balancer: str, bucket: LogBucket, file: _File) -> None:
        _, _, _, region, account, resource = balancer.split(":", 5)
        name = resource.removeprefix("loadbalancer/").replace("/", ".")
        mark = "".join(self._random.choices(ascii_lowercase + digits, k=8))
        key = (
            f"elasticloadbalancing/{region}/{file.at:%Y/%m/%d}/{account}_elasticloadbalancing_{region}_{name}_"
            f"{file.until:%Y%m%dT%H%MZ}_{self._logs[balancer].node}_{mark}.log.gz"
        )
        if put := bucket.put(key, file.content):
            put.last_modified = min(file.at, self._clock.now()).replace(tzinfo=None)
            self._delivered.append((bucket, key, len(file.content)))
        while sum(size for *_, size in self._delivered) > MAX_DELIVERED:
            oldest, gone, _ = self._delivered.popleft()
            oldest.take_back(gone)
