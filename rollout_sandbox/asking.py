"""A sandbox in another process, as it is asked: its clock, its faults, its identity provider, whether it is alive.

Commands on the sandbox import this, so it has nothing of the sandbox itself. `control` is the side that answers.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from pydantic import TypeAdapter

from rollout.errors import SandboxError
from rollout_sandbox import issuer

if TYPE_CHECKING:
    from rollout_sandbox.faults import AnyFault

PREFIX = "/_rollout/"
HEALTH = "health"
ISSUER = "issuer"
ASKED = "it was asked to"
PATIENCE = 10.0
"""Seconds for an answer."""
TOKEN_HEADER = "X-Rollout-Token"  # noqa: S105 - a header's name


def in_json(asked: object) -> Any:
    """A profile or a fault, as JSON has it."""
    return TypeAdapter(type(asked)).dump_python(asked, mode="json")


@dataclass(frozen=True)
class RemoteIssuer:
    """The identity provider of a sandbox; see `issuer`."""

    endpoint: str
    token: str

    @property
    def authorize(self) -> str:
        """An authorization endpoint where everybody is signed in at once."""
        return f"{self.endpoint}{PREFIX}{ISSUER}{issuer.AUTHORIZE}"

    @property
    def keys(self) -> str:
        """A JWKS endpoint."""
        return f"{self.endpoint}{PREFIX}{ISSUER}{issuer.KEYS}"

    def bearer(self, **claims: Any) -> str:
        """A token of these claims, good for an hour if they say nothing else."""
        return str(ask(self.endpoint, self.token, "POST", "token", claims))


@dataclass(frozen=True)
class RemoteFaults:
    """The faults of a sandbox in another process; see `Faults`."""

    endpoint: str
    token: str

    def add(self, fault: AnyFault) -> None:
        """Ask for one."""
        ask(self.endpoint, self.token, "POST", "faults", in_json(fault))

    def clear(self) -> None:
        """Let all the rest be."""
        ask(self.endpoint, self.token, "DELETE", "faults")


@dataclass(frozen=True)
class RemoteClock:
    """The time of a sandbox in another process; see `SandboxClock`."""

    endpoint: str
    token: str

    def now(self) -> datetime:
        """The sandbox's time, in UTC."""
        return datetime.fromisoformat(ask(self.endpoint, self.token, "GET", "clock"))

    def run_at(self, speed: float) -> None:
        """Go faster or slower from now on."""
        ask(self.endpoint, self.token, "POST", "clock", speed)

    def pass_by(self, *, seconds: float) -> None:
        """Let time go by at once."""
        ask(self.endpoint, self.token, "POST", "clock/pass-by", seconds)


def proof(token: str, nonce: str) -> str:
    """What only who knows the token can say."""
    return hmac.digest(token.encode(), nonce.encode(), "sha256").hex()


def is_alive(endpoint: str, token: str) -> bool:
    """Whether the sandbox of this token is there; whoever has taken its port since doesn't learn the token.

    Raises:
        SandboxError: Nobody answers there, or not as a sandbox.
    """
    nonce = secrets.token_hex()
    return hmac.compare_digest(str(ask(endpoint, "", "GET", HEALTH, nonce=nonce)), proof(token, nonce))


def ask(endpoint: str, token: str, method: str, path: str, body: Any = None, **query: str | Sequence[str]) -> Any:
    """The asking side.

    Raises:
        SandboxError: Nobody answers there, or somebody who doesn't know the token.
    """
    # Not urllib: it would take a proxy that the environment names.
    connection = HTTPConnection(urlsplit(endpoint).netloc, timeout=PATIENCE)
    try:
        connection.request(
            method,
            f"{PREFIX}{path}?{urlencode(query, doseq=True)}",
            json.dumps(body) if body is not None else None,
            {TOKEN_HEADER: token, "Content-Type": "application/json"},
        )
        response = connection.getresponse()
        text = response.read()
    except (OSError, HTTPException) as error:
        raise SandboxError(
            f"the sandbox doesn't answer: {error}", where=endpoint, code="sandbox-unreachable"
        ) from error
    finally:
        connection.close()
    if response.status == HTTPStatus.BAD_REQUEST:
        raise SandboxError(text.decode())
    if response.status != HTTPStatus.OK:
        raise SandboxError(
            f"the sandbox refuses {path}: HTTP {response.status}", where=endpoint, code="sandbox-refused"
        )
    return json.loads(text)
