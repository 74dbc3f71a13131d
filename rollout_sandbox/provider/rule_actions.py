"""A listener rule's actions, between the program's form and the API's.

An action forwards in one of two forms, `targetGroupArn` or `forward`. A read tells both on import and one otherwise:
`forward` where the program or the state has it. So a program that gives both differs from its state for ever, and an
imported rule from a program that gives `targetGroupArn`, once it was refreshed. A weight of 0 is sent as 0; a missing
one is 1.
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Action.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, repeat
from typing import Any

from rollout_sandbox.provider.refusals import (
    bad_arn,
    no_blocks,
    not_matching,
    other_than,
    too_few_or_many,
    too_short_or_long,
)
from rollout_sandbox.provider.schema import Props, block, boolean, integer, list_of, mapping, set_of, string

_TYPES = ("forward", "authenticate-oidc", "authenticate-cognito", "redirect", "fixed-response", "jwt-validation")
_CONTENT_TYPES = ("text/plain", "text/css", "text/html", "application/javascript", "application/json")
_BLOCKS = {
    "authenticate-cognito": ("authenticateCognito", "AuthenticateCognitoConfig"),
    "authenticate-oidc": ("authenticateOidc", "AuthenticateOidcConfig"),
    "fixed-response": ("fixedResponse", "FixedResponseConfig"),
    "jwt-validation": ("jwtValidation", "JwtValidationConfig"),
    "redirect": ("redirect", "RedirectConfig"),
}
_AS_THEY_ARE = frozenset({"authenticationRequestExtraParams", "AuthenticationRequestExtraParams"})
_SECRET = "clientSecret"  # noqa: S105 - a property's name
_MAX_GROUPS = 5


def _bad_groups(groups: Sequence[Any]) -> str | None:
    return no_blocks(groups) or too_few_or_many(1, _MAX_GROUPS)(groups)


_FORWARD = block(
    {
        "targetGroups": set_of(
            block({"arn": string(required=True, refuse=bad_arn), "weight": integer(0, 999, default=1)}),
            required=True,
            refuse=_bad_groups,
        ),
        # One that is off and has a duration was named by a program: leaving it out is a difference.
        "stickiness": block({"duration": integer(1, 604_800, required=True), "enabled": boolean()}),
    }
)
_FIXED_RESPONSE = block(
    {
        "contentType": string(required=True, refuse=other_than(*_CONTENT_TYPES)),
        "messageBody": string(refuse=too_short_or_long(0, 1024)),
        "statusCode": string(computed=True, refuse=not_matching(r"^[245]\d\d$")),
    },
    computed=True,
)
_REDIRECT = block(
    {
        "statusCode": string(required=True, refuse=other_than("HTTP_301", "HTTP_302", name="status_code")),
        "host": string(default="#{host}", refuse=too_short_or_long(1, 128)),
        "path": string(default="/#{path}", refuse=too_short_or_long(1, 128)),
        "port": string(default="#{port}"),
        "protocol": string(default="#{protocol}", refuse=other_than("#{protocol}", "HTTP", "HTTPS")),
        "query": string(default="#{query}", refuse=too_short_or_long(0, 128)),
    },
    computed=True,
)
_LOGIN = {
    "authenticationRequestExtraParams": mapping(),
    "onUnauthenticatedRequest": string(computed=True, refuse=other_than("deny", "allow", "authenticate")),
    "scope": string(default="openid"),
    "sessionCookieName": string(default="AWSELBAuthSessionCookie"),
    "sessionTimeout": integer(default=604_800),
}
_COGNITO = block(
    {
        **_LOGIN,
        "userPoolArn": string(required=True, refuse=bad_arn),
        "userPoolClientId": string(required=True),
        "userPoolDomain": string(required=True),
    }
)
_OIDC = block(
    {
        **_LOGIN,
        **{
            name: string(required=True)
            for name in ("authorizationEndpoint", "clientId", _SECRET, "issuer", "tokenEndpoint", "userInfoEndpoint")
        },
    }
)
_JWT = block(
    {
        "additionalClaims": set_of(
            block(
                {
                    "format": string(
                        required=True,
                        refuse=other_than("single-string", "string-array", "space-separated-values", name="format"),
                    ),
                    "name": string(required=True),
                    "values": set_of(string(), required=True, refuse=too_few_or_many(1, 10)),
                }
            )
        ),
        "issuer": string(required=True),
        "jwksEndpoint": string(required=True),
    }
)
ACTIONS = list_of(
    block(
        {
            "type": string(required=True, refuse=other_than(*_TYPES, name="type")),
            "order": integer(1, 50_000, computed=True),
            "targetGroupArn": string(refuse=bad_arn),
            "authenticateCognito": _COGNITO,
            "authenticateOidc": _OIDC,
            "forward": _FORWARD,
            "jwtValidation": _JWT,
            "fixedResponse": _FIXED_RESPONSE,
            "redirect": _REDIRECT,
        }
    ),
    required=True,
    refuse=no_blocks,
)


def to_api(fields: Props) -> Props:
    """Fields under the API's names, at every depth; empty text is left out."""
    kept = {key: value for key, value in fields.items() if value not in (None, "")}
    return {key[0].upper() + key[1:]: _inside(key, value, to_api) for key, value in kept.items()}


def from_api(fields: Props) -> Props:
    """Fields under Pulumi's names, at every depth."""
    return {key[0].lower() + key[1:]: _inside(key, value, from_api) for key, value in fields.items()}


