"""An identity provider on this machine: the one for which all providers elsewhere are taken, since none is asked.

Who asks it for a login is signed in at once and sent back with a code. Its keys stand for those of any JWKS endpoint
that isn't on this machine, so a test makes the bearer tokens of whatever issuer a rule names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from rollout_sandbox.clock import SandboxClock

if TYPE_CHECKING:
    from joserfc.jwk import KeySet, RSAKey

AUTHORIZE, KEYS = "/authorize", "/keys"
ALGORITHM = "RS256"
ANYBODY = "somebody@example.com"
_AN_HOUR, _MINUTES = 3600, 300
_BITS = 2048


@dataclass(frozen=True)
class Issuer:
    """The provider's key, and what it signs; `joserfc` takes a while to import, and a key to be made.

    Attributes:
        clock: The sandbox's.
    """

    clock: SandboxClock

    @cached_property
    def _key(self) -> RSAKey:
        from joserfc.jwk import RSAKey  # noqa: PLC0415 - see above

        return RSAKey.generate_key(_BITS, {"use": "sig", "alg": ALGORITHM}, auto_kid=True)

    def jwks(self) -> dict[str, Any]:
        """Its public key, as it publishes it."""
        return {"keys": [self._key.as_dict(private=False)]}

    def token(self, claims: Mapping[str, Any]) -> str:
        """A signed token, good for an hour if its claims say nothing else."""
        from joserfc import jwt  # noqa: PLC0415 - see above

        now = int(self.clock.now().timestamp())
        header = {"alg": ALGORITHM, "kid": self._key.kid}
        return jwt.encode(header, {"iat": now, "exp": now + _AN_HOUR, **claims}, self._key)

    def authorize(self, query: str) -> str | None:
        """Where a client that asks for a login goes then; None if it asks for none.

        Args:
            query: Of the request to its authorization endpoint.
        """
        asked = {name: values[-1] for name, values in parse_qs(query).items()}
        back = asked.get("redirect_uri", "")
        if asked.get("response_type") != "code" or not urlsplit(back).path.endswith("/oauth2/idpresponse"):
            return None
        until = int(self.clock.now().timestamp()) + _MINUTES
        who = {"sub": asked.get("login_hint", ANYBODY), "aud": asked.get("client_id", ""), "use": "code", "exp": until}
        return f"{back}?{urlencode({'code': self.token(who), 'state': asked.get('state', '')})}"

    def user_of(self, code: str, client: str) -> str | None:
        """Who was signed in for a client with a code; None if nobody was."""
        from joserfc.jwk import KeySet  # noqa: PLC0415 - see above

        claims = verified(code, KeySet([self._key])) or {}
        fresh = claims.get("exp", 0) > self.clock.now().timestamp()
        return str(claims["sub"]) if (claims.get("use"), claims.get("aud")) == ("code", client) and fresh else None


def verified(token: str, keys: KeySet) -> dict[str, Any] | None:
    """A token's claims, whatever they say; None if none of the keys signed it."""
    from joserfc import jwt  # noqa: PLC0415 - see above
    from joserfc.errors import JoseError  # noqa: PLC0415

    try:
        return jwt.decode(token, keys, algorithms=[ALGORITHM]).claims
    except (JoseError, ValueError):
        return None
