"""The controller of an environment, in a line. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from rollout.base.plain import Timestamp
from rollout.errors import Problem


@dataclass(frozen=True, slots=True)
class ControllerStatus:
    """The controller of an environment.

    Attributes:
        state: `missing`, `unknown`, `new` before its first look, `looking`, `waiting` between looks, or `late` where
            one should have begun.
        why: Why it isn't known.
        function: Its name; empty before the first look.
        image: Its address, with its digest.
        rollout: The version in the image.
        looking_since: When the look under way began.
        looked_at: When the last look that ended had begun.
        said: What that came to: a ramp's state, `idle`, `failed` (the ramp has ended) or `error` (it couldn't look).
        because: The same in words.
        next_at: When the next look begins, or should have.
        killed_at: When the last look began that didn't end in its time, if no look has ended since.
        outdated: What is another one here than what it has; empty where nothing is, or where that isn't known.
    """

    environment: str
    state: str
    why: str = ""
    function: str = ""
    image: str = ""
    rollout: str = ""
    looking_since: Timestamp | None = None
    looked_at: Timestamp | None = None
    said: str = ""
    because: str = ""
    next_at: Timestamp | None = None
    killed_at: Timestamp | None = None
    outdated: str = ""

    @property
    def is_well(self) -> bool:
        """Whether it does what it should."""
        return (
            self.state in {"new", "looking", "waiting"} and self.said not in {"failed", "error"} and not self.outdated
        )

    @property
    def sentence(self) -> str:
        """All of it."""
        match self.state:
            case "missing":
                return "not installed"
            case "unknown":
                return f"not known: {self.why}"
            case "new":
                return "installed; it hasn't looked yet"
        now = f"{self.function} looks since {_clock(self.looking_since)}" if self.looking_since else ""
        killed = f"its look of {_clock(self.killed_at)} was killed" if self.killed_at else ""
        if self.state == "late":
            now = f"{self.function} is late: a look was due at {_clock(self.next_at)}"
        last = f"{self.said}: {self.because}" if self.because else self.said
        looked = (
            f"{'' if now else f'{self.function} '}looked at {_clock(self.looked_at)}, {last}" if self.looked_at else ""
        )
        due = f"looks next at {_clock(self.next_at)}" if self.state == "waiting" else ""
        return "; ".join(filter(None, (now, killed, looked, due, self.outdated)))


def controller_problems(status: ControllerStatus) -> Iterator[Problem]:
    """What speaks against relying on it."""
    log = f"read the log group /aws/lambda/{status.function}"
    if status.state == "unknown":
        hint = "see docs/controller.md"
        yield Problem(status.sentence, where="controller", hint=hint, code="controller-state-unreadable")
    elif status.state == "late":
        yield Problem(status.sentence, where="controller", hint=log, code="controller-late")
    elif status.said == "error":
        yield Problem(status.sentence, where="controller", hint=log, code="look-failed")


def _clock(at: datetime | None) -> str:
    return f"{at:%H:%M:%S} UTC" if at else "?"
