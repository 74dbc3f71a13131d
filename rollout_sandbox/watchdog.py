"""Whether the sandbox's own threads live: one that died, or hangs, ends the daemon, which says so in its log.

Each is asked to call back once a glance. What counts is glances without an answer, not seconds: a process that was
stopped for a while isn't taken for one that hangs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

PATIENCE = 120
"""Glances without an answer; a handler's call of AWS gives up after a minute."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the sandbox's threads.

    Attributes:
        name: What it does.
        is_alive: Whether it runs.
        ask: Has it call back, soon, by itself.
    """

    name: str
    is_alive: Callable[[], bool]
    ask: Callable[[Callable[[], None]], None]


class Watchdog:
    """Looks after parts.

    Args:
        parts: The sandbox's.
        patience: After how many glances without an answer a part hangs.
    """

    def __init__(self, parts: Iterable[Part], patience: int = PATIENCE) -> None:
        self._parts, self._patience = tuple(parts), patience
        self._asked: dict[str, tuple[threading.Event, int]] = {}

    def look(self) -> str | None:
        """Why the sandbox can't go on; None while it can. To be called once a glance."""
        for part in self._parts:
            if not part.is_alive():
                return f"{part.name} died"
            answered, glances = self._asked.get(part.name, (None, 0))
            if answered is None or answered.is_set():
                answered, glances = threading.Event(), 0
                part.ask(answered.set)
            elif glances >= self._patience:
                return f"{part.name} hangs"
            self._asked[part.name] = answered, glances + 1
        return None
