"""Who answers an invocation: a process that runs the function's code, or a handler of the data plane.

Handlers answer the requests of load balancers, and what is sent to functions that have a handler by their name.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

from moto.logs.models import logs_backends

from rollout_sandbox.authorization import allows
from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.data_plane.functions import Failure, Invocation
from rollout_sandbox.data_plane.plane import DataPlane
from rollout_sandbox.data_plane.targets import Target
from rollout_sandbox.lambdas.code import Code
from rollout_sandbox.lambdas.images import Images
from rollout_sandbox.lambdas.process import FunctionProcess, Result
from rollout_sandbox.sessions import Session, Sessions, session_of

KEPT_WARM = 8
"""How many idle processes are kept; AWS keeps a function's for some minutes."""

_Build = tuple[str, str, str, str]


class RunningFunctions:
    """The functions of a sandbox.

    Args:
        plane: Whose handlers answer otherwise.
        clock: The sandbox's.
        sessions: Where their roles get their keys.
        turn: Held by whoever reads or changes moto's state.

    Attributes:
        images: What functions of images run.
        reached: The variables that send the calls of an access key to the sandbox in a region, and those of an engine
            that reads files below these folders.
    """

    def __init__(self, plane: DataPlane, clock: SandboxClock, sessions: Sessions, turn: threading.Lock) -> None:
        self.images = Images()
        self.reached: Callable[[str, str, Sequence[Path]], Mapping[str, str]] = lambda _key, _region, _roots: {}
        self._plane, self._clock, self._sessions, self._turn = plane, clock, sessions, turn
        self._random, self._lock = Random(), threading.Lock()  # noqa: S311 - weights are no secrets
        self._running: Counter[tuple[str, str, str]] = Counter()
        self._idle: list[tuple[_Build, Code, str, FunctionProcess]] = []
        self._all: set[FunctionProcess] = set()
        self._folder: Path | None = None

    def invoke(self, target: Target, event: Any) -> Invocation:
        """Let a function answer an event, and count it; the caller waits."""
        if self._runs(target) is None or self._plane.answers(target, event):
            return self._plane.invoke(target, event)
        target = target.drawn(self._random)
        code = self._runs(target)
        who = target.account, target.region, target.name
        with self._lock:
            if target.reserved is not None and self._running[who] >= target.reserved:
                went = Invocation(None, Failure.THROTTLED, timedelta(0), self._running[who])
                self._plane.count(target, went)
                return went
            self._running[who] += 1
            at_once = self._running[who]
        try:
            went = self._run(target, code, event, at_once) if code else self._plane.invoke(target, event)
        finally:
            with self._lock:
                self._running[who] -= 1
        self._plane.count(target, went)
        return went

    def stop(self) -> None:
        """End all processes."""
        with self._lock:
            ending, self._idle = list(self._all), []
        for process in ending:
            process.end()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _runs(self, target: Target) -> Code | None:
        """What the function's process runs; None if it has none: an image of which the sandbox doesn't know."""
        code = target.code
        if code is None or not code.image:
            return code
        own = self.images.handler(code.image)
        return replace(code, handler=code.handler or own) if own else None

    def _run(self, target: Target, code: Code, event: Any, at_once: int) -> Invocation:
        build = target.account, target.region, target.name, target.version
        session = session_of(code.role, target.name)
        warm = self._warm(build, code)
        stream, process = warm or self._cold(target, code, session)
        request = str(uuid4())
        told = {
            "event": event,
            "id": request,
            "arn": target.arn,
            "timeout": code.timeout.total_seconds(),
            "now": self._clock.now().timestamp(),
            "speed": self._clock.speed,
        }
        result = process.invoke(told, code.timeout)
        with self._lock:
            if is_alive := process.is_alive:
                self._idle.append((build, code, stream, process))
            else:
                self._all.discard(process)
        if not is_alive:
            process.end()
        self._log(target, code, session, stream, request, result)
        failure = Failure.TIMED_OUT if result.timed_out else Failure.CRASHED if result.failed else None
        start = None if warm else timedelta(0)
        return Invocation(result.said, failure, result.took, at_once, start, target.version)

    def _warm(self, build: _Build, code: Code) -> tuple[str, FunctionProcess] | None:
        """A process that is free; those of an earlier code are ended, and the oldest of too many."""
        with self._lock:
            old = [each for each in self._idle if each[0] == build and each[1] != code]
            kept = [each for each in self._idle if each not in old]
            old, kept = [*old, *kept[:-KEPT_WARM]], kept[-KEPT_WARM:]
            found = next((each for each in reversed(kept) if each[0] == build), None)
            self._idle = [each for each in kept if each is not found]
            self._all -= {process for *_, process in old}
        for *_, process in old:
            process.end()
        return found and (found[2], found[3])

    def _cold(self, target: Target, code: Code, session: Session) -> tuple[str, FunctionProcess]:
        stream = f"{self._clock.now():%Y/%m/%d}/[{target.version}]{uuid4().hex}"
        with self._lock:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="rollout-functions-"))
            folder = self._folder
        told = {
            **dict(code.variables),
            **self.reached(self._sessions.key(session), target.region, [folder] if code.image else []),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{code.runtime or 'Image'}",
            "AWS_LAMBDA_FUNCTION_NAME": target.name,
            "AWS_LAMBDA_FUNCTION_VERSION": target.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(code.memory),
            "AWS_LAMBDA_LOG_GROUP_NAME": code.group,
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "_HANDLER": code.handler,
        }
        process = FunctionProcess(code.zipped, told, folder)
        with self._lock:
            self._all.add(process)
        return stream, process

    def _log(  # noqa: PLR0917 - who, where and what
        self, target: Target, code: Code, session: Session, stream: str, request: str, result: Result
    ) -> None:
        """Write a function's log, as far as its role may."""
        arn = f"arn:{session.partition}:logs:{target.region}:{target.account}:log-group:{code.group}"
        took = f"{result.took / timedelta(milliseconds=1):.2f} ms"
        lines = (
            f"START RequestId: {request} Version: {target.version}",
            *result.printed,
            f"END RequestId: {request}",
            f"REPORT RequestId: {request}\tDuration: {took}\tBilled Duration: {took}\tMemory Size: {code.memory} MB",
        )
        with self._turn:
            logs = logs_backends[target.account][target.region]
            if code.group not in logs.groups and allows(session, "logs:CreateLogGroup", arn):
                logs.create_log_group(code.group, {})
            if code.group not in logs.groups or not allows(session, "logs:PutLogEvents", f"{arn}:log-stream:{stream}"):
                return
            group, now = logs.groups[code.group], int(self._clock.now().timestamp() * 1000)
            if stream not in group.streams:
                logs.create_log_stream(code.group, stream)
            group.put_log_events(stream, [{"timestamp": now, "message": line} for line in lines])
