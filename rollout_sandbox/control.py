"""The sandbox's control paths: how another process asks a daemon for faults, policies, provider ports and to stop.

All are on the loopback interface and need the token that sandbox.json holds, which only its owner can read.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from pydantic import TypeAdapter

from rollout.errors import SandboxError
from rollout.inventory.quantities import Percent
from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.data_plane.profiles import Profile
from rollout_sandbox.faults import Fault, Faults

if TYPE_CHECKING:
    from rollout_sandbox.authorization import Authorization
    from rollout_sandbox.data_plane.plane import DataPlane
    from rollout_sandbox.recorded import RecordedMoto

PROFILE = TypeAdapter(Profile)
PREFIX = "/_rollout/"
HEALTH = "health"
TOKEN_HEADER = "X-Rollout-Token"  # noqa: S105 - a header's name


@dataclass(frozen=True)
class Control:
    """The serving side: a WSGI part of the front.

    Attributes:
        token: Who has it is let in.
        faults: Where faults are asked for.
        authorization: Where policies are set.
        provider_port: Which port serves an account and a region.
        stopped: Set when somebody asks for the end.
        plane: The load balancers' data plane.
        moto: Whose changes are read, and made again.
        clock: The sandbox's time.
    """

    token: str
    faults: Faults
    authorization: Authorization
    provider_port: Callable[[str, str, Sequence[Path]], int]
    stopped: threading.Event
    plane: DataPlane
    moto: RecordedMoto
    clock: SandboxClock

    def __call__(self, environ: dict[str, Any]) -> Any:
        """Answer one request."""
        from werkzeug.wrappers import Request, Response  # noqa: PLC0415 - the asking side has no need of werkzeug

        request = Request(environ)
        if request.path == PREFIX + HEALTH:  # asked by who doesn't yet know to whom it would give the token
            return Response(json.dumps(proof(self.token, request.args.get("nonce", ""))))
        if not hmac.compare_digest(request.headers.get(TOKEN_HEADER, "").encode(), self.token.encode()):
            return Response(status=HTTPStatus.FORBIDDEN)
        answer: Any = {}
        match request.method, request.path.removeprefix(PREFIX):
            case "GET", "provider":
                roots = [Path(each) for each in request.args.getlist("root")]
                answer = self.provider_port(request.args["account"], request.args["region"], roots)
            case "POST", "faults":
                given = request.get_json()
                self.faults.add(Fault(**{**given, "delay": timedelta(seconds=given["delay"])}))
            case "DELETE", "faults":
                self.faults.clear()
            case "POST", "policies":
                given = request.get_json()
                try:
                    self.authorization.enforce(given["account"], given["policy"])
                except SandboxError as error:
                    return Response(str(error), status=HTTPStatus.BAD_REQUEST)
            case "GET", "listeners":
                answer = [
                    asdict(each) for each in self.plane.listeners(request.args["account"], request.args["region"])
                ]
            case "POST", "profiles":
                self.plane.behave(PROFILE.validate_python(request.get_json()))
            case "DELETE", "profiles":
                self.plane.forget_profiles()
            case "POST", "handlers":
                given = request.get_json()
                try:
                    self.plane.handle(given["handler"], Path(given["root"]), given["function"], given["account"])
                except SandboxError as error:
                    return Response(str(error), status=HTTPStatus.BAD_REQUEST)
            case "GET", "clock":
                answer = self.clock.now().isoformat()
            case "POST", "clock":
                self.clock.run_at(request.get_json())
            case "POST", "clock/pass-by":
                self.clock.pass_by(seconds=request.get_json())
            case "POST", "propagation":
                given = request.get_json()
                self.plane.propagation(timedelta(seconds=given["delay"]), Percent(given["share"]))
            case "GET", "changes":
                answer = self.moto.changes(request.args["account"])
            case "POST", "changes":
                self.moto.make(request.get_json())
            case "POST", "stop":
                self.stopped.set()
            case _:
                return Response(status=HTTPStatus.NOT_FOUND)
        return Response(json.dumps(answer), content_type="application/json")


@dataclass(frozen=True)
class RemoteFaults:
    """The faults of a sandbox in another process; see `Faults`."""

    endpoint: str
    token: str

    def add(self, fault: Fault) -> None:
        """Ask for one."""
        said = {**asdict(fault), "delay": fault.delay.total_seconds()}
        ask(self.endpoint, self.token, "POST", "faults", said)

    def clear(self) -> None:
        """Let all the rest be."""
        ask(self.endpoint, self.token, "DELETE", "faults")


@dataclass(frozen=True)
class RemoteClock:
    """The time of a sandbox in another process; see `SandboxClock`."""

    endpoint: str
    token: str

    def now(self) -> datetime:
        """The sandbox's time, in UTC."""
        return datetime.fromisoformat(ask(self.endpoint, self.token, "GET", "clock"))

    def run_at(self, speed: float) -> None:
        """Go faster or slower from now on."""
        ask(self.endpoint, self.token, "POST", "clock", speed)

    def pass_by(self, *, seconds: float) -> None:
        """Let time go by at once."""
        ask(self.endpoint, self.token, "POST", "clock/pass-by", seconds)


def proof(token: str, nonce: str) -> str:
    """What only who knows the token can say."""
    return hmac.digest(token.encode(), nonce.encode(), "sha256").hex()


def is_alive(endpoint: str, token: str) -> bool:
    """Whether the sandbox of this token is there; whoever has taken its port since doesn't learn the token.

    Raises:
        SandboxError: Nobody answers there, or not as a sandbox.
    """
    nonce = secrets.token_hex()
    return hmac.compare_digest(str(ask(endpoint, "", "GET", HEALTH, nonce=nonce)), proof(token, nonce))


def ask(endpoint: str, token: str, method: str, path: str, body: Any = None, **query: str | Sequence[str]) -> Any:
    """The asking side.

    Raises:
        SandboxError: Nobody answers there, or somebody who doesn't know the token.
    """
    # Not urllib: it would take a proxy that the environment names.
    connection = HTTPConnection(urlsplit(endpoint).netloc, timeout=10)
    try:
        connection.request(
            method,
            f"{PREFIX}{path}?{urlencode(query, doseq=True)}",
            json.dumps(body) if body is not None else None,
            {TOKEN_HEADER: token, "Content-Type": "application/json"},
        )
        response = connection.getresponse()
        text = response.read()
    except (OSError, HTTPException) as error:
        raise SandboxError(
            f"the sandbox doesn't answer: {error}", where=endpoint, code="sandbox-unreachable"
        ) from error
    finally:
        connection.close()
    if response.status == HTTPStatus.BAD_REQUEST:
        raise SandboxError(text.decode())
    if response.status != HTTPStatus.OK:
        raise SandboxError(
            f"the sandbox refuses {path}: HTTP {response.status}", where=endpoint, code="sandbox-refused"
        )
    return json.loads(text)