def _inside(key: str, value: Any, renamed: Callable[[Props], Props]) -> Any:
    match value:
        case dict() if key not in _AS_THEY_ARE:
            return renamed(value)
        case list():
            return [renamed(item) if isinstance(item, dict) else item for item in value]
    return value


def sent(actions: Sequence[Props], before: Sequence[Props] = ()) -> list[Props]:
    """Actions as the API takes them.

    Args:
        actions: The program's.
        before: The state's: a stickiness that it has and the program doesn't name is turned off.
    """
    pairs = zip(actions, chain(before, repeat({})), strict=False)
    return [
        {"Type": action["type"], "Order": action.get("order", index), **_sent(action, old)}
        for index, (action, old) in enumerate(pairs, 1)
    ]


def _sent(action: Props, old: Props) -> Props:
    if action["type"] in _BLOCKS:
        name, config = _BLOCKS[action["type"]]
        return {config: to_api(action[name])}
    api: Props = {}
    if action.get("targetGroupArn"):
        api["TargetGroupArn"] = action["targetGroupArn"]
    forward, was = action.get("forward") or {}, old.get("forward") or {}
    if forward or was:
        api["ForwardConfig"] = _sent_forward(forward, was)
    return api


def _sent_forward(forward: Props, was: Props) -> Props:
    """A forward, or what is left of the state's where the program has none: the group, if it was a single one.

    That one is sent beside a new `targetGroupArn` too, which AWS then refuses: the real provider does so.
    """
    left = was.get("targetGroups", ())
    groups = forward.get("targetGroups") or (left if len(left) == 1 else ())
    api: Props = {}
    if groups:
        api["TargetGroups"] = [{"TargetGroupArn": group["arn"], "Weight": group.get("weight", 1)} for group in groups]
    if sticky := forward.get("stickiness"):
        stickiness = {"Enabled": bool(sticky.get("enabled")), "DurationSeconds": sticky["duration"]}
        api["TargetGroupStickinessConfig"] = stickiness
    elif was.get("stickiness"):
        api["TargetGroupStickinessConfig"] = {"Enabled": False}
    return api


def told(actions: Sequence[Props], known: Sequence[Props] | None) -> list[Props]:
    """The API's actions.

    Args:
        actions: As the API answers them.
        known: The program's or the state's, whose form is kept; None on import.
    """
    in_order = sorted(actions, key=lambda action: action["Order"])
    forms = repeat(None) if known is None else chain(known, repeat({}))
    return [
        {"type": action["Type"], "order": action["Order"], "targetGroupArn": "", **_told(action, form)}
        for action, form in zip(in_order, forms, strict=False)
    ]


def _told(action: Props, form: Props | None) -> Props:
    if action["Type"] in _BLOCKS:
        name, config = _BLOCKS[action["Type"]]
        block_ = from_api(action[config])
        if secret := ((form or {}).get(name) or {}).get(_SECRET):  # which AWS doesn't tell
            block_[_SECRET] = secret
        return {name: block_}
    found: Props = {}
    if form is None or not form.get("forward"):
        found["targetGroupArn"] = action.get("TargetGroupArn", "")  # where there is exactly one group
    if form is None or form.get("forward"):
        config = action["ForwardConfig"]
        sticky = config.get("TargetGroupStickinessConfig", {})
        found["forward"] = {
            "targetGroups": [{"arn": g["TargetGroupArn"], "weight": g["Weight"]} for g in config["TargetGroups"]],
            "stickiness": {"enabled": sticky.get("Enabled", False), "duration": sticky.get("DurationSeconds", 0)},
        }
    return found


def irrelevant(before: Sequence[Props], after: Any) -> frozenset[str]:
    """The places of differences that are none: where a forward to one group, with no stickiness, is left out.

    Args:
        before: The state's actions.
        after: The program's, of which all or some may not be known yet.
    """
    if not isinstance(after, list):
        return frozenset()
    return frozenset(
        f"actions[{index}].forward"
        for index, (old, new) in enumerate(zip(before, after, strict=False))
        if isinstance(new, dict) and not new.get("forward") and _is_plain(old.get("forward") or {})
    )


def _is_plain(forward: Props) -> bool:
    return len(forward.get("targetGroups", ())) == 1 and not any((forward.get("stickiness") or {}).values())


def refused(actions: Sequence[Props]) -> str | None:
    """What is wrong with the actions' combinations, which the provider only tells at a diff."""
    for index, action in enumerate(actions):
        place, kind = f"action[{index}]", action["type"]
        forward, single = action.get("forward"), action.get("targetGroupArn")
        if kind != "forward":
            if not action.get(_BLOCKS.get(kind, ("", ""))[0]):
                wanted = kind.replace("-", "_")
                return f'Attribute "{place}.{wanted}" must be specified when "{place}.type" is "{kind}".'
        elif not forward and not single:
            return (
                f'Either "{place}.target_group_arn" or "{place}.forward" must be specified '
                f'when "{place}.type" is "forward".'
            )
        elif forward and single and [group["arn"] for group in forward["targetGroups"]] != [single]:
            return (
                f"Invalid Attribute Combination: You can specify both a top-level target group ARN "
                f'("{place}.target_group_arn") and, with "{place}.forward", a target group list with ARNs, '
                "only if the ARNs match."
            )
    return None
