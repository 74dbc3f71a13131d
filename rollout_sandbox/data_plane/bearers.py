"""Bearer tokens as a load balancer verifies them.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-verify-jwt.html
By RS256 alone; `iss` and `exp` are needed, `nbf` and `iat` count where they are. A claim that a rule adds must have all
of its values, which AWS's page leaves open; so is the 500 for keys that can't be had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rollout_sandbox.data_plane.entrance import Entrance, TurnedAway
from rollout_sandbox.data_plane.jwks import Unreachable
from rollout_sandbox.data_plane.matching import Request
from rollout_sandbox.issuer import verified

_NO = TurnedAway(401, {"WWW-Authenticate": "Bearer"})


@dataclass(frozen=True, slots=True)
class Bearer:
    """A jwt-validation action.

    Attributes:
        endpoint: Where the issuer's keys are.
        issuer: Whose tokens pass.
        claims: What else they say: name, format and values.
    """

    endpoint: str
    issuer: str
    claims: tuple[tuple[str, str, tuple[str, ...]], ...]

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Bearer:
        """Read one."""
        more = config.get("AdditionalClaims") or ()
        claims = tuple((each["Name"], each["Format"], tuple(each["Values"])) for each in more)
        return cls(config["JwksEndpoint"], config["Issuer"], claims)

    async def met(self, request: Request, at: Entrance) -> Request | TurnedAway:
        """Let through who shows a token that is good."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return _NO
        try:
            keys = await at.keys.of(self.endpoint)
        except Unreachable:
            return TurnedAway(500)
        claims = verified(token, keys)
        return request if claims is not None and self._are_met(claims, at.now.timestamp()) else _NO

    def _are_met(self, said: Mapping[str, Any], now: float) -> bool:
        times = [said.get("exp"), said.get("nbf", 0), said.get("iat", 0)]
        if not all(isinstance(time, int | float) for time in times):
            return False
        until, *since = times
        in_time = until > now and all(time <= now for time in since)
        return (
            in_time
            and said.get("iss") == self.issuer
            and all(_has(said.get(name), how, values) for name, how, values in self.claims)
        )


def _has(said: Any, how: str, values: Sequence[str]) -> bool:
    match how:
        case "single-string":
            return said in values
        case "string-array":
            return isinstance(said, list) and set(values) <= {each for each in said if isinstance(each, str)}
        case _:
            return isinstance(said, str) and set(values) <= set(said.split(" "))
