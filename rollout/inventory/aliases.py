"""Where the aliases of functions point, and where they pointed before. Pure.

An alias's description keeps the versions that it pointed to before, as a stack: it is read and changed together with
the alias, and no state or history that is lost takes the way back along. See docs/decisions/0028-deploy.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from rollout.inventory.quantities import WHOLE, Percent

MAX_BEFORE = 5
READY = "READY"
_NOTE = re.compile(r"rollout:(?: taken back from ([0-9]+);?)?(?: before ((?:[0-9]+, )*[0-9]+))?")


@dataclass(frozen=True, slots=True)
class AliasTarget:
    """Where a function's alias is to point.

    Attributes:
        version: A published version.
        beside: Another one, which gets a share of the alias's requests.
        before: The versions that it pointed to before, the last one first.
        at_once: Whether it moves before the version's provisioned concurrency is ready.
        taken_back: The version that it was taken back from, until the state has followed.
    """

    version: str
    beside: tuple[str, Percent] | None = None
    before: tuple[str, ...] = ()
    at_once: bool = False
    taken_back: str | None = None

    def __str__(self) -> str:
        return f"version {self.version}" + (f" and {self.beside[1]} % version {self.beside[0]}" if self.beside else "")

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions that get requests."""
        return (self.version, *((self.beside[0],) if self.beside else ()))

    @property
    def description(self) -> str | None:
        """The alias's description, which keeps what else is to be known of it."""
        taken = f"taken back from {self.taken_back}" if self.taken_back else ""
        before = f"before {', '.join(self.before)}" if self.before else ""
        return f"rollout: {'; '.join(filter(None, (taken, before)))}" if taken or before else None


@dataclass(frozen=True, slots=True)
class LiveAlias:
    """A function's alias as AWS has it.

    Attributes:
        version: Where it points.
        published: The function's versions that are there, the oldest first.
        beside: Another version, which gets a share of its requests.
        before: The versions that it pointed to before, the last one first.
        provisioned: By version, the state of its provisioned concurrency: `READY`, or AWS's word and its reason.
        taken_back: The version that it was taken back from; None once the state has followed.
        revision: What AWS knows this state of it by.
    """

    version: str
    published: tuple[str, ...]
    beside: tuple[str, Percent] | None = None
    before: tuple[str, ...] = ()
    provisioned: Mapping[str, str] = field(default_factory=dict)
    taken_back: str | None = None
    revision: str = ""

    @property
    def stays(self) -> AliasTarget:
        """Where it points now, for a state that follows."""
        return AliasTarget(self.version, self.beside, self.before, at_once=self.taken_back is not None)

    def towards(self, version: str | None, share: Percent | None) -> AliasTarget:
        """On to a version, or a share of its requests; where it is if it points there.

        Args:
            version: By default the one that was published last.
            share: All by default.
        """
        newest = version or (self.published[-1] if self.published else self.version)
        if newest == self.version:
            return AliasTarget(self.version, None, self.before)
        if share is not None:
            return AliasTarget(self.version, (newest, share), self.before)
        return AliasTarget(newest, None, (self.version, *self.before)[:MAX_BEFORE])

    @property
    def back(self) -> AliasTarget | None:
        """Back to the version before; None where none is known. What was only begun is taken back first.

        Whoever repeats it before the state has followed doesn't go back twice.
        """
        if self.taken_back:
            return self.stays
        if self.beside:
            return AliasTarget(self.version, None, self.before, at_once=True)
        return AliasTarget(self.before[0], None, self.before[1:], at_once=True) if self.before else None

    @property
    def newer(self) -> str:
        """The version that `back` leaves."""
        return self.beside[0] if self.beside else self.version


def beside(shares: Mapping[str, float]) -> tuple[str, Percent] | None:
    """The other version of an alias and its share, of AWS's `AdditionalVersionWeights`; AWS takes one."""
    return next(((version, Percent(round(share * WHOLE.tenths))) for version, share in shares.items()), None)


def kept(description: str) -> tuple[tuple[str, ...], str | None]:
    """What a description keeps: the versions before, and the one taken back; nothing of what somebody else wrote."""
    found = _NOTE.fullmatch(description)
    return (tuple(found[2].split(", ")) if found[2] else (), found[1]) if found else ((), None)
