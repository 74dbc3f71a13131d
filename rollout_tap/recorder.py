"""Keeps copies of requests and answers, and lets a thread write them; what there is no room or time for is counted.

Lambda freezes the process when the answer is given, and thaws it for the next request: a thread goes on only while
requests are handled. So a batch is handed to the thread at the start of a request, and is written while the handler
works. Where handlers are too quick for that, `wait` lets a request wait for a batch, so long at most. What was recorded
since the last batch is lost when Lambda ends the environment, without a word: that can't be counted.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from rollout_tap.lines import NotRecorded, copied, copied_answer, line, size
from rollout_tap.settings import Settings

REPORT_EVERY = 60.0
Taken = dict[str, Any]
_Pair = tuple[Taken, "Taken | None"]


@dataclass
class Counts:
    """What came of requests.

    Attributes:
        seen: How many there were.
        written: How many a sink has taken.
        dropped: How many of those drawn were not written, by reason: `full` memory, `large` bodies, bodies that are
            `no JSON`, `others` than a load balancer's requests, `lost` by the sink, and `faults` of the tap.
    """

    seen: int = 0
    written: int = 0
    dropped: Counter[str] = field(default_factory=Counter)


class Recorder:
    """Records. `began` and `ended` never raise, and never wait but for `Settings.wait`."""

    def __init__(self, settings: Settings) -> None:
        assert settings.sink is not None  # noqa: S101 - asked by who makes one
        self._settings, self._sink, self._share = settings, settings.sink, settings.percent / 100
        self._redactions = settings.redaction(), settings.redaction_of_answers()
        self._lock = threading.Lock()
        self.counts = Counts()
        self._kept: list[_Pair] = []
        self._size, self._oldest = 0, 0.0
        self._batches: SimpleQueue[list[_Pair]] = SimpleQueue()
        self._idle = threading.Event()
        self._idle.set()
        self._is_overdue = self._is_running = False
        self._reported = time.monotonic()

    def began(self, event: Any) -> Taken | None:
        """Before the handler: let the thread write what is due, and copy the event if it is drawn."""
        try:
            self.counts.seen += 1
            if self._kept or not self._idle.is_set():
                self._let_write()
            if random.random() >= self._share:  # noqa: S311 - a share is no secret
                return None
            return copied(event, self._settings.largest)
        except NotRecorded as why:
            self._drop(str(why))
        except Exception:  # noqa: BLE001 - no fault of the tap is the handler's
            self._drop("faults")
        return None

    def ended(self, taken: Taken | None, answer: Any) -> None:
        """After the handler: keep the copy, if there is room; an answer of None is one that wasn't given."""
        if taken is None:
            return
        try:
            answered = copied_answer(answer, self._settings.largest)
            more = size(taken) + size(answered)
            with self._lock:
                has_room = self._size + more <= self._settings.memory
                if has_room:
                    self._oldest = self._oldest if self._kept else time.monotonic()
                    self._kept.append((taken, answered))
                    self._size += more
            if not has_room:
                self._drop("full")
        except Exception:  # noqa: BLE001 - as above
            self._drop("faults")

    def flush(self, limit: float) -> bool:
        """Let all be written, and wait for that at most so many seconds; says whether it was in time."""
        end = time.monotonic() + limit
        if not self._idle.wait(limit):
            return False
        self._hand_over(least=1)
        return self._idle.wait(max(end - time.monotonic(), 0))

    def _let_write(self) -> None:
        settings = self._settings
        is_due = time.monotonic() - self._oldest >= settings.every or self._size > settings.memory / 2
        self._hand_over(least=1 if is_due else settings.batch)
        if self._settings.wait and not self._is_overdue:
            self._is_overdue = not self._idle.wait(self._settings.wait)  # until a write has ended, nobody waits again

    def _hand_over(self, least: float) -> None:
        """Give the thread what there is, if that is enough, and if it isn't still writing."""
        with self._lock:
            if len(self._kept) < least or not self._idle.is_set():
                return
            if not self._is_running:
                threading.Thread(target=self._write_all, name="rollout-tap", daemon=True).start()
                self._is_running = True
            self._idle.clear()
            self._batches.put(self._kept)
            self._kept, self._size = [], 0

    def _write_all(self) -> None:
        while True:
            lines = [each for pair in self._batches.get() if (each := self._line(pair))]
            written = 0
            with suppress(BaseException):  # whatever a sink raises or gives, it is a count
                written = min(int(self._sink.write(lines)), len(lines)) if lines else 0
            self.counts.written += written
            self._drop("lost", len(lines) - written)
            self._report()
            self._is_overdue = False
            self._idle.set()

    def _line(self, pair: _Pair) -> bytes | None:
        try:
            return line(*pair, *self._redactions)
        except NotRecorded as why:
            self._drop(str(why))
        except Exception:  # noqa: BLE001 - as above
            self._drop("faults")
        return None

    def _drop(self, reason: str, count: int = 1) -> None:
        if count:
            with self._lock:
                self.counts.dropped[reason] += count

    def _report(self) -> None:
        now = time.monotonic()
        if now - self._reported >= REPORT_EVERY:
            self._reported = now
            say({"seen": self.counts.seen, "written": self.counts.written, "dropped": dict(self.counts.dropped)})


def say(what: Mapping[str, Any]) -> None:
    """Write a line into the function's log; it never raises."""
    try:
        sys.stderr.write(json.dumps({"rollout_tap": what}) + "\n")
    except Exception:  # noqa: BLE001 - there may be no log
        return
