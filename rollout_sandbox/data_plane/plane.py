"""The listeners of all load balancers: sockets of this machine, served by one thread with an event loop.

Rules are compiled by whoever changes them, in turn with moto's changes, and handed over as immutable snapshots. So
serving takes no lock, and a change that was answered holds for the next request.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Coroutine
from concurrent.futures import wait
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from aiohttp import web
from moto.elbv2.models import FakeListener, FakeLoadBalancer, elbv2_backends

from rollout.alb.alb_event import Event
from rollout.base.bounded import QUIET, Bounded, ReadLimits
from rollout.errors import SandboxError
from rollout.inventory.quantities import Percent
from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.data_plane.addresses import Listening
from rollout_sandbox.data_plane.counting import Counting, FunctionCounting
from rollout_sandbox.data_plane.entrance import Seal
from rollout_sandbox.data_plane.functions import Functions, Handler, Invocation, load_handler
from rollout_sandbox.data_plane.jwks import Keys
from rollout_sandbox.data_plane.listener import Listener, Propagation, Surroundings
from rollout_sandbox.data_plane.log_files import AccessLog, LogFiles
from rollout_sandbox.data_plane.profiles import Profile
from rollout_sandbox.data_plane.relay import Relay
from rollout_sandbox.data_plane.rules import Rules, compiled
from rollout_sandbox.data_plane.stickiness import Cookies
from rollout_sandbox.data_plane.targets import Target
from rollout_sandbox.faults import Faults
from rollout_sandbox.issuer import Issuer
from rollout_sandbox.metrics import Metrics
from rollout_sandbox.strict.log_buckets import LogBucket

BOUNDS = ReadLimits(connections=4000, head_within=60)
"""A load balancer waits a minute, too."""

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class _Open:
    said: Listening
    listener: Listener
    answering: web.Server
    server: asyncio.Server


class DataPlane:
    """The data plane of a sandbox; it serves from its start to its `stop`.

    Args:
        metrics: Where requests are counted.
        clock: The sandbox's.
        faults: Some are about access logs.

    Attributes:
        issuer: Who signs people in.
        logs: The access logs.
    """

    def __init__(self, metrics: Metrics, clock: SandboxClock, faults: Faults) -> None:
        self._metrics, self._random = metrics, Random()  # noqa: S311 - weights are no secrets
        self._functions = Functions(clock, self._random)
        self._counting = FunctionCounting(metrics)
        self.issuer, self._relay = Issuer(clock), Relay()
        self.logs = LogFiles(clock, faults, Random())  # noqa: S311 - names aren't, either
        self._around = Surroundings(
            self._functions, self.issuer, Keys(self.issuer), self._relay, clock, self._random, Propagation()
        )
        self._cookies: defaultdict[str, Cookies] = defaultdict(Cookies)
        self._seals: defaultdict[str, Seal] = defaultdict(Seal)
        self._open: dict[str, _Open] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="data-plane", daemon=True)
        self._thread.start()

    def listeners(self, account: str, region: str) -> tuple[Listening, ...]:
        """See `Sandbox.listeners`."""
        wanted = f"arn:*:{region}:{account}:listener/*"
        return tuple(each.said for each in list(self._open.values()) if fnmatchcase(each.said.listener_arn, wanted))

    def refresh(self, account: str, region: str) -> None:
        """Go by what moto has now; called in turn with its changes."""
        backend = elbv2_backends[account][region]
        there = {arn: (b, each) for b in backend.load_balancers.values() for arn, each in b.listeners.items()}
        for gone in {each.listener_arn for each in self.listeners(account, region)} - there.keys():
            self._await(self._close(gone))
        for balancer in backend.load_balancers.values():
            log = self._log_of(balancer)
            log.bucket, log.delivered = LogBucket.of(balancer), self.logs.delivered(account, region, balancer.arn)
        for arn, (balancer, listener) in there.items():
            rules = compiled(backend, balancer, listener)
            if arn in self._open:
                self._open[arn].listener.change(rules)
            else:
                self._await(self._serve(balancer, listener, rules))

    def _log_of(self, balancer: FakeLoadBalancer) -> AccessLog:
        return self.logs.of(balancer.arn, internal=balancer.scheme == "internal")

    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def ask(self, answer: Callable[[], None]) -> None:
        """Have its thread call this."""
        self._loop.call_soon_threadsafe(answer)

    def stop(self) -> None:
        """Close all listeners and end the thread."""
        for arn in list(self._open):
            self._await(self._close(arn))
        self._await(self._relay.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def handle(self, handler: Handler | str, root: Path, function: str, account: str) -> None:
        """See `Sandbox.handle`."""
        ready = load_handler(handler, root) if isinstance(handler, str) else handler
        self._functions.handle(ready, function, account)

    def behave(self, profile: Profile) -> None:
        """See `Sandbox.behave`."""
        self._functions.behave(profile)

    def forget_profiles(self) -> None:
        """See `Sandbox.forget_profiles`."""
        self._functions.forget_profiles()

    def invoke(self, target: Target, event: Event) -> Invocation:
        """Let a function answer an event that comes by Lambda's API, and count it; the caller waits."""
        went = self._await(self._functions.invoke(target, event))
        self.count(target, went)
        return went

    def count(self, target: Target, went: Invocation) -> None:
        """Count an invocation that a process answered."""
        self._counting.invocation(target, went)

    def answers(self, target: Target, event: Any) -> bool:
        """Whether a handler is to answer: one that is meant for the function by its name, or any for a request."""
        return self._functions.answers(target, event)

    def propagation(self, delay: timedelta, share: Percent) -> None:
        """See `Sandbox.propagation`."""
        self._around.propagation.delay, self._around.propagation.share = delay, share

    def _await(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        waiting = asyncio.run_coroutine_threadsafe(work, self._loop)
        while not wait([waiting], timeout=1).done:
            if not self._thread.is_alive():
                raise SandboxError("the sandbox's data plane ended", code="sandbox-unreachable")
        return waiting.result()

    async def _serve(self, balancer: FakeLoadBalancer, listener: FakeListener, rules: Rules) -> None:
        _, _, _, region, account, *_ = balancer.arn.split(":")
        bound = socket.create_server(("127.0.0.1", 0), backlog=1024)
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        opened = Listener(
            rules,
            self._around,
            counting=Counting(self._metrics, account, region, rules.balancer),
            log=self._log_of(balancer),
            cookies=self._cookies[balancer.arn],
            seal=self._seals[balancer.arn],
        )
        answering = web.Server(opened.answer, access_log=None, auto_decompress=False, logger=QUIET)
        self._open[listener.arn] = _Open(
            Listening(balancer.name, balancer.arn, listener.arn, rules.port, url),
            opened,
            answering,
            await self._loop.create_server(Bounded(answering, BOUNDS), sock=bound, backlog=1024),
        )

    async def _close(self, arn: str) -> None:
        closing = self._open.pop(arn)
        closing.server.close()
        await closing.answering.shutdown(timeout=1)
