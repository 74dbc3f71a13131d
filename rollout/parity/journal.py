"""What was asked so far, on disk: a run that was stopped goes on, and no change is asked for twice.

A line an outcome, without answers and secrets, in a file for its owner alone. What was compared by other code or other
rules doesn't count any more: a line has a key of both. A torn last line is of a run that was killed, and is left out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from rollout.base.files import NoSuchFile, read_bytes
from rollout.base.private import private_folder
from rollout.parity.comparing.places import Kind, Place, Seen
from rollout.parity.outcome import Outcome

_MOST = 1 << 30
_MS = timedelta(milliseconds=1)


class Journal:
    """A file of outcomes.

    Args:
        file: Its name; the folder is made.
        keys: By route, what its code and rules are known by.
    """

    def __init__(self, file: Path, keys: dict[str, str]) -> None:
        self._file, self._keys = file, keys
        self.outcomes: dict[str, Outcome] = {}
        self.begun: set[str] = set()
        for line in self._lines():
            self._take(line)

    def begin(self, request: str, route: str) -> None:
        """Note that a request that changes something is about to be sent, for good."""
        self._write({"began": request, "route": route, "key": self._keys[route]}, kept=True)

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome."""
        self.outcomes[outcome.request] = outcome
        self._write({"key": self._keys[outcome.route], **_data(outcome)})

    def forget(self) -> None:
        """Begin anew."""
        self._file.unlink(missing_ok=True)
        self.outcomes.clear()
        self.begun.clear()

    def _lines(self) -> Iterator[dict[str, Any]]:
        try:
            content = read_bytes(self._file, most=_MOST)
        except NoSuchFile:
            return
        for line in content.splitlines():
            try:
                read = json.loads(line)
            except ValueError:
                continue
            if isinstance(read, dict):
                yield read

    def _take(self, line: dict[str, Any]) -> None:
        if "began" in line:
            if line.get("key") == self._keys.get(str(line.get("route"))):
                self.begun.add(line["began"])
            return
        try:
            outcome = _outcome(line)
        except (KeyError, TypeError, ValueError):
            return
        if line.get("key") == self._keys.get(outcome.route):
            self.outcomes[outcome.request] = outcome

    def _write(self, line: dict[str, Any], *, kept: bool = False) -> None:
        private_folder(self._file.parent)
        handle = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # the line end comes first, so that a line after a torn one is whole
            os.write(handle, f"\n{json.dumps(line, separators=(',', ':'))}\n".encode())
            if kept:
                os.fsync(handle)
        finally:
            os.close(handle)


def _data(outcome: Outcome) -> dict[str, Any]:
    return {
        "route": outcome.route,
        "request": outcome.request,
        "shape": outcome.shape,
        "statuses": outcome.statuses,
        "places": [[*_place(place), seen.count, seen.examples] for place, seen in outcome.places.items()],
        "noise": [_place(place) for place in sorted(outcome.noise)],
        "same": outcome.same,
        "seeds": None if outcome.seeds is None else [_place(place) for place in sorted(outcome.seeds)],
        "used": sorted(outcome.used),
        "took": [span / _MS for span in outcome.took],
        "cold": outcome.cold,
    }


def _place(place: Place) -> list[str]:
    return [place.part, place.path, place.kind.value]


def _outcome(line: dict[str, Any]) -> Outcome:
    def places(some: list[list[Any]]) -> frozenset[Place]:
        return frozenset(Place(part, path, Kind(kind)) for part, path, kind in some)

    return Outcome(
        line["route"],
        line["request"],
        line["shape"],
        statuses=(line["statuses"][0], line["statuses"][1]),
        places={
            Place(part, path, Kind(kind)): Seen(count, [(one, other) for one, other in examples])
            for part, path, kind, count, examples in line["places"]
        },
        noise=places(line["noise"]),
        same=line["same"],
        seeds=None if line["seeds"] is None else places(line["seeds"]),
        used=frozenset(line["used"]),
        took=(line["took"][0] * _MS, line["took"][1] * _MS),
        cold=(line["cold"][0], line["cold"][1]),
    )
