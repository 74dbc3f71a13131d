"""The holder of a stack's lock, and whether its process is still running.

The engine's lock is a file in the backend with user, host, process and time. It stays after the process is killed. On
this host rollout checks the process. An engine whose `rollout` is dead is an orphan: its program is gone, so it can't
finish. A process of another host can't be checked, but for an earlier environment of the controller's function.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, ValidationError

from rollout.adapters.pulumi.backend_files import Files
from rollout.inventory.quantities import parse_moment
from rollout.state.pending import Holder, Lock

PARENT = "ROLLOUT_ENGINE_OF"
"""The engine's environment variable with the id of the process that started it."""

_HOLDER = re.compile(r"created by (?P<user>[^@\s]+)@(?P<host>\S+) \(pid (?P<pid>\d+)\)(?: at (?P<when>\S+))?")


class _LockFile(BaseModel):
    """The content of a lock file."""

    pid: int
    username: str
    hostname: str
    timestamp: str


_SLACK = timedelta(minutes=10)  # the clock may have been set since the process started
_PAUSE = 0.1


def locks_in(stack: str, text: str) -> Iterator[Lock]:
    """The locks in the engine's error message."""
    for found in _HOLDER.finditer(text):
        yield _lock(stack, found["user"], found["host"], int(found["pid"]), found["when"])


def _lock(stack: str, user: str, host: str, pid: int, when: str | None) -> Lock:
    since = _moment(when)
    return Lock(stack, user, host, pid, since, _state(pid, since) if host == socket.gethostname() else _afar(user))


def _afar(user: str) -> Holder:
    """What is known of a process of another host.

    Each environment of a Lambda function is a host. The controller's function has one invocation at a time: where it
    meets a lock of its own user, the environment that held it was ended at the function's timeout.
    """
    return Holder.DEAD if "AWS_LAMBDA_FUNCTION_NAME" in os.environ and user == _user() else Holder.ELSEWHERE


def _user() -> str | None:
    """This process's user, as the engine names it: https://pkg.go.dev/os/user#Current without cgo."""
    import pwd  # noqa: PLC0415 - not every system has it, but Lambda's does

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return os.environ.get("USER")


def _moment(text: str | None) -> datetime | None:
    try:
        return parse_moment(text) if text else None
    except ValueError:
        return None


def locks_among(files: Files, project: str, stack: str, environment: str) -> tuple[Lock, ...]:
    """The locks on a stack, read from a backend's files.

    Args:
        files: The backend's.
        stack: One of those in `inventory.stacks`.

    Raises:
        OSError: They can't be read.
    """
    folder = f".pulumi/locks/organization/{project}-{stack}/{environment}"
    names = [name for name in files.names(folder) if name.endswith(".json")]
    return tuple(lock for name in names if (lock := _lock_in(stack, files, f"{folder}/{name}")))


def _lock_in(stack: str, files: Files, path: str) -> Lock | None:
    """The lock in a file; None if the file no longer exists."""
    try:
        text = files.read(path)
    except FileNotFoundError:
        return None
    try:
        told = _LockFile.model_validate_json(text)
    except ValidationError:  # half written: its holder is running right now
        return Lock(stack, "somebody", "somewhere", 0, datetime.now(UTC), Holder.ELSEWHERE)
    return _lock(stack, told.username, told.hostname, told.pid, told.timestamp)


def ends(lock: Lock, within: timedelta) -> bool:
    """Wait for the end of a lock's holder on this host."""
    until = time.monotonic() + within.total_seconds()
    while _state(lock.pid, lock.since) is not Holder.DEAD:
        if time.monotonic() > until:
            return False
        time.sleep(_PAUSE)
    return True


def _state(pid: int, since: datetime | None) -> Holder:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return Holder.DEAD
    except PermissionError:
        return Holder.ALIVE
    process = Path(f"/proc/{pid}")
    try:
        after_name = (process / "stat").read_text().rpartition(")")[2].split()
        if after_name[0] == "Z":  # a zombie: a container's first process may never reap it
            return Holder.DEAD
        command = (process / "cmdline").read_bytes()
        variables = (process / "environ").read_bytes().split(b"\0")
    except OSError:  # another user's process, or just ended, or there is no /proc
        return Holder.ALIVE if Path("/proc/self").exists() is process.exists() else Holder.DEAD
    if b"pulumi" not in command or (since and _started(int(after_name[19])) > since + _SLACK):
        return Holder.DEAD  # its process id has been reused
    parent = next((v.partition(b"=")[2] for v in variables if v.startswith(f"{PARENT}=".encode())), None)
    return Holder.ORPHAN if parent and parent != after_name[1].encode() else Holder.ALIVE


def _started(ticks: int) -> datetime:
    """When a process started, from its ticks since boot."""
    booted = next(int(line.split()[1]) for line in Path("/proc/stat").read_text().splitlines() if line[:5] == "btime")
    return datetime.fromtimestamp(booted + ticks / os.sysconf("SC_CLK_TCK"), UTC)
