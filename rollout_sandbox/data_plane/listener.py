"""One listener: from a request to its answer, and to what is counted of it.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from aiohttp import web

from rollout.alb.alb_event import MAX_BYTES, Malformed, checked, event
from rollout.inventory import conditions
from rollout.inventory.quantities import ZERO
from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.data_plane import answers, logins
from rollout_sandbox.data_plane.counting import Counting
from rollout_sandbox.data_plane.entrance import Entrance, Seal, TurnedAway
from rollout_sandbox.data_plane.functions import Functions
from rollout_sandbox.data_plane.jwks import Keys
from rollout_sandbox.data_plane.matching import Request
from rollout_sandbox.data_plane.profiles import chance
from rollout_sandbox.data_plane.relay import Relay, Unanswered
from rollout_sandbox.data_plane.rewrites import Failed
from rollout_sandbox.data_plane.rules import FixedResponse, Forward, Redirect, Rules, TargetGroup
from rollout_sandbox.data_plane.stickiness import Cookies
from rollout_sandbox.issuer import Issuer

MAX_OTHER_BYTES = 64 * MAX_BYTES
"""What is kept in memory for targets that aren't functions, whose bodies a load balancer doesn't limit."""


class Propagation:
    """How late a share of the load balancers' nodes goes by a change."""

    def __init__(self) -> None:
        self.delay, self.share = timedelta(0), ZERO


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all listeners share.

    Attributes:
        functions: Who answers.
        issuer: Who signs people in.
        keys: Of tokens.
        relay: Connections to targets that are addresses.
        clock: For cookies.
        random: For weights.
        propagation: How changes spread.
    """

    functions: Functions
    issuer: Issuer
    keys: Keys
    relay: Relay
    clock: SandboxClock
    random: Random
    propagation: Propagation


class Listener:
    """A listener of a load balancer.

    Args:
        rules: The first ones.
        counting: Where its requests are counted.
        cookies: Its load balancer's.
        seal: Its load balancer's, too.
        around: What it shares with others.
    """

    def __init__(self, rules: Rules, counting: Counting, cookies: Cookies, seal: Seal, around: Surroundings) -> None:
        self._rules, self._counting, self._cookies = rules, counting, cookies
        self._seal, self._issuer, self._keys, self._relay = seal, around.issuer, around.keys, around.relay
        self._functions, self._clock, self._random = around.functions, around.clock, around.random
        self._propagation = around.propagation
        self._past: deque[tuple[float, Rules]] = deque()

    def change(self, rules: Rules) -> None:
        """Go by these from the next request on, but for nodes that are late."""
        now = time.monotonic()
        if self._propagation.delay:
            self._past.append((now, self._rules))
            while self._past[0][0] < now - self._propagation.delay.total_seconds():
                self._past.popleft()
        self._rules = rules

    async def answer(self, came: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path, _, query = came.raw_path.partition("?")
        if not path.startswith("/"):
            path = "/" + path.partition("://")[2].partition("/")[2]
        request = Request(came.method, path, query.partition("#")[0], came.headers, came.remote or "127.0.0.1")
        rules = self._seen()
        at = Entrance(self._issuer, self._keys, self._seal, self._clock.now())
        if request.path == logins.BACK and (known := rules.logins):
            return self._turned_away(logins.come_back(request, known, at))
        rule = rules.rule_for(request)
        for step in rule.steps:
            met = await step.met(request, at)
            if isinstance(met, TurnedAway):
                return self._turned_away(met)
            request = met
        match rule.action:
            case FixedResponse() as action:
                self._counting.action("HTTP_Fixed_Response_Count")
                return answers.fixed(action)
            case Redirect() as action:
                self._counting.action("HTTP_Redirect_Count")
                return answers.redirect(action, request, rules.protocol, rules.port)
            case Forward() as action:
                try:
                    for rewrite in rule.rewrites:
                        request = rewrite.of(request)
                except Failed:
                    return self._turned_away(TurnedAway(500))
                return await self._forward(came, request, rules, action)

    def _turned_away(self, away: TurnedAway) -> web.Response:
        self._counting.own_answer(away.status)
        return _with(answers.page(away.status, dict(away.headers)), away.cookies)

    def _seen(self) -> Rules:
        """The rules that the node goes by which this request reaches."""
        if self._past and chance(self._random, self._propagation.share):
            since = time.monotonic() - self._propagation.delay.total_seconds()
            return next((rules for until, rules in self._past if until > since), self._rules)
        return self._rules

    async def _forward(
        self, came: web.BaseRequest, request: Request, rules: Rules, action: Forward
    ) -> web.StreamResponse:
        group, sticky = None, action.stickiness
        if sticky is None:
            group = action.choose(self._random)
        else:
            group = self._cookies.group(request.headers.get("Cookie", ""), action.groups, self._clock.now())
            if group is None:
                self._counting.not_sticky()
                group = action.choose(self._random)
        cookies = () if sticky is None else self._cookies.issue(group, sticky, self._clock.now())
        if group.servers:
            return await self._relayed(group, came, request, rules, cookies)
        return _with(await self._answer_of(group, came, request, rules), cookies)

    async def _relayed(
        self, group: TargetGroup, came: web.BaseRequest, request: Request, rules: Rules, cookies: Sequence[str]
    ) -> web.StreamResponse:
        added, speed = self._added(request, rules), self._clock.speed
        servers = self._random.sample(group.servers, len(group.servers))
        began = time.perf_counter()
        try:
            got = await self._relay.ask(came, request, added, servers, rules.patience / speed)
        except Unanswered as error:
            if error.is_unconnected:
                self._counting.unconnected(group)
            return _with(self._refused(error.status, group), cookies)
        waited = timedelta(seconds=(time.perf_counter() - began) * speed)
        self._counting.target_answer(group, got.status, waited, 0)
        return await self._relay.answer(came, got, cookies)

    async def _answer_of(
        self, group: TargetGroup, came: web.BaseRequest, request: Request, rules: Rules
    ) -> web.Response:
        target = group.target
        if target is None:
            self._counting.own_answer(503)
            return answers.page(503)
        if group.is_lambda and request.headers.get("Upgrade", "").lower() == "websocket":
            return self._refused(400, group)
        limit = MAX_BYTES if group.is_lambda else MAX_OTHER_BYTES
        body = await _body(came, limit)
        if body is None:
            return self._refused(413, group)
        if not target.permitted:
            return self._refused(502, group)
        added = self._added(request, rules)
        asked = conditions.Request(
            request.method, request.path, tuple(request.query_pairs), tuple(request.headers.items())
        )
        given = event(asked, body, added, group.arn, multi_value=group.multi_value)
        went = await self._functions.invoke(target, given)
        if group.is_lambda:
            self._counting.invocation(target, went)
        if went.failure is not None:
            return self._refused(502, group)
        try:
            said = checked(went.said, multi_value=group.multi_value, max_bytes=limit)
        except Malformed:
            return self._refused(502, group)
        self._counting.target_answer(group, said.status, went.waited, len(body) + len(said.body))
        response = web.Response(status=said.status, body=said.body)
        response.headers.extend(said.headers)
        response.headers["Server"] = answers.SERVER
        return response

    def _refused(self, status: int, group: TargetGroup) -> web.Response:
        self._counting.own_answer(status, group, user_error=group.is_lambda)
        return answers.page(status)

    def _added(self, request: Request, rules: Rules) -> list[tuple[str, str]]:
        now = int(self._clock.now().timestamp())
        trace = f"1-{now:08x}-{self._random.getrandbits(96):024x}"
        theirs = request.headers.get("X-Amzn-Trace-Id", "")
        before = request.headers.get("X-Forwarded-For")
        return [
            ("x-forwarded-for", f"{before}, {request.client}" if before else request.client),
            ("x-forwarded-port", str(rules.port)),
            ("x-forwarded-proto", rules.protocol),
            ("x-amzn-trace-id", f"Self={trace};{theirs}" if "Root=" in theirs else f"Root={trace}"),
        ]


def _with(response: web.Response, cookies: Iterable[str]) -> web.Response:
    for cookie in cookies:
        response.headers.add("Set-Cookie", cookie)
    return response


async def _body(came: web.BaseRequest, limit: int) -> bytes | None:
    """The request's body; None if it is larger than so many bytes."""
    if not came.can_read_body:
        return b""
    if (came.content_length or 0) > limit:
        return None
    body = bytearray()
    async for chunk in came.content.iter_any():
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)
