"""What a controller and a person's machine know of each other: one item of a table, changed only as it was read. Pure.

A look holds the lease, so there is one at a time. It ends by itself when the function can't run any more: after a kill
the next look takes over. What a look does to weights is in history, not here, so nothing is lost with this item but
whose turn it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from rollout.guard.state import Lease

FORMAT = 1
LATE = timedelta(minutes=2)
"""How long after its time a look is late: EventBridge Scheduler is exact to a minute."""


class ControllerRefusal(Exception):
    """A look can't begin now.

    Args:
        code: `look-under-way` or `controller-outdated`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Installed:
    """The controller itself, as its own variables say.

    Attributes:
        by: The function's ARN.
        image: The address of its image, with its digest.
        project: The version of the project that it was installed with, as `ProjectArchive` has it.
        rollout: The version of rollout in the image.
        pace: From one look to the next.
    """

    by: str
    image: str
    project: str
    rollout: str
    pace: timedelta


@dataclass(frozen=True, slots=True)
class Look:
    """A look that has ended.

    Attributes:
        id: The invocation's.
        state: RampResult's; `failed` where the ramp has ended in another way than finished; or `error`: the look
            couldn't be done, and the next one tries again.
        sentence: What it said.
        code: The error's, where it is one of the last two.
    """

    id: str
    began: datetime
    ended: datetime
    state: str
    sentence: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """Who waits for the ramp's end.

    Attributes:
        token: A Step Functions task token: who has it may end the task.
        role: The ARN of the role by which it is answered, where who waits is in another account.
        restart: Whether a ramp that ended before is to begin again.
    """

    token: str = field(repr=False)
    since: datetime
    role: str = ""
    restart: bool = False


@dataclass(frozen=True, slots=True)
class Controlled:
    """What both know.

    Attributes:
        version: Counts changes.
        installed: As the last look had it; None before the first.
        lease: The look under way; what is left of one that was killed.
        last: The last look that has ended.
        killed: The last look that didn't end in its time.
        needs: The newest version of rollout that has begun a ramp here: an older one may not know all that it wrote.
        begun_at: When a person last began a ramp for it to go on with.
        task: Who waits for the ramp's end, if anyone does.
    """

    version: int = 0
    format: int = FORMAT
    installed: Installed | None = None
    lease: Lease | None = None
    last: Look | None = None
    killed: Lease | None = None
    needs: str = ""
    begun_at: datetime | None = None
    task: Task | None = None

    @property
    def said(self) -> Look | None:
        """The last look, unless it began before the ramp did."""
        old = self.last and self.begun_at and self.last.began <= self.begun_at
        return None if old else self.last

    def looking(self, now: datetime) -> Lease | None:
        """The look that is under way now."""
        return self.lease if self.lease and self.lease.until > now else None

    @property
    def looked_at(self) -> datetime | None:
        """When the last look began, whether or not it ended."""
        return max(
            (each for each in (self.lease and self.lease.since, self.last and self.last.began) if each), default=None
        )

    @property
    def next_at(self) -> datetime | None:
        """When the next look is to begin, if the one before has ended."""
        return self.looked_at + self.installed.pace if self.installed and self.looked_at else None

    def is_late(self, now: datetime) -> bool:
        """Whether a look should have begun by now."""
        return self.next_at is not None and not self.looking(now) and now > self.next_at + LATE


def table_name(title: str) -> str:
    """The table of an environment."""
    return f"{title}-controller"


def begin_look(state: Controlled, id_: str, installed: Installed, *, now: datetime, until: datetime) -> Controlled:
    """Leave the lease, before anything is read.

    Args:
        id_: The invocation's: a retry has the same one, and prolongs the lease.
        until: When the function's time is up.

    Raises:
        ControllerRefusal: Another look is in progress, or the image is older than what began the ramp.
    """
    open_, before = state.looking(now), state.lease
    if open_ and open_.id != id_:
        raise ControllerRefusal("look-under-way")
    if _number(installed.rollout) < _number(state.needs):
        raise ControllerRefusal("controller-outdated")
    killed = before if before and before.id != id_ else state.killed
    since = before.since if before and before.id == id_ else now
    return replace(state, installed=installed, lease=Lease(id_, installed.by, since, until), killed=killed)


def end_look(state: Controlled, look: Look) -> Controlled:
    """Give back the lease, if it is still this look's, and say what it did; the newest look is remembered."""
    mine = state.lease is not None and state.lease.id == look.id
    newest = state.last is None or state.last.began <= look.began
    return replace(state, lease=None if mine else state.lease, last=look if newest else state.last)


def ramp_begins(state: Controlled, rollout: str, now: datetime) -> Controlled:
    """A version of rollout begins a ramp: no older one may go on with it, and no look before it was about it."""
    return replace(state, needs=max(state.needs, rollout, key=_number), begun_at=now)


def await_end(state: Controlled, token: str, now: datetime, role: str = "", *, restart: bool = False) -> Controlled:
    """Keep the token of who waits for the ramp's end; the newest one counts."""
    return replace(state, task=Task(token, now, role, restart))


def told_end(state: Controlled, token: str) -> Controlled:
    """Forget a token, once who waits was told."""
    return replace(state, task=None) if state.task and state.task.token == token else state


def _number(version: str) -> tuple[int, ...]:
    """A version's number, to compare: of 1.2.3rc1 it is 1, 2, 3."""
    numbers = (part[: len(part) - len(part.lstrip("0123456789"))] for part in version.split("."))
    return tuple(int(number or 0) for number in numbers)
