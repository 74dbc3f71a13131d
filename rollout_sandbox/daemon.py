"""The sandbox as a separate process, found by its folder, so that several commands share one AWS.

Who is alive is told by locks and answers, never by process ids alone, which get used again: the daemon holds
`daemon.lock` as long as it lives, and a `sandbox.json` counts only if whoever listens there knows its token.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import selectors
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any, BinaryIO

from rollout.base.child_environment import without_secrets
from rollout.base.private import private_folder
from rollout.errors import SandboxError
from rollout.inventory.quantities import Percent
from rollout_sandbox import extra, reach
from rollout_sandbox.asking import ASKED, RemoteClock, RemoteFaults, RemoteIssuer, ask, in_json, is_alive
from rollout_sandbox.watchdog import Watchdog

if TYPE_CHECKING:
    from rollout_sandbox.data_plane.addresses import Listening
    from rollout_sandbox.data_plane.profiles import Profile
    from rollout_sandbox.journal import Call
    from rollout_sandbox.server import Sandbox

START_TIMEOUT = timedelta(minutes=2)
STOP_TIMEOUT = timedelta(seconds=10)
FILES = 10_000
GLANCE = timedelta(seconds=1)
"""How often a daemon checks that its file still exists, and that its threads live."""
_ENDED = "the sandbox ended: "
_INFO, _LOG, _START_LOCK, _LIFE_LOCK = "sandbox.json", "daemon.log", "start.lock", "daemon.lock"


@dataclass(frozen=True)
class SandboxInfo:
    """A running daemon.

    Attributes:
        folder: Where its state is.
        endpoint: The address of its API.
        token: What its control paths ask for.
        pid: Its process.
        started: When it started, ISO 8601 in UTC.
        version: Of rollout.
        skipped: The actions of its folder's changes that could not be made again when it started.
    """

    folder: Path
    endpoint: str
    token: str = field(repr=False)
    pid: int
    started: str
    version: str
    skipped: Sequence[str] = ()

    def environ(
        self, account: str, region: str, provider: reach.Provider = "stand-in", roots: Sequence[Path] = ()
    ) -> Mapping[str, str]:
        """The environment variables that send AWS's SDKs and Pulumi's engine to it; see `reach.variables`."""
        port = self.provider_port(account, region, roots) if provider == "stand-in" else None
        return reach.variables(self.endpoint, self.token, account, region, port)

    def provider_port(self, account: str, region: str, roots: Sequence[Path] = ()) -> int:
        """Where its stand-in for pulumi-aws listens; see `Sandbox.provider_port`."""
        named = [str(root.resolve()) for root in roots]
        return int(ask(self.endpoint, self.token, "GET", "provider", account=account, region=region, root=named))

    def client(self, service: str, account: str, region: str) -> Any:
        """A boto3 client on it."""
        return reach.client(self.endpoint, self.token, service, account, region)

    def calls(self, action: str = "*", account: str | None = None) -> tuple[Call, ...]:
        """The API calls of all its lives; see `Sandbox.calls`."""
        from rollout_sandbox.journal import JOURNAL, read  # noqa: PLC0415 - most commands only connect

        return read(self.folder / JOURNAL, action, account)

    def enforce(self, account: str, policy: Mapping[str, Any] | None) -> None:
        """Hold all API calls of an account to an IAM policy; see `Sandbox.enforce`."""
        ask(self.endpoint, self.token, "POST", "policies", {"account": account, "policy": policy})

    def session(self, account: str, role: str, name: str) -> str:
        """The access key of a role's session; see `Sandbox.session`."""
        return str(ask(self.endpoint, self.token, "POST", "sessions", {"account": account, "role": role, "name": name}))

    @property
    def issuer(self) -> RemoteIssuer:
        """Its identity provider; see `Sandbox.issuer`."""
        return RemoteIssuer(self.endpoint, self.token)

    def listeners(self, account: str = "*", region: str = "*") -> tuple[Listening, ...]:
        """Where load balancers are reached: an account's in a region, or by patterns."""
        from rollout_sandbox.data_plane.addresses import Listening  # noqa: PLC0415 - as above

        said = ask(self.endpoint, self.token, "GET", "listeners", account=account, region=region)
        return tuple(Listening(**each) for each in said)

    def url(self, account: str, region: str, load_balancer: str, port: int) -> str:
        """The address of a load balancer's listener; see `Sandbox.url`."""
        from rollout_sandbox.data_plane.addresses import url_of  # noqa: PLC0415 - as above

        return url_of(self.listeners(account, region), load_balancer, port)

    def handle(self, handler: str, root: Path, function: str = "*", account: str = "*") -> None:
        """Let an entry point answer for functions; see `Sandbox.handle`."""
        said = {"handler": handler, "root": str(root.resolve()), "function": function, "account": account}
        ask(self.endpoint, self.token, "POST", "handlers", said)

    def image(self, repository: str, handler: str) -> None:
        """Let functions of images run a package that is installed here; see `Sandbox.image`."""
        ask(self.endpoint, self.token, "POST", "images", {"repository": repository, "handler": handler})

    def behave(self, profile: Profile) -> None:
        """Let functions behave so; see `Sandbox.behave`."""
        ask(self.endpoint, self.token, "POST", "profiles", in_json(profile))

    def forget_profiles(self) -> None:
        """Let all functions answer at once and well again."""
        ask(self.endpoint, self.token, "DELETE", "profiles")

    def deliver_logs(self) -> None:
        """Put all access logs into their buckets at once; see `Sandbox.deliver_logs`."""
        ask(self.endpoint, self.token, "POST", "logs")

    def propagation(self, delay: timedelta, share: Percent) -> None:
        """Let a share of the load balancers' nodes go by a change only after a delay; see `Sandbox.propagation`."""
        said = {"delay": delay.total_seconds(), "share": share.tenths}
        ask(self.endpoint, self.token, "POST", "propagation", said)

    def provisioning(self, delay: timedelta) -> None:
        """Let provisioned concurrency be in progress for so long; see `Sandbox.provisioning`."""
        ask(self.endpoint, self.token, "POST", "provisioning", delay.total_seconds())

    @property
    def clock(self) -> RemoteClock:
        """Its time, which may be made faster."""
        return RemoteClock(self.endpoint, self.token)

    @property
    def faults(self) -> RemoteFaults:
        """Where trouble is ordered."""
        return RemoteFaults(self.endpoint, self.token)


