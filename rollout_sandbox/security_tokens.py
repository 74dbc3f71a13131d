"""STS: sessions of roles that are assumed, each with the role's rights and an end, and who calls.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
Signatures aren't checked, so a secret is worth nothing; a session's token is. Sessions end with the sandbox.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

from rollout_sandbox import refusal, trust
from rollout_sandbox.authorization import Authorization
from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.request import ApiRequest
from rollout_sandbox.role_policies import role_of
from rollout_sandbox.sessions import Session, Sessions, session_of

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_ROLE = re.compile(r"arn:[\w-]+:iam::\d{12}:role/[\w+=,.@/-]+")
_SECONDS = re.compile(r"9\d\d|[1-9]\d{3,}")
_NAME = re.compile(r"[\w+=,.@-]{2,64}")
_USUAL = _CHAINED = 3600
_KNOWN = frozenset({"RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId"})
_EXPIRED = {
    "rest-xml": ("ExpiredToken", "The provided token has expired.", HTTPStatus.BAD_REQUEST),
    "ec2": ("RequestExpired", "Request has expired.", HTTPStatus.BAD_REQUEST),
    "query": ("ExpiredToken", "The security token included in the request is expired", HTTPStatus.FORBIDDEN),
}
_EXPIRED_IN_JSON = (
    "ExpiredTokenException",
    "The security token included in the request is expired",
    HTTPStatus.BAD_REQUEST,
)


@dataclass(frozen=True)
class SecurityTokens:
    """Gives sessions to who may have them, and says when they have ended.

    Args:
        authorization: Who calls, and what they may do.
        sessions: Of roles.
        clock: The sandbox's.
        turn: Held by whoever reads or changes moto's state.
    """

    authorization: Authorization
    sessions: Sessions
    clock: SandboxClock
    turn: threading.Lock

    def answer(self, call: ApiRequest) -> Response | None:
        """Answer AssumeRole, and GetCallerIdentity of a session; None of another call."""
        if call.action == trust.ASSUME:
            return self._assumed(call)
        session = self.sessions.of(call.key)
        if call.action == "sts:GetCallerIdentity" and session:
            said = {"Arn": session.arn, "UserId": self._id(session), "Account": session.account}
            return _said(call, _xml(said))
        return None

    def expired(self, call: ApiRequest) -> Response | None:
        """The refusal of a session that has ended; None of any other key."""
        made = self.sessions.credentials(call.key)
        if made is None or self.clock.now() < made.ends:
            return None
        code, text, status = _EXPIRED.get(call.protocol, _EXPIRED_IN_JSON)
        return refusal.response(call.protocol, code, text, status)

    def _assumed(self, call: ApiRequest) -> Response:
        said = call.parameters
        if problem := _malformed(said):
            return refusal.response(call.protocol, "ValidationError", problem, HTTPStatus.BAD_REQUEST)
        role, name, seconds = said["RoleArn"], said["RoleSessionName"], said.get("DurationSeconds", _USUAL)
        session = session_of(role, name)
        with self.turn:
            found = role_of(session)
            refused = trust.refusal(self.authorization.caller(call), role, name, said.get("ExternalId"))
        if refused:
            return refusal.response(call.protocol, "AccessDenied", refused, HTTPStatus.FORBIDDEN)
        longest = int(found.max_session_duration or _USUAL) if found else _USUAL
        if problem := _too_long(seconds, longest, is_chained=self.sessions.of(call.key) is not None):
            return refusal.response(call.protocol, "ValidationError", problem, HTTPStatus.BAD_REQUEST)
        made = self.sessions.assume(session, self.clock.now() + timedelta(seconds=seconds))
        user = _xml({"AssumedRoleId": self._id(session), "Arn": session.arn})
        keys = {"AccessKeyId": made.key, "SecretAccessKey": made.secret, "SessionToken": made.token}
        credentials = _xml({**keys, "Expiration": f"{made.ends:%Y-%m-%dT%H:%M:%SZ}"})
        return _said(call, f"<AssumedRoleUser>{user}</AssumedRoleUser><Credentials>{credentials}</Credentials>")

    def _id(self, session: Session) -> str:
        with self.turn:
            found = role_of(session)
        return f"{found.id if found else ''}:{session.name}"


def _malformed(said: Mapping[str, Any]) -> str | None:
    patterns = {"RoleArn": _ROLE, "RoleSessionName": _NAME, "DurationSeconds": _SECONDS}
    for name, pattern in patterns.items():
        if not pattern.fullmatch(str(said.get(name, _USUAL))):
            return f"1 validation error detected: Value at '{name[0].lower()}{name[1:]}' failed to satisfy constraint"
    if more := sorted(set(said) - _KNOWN):
        return f"The sandbox doesn't support {more[0]} of AssumeRole; see docs/sandbox.md"
    return None


def _too_long(seconds: int, longest: int, *, is_chained: bool) -> str | None:
    """See https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use.html."""
    if is_chained and seconds > _CHAINED:
        return "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
    if seconds > longest:
        return "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    return None


def _xml(said: dict[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in said.items())


def _said(call: ApiRequest, result: str) -> Response:
    name = call.operation
    metadata = f"<ResponseMetadata><RequestId>{uuid4()}</RequestId></ResponseMetadata>"
    whole = f'<{name}Response xmlns="{_NAMESPACE}"><{name}Result>{result}</{name}Result>{metadata}</{name}Response>'
    return Response(whole, content_type=refusal.XML)
