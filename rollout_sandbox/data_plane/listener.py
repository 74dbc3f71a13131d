"""One listener: from a request to its answer, and to what is counted of it.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from aiohttp import ClientError, web
from aiohttp.web_protocol import RequestPayloadError

from rollout.alb.alb_event import MAX_BYTES, Malformed, TooLarge, checked, event
from rollout.inventory import conditions
from rollout.inventory.quantities import ZERO
from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.data_plane import answers, logins
from rollout_sandbox.data_plane.access_log import NONE
from rollout_sandbox.data_plane.counting import Counting
from rollout_sandbox.data_plane.entrance import Entrance, Seal, TurnedAway
from rollout_sandbox.data_plane.exchange import REASONS, Exchange
from rollout_sandbox.data_plane.functions import Functions
from rollout_sandbox.data_plane.jwks import Keys
from rollout_sandbox.data_plane.log_files import AccessLog
from rollout_sandbox.data_plane.matching import Request
from rollout_sandbox.data_plane.profiles import chance
from rollout_sandbox.data_plane.relay import Relay, Unanswered
from rollout_sandbox.data_plane.rewrites import Failed
from rollout_sandbox.data_plane.rules import FixedResponse, Forward, Redirect, Rules, TargetGroup
from rollout_sandbox.data_plane.stickiness import Cookies
from rollout_sandbox.issuer import Issuer
from rollout_sandbox.strict.builds import LATEST

MAX_OTHER_BYTES = 64 * MAX_BYTES
"""What is kept in memory for targets that aren't functions, whose bodies a load balancer doesn't limit."""

_log = logging.getLogger("rollout.sandbox")


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
        around: What it shares with others.
        counting: Where its requests are counted.
        log: Its load balancer's.
        cookies: Its load balancer's.
        seal: Its load balancer's, too.
    """

    def __init__(
        self, rules: Rules, around: Surroundings, *, counting: Counting, log: AccessLog, cookies: Cookies, seal: Seal
    ) -> None:
        self._rules, self._counting, self._log, self._cookies = rules, counting, log, cookies
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
        now = self._clock.now()
        going = Exchange(
            came,
            request,
            self._seen(),
            received=now,
            trace=self._trace(request, now),
            counting=self._counting,
            log=self._log,
        )
        response = None
        try:
            response = await self._answered(request, Entrance(self._issuer, self._keys, self._seal, now), going)
            return response  # noqa: TRY300 - what happens to it comes last
        except (OSError, ClientError, RequestPayloadError):  # the client is gone, or its target
            raise
        except Exception:
            _log.exception("%s %s failed", came.method, came.raw_path)  # aiohttp's 500 says nothing
            raise
        finally:
            going.over(response)

    async def _answered(self, request: Request, at: Entrance, going: Exchange) -> web.StreamResponse:
        rules = going.rules
        if request.path == logins.BACK and (known := rules.logins):
            return _turned_away(logins.come_back(request, known, at), going)
        rule = rules.rule_for(request)
        going.ruled(rule)
        for step in rule.steps:
            going.stepped(step)
            met = await step.met(request, at)
            if isinstance(met, TurnedAway):
                return _turned_away(met, going)
            request = met
        match rule.action:
            case FixedResponse() as action:
                return going.acted(answers.fixed(action), redirects=False)
            case Redirect() as action:
                return going.acted(answers.redirect(action, request, rules.protocol, rules.port), redirects=True)
            case Forward() as action:
                asked = request
                for rewrite in rule.rewrites:
                    try:
                        request = rewrite.of(request)
                    except Failed:
                        going.not_rewritten(of_host=rewrite.of_host)
                        return _turned_away(TurnedAway(500), going)
                    going.rewritten(asked, request)
                return await self._forward(request, action, going)

    def _seen(self) -> Rules:
        """The rules that the node goes by which this request reaches."""
        if self._past and chance(self._random, self._propagation.share):
            since = time.monotonic() - self._propagation.delay.total_seconds()
            return next((rules for until, rules in self._past if until > since), self._rules)
        return self._rules

    async def _forward(self, request: Request, action: Forward, going: Exchange) -> web.StreamResponse:
        group, sticky = None, action.stickiness
        if sticky is None:
            group = action.choose(self._random)
        else:
            group = self._cookies.group(request.headers.get("Cookie", ""), action.groups, self._clock.now())
            if group is None:
                self._counting.not_sticky()
                group = action.choose(self._random)
        going.forwarded(group)
        cookies = () if sticky is None else self._cookies.issue(group, sticky, self._clock.now())
        if group.servers:
            return await self._relayed(group, request, cookies, going)
        return _with(await self._answer_of(group, request, going), cookies)

    async def _relayed(
        self, group: TargetGroup, request: Request, cookies: Sequence[str], going: Exchange
    ) -> web.StreamResponse:
        added, speed = _added(request, going), self._clock.speed
        servers = self._random.sample(group.servers, len(group.servers))
        began = time.perf_counter()
        try:
            got = await self._relay.ask(going.came, request, added, servers, going.rules.patience / speed)
        except Unanswered as error:
            if error.is_unconnected:
                going.unconnected(group)
            return _with(_refused(error.status, group, going), cookies)
        waited = timedelta(seconds=(time.perf_counter() - began) * speed)
        going.answered(group, got.status, waited, target=f"{got.url.host}:{got.url.port}")
        return await self._relay.answer(going.came, got, cookies)

    async def _answer_of(self, group: TargetGroup, request: Request, going: Exchange) -> web.Response:
        target = group.target
        if target is None:
            going.refused(503)
            return answers.page(503)
        if group.is_lambda and request.headers.get("Upgrade", "").lower() == "websocket":
            return _refused(400, group, going, "LambdaWebsocketNotSupported")
        limit = MAX_BYTES if group.is_lambda else MAX_OTHER_BYTES
        body = await _body(going.came, limit)
        if body is None:
            return _refused(413, group, going, "LambdaRequestTooLarge")
        if not target.permitted:
            gone = target.permitted is None
            return _refused(502, group, going, "LambdaResourceNotFound" if gone else "LambdaAccessDenied")
        asked = conditions.Request(
            request.method, request.path, tuple(request.query_pairs), tuple(request.headers.items())
        )
        given = event(asked, body, _added(request, going), group.arn, multi_value=group.multi_value)
        went = await self._functions.invoke(target, given)
        if group.is_lambda:
            self._counting.invocation(target, went)
        if went.failure is not None:
            return _refused(502, group, going, REASONS[went.failure], went.waited)
        try:
            said = checked(went.said, multi_value=group.multi_value, max_bytes=limit)
        except Malformed as problem:
            too_large = isinstance(problem, TooLarge)
            reason = "LambdaResponseTooLarge" if too_large else "LambdaInvalidResponse"
            return _refused(502, group, going, reason, went.waited)
        going.answered(group, said.status, went.waited, len(body) + len(said.body))
        response = web.Response(status=said.status, body=said.body)
        response.headers.extend(said.headers)
        response.headers.setdefault("x-served-by", target.name)  # the sandbox's own, for whoever counts
        if went.version != LATEST:
            response.headers["x-served-version"] = went.version
        response.headers["Server"] = answers.SERVER
        return response

    def _trace(self, request: Request, now: datetime) -> str:
        trace = f"1-{int(now.timestamp()):08x}-{self._random.getrandbits(96):024x}"
        theirs = request.headers.get("X-Amzn-Trace-Id", "")
        return f"Self={trace};{theirs}" if "Root=" in theirs else f"Root={trace}"


def _turned_away(away: TurnedAway, going: Exchange) -> web.Response:
    going.refused(away.status)
    return _with(answers.page(away.status, dict(away.headers)), away.cookies)


def _refused(
    status: int, group: TargetGroup, going: Exchange, reason: str = NONE, waited: timedelta = timedelta(0)
) -> web.Response:
    going.refused(status, group, reason, waited)
    return answers.page(status)


def _added(request: Request, going: Exchange) -> list[tuple[str, str]]:
    """The headers that the load balancer adds."""
    before = request.headers.get("X-Forwarded-For")
    return [
        ("x-forwarded-for", f"{before}, {request.client}" if before else request.client),
        ("x-forwarded-port", str(going.rules.port)),
        ("x-forwarded-proto", going.rules.protocol),
        ("x-amzn-trace-id", going.trace),
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
