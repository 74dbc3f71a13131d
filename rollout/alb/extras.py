"""What a rule does beside its conditions and its forward action: it is kept as AWS gives it, to the byte. Pure.

A login (authenticate-oidc, authenticate-cognito) or a check of a token (jwt-validation) may come before the forward,
and transforms rewrite the request's host or path. Rollout looks no further into any of them. ModifyRule takes the whole
list of actions and leaves transforms alone that it isn't given. A client secret is never told by AWS, and needn't be:
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AuthenticateOidcActionConfig.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from rollout.alb.forms import AWS
from rollout.alb.weights import ForwardAction

_BEFORE = {
    "authenticate-oidc": ("AuthenticateOidcConfig", {"UseExistingClientSecret": True}),
    "authenticate-cognito": ("AuthenticateCognitoConfig", {}),
    "jwt-validation": ("JwtValidationConfig", {}),
}
"""By an action's type, what holds its settings, and what ModifyRule is told beside them."""


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
        config, _ = _BEFORE.get(part["Type"], ("", {}))
        secretless = {key: value for key, value in part.get(config, {}).items() if key != "ClientSecret"}
        return cls(part["Type"], json.dumps({**part, **({config: secretless} if config else {})}, sort_keys=True))

    @property
    def written(self) -> dict[str, Any]:
        """It as ModifyRule takes it."""
        part: dict[str, Any] = json.loads(self.text)
        config, beside = _BEFORE.get(self.type, ("", {}))
        return {**part, config: {**part[config], **beside}} if config else part

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
        last = AWS.write(forward)
        if self.before or self.order not in {None, 1}:
            last["Order"] = self.order or len(self.before) + 1
        return [*(kept.written for kept in self.before), last]


NO_EXTRAS = Extras()


def extras_of(actions: Sequence[Mapping[str, Any]], transforms: Iterable[Mapping[str, Any]]) -> Extras | None:
    """What actions, in order, and transforms have beside a forward action.

    Returns:
        None where the last action is none, or where one before it can't be kept: one that is newer than this version
        of rollout or of botocore, of which not all is known.
    """
    *before, last = actions or ({},)
    kept = all(action["Type"] in _BEFORE and _BEFORE[action["Type"]][0] in action for action in before)
    if last.get("Type") != "forward" or not kept:
        return None
    return Extras(tuple(map(Kept.of, before)), tuple(map(Kept.of, transforms)), last.get("Order"))
