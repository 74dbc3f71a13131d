"""One request on its way through a load balancer: what CloudWatch counts of it, and its line in the access log.

Both are told here at once, so that lines and counts of a minute agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import blake2b

from aiohttp import web

from rollout_sandbox.data_plane.access_log import NONE, Entry
from rollout_sandbox.data_plane.counting import Counting
from rollout_sandbox.data_plane.functions import Failure
from rollout_sandbox.data_plane.log_files import AccessLog
from rollout_sandbox.data_plane.logins import Login
from rollout_sandbox.data_plane.matching import Request
from rollout_sandbox.data_plane.rules import Rule, Rules, TargetGroup

REASONS = {
    Failure.CRASHED: "LambdaUnhandled",
    Failure.THROTTLED: "LambdaThrottling",
    Failure.TIMED_OUT: "LambdaUnhandled",
}
_AT_ONCE = timedelta(0)
_TLS = ("ECDHE-RSA-AES128-GCM-SHA256", "TLSv1.2")


class Exchange:
    """A request and its answer.

    Args:
        came: The request.
        asked: The same, as rules see it.
        rules: The listener's.
        received: When it came.
        trace: Its X-Amzn-Trace-Id.
        counting: Where it is counted.
        log: Where its line goes.

    Attributes:
        came: The request.
        rules: The listener's.
        trace: Its X-Amzn-Trace-Id.
    """

    def __init__(
        self,
        came: web.BaseRequest,
        asked: Request,
        rules: Rules,
        *,
        received: datetime,
        trace: str,
        counting: Counting,
        log: AccessLog,
    ) -> None:
        self.came, self.rules, self.trace = came, rules, trace
        self._counting, self._log = counting, log
        peer = came.transport and came.transport.get_extra_info("peername")
        client = f"{asked.client}:{peer[1] if peer else 0}"
        query = f"?{asked.query}" if asked.query else ""
        place = f"{rules.protocol}://{asked.host}:{rules.port}{asked.path}{query}"
        cipher, tls = _TLS if rules.protocol == "https" else (NONE, NONE)
        self._entry = Entry(
            rules.protocol,
            rules.balancer,
            client,
            received,
            f"{came.method} {place} HTTP/{came.version.major}.{came.version.minor}",
            asked.headers.get("User-Agent", NONE),
            trace,
            f"TID_{blake2b(f'{client} {rules.balancer}'.encode(), digest_size=16).hexdigest()}",
            log.node,
            cipher,
            tls,
            rules.certificate,
        )

    def ruled(self, rule: Rule) -> None:
        """Note the rule that takes it, whose steps come before its action."""
        self._entry.priority = rule.priority

    def stepped(self, step: object) -> None:
        """Note a step before the rule's action."""
        self._entry.actions.append("authenticate" if isinstance(step, Login) else "jwt-validation")

    def rewritten(self, before: Request, after: Request) -> None:
        """Note what transforms made of it."""
        self._entry.transform = "TransformSuccess"
        host = after.headers.get("Host", "")
        if host != before.headers.get("Host", ""):
            self._entry.host = host
        if (after.path, after.query) != (before.path, before.query):
            self._entry.uri = f"{after.path}?{after.query}" if after.query else after.path

    def not_rewritten(self, *, of_host: bool) -> None:
        """Note that a transform failed."""
        self._entry.transform = "TransformInvalidHost" if of_host else "TransformInvalidPath"

    def acted(self, response: web.Response, *, redirects: bool) -> web.Response:
        """Count a redirect or a fixed response."""
        self._entry.actions.append("redirect" if redirects else "fixed-response")
        if redirects:
            self._entry.redirect = response.headers["Location"]
        self._ended(
            self._counting.action("HTTP_Redirect_Count" if redirects else "HTTP_Fixed_Response_Count"), response.status
        )
        return response

    def forwarded(self, group: TargetGroup) -> None:
        """Note the target group that was chosen."""
        self._entry.actions.append("forward")
        self._entry.group, self._entry.target = group.arn, group.address

    def refused(
        self, status: int, group: TargetGroup | None = None, reason: str = NONE, waited: timedelta = _AT_ONCE
    ) -> None:
        """Count an error that the load balancer made itself, for a group's function where there is one."""
        of_function = group is not None and group.is_lambda
        self._ended(self._counting.own_answer(status, group, user_error=of_function), status)
        if of_function:
            self._entry.reason, self._entry.times = reason, (_AT_ONCE, waited, _AT_ONCE)

    def unconnected(self, group: TargetGroup) -> None:
        """Count that no target could be connected to."""
        self._counting.unconnected(group)

    def answered(self, group: TargetGroup, status: int, waited: timedelta, size: int = 0, target: str = "") -> None:
        """Count an answer that a target gave.

        Args:
            group: Its group.
            status: Its status.
            waited: How long it took.
            size: The bytes of both bodies.
            target: Its address and port, if one of several was asked.
        """
        self._ended(self._counting.target_answer(group, status, waited, size), status)
        self._entry.target_status, self._entry.times = status, (_AT_ONCE, waited, _AT_ONCE)
        self._entry.target = target or self._entry.target

    def over(self, response: web.StreamResponse | None) -> None:
        """Write its line, if it was counted; there is no response where its client went away."""
        if self._entry.answered is None:
            return
        first = len(self._entry.request)
        self._entry.received_bytes = first + _size(self.came.headers.items()) + self.came.content.total_bytes
        if response is not None:
            whole = response.body if isinstance(response, web.Response) else None
            body = len(whole) if isinstance(whole, bytes) else response.body_length
            self._entry.sent_bytes = _size(response.headers.items()) + body
        self._log.write(self._entry)

    def _ended(self, when: datetime, status: int) -> None:
        self._entry.answered, self._entry.status = when, status


def _size(headers: Iterable[tuple[str, str]]) -> int:
    """About as many bytes as they are on the wire, with a first line."""
    return 17 + sum(len(name) + len(value) + 4 for name, value in headers)
