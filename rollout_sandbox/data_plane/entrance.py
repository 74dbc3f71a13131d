"""What a rule's steps before its last action need, and what may come of one."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol

from rollout_sandbox.data_plane.matching import Request

if TYPE_CHECKING:
    from rollout_sandbox.data_plane.jwks import Keys
    from rollout_sandbox.issuer import Issuer


class Seal:
    """One load balancer's: what it gives to a client, and gets back as it was."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def closed(self, said: Mapping[str, Any]) -> str:
        """Something to be kept by a client."""
        body = json.dumps(said).encode()
        return base64.urlsafe_b64encode(self._mark(body) + body).decode().rstrip("=")

    def opened(self, text: str) -> dict[str, Any] | None:
        """What was closed; None if it wasn't, or not so."""
        try:
            said = base64.urlsafe_b64decode(f"{text}==")
        except ValueError:
            return None
        mark, body = said[:32], said[32:]
        return dict(json.loads(body)) if hmac.compare_digest(self._mark(body), mark) else None

    def _mark(self, body: bytes) -> bytes:
        return blake2b(body, key=self._key, digest_size=32).digest()


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where a request stands.

    Attributes:
        issuer: Who signs people in.
        keys: Of whoever signs tokens.
        seal: The load balancer's.
        now: When the request came.
    """

    issuer: Issuer
    keys: Keys
    seal: Seal
    now: datetime


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A request goes no further.

    Attributes:
        status: Of the answer.
        headers: Of the answer.
        cookies: It sets these.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()


class Step(Protocol):
    """An action that isn't a rule's last."""

    async def met(self, request: Request, at: Entrance) -> Request | TurnedAway:
        """The request as it goes on, if it does."""