def start(folder: Path) -> SandboxInfo:
    """Start the folder's sandbox, or find that it runs.

    Raises:
        SandboxError: It can't be started; the text says why.
    """
    from filelock import FileLock  # noqa: PLC0415 - most commands only connect to one that runs

    folder = private_folder(folder.resolve())
    extra.require()
    with FileLock(folder / _START_LOCK, mode=0o600):
        return status(folder) or _spawn(folder)


def status(folder: Path) -> SandboxInfo | None:
    """The folder's sandbox, if one runs and answers."""
    try:
        said = json.loads((folder / _INFO).read_text("utf-8"))
        info = SandboxInfo(**{**said, "folder": Path(said["folder"]), "skipped": tuple(said["skipped"])})
        return info if is_alive(info.endpoint, info.token) else None
    except (OSError, ValueError, TypeError, KeyError, SandboxError):
        return None


def connect(folder: Path) -> SandboxInfo:
    """The folder's running sandbox.

    Raises:
        SandboxError: None runs, or none can, since its extra isn't installed.
    """
    info = status(folder)
    if info is None:
        extra.require()
        raise _absent(folder)
    return info


def _absent(folder: Path) -> SandboxError:
    """Why no sandbox answers: none was started, it ended by itself, it was killed, or it is too busy."""
    from filelock import FileLock, Timeout  # noqa: PLC0415 - most commands only connect to one that runs

    log, text, hint = folder / _LOG, "no sandbox is running", "start one: rollout sandbox start"
    said = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
    why = next((line.removeprefix(_ENDED) for line in reversed(said) if line.startswith(_ENDED)), None)
    place = folder
    if why is not None and why not in {ASKED, signal.SIGTERM.name, signal.SIGINT.name}:
        text, place = f"{text}; the last one ended, since {why}", log
    elif why is None and (folder / _INFO).exists():
        try:
            FileLock(folder / _LIFE_LOCK, timeout=0, mode=0o600).acquire()
        except Timeout:
            text, hint = "the sandbox is there, but doesn't answer", "wait, or see whether its processor is busy"
            return SandboxError(text, where=str(log), hint=hint, code="sandbox-unreachable")
        text += "; the last one was killed, which the system does for want of memory"
    return SandboxError(text, where=str(place), hint=hint, code="sandbox-not-running")


