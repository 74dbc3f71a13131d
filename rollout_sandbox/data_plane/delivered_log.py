"""A load balancer's access log in CloudWatch Logs, as JSON: a batch for each minute of the sandbox's clock.

What AWS says of it is in docs/decisions/0038-delivered-logs.md. A batch is there half a minute after its minute; a line
that comes late, since its answer was long, is in a further one. Memory is bounded: the oldest batches go.
"""

from __future__ import annotations

import json
import threading
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.data_plane.access_log import Entry
from rollout_sandbox.faults import Faults, LogFault

DELAY = timedelta(seconds=30)
MAX_BYTES = 16_000_000
_MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Event = dict[str, Any]
_minute, _time = attrgetter("minute"), itemgetter("timestamp")


class _Batch:
    """The events of a minute, compressed as they come."""

    def __init__(self, minute: datetime, number: int) -> None:
        self.minute, self.at, self.number = minute, minute + _MINUTE + DELAY, number
        self._zip, self._parts = zlib.compressobj(1), list[bytes]()

    def add(self, at: datetime, message: str) -> None:
        self._parts.append(self._zip.compress(f"{_ms(at)} {message}\n".encode()))

    def close(self) -> None:
        self._parts = [b"".join([*self._parts, self._zip.flush()])]
        del self._zip

    @property
    def size(self) -> int:
        return len(self._parts[0])

    def events(self, balancer: str) -> Iterator[Event]:
        for number, line in enumerate(zlib.decompress(self._parts[0]).decode().splitlines()):
            at, _, message = line.partition(" ")
            yield {
                "logStreamName": balancer.replace("/", "_"),
                "timestamp": int(at),
                "message": message,
                "ingestionTime": _ms(self.at),
                "eventId": f"{balancer} {self.number} {number}",
            }


class DeliveredLog:
    """One load balancer's log in one group.

    Args:
        balancer: `app/NAME/ID`.
        fields: The record fields that are delivered.
        clock: The sandbox's.
        faults: Some of which are about logs; one counts for a minute.
    """

    def __init__(self, balancer: str, fields: Sequence[str], clock: SandboxClock, faults: Faults) -> None:
        self.balancer, self._fields = balancer, fields
        self._clock, self._faults = clock, faults
        self._open: dict[datetime, _Batch] = {}
        self._batches: deque[_Batch] = deque()
        self._lock, self._number = threading.Lock(), 0

    def write(self, entry: Entry) -> None:
        """Note a request that was answered."""
        at = entry.answered or entry.received
        record = entry.record
        minute = at.replace(second=0, microsecond=0)
        with self._lock:
            self._close()
            if minute not in self._open:
                self._number += 1
                self._open[minute] = _Batch(minute, self._number)
            self._open[minute].add(at, json.dumps({field: record[field] for field in self._fields}))

    def events(self, start: int, end: int) -> Iterator[Event]:
        """What is there by now, by time.

        Args:
            start: The first millisecond since 1970.
            end: The last one.
        """
        with self._lock:
            self._close()
            there = [each for each in self._batches if each.at <= self._clock.now()]
        for minute, batches in groupby(sorted(there, key=_minute), key=_minute):
            if start - 60_000 < _ms(minute) <= end:
                found = (event for batch in batches for event in batch.events(self.balancer))
                yield from (each for each in sorted(found, key=_time) if start <= each["timestamp"] <= end)

    def _close(self) -> None:
        now = self._clock.now()
        for minute in [minute for minute in self._open if minute + _MINUTE <= now]:
            batch = self._open.pop(minute)
            batch.close()
            match self._faults.take_log(self.balancer.split("/")[1]):
                case LogFault(happens="lost"):
                    continue
                case LogFault(happens="late", delay=delay):
                    batch.at += delay
            self._batches.append(batch)
        while sum(batch.size for batch in self._batches) > MAX_BYTES:
            self._batches.popleft()


def _ms(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(milliseconds=1)
