"""A rule's actions before its last: refused where AWS refuses them, and written as AWS answers them.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AuthenticateOidcActionConfig.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_JwtValidationActionConfig.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
A client's secret isn't kept here at all, and so never given back. The text about a secret twice is AWS's
(https://github.com/ansible-collections/amazon.aws/issues/1877), the others are ours. URLs are HTTPS's, or of this
machine, where the sandbox's own issuer is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from moto.elbv2.exceptions import ELBClientError

from rollout_sandbox.data_plane.addresses import on_this_machine

CONFIGS = {
    "authenticate-cognito": "AuthenticateCognitoConfig",
    "authenticate-oidc": "AuthenticateOidcConfig",
    "jwt-validation": "JwtValidationConfig",
}
_DEFAULTS = {
    "OnUnauthenticatedRequest": "authenticate",
    "Scope": "openid",
    "SessionCookieName": "AWSELBAuthSessionCookie",
    "SessionTimeout": 604_800,
}
_NEEDED = {
    "authenticate-cognito": ("UserPoolArn", "UserPoolClientId", "UserPoolDomain"),
    "authenticate-oidc": ("Issuer", "AuthorizationEndpoint", "TokenEndpoint", "UserInfoEndpoint", "ClientId"),
    "jwt-validation": ("JwksEndpoint", "Issuer"),
}
_URLS = {
    "authenticate-oidc": ("Issuer", "AuthorizationEndpoint", "TokenEndpoint", "UserInfoEndpoint"),
    "jwt-validation": ("JwksEndpoint",),
}
_SECRETS = ("ClientSecret", "UseExistingClientSecret")
_OTHERWISE = ("deny", "allow", "authenticate")
_FORMATS = ("single-string", "string-array", "space-separated-values")
_VERIFIED_ANYWAY = frozenset({"exp", "iss", "nbf", "iat"})
MAX_SECONDS, MAX_PARAMETERS, MAX_CLAIMS, MAX_LENGTH = 604_800, 10, 10, 256

Action = Mapping[str, Any]


def as_aws_answers(action: Action, before: Sequence[Action]) -> dict[str, Any]:
    """A step as DescribeRules gives it: with its defaults, and without a secret.

    Args:
        action: As it was asked for.
        before: The rule's actions until now, one of which may have a secret.

    Raises:
        ELBClientError: AWS wouldn't take it.
    """
    kind = action["Type"]
    config = action.get(CONFIGS[kind]) or {}
    for problem in _problems(kind, config):
        raise ELBClientError("ValidationError", problem)
    if kind == "authenticate-oidc":
        _check_secret(config, before)
    if kind != "jwt-validation":
        config = {**_DEFAULTS, **config}
    return {**action, CONFIGS[kind]: {key: config[key] for key in config if key not in _SECRETS}}


def _check_secret(config: Mapping[str, Any], before: Sequence[Action]) -> None:
    kept = bool(config.get("UseExistingClientSecret"))
    if kept and config.get("ClientSecret"):
        raise _invalid("You cannot both specify a client secret and set UseExistingClientSecret to true")
    if kept and all(action.get("Type") != "authenticate-oidc" for action in before):
        raise _invalid("There is no existing client secret to use")
    if not kept and not config.get("ClientSecret"):
        raise _invalid("You must specify a client secret")


def _problems(kind: str, config: Mapping[str, Any]) -> Iterator[str]:
    for name in _NEEDED[kind]:
        if not config.get(name):
            yield f"'{name}' must be specified for an action of type '{kind}'"
    for name in _URLS.get(kind, ()):
        place = urlsplit(config[name])
        if not place.hostname or not (place.scheme == "https" or on_this_machine(place.hostname)):
            yield f"'{name}' must be a full URL, including the HTTPS protocol, the domain, and the path"
    if kind == "jwt-validation":
        yield from _claim_problems(config)
    else:
        yield from _session_problems(config)


def _session_problems(config: Mapping[str, Any]) -> Iterator[str]:
    if config.get("OnUnauthenticatedRequest", "deny") not in _OTHERWISE:
        yield f"'OnUnauthenticatedRequest' must be one of {', '.join(_OTHERWISE)}"
    if not 1 <= int(config.get("SessionTimeout", 1)) <= MAX_SECONDS:
        yield f"The session timeout must be between 1 and {MAX_SECONDS} seconds, inclusive"
    if len(config.get("AuthenticationRequestExtraParams", ())) > MAX_PARAMETERS:
        yield f"You can specify at most '{MAX_PARAMETERS}' extra parameters of an authentication request"


def _claim_problems(config: Mapping[str, Any]) -> Iterator[str]:
    claims = config.get("AdditionalClaims") or ()
    names = [claim.get("Name") for claim in claims]
    if any(len(config[name]) > MAX_LENGTH for name in ("JwksEndpoint", "Issuer")):
        yield f"The JWKS endpoint and the issuer are at most '{MAX_LENGTH}' characters long"
    if len(claims) > MAX_CLAIMS or len(set(names)) < len(names) or not all(names):
        yield f"You can specify at most '{MAX_CLAIMS}' additional claims, each with a name of its own"
    if _VERIFIED_ANYWAY.intersection(names):
        yield "You can't specify exp, iss, nbf, or iat as an additional claim"
    for claim in claims:
        values, how = claim.get("Values") or (), claim.get("Format")
        if how not in _FORMATS:
            yield f"The format of a claim must be one of {', '.join(_FORMATS)}"
        if not 1 <= len(values) <= (1 if how == "single-string" else MAX_CLAIMS):
            yield f"A claim of the format '{how}' can't have '{len(values)}' values"
        if any(not value or len(value) > MAX_LENGTH for value in values):
            yield f"The value of a claim must be between 1 and {MAX_LENGTH} characters long"
        if how == "space-separated-values" and any(" " in value for value in values):
            yield "A value of the format 'space-separated-values' can't include spaces"


def _invalid(message: str) -> ELBClientError:
    return ELBClientError("InvalidLoadBalancerAction", message)
