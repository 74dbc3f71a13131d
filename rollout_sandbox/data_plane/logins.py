"""Logins as a load balancer has them: who isn't signed in is sent to the provider, and comes back with a code.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
A session is in its cookie, sealed by the load balancer. AWS's cookies are for HTTPS alone; listeners here are plain, so
these go without `Secure`. The token endpoint isn't asked: a code is good if the sandbox's own issuer made it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlencode

from multidict import CIMultiDict, CIMultiDictProxy

from rollout_sandbox.data_plane.addresses import on_this_machine
from rollout_sandbox.data_plane.entrance import Entrance, TurnedAway
from rollout_sandbox.data_plane.matching import Request

BACK = "/oauth2/idpresponse"
NONCE = "AWSALBAuthNonce"
IDENTITY, ACCESS_TOKEN, DATA = "x-amzn-oidc-identity", "x-amzn-oidc-accesstoken", "x-amzn-oidc-data"
_PROVIDER_SAID_NO = 561


@dataclass(frozen=True, slots=True)
class Login:
    """An authenticate action.

    Attributes:
        endpoint: Where people sign in.
        client: Who the load balancer is there.
        scope: What it asks for.
        otherwise: What happens to who isn't signed in: `authenticate`, `deny` or `allow`.
        cookie: The name of the session's.
        seconds: How long a session lasts.
        more: What else is said to the provider.
    """

    endpoint: str
    client: str
    scope: str
    otherwise: str
    cookie: str
    seconds: int
    more: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, endpoint: str, client: str, config: Mapping[str, Any]) -> Login:
        """Read the part that all providers have in common, as DescribeRules gives it."""
        return cls(
            endpoint,
            client,
            config["Scope"],
            config["OnUnauthenticatedRequest"],
            config["SessionCookieName"],
            int(config["SessionTimeout"]),
            tuple(config.get("AuthenticationRequestExtraParams", {}).items()),
        )

    async def met(self, request: Request, at: Entrance) -> Request | TurnedAway:
        """Let through who is signed in, and who needn't be."""
        session = at.seal.opened(_cookie(request, f"{self.cookie}-0"))
        if session and session.get("of") == [self.endpoint, self.client] and session["until"] > at.now.timestamp():
            return _with_user(request, session["user"], at)
        if self.otherwise == "allow":
            return request
        return TurnedAway(401) if self.otherwise == "deny" else self._sent_to_sign_in(request, at)

    def _sent_to_sign_in(self, request: Request, at: Entrance) -> TurnedAway:
        nonce = secrets.token_urlsafe()
        place = _place(request)
        wanted = f"{place}{request.path}?{request.query}" if request.query else f"{place}{request.path}"
        asked = {
            "client_id": self.client,
            "redirect_uri": f"{place}{BACK}",
            "response_type": "code",
            "scope": self.scope,
            "state": at.seal.closed({"of": [self.endpoint, self.client], "nonce": nonce, "wanted": wanted}),
            **dict(self.more),
        }
        cookie = f"{NONCE}={nonce}; Path=/; HttpOnly"
        return TurnedAway(302, {"Location": f"{self.endpoint}?{urlencode(asked)}"}, (cookie,))


def come_back(request: Request, logins: Iterable[Login], at: Entrance) -> TurnedAway:
    """The answer to who comes back from a provider."""
    said = {name: values[-1] for name, values in parse_qs(request.query).items()}
    state = at.seal.opened(said.get("state", "")) or {}
    login = next((each for each in logins if [each.endpoint, each.client] == state.get("of")), None)
    if login is None or not secrets.compare_digest(state["nonce"].encode(), _cookie(request, NONCE).encode()):
        return TurnedAway(401)
    if "error" in said:
        return TurnedAway(_PROVIDER_SAID_NO)
    user = at.issuer.user_of(said.get("code", ""), login.client)
    if user is None:
        return TurnedAway(401)
    session = {"of": state["of"], "user": user, "until": at.now.timestamp() + login.seconds}
    cookie = f"{login.cookie}-0={at.seal.closed(session)}; Max-Age={login.seconds}; Path=/; HttpOnly"
    return TurnedAway(302, {"Location": state["wanted"]}, (cookie, f"{NONCE}=; Max-Age=0; Path=/; HttpOnly"))


def _with_user(request: Request, user: str, at: Entrance) -> Request:
    headers = CIMultiDict(request.headers)
    headers[IDENTITY] = user
    headers[ACCESS_TOKEN] = headers[DATA] = at.issuer.token({"sub": user})
    return replace(request, headers=CIMultiDictProxy(headers))


def _cookie(request: Request, name: str) -> str:
    found = re.search(rf"(?:^|;\s*){re.escape(name)}=\"?([\w-]+)", request.headers.get("Cookie", ""))
    return found[1] if found else ""


def _place(request: Request) -> str:
    """Where the client is: by HTTPS, or at a plain address of this machine."""
    host = request.headers.get("Host", "")
    return f"{'http' if on_this_machine(request.host) else 'https'}://{host}"
