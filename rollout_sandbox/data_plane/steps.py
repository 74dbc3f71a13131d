"""What a rule does with a request before its last action: who isn't signed in is turned away, and URLs are rewritten.

Nobody signs in here, since no identity provider is asked: a login ends with the redirect to the provider. A bearer
token's issuer and expiry are looked at, and not its signature, for which its keys would have to be fetched.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-verify-jwt.html
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from multidict import CIMultiDict, CIMultiDictProxy

from rollout_sandbox.data_plane.matching import Request

_REFERENCE = re.compile(r"\$(\d)")


@dataclass(frozen=True, slots=True)
class Login:
    """An authenticate action.

    Attributes:
        endpoint: Where people sign in.
        client: Who the load balancer is there.
        scope: What it asks for.
        otherwise: What happens to who isn't signed in: `authenticate`, `deny` or `allow`.
    """

    endpoint: str
    client: str
    scope: str
    otherwise: str

    def turned_away(self, request: Request, _now: datetime) -> tuple[int, dict[str, str]] | None:
        """The status and headers for who may not pass."""
        if self.otherwise == "allow":
            return None
        if self.otherwise == "deny":
            return 401, {}
        asked = {
            "client_id": self.client,
            "redirect_uri": f"https://{request.host}/oauth2/idpresponse",
            "response_type": "code",
            "scope": self.scope,
            "state": "sandbox",
        }
        return 302, {"Location": f"{self.endpoint}?{urlencode(asked)}"}


@dataclass(frozen=True, slots=True)
class Bearer:
    """A jwt-validation action.

    Attributes:
        issuer: Whose tokens pass.
    """

    issuer: str

    def turned_away(self, request: Request, now: datetime) -> tuple[int, dict[str, str]] | None:
        """The status and headers for who may not pass."""
        claims = _claims(request.headers.get("Authorization", ""))
        expires = claims.get("exp", 0)
        fresh = isinstance(expires, int | float) and expires > now.timestamp()
        return None if claims.get("iss") == self.issuer and fresh else (401, {"WWW-Authenticate": "Bearer"})


Step = Login | Bearer


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A transform: the part of a request that a pattern fits, put in other words."""

    of_host: bool
    pattern: re.Pattern[str]
    by: str

    def of(self, request: Request) -> Request:
        """The request as its target sees it."""
        if self.of_host:
            headers = CIMultiDict(request.headers)
            headers["Host"] = self.pattern.sub(self.by, headers.get("Host", ""), count=1)
            return replace(request, headers=CIMultiDictProxy(headers))
        whole = f"{request.path}?{request.query}" if request.query else request.path
        path, _, query = self.pattern.sub(self.by, whole, count=1).partition("?")
        return replace(request, path=path, query=query)


def step_of(action: Mapping[str, Any], region: str) -> Step:
    """An action that isn't a rule's last."""
    if oidc := action.get("AuthenticateOidcConfig"):
        return Login(oidc["AuthorizationEndpoint"], oidc["ClientId"], *_rest(oidc))
    if cognito := action.get("AuthenticateCognitoConfig"):
        domain = cognito["UserPoolDomain"]
        place = domain if "." in domain else f"{domain}.auth.{region}.amazoncognito.com"
        return Login(f"https://{place}/oauth2/authorize", cognito["UserPoolClientId"], *_rest(cognito))
    return Bearer(action["JwtValidationConfig"]["Issuer"])


def rewrites_of(transforms: Sequence[Mapping[str, Any]]) -> tuple[Rewrite, ...]:
    """A rule's transforms."""
    found = []
    for transform in transforms:
        of_host = transform["Type"] == "host-header-rewrite"
        (rewrite,) = transform["HostHeaderRewriteConfig" if of_host else "UrlRewriteConfig"]["Rewrites"]
        found.append(Rewrite(of_host, re.compile(rewrite["Regex"]), _REFERENCE.sub(r"\\g<\1>", rewrite["Replace"])))
    return tuple(found)


def _rest(config: Mapping[str, Any]) -> tuple[str, str]:
    return config.get("Scope", "openid"), config.get("OnUnauthenticatedRequest", "authenticate")


def _claims(header: str) -> Mapping[str, Any]:
    kind, _, token = header.partition(" ")
    parts = token.split(".")
    if kind.lower() != "bearer" or len(parts) != 3:  # noqa: PLR2004 - head, claims and signature
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(f"{parts[1]}=="))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}
