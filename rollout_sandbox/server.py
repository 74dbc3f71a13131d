"""The sandbox in this process: the API's server, and the stand-in for pulumi-aws."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rollout.base.private import private_folder
from rollout.errors import SandboxError
from rollout.inventory.quantities import Percent
from rollout_sandbox import extra, reach
from rollout_sandbox.asking import RemoteIssuer
from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.control import Control
from rollout_sandbox.data_plane.addresses import Listening, url_of
from rollout_sandbox.data_plane.profiles import Profile
from rollout_sandbox.faults import Faults
from rollout_sandbox.journal import JOURNAL, Call, Journal
from rollout_sandbox.metrics import Metrics
from rollout_sandbox.sessions import Session, Sessions
from rollout_sandbox.watchdog import Part

if TYPE_CHECKING:
    from rollout_sandbox.data_plane.functions import Handler

TAPE = "changes.jsonl"

_one_a_process = threading.Lock()


class Sandbox:
    """A running local AWS. `Sandbox.start()` creates one; leaving its `with` block stops it.

    Each twelve-digit access key id is an account of its own; any other key belongs to 123456789012.

    Attributes:
        folder: Where its state is; None if it is in memory only.
        endpoint: The address of the API.
        token: What its control paths ask for.
        faults: Where trouble is ordered.
        skipped: The actions of earlier changes that could not be made again.
        ends: Gets the reason when somebody asks for the end by a control path.
        parts: What has to live.
        clock: Its time, which may be made faster.
    """

    def __init__(self, folder: Path | None, running: ExitStack) -> None:
        from rollout_sandbox.authorization import Authorization  # noqa: PLC0415 - moto takes seconds to import
        from rollout_sandbox.data_plane.plane import DataPlane  # noqa: PLC0415
        from rollout_sandbox.front import Front  # noqa: PLC0415
        from rollout_sandbox.living import begin  # noqa: PLC0415
        from rollout_sandbox.provider import serve  # noqa: PLC0415
        from rollout_sandbox.serving import OwnServer  # noqa: PLC0415
        from rollout_sandbox.strict import strict  # noqa: PLC0415
        from rollout_sandbox.tape import Tape, seeded_backends  # noqa: PLC0415

        self.folder = folder
        self.token = secrets.token_urlsafe()
        self.faults = Faults()
        self.ends = SimpleQueue[str]()
        self.clock = SandboxClock()
        self._metrics = Metrics(self.clock)
        self._running = running
        if folder is not None:
            private_folder(folder)
        running.enter_context(strict(self._metrics))
        running.enter_context(seeded_backends())
        self._journal = Journal(folder / JOURNAL if folder else None)
        running.callback(self._journal.close)
        tape = Tape(folder / TAPE if folder else None)
        running.callback(tape.close)
        self._plane = DataPlane(self._metrics, self.clock, self.faults)
        running.callback(self._plane.stop)
        self._sessions = Sessions()
        self._authorization = Authorization(self._sessions)
        living = begin(running, tape, self._plane, self.clock, self.faults, self._sessions)
        self._moto = moto = living.moto
        self.skipped = moto.skipped
        control = Control(
            self.token,
            self.faults,
            self._authorization,
            self.provider_port,
            self.ends,
            self._plane,
            moto,
            self.clock,
            self.provisioning,
            self._sessions,
            living.functions.images,
        )
        server = OwnServer(Front(self._journal, self.faults, control, living), self.clock.now)
        running.callback(server.server_close)
        self.endpoint = f"http://127.0.0.1:{server.server_port}"
        self._provider = serve(self.endpoint, self.token)
        self._functions, living.functions.reached = living.functions, self._reached
        running.callback(self._provider.stop)
        serving = threading.Thread(target=server.serve_forever, name="sandbox", daemon=True)
        serving.start()
        running.callback(serving.join)
        running.callback(server.shutdown)
        self.parts = (
            Part("the API's thread", serving.is_alive, server.ask),
            Part("the data plane's thread", self._plane.is_alive, self._plane.ask),
            Part("the agenda's thread", living.agenda.is_alive, living.ask),
        )

    @classmethod
    def start(cls, folder: Path | None = None) -> Self:
        """Start one; there can be one a process, since moto's state is the process's.

        Args:
            folder: Where its calls and changes are kept, so that the next start gives back the same AWS.

        Raises:
            SandboxError: One runs in this process already, or its extra isn't installed.
        """
        extra.require()
        if not _one_a_process.acquire(blocking=False):
            raise SandboxError(
                "a sandbox is already running in this process", hint="stop it first", code="sandbox-running"
            )
        with ExitStack() as starting:
            starting.callback(_one_a_process.release)
            started = cls(folder, starting)
            started._running = starting.pop_all()
            return started

    def provider_port(self, account: str, region: str, roots: Sequence[Path] = ()) -> int:
        """Where the stand-in for pulumi-aws listens for an account's stacks of a region.

        Args:
            account: Twelve digits.
            region: AWS's name.
            roots: Folders and files that it may read from now on, to make functions' code of them.
        """
        return self._provider.port_for(account, region, roots)

    def _reached(self, key: str, region: str, roots: Sequence[Path]) -> dict[str, str]:
        port = self.provider_port(key, region, roots) if roots else None
        return reach.variables(self.endpoint, self.token, key, region, port)

    def environ(
        self, account: str, region: str, provider: reach.Provider = "stand-in", roots: Sequence[Path] = ()
    ) -> dict[str, str]:
        """The environment variables that send AWS's SDKs and Pulumi's engine here; see `reach.variables`."""
        port = self.provider_port(account, region, roots) if provider == "stand-in" else None
        return reach.variables(self.endpoint, self.token, account, region, port)

    def client(self, service: str, account: str, region: str) -> Any:
        """A boto3 client on it."""
        return reach.client(self.endpoint, self.token, service, account, region)

    def calls(self, action: str = "*", account: str | None = None) -> tuple[Call, ...]:
        """The API calls since its start, in the order of their answers.

        Args:
            action: A pattern of IAM actions: `elasticloadbalancing:*Rule`.
            account: Twelve digits; all accounts by default.
        """
        return self._journal.calls(action, account)

    def enforce(self, account: str, policy: Mapping[str, Any] | None) -> None:
        """Hold all API calls of an account to an IAM policy from now on; by default it may do anything.

        Args:
            account: Twelve digits.
            policy: As IAM takes it; None lets the account do anything again.

        Raises:
            SandboxError: AWS wouldn't take the policy, or the sandbox doesn't know a part of it.
        """
        self._authorization.enforce(account, policy)

    def session(self, account: str, role: str, name: str) -> str:
        """The access key of a role's session: its calls may do what the role's policies allow, and no more."""
        return self._sessions.key(Session(account, role, name))

    @property
    def issuer(self) -> RemoteIssuer:
        """Its identity provider, which signs people in, and tokens."""
        return RemoteIssuer(self.endpoint, self.token)

    def listeners(self, account: str = "*", region: str = "*") -> tuple[Listening, ...]:
        """Where load balancers are reached: an account's in a region, or by patterns."""
        return self._plane.listeners(account, region)

    def url(self, account: str, region: str, load_balancer: str, port: int) -> str:
        """The address of a load balancer's listener.

        Raises:
            SandboxError: It has none on this port.
        """
        return url_of(self.listeners(account, region), load_balancer, port)

    def handle(self, handler: Handler | str, root: Path = Path(), function: str = "*", account: str = "*") -> None:
        """Let a handler answer for functions; the last one that is meant for a function counts.

        Args:
            handler: A function of an event and a context, or an entry point `module:function`.
            root: The folder where the entry point's module is.
            function: A pattern of function names; other targets go by their target group's name.
            account: A pattern of account numbers.

        Raises:
            SandboxError: The entry point can't be loaded.
        """
        self._plane.handle(handler, root, function, account)

    def image(self, repository: str, handler: str) -> None:
        """Let functions of images run a package that is installed here, which the images are made of.

        Args:
            repository: A pattern of names of repositories, without a registry; the last that fits counts.
            handler: What the images' command is, `module.function`; a function's own command goes before it.
        """
        self._functions.images.add(repository, handler)

    def behave(self, profile: Profile) -> None:
        """Let functions behave so from the next request on; the last profile that is meant for a function counts."""
        self._plane.behave(profile)

    def forget_profiles(self) -> None:
        """Let all functions answer at once and well again."""
        self._plane.forget_profiles()

    def deliver_logs(self) -> None:
        """Put all access logs into their buckets, those of the five minutes that aren't over as well."""
        self._moto.deliver_logs()

    def propagation(self, delay: timedelta, share: Percent) -> None:
        """Let a share of the load balancers' nodes go by a change only after a delay; by default there is none.

        Args:
            delay: 0 or more.
            share: Of the nodes, and so of the requests.
        """
        self._plane.propagation(delay, share)

    def provisioning(self, delay: timedelta) -> None:
        """Let provisioned concurrency be in progress for so long by the wall's clock; else it is ready at once."""
        from rollout_sandbox.strict.builds import Builds  # noqa: PLC0415 - moto takes seconds to import

        Builds.provisioning = delay

    def stop(self) -> None:
        """Stop it; a second time does nothing."""
        self._running.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
