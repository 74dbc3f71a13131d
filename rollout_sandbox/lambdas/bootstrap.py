"""What a function's process runs: it reads invocations, a line of JSON each, and writes what came of them.

A program of its own, not a module: it imports nothing of the sandbox. Its time is the sandbox's, as that of everything
that the function calls.
"""

from __future__ import annotations

import datetime as dt
import importlib
import json
import os
import sys
import time
import traceback
from datetime import datetime as RealDatetime  # noqa: N812 - what is put in its place has its name
from types import SimpleNamespace
from typing import Any

END = "\0end of an invocation"
"""What ends an invocation's lines in the log."""
_REAL_TIME = time.time
_now: dict[str, float] = {"told": time.time(), "since": time.monotonic(), "speed": 1.0}


def _sandbox_time() -> float:
    return _now["told"] + (time.monotonic() - _now["since"]) * _now["speed"]


def _time() -> float:
    """The sandbox's time, but for gRPC: its deadlines are the machine's, and it would wait until the sandbox's."""
    caller = sys._getframe(1).f_globals.get("__name__", "")  # noqa: SLF001 - there is no public way that is as fast
    return _REAL_TIME() if caller.partition(".")[0] == "grpc" else _sandbox_time()


class _IsAny(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, RealDatetime)


class _SandboxDatetime(RealDatetime, metaclass=_IsAny):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:
        return RealDatetime.fromtimestamp(_sandbox_time(), tz)

    @classmethod
    def utcnow(cls) -> Any:
        return RealDatetime.fromtimestamp(_sandbox_time(), dt.UTC).replace(tzinfo=None)


class _Context(SimpleNamespace):
    """Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - time.monotonic()) * 1000))


def _context(told: dict[str, Any]) -> _Context:
    names = ("NAME", "VERSION", "MEMORY_SIZE")
    name, version, memory = (os.environ[f"AWS_LAMBDA_FUNCTION_{each}"] for each in names)
    return _Context(
        function_name=name,
        function_version=version,
        invoked_function_arn=told["arn"],
        memory_limit_in_mb=memory,
        aws_request_id=told["id"],
        log_group_name=os.environ["AWS_LAMBDA_LOG_GROUP_NAME"],
        log_stream_name=os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
        identity=None,
        client_context=None,
        deadline=time.monotonic() + told["timeout"],
    )


def _answer(handler: Any, event: Any, context: _Context) -> dict[str, Any]:
    try:
        said = handler(event, context)
        return {"said": json.loads(json.dumps(said)), "failed": False}
    except Exception as error:  # noqa: BLE001 - whatever a function raises
        return {"said": _error(error), "failed": True}


def _error(error: BaseException) -> dict[str, Any]:
    told = "".join(traceback.format_exception(error))
    sys.stderr.write(f"[ERROR] {told}\n")
    sys.stderr.flush()
    trace = traceback.format_tb(error.__traceback__)[1:]
    return {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": trace}


def _load(name: str) -> Any:
    module, _, function = name.rpartition(".")
    return getattr(importlib.import_module(module.replace("/", ".")), function)


def main() -> None:
    """Answer invocations until there are no more."""
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the function prints is its log
    invocations = os.fdopen(os.dup(0), encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # nor do programs that it starts read invocations
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    time.time = _time
    dt.datetime = _SandboxDatetime  # type: ignore[misc]
    handler, broken = None, None
    for line in invocations:
        told = json.loads(line)
        _now.update(told=told["now"], since=time.monotonic(), speed=told["speed"])
        context = _context(told)
        if handler is None:
            try:
                handler = _load(os.environ["_HANDLER"])
            except Exception as error:  # noqa: BLE001 - as above
                broken = _error(error)
        result = {"said": broken, "failed": True} if handler is None else _answer(handler, told["event"], context)
        sys.stdout.flush()
        sys.stderr.write(f"{END}\n")
        sys.stderr.flush()
        results.write(json.dumps(result) + "\n")
        results.flush()


if __name__ == "__main__":
    main()
