"""The keys that tokens are verified with: fetched from this machine, and of the sandbox's issuer for anywhere else.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-verify-jwt.html
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp

from rollout_sandbox.data_plane.addresses import on_this_machine
from rollout_sandbox.issuer import Issuer

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

MAX_BYTES, MAX_KEYS = 150 * 1024, 10
_FRESH, _PATIENCE = 30, 5


class Unreachable(Exception):
    """There are no keys to be had."""


class Keys:
    """The key sets of a sandbox; one is fetched again after half a minute."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._known: dict[str, tuple[float, KeySet]] = {}

    async def of(self, endpoint: str) -> KeySet:
        """The keys of an endpoint.

        Raises:
            Unreachable: It is on this machine and has none.
        """
        until, keys = self._known.get(endpoint, (0.0, None))
        if keys is None or until < time.monotonic():
            here = on_this_machine(urlsplit(endpoint).hostname or "")
            keys = _read(await _fetched(endpoint) if here else self._issuer.jwks())
            self._known[endpoint] = (time.monotonic() + _FRESH, keys)
        return keys


async def _fetched(endpoint: str) -> Any:
    waiting = aiohttp.ClientTimeout(total=_PATIENCE)
    try:
        async with (
            aiohttp.ClientSession(timeout=waiting) as session,
            session.get(endpoint, allow_redirects=False) as got,
        ):
            body = await got.content.read(MAX_BYTES + 1)
            return json.loads(body) if got.ok and len(body) <= MAX_BYTES else None
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Unreachable from error


def _read(said: Any) -> KeySet:
    from joserfc.errors import JoseError  # noqa: PLC0415 - it takes a while to import
    from joserfc.jwk import KeySet  # noqa: PLC0415

    try:
        keys = KeySet.import_key_set(said)
    except (JoseError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise Unreachable from error
    if len(keys.keys) > MAX_KEYS:
        raise Unreachable
    return keys
