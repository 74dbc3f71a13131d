"""What a rule does beside its conditions and its forward action: it is kept as AWS gives it, to the byte. Pure.

A login (authenticate-oidc, authenticate-cognito) or a check of a token (jwt-validation) may come before the forward,
and transforms rewrite the request's host or path. Rollout looks no further into any of them. ModifyRule takes the whole
list of actions, in the form of `guard.rules`, and leaves transforms alone that it isn't given.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from rollout.alb.forms import AWS
from rollout.alb.weights import ForwardAction
from rollout.guard import rules


@dataclass(frozen=True, slots=True)
class Kept:
    """An action or a transform that stays as it is.

    Attributes:
        type: AWS's word for it.
        text: It as JSON, which is never shown.
    """

    type: str
    text: str = field(repr=False)

    @classmethod
    def of(cls, part: Mapping[str, Any]) -> Self:
        """Keep it, as DescribeRules gives it."""
        return cls(part["Type"], json.dumps(rules.without_secret(part), sort_keys=True))

    @property
    def written(self) -> dict[str, Any]:
        """It as ModifyRule takes it."""
        return rules.written(json.loads(self.text))

    def __str__(self) -> str:
        return self.type


@dataclass(frozen=True, slots=True)
class Extras:
    """All that a rule does beside its forward action.

    Attributes:
        before: The actions before it, in order.
        transforms: What becomes of a request on its way to a target.
        order: The number that AWS has for the forward action; None where it says none.
    """

    before: tuple[Kept, ...] = ()
    transforms: tuple[Kept, ...] = ()
    order: int | None = field(default=None, compare=False)

    def __bool__(self) -> bool:
        return bool(self.before or self.transforms)

    def __str__(self) -> str:
        return ", ".join(map(str, (*self.before, *self.transforms)))

    def actions(self, forward: ForwardAction) -> list[Any]:
        """The whole list of actions that ModifyRule takes, so that nothing but the forward changes."""
        return rules.with_forward([kept.written for kept in self.before], AWS.write(forward), self.order)


NO_EXTRAS = Extras()


def extras_of(actions: Sequence[Mapping[str, Any]], transforms: Iterable[Mapping[str, Any]]) -> Extras | None:
    """What actions, in order, and transforms have beside a forward action.

    Returns:
        None where the last action is none, or where one before it can't be kept: one that is newer than this version
        of rollout or of botocore, of which not all is known.
    """
    found = rules.parts(actions)
    if found is None:
        return None
    before, last = found
    return Extras(tuple(map(Kept.of, before)), tuple(map(Kept.of, transforms)), last.get("Order"))
