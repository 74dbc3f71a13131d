"""Who answers in a function's place, and how the invocation goes: handlers in this process, under a profile.

Handlers run in the data plane's one thread, so they have to be quick; what takes time in a real function is for a
profile to say, whose latency costs no processor time.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from fnmatch import fnmatchcase
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from rollout.alb.alb_event import Event
from rollout.errors import SandboxError
from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.data_plane.profiles import Profile
from rollout_sandbox.data_plane.targets import Target
from rollout_sandbox.strict.builds import LATEST

_WELL = Profile()


@dataclass(frozen=True, slots=True)
class Context:
    """What a handler gets beside the event, as far as it makes sense here."""

    function_name: str
    function_version: str
    invoked_function_arn: str
    aws_request_id: str


Handler = Callable[[Event, Context], Any]


class Failure(Enum):
    """Why there is no answer."""

    CRASHED = "crashed"
    THROTTLED = "throttled"
    TIMED_OUT = "timed out"


@dataclass(frozen=True, slots=True)
class Invocation:
    """How one went.

    Attributes:
        said: The answer, which is Lambda's error where it failed.
        failure: Why there is none.
        duration: How long the function ran.
        at_once: How many ran at once.
        start: How long its environment took to start before; None if there was one.
        version: The build that answered.
    """

    said: Any
    failure: Failure | None
    duration: timedelta
    at_once: int
    start: timedelta | None = None
    version: str = LATEST

    @property
    def waited(self) -> timedelta:
        """How long the load balancer waited."""
        return self.duration + (self.start or timedelta(0))


def default_handler(event: Event, _context: Context) -> dict[str, Any]:
    """Tell what was asked."""
    query = event.get("queryStringParameters", event.get("multiValueQueryStringParameters"))
    return answer(event, 200, {"method": event["httpMethod"], "path": event["path"], "query": query})


def answer(event: Event, status: int, told: dict[str, Any]) -> dict[str, Any]:
    """A function's answer with a body of JSON."""
    kind = {"content-type": "application/json"}
    lists = "multiValueHeaders" in event
    given = {"multiValueHeaders": {k: [v] for k, v in kind.items()}} if lists else {"headers": kind}
    return {"statusCode": status, "isBase64Encoded": False, "body": json.dumps(told), **given}


def _asked(event: Any) -> tuple[str, str]:
    """Who asks, by its User-Agent, and for which path; who invokes a function by Lambda's API may send anything."""
    if not isinstance(event, dict):
        return "", ""
    headers = event.get("multiValueHeaders") or event.get("headers")
    client = headers.get("user-agent") if isinstance(headers, dict) else None
    return str(client or ""), str(event.get("path", ""))


def _error(kind: str, text: str) -> dict[str, str]:
    return {"errorType": kind, "errorMessage": text}


class Functions:
    """The handlers and profiles of a sandbox; the last that is meant for a function counts."""

    def __init__(self, clock: SandboxClock, random: Random) -> None:
        self._clock, self._random = clock, random
        self._handlers: tuple[tuple[str, str, Handler], ...] = ()
        self._profiles: tuple[Profile, ...] = ()
        self._running: Counter[tuple[str, str]] = Counter()

    def handle(self, handler: Handler, function: str, account: str) -> None:
        """Let a handler answer for the functions of a name."""
        kept = (known for known in self._handlers if known[:2] != (function, account))
        self._handlers = ((function, account, handler), *kept)

    def behave(self, profile: Profile) -> None:
        """Let functions behave so; one for the same names is replaced."""
        names = (profile.function, profile.account)
        kept = (known for known in self._profiles if (known.function, known.account) != names)
        self._profiles = (profile, *kept)

    def forget_profiles(self) -> None:
        """Let all answer at once and well."""
        self._profiles = ()

    def answers(self, target: Target, event: Any) -> bool:
        """See `DataPlane.answers`."""
        if isinstance(event, dict) and "httpMethod" in event:
            return True
        named = (each for each in self._handlers if each[0] != "*")
        return any(fnmatchcase(target.name, name) and fnmatchcase(target.account, owner) for name, owner, _ in named)

    async def invoke(self, target: Target, event: Event) -> Invocation:
        """Let a target answer an event; of an alias's versions one of them, by weight."""
        target = target.drawn(self._random)
        return replace(await self._invoked(target, event), version=target.version)

    async def _invoked(self, target: Target, event: Event) -> Invocation:
        who = target.account, target.name
        profile = next((each for each in self._profiles if each.hits(*who, target.version)), _WELL)
        limits = [limit for limit in (profile.concurrency, target.reserved) if limit is not None]
        if limits and self._running[who] >= min(limits):
            return Invocation(None, Failure.THROTTLED, timedelta(0), self._running[who])
        self._running[who] += 1
        at_once = self._running[who]
        try:
            client, path = _asked(event)
            time_taken, start = profile.draw_latency(self._random, client), profile.draw_start(self._random)
            if at_once <= target.warm:
                start = None
            if wait := min(time_taken, target.timeout) + (start or timedelta(0)):
                await asyncio.sleep(wait.total_seconds() / self._clock.speed)
            if time_taken > target.timeout:
                text = f"Task timed out after {target.timeout.total_seconds():.2f} seconds"
                return Invocation(_error("Sandbox.Timedout", text), Failure.TIMED_OUT, target.timeout, at_once, start)
            began = time.perf_counter()
            said, failure = self._said(target, event, profile.draw_failure(self._random, client, path))
            for each in profile.differs if failure is None else ():
                said = each.altered(said, path, self._random)
            took = time_taken + timedelta(seconds=time.perf_counter() - began)
            return Invocation(said, failure, took, at_once, start)
        finally:
            self._running[who] -= 1

    def _said(self, target: Target, event: Event, failure: str | None) -> tuple[Any, Failure | None]:
        name = target.name
        match failure:
            case "crashes":
                return _error("Runtime.ExitError", "ordered"), Failure.CRASHED
            case "malformed":
                return "malformed", None
            case "server_errors" | "client_errors":
                status = 500 if failure == "server_errors" else 400
                return answer(event, status, {"error": "ordered"}), None
        context = Context(name, target.version, target.arn, str(UUID(int=self._random.getrandbits(128), version=4)))
        try:
            return self._handler(target.account, name)(event, context), None
        except BaseException as error:  # noqa: BLE001 - whatever it raises, also an exit, which would end the loop
            return _error(type(error).__name__, str(error)), Failure.CRASHED

    def _handler(self, account: str, name: str) -> Handler:
        for function, owner, handler in self._handlers:
            if fnmatchcase(name, function) and fnmatchcase(account, owner):
                return handler
        return default_handler


def load_handler(entry_point: str, root: Path) -> Handler:
    """Load a handler from a file; each load is a module of its own, since several folders may name theirs alike.

    Args:
        entry_point: `package.module:function`.
        root: The folder where the package is.

    Raises:
        SandboxError: It can't be loaded.
    """
    module, _, function = entry_point.partition(":")
    file = root.joinpath(*module.split(".")).with_suffix(".py")
    try:
        spec = importlib.util.spec_from_file_location(f"_handler_of_{module.replace('.', '_')}", file)
        if spec is None or spec.loader is None:
            raise ImportError(file)  # noqa: TRY301 - told like the loader's own
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
        handler: Handler = getattr(loaded, function)
    except (Exception, SystemExit) as error:
        raise SandboxError(
            f"{entry_point} can't be imported: {error}", where=str(root), code="program-missing"
        ) from error
    return handler
