"""What several processes change in one item of a table, each only as it was read: a guard's state, a controller's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from rollout.errors import AwsError
from rollout.guard.plain import Garbled, dumps, loads
from rollout.guard.state import GuardState
from rollout.ramp.controlled import Controlled

TRIES = 10
_UPDATE = "update rollout; if it is the newest, delete the table's item `state` and run the command again"


class Versioned(Protocol):
    """A dataclass with a version that counts its changes."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def version(self) -> int: ...


T = TypeVar("T", bound=Versioned)


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """What an item keeps.

    Attributes:
        name: What it belongs to, such as `guard`.
        missing: The error's code and hint where there is no table.
        unreadable: The same of a damaged item.
        new: What is known before the first change.
    """

    name: str
    new: T
    missing: Mapping[str, str]
    unreadable: Mapping[str, str]


GUARD = Kind(
    "guard",
    GuardState(),
    missing={"code": "no-guard", "hint": "run `rollout guard install` first"},
    unreadable={"code": "guard-state-unreadable", "hint": _UPDATE},
)
CONTROLLER = Kind(
    "controller",
    Controlled(),
    missing={"code": "no-controller", "hint": "run `rollout controller install` first"},
    unreadable={"code": "controller-state-unreadable", "hint": _UPDATE},
)


class Item(Protocol):
    """The item itself."""

    @property
    def table(self) -> str:
        """Its table's name."""

    def get(self) -> tuple[object, datetime] | None:
        """Its JSON, None before the first change, and AWS's time of the reading; None where there is no table."""

    def put(self, version: int, body: str) -> bool:
        """Write it, unless another process wrote this version already; whether it was written."""


class SharedState(Generic[T]):
    """Reads and changes what an item keeps."""

    def __init__(self, kind: Kind[T], item: Item) -> None:
        self._kind, self._item = kind, item

    def read(self) -> T | None:
        """What it keeps now; None where there is no table."""
        found = self._read()
        return found[0] if found else None

    def change(self, transition: Callable[[T, datetime], T]) -> T:
        """Change it as it is now; tried again if another process was faster."""
        name, where = self._kind.name, self._item.table
        for _ in range(TRIES):
            found = self._read()
            if found is None:
                raise AwsError(f"the environment has no {name}", where=where, **self._kind.missing)
            wanted = transition(*found)
            if wanted == found[0]:
                return wanted
            wanted = replace(wanted, version=found[0].version + 1)
            if self._item.put(wanted.version, dumps(wanted)):
                return wanted
        what = f"other processes keep changing the {name}'s state"
        raise AwsError(what, where=where, hint="run the command again", code="concurrent-change")

    def _read(self) -> tuple[T, datetime] | None:
        found = self._item.get()
        if found is None:
            return None
        body, now = found
        try:
            return (self._kind.new if body is None else loads(type(self._kind.new), body)), now
        except Garbled as error:
            raise AwsError(
                f"the {self._kind.name}'s state can't be read: {error}",
                where=self._item.table,
                **self._kind.unreadable,
            ) from None