def stop(folder: Path) -> bool:
    """Stop the folder's sandbox; what was in it comes back at the next start.

    Returns:
        Whether one was running.

    Raises:
        SandboxError: It doesn't end.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - as above

    info = status(folder)
    if info is not None:
        with suppress(SandboxError):  # one that is going already answers nobody; its lock tells when it is gone
            ask(info.endpoint, info.token, "POST", "stop")
        life = FileLock(folder / _LIFE_LOCK, mode=0o600)
        try:
            life.acquire(timeout=STOP_TIMEOUT.total_seconds())
        except Timeout:
            raise SandboxError(
                f"the sandbox (pid {info.pid}) did not end", where=str(folder), code="sandbox-not-stopped"
            ) from None
        life.release()
    (folder / _INFO).unlink(missing_ok=True)
    return info is not None


def _spawn(folder: Path) -> SandboxInfo:
    log = os.open(folder / _LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    try:
        child = subprocess.Popen(
            [sys.executable, "-m", __name__, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=folder,
            env=without_secrets(),  # it needs nobody's credentials, and never docker
            start_new_session=True,
        )
    finally:
        os.close(log)
    with child:  # the child ends at once, its own child is the daemon and says so on the pipe
        assert child.stdout is not None  # noqa: S101 - for mypy: it is a pipe
        with selectors.DefaultSelector() as pipe:  # `select` fails for files of numbers above 1,023
            pipe.register(child.stdout, selectors.EVENT_READ)
            ready = pipe.select(START_TIMEOUT.total_seconds()) and child.stdout.readline()
    info = status(folder) if ready else None
    if info is None:
        tail = (folder / _LOG).read_text("utf-8").strip().splitlines()[-1:]
        raise SandboxError(
            f"the sandbox didn't start: {''.join(tail) or 'no answer'}",
            where=str(folder / _LOG),
            code="sandbox-not-started",
        )
    return info


def main(folder: Path) -> None:
    """Be the daemon: serve until told to stop."""
    from filelock import FileLock  # noqa: PLC0415 - as above

    from rollout_sandbox.server import Sandbox  # noqa: PLC0415 - as above

    os.umask(0o077)
    _make_room_for_connections()
    if os.fork():
        # The starter waits for this process; the daemon belongs to nobody, so that no one has to bury it.
        os._exit(0)
    with (
        FileLock(folder / _LIFE_LOCK, timeout=STOP_TIMEOUT.total_seconds(), mode=0o600),
        Sandbox.start(folder) as sandbox,
    ):
        for end in (signal.SIGTERM, signal.SIGINT):
            # a queue's put may interrupt its get, an Event's set would wait for its wait for ever
            signal.signal(end, lambda number, _: sandbox.ends.put(signal.Signals(number).name))
        info = SandboxInfo(
            folder,
            sandbox.endpoint,
            sandbox.token,
            os.getpid(),
            datetime.now(UTC).isoformat(),
            version("rollout"),
            sandbox.skipped,
        )
        _publish(info)
        print("ready", flush=True)  # noqa: T201 - the starter waits for it
        os.dup2(2, 1)
        _serve(sandbox, folder / _INFO)
        # what hangs now would keep the folder's lock
        faulthandler.dump_traceback_later(STOP_TIMEOUT.total_seconds() - 2, exit=True)
    os._exit(0)  # without waiting for a provider's call that is still retrying


def _serve(sandbox: Sandbox, file: Path) -> None:
    """Wait until there is a reason to end, and say which; where a thread died or hangs, end at once."""
    watchdog, why, trouble = Watchdog(sandbox.parts), None, None
    with file.open("rb") as published:  # held open, lest its number be used again
        while why is None:
            with suppress(Empty):
                why = sandbox.ends.get(timeout=GLANCE.total_seconds())
                break
            trouble = watchdog.look()
            why = trouble or (None if _is_at(file, published) else f"{file} is gone")
        if trouble:
            faulthandler.dump_traceback()
        print(f"{_ENDED}{why}", file=sys.stderr, flush=True)  # noqa: T201 - its log
        if _is_at(file, published):
            file.unlink()
    if trouble:
        os._exit(1)


def _make_room_for_connections() -> None:
    """Have as many open files as the system lets, up to a number: each load balancer's clients take one each."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def _is_at(path: Path, file: BinaryIO) -> bool:
    """Whether an open file still has its path: the folder may have been removed, or made anew."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except OSError:
        return False


def _publish(info: SandboxInfo) -> None:
    draft = info.folder / f"{_INFO}.{info.pid}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump({**asdict(info), "folder": str(info.folder)}, file, indent=2)
    draft.replace(info.folder / _INFO)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
