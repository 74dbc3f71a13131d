"""The sandbox's control paths: another process sets a daemon's faults, policies and provider ports, and stops it.

All are on the loopback interface and need the token that sandbox.json holds, which only its owner can read.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from pydantic import TypeAdapter

from rollout.errors import SandboxError
from rollout.inventory.quantities import Percent
from rollout_sandbox import issuer
from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.data_plane.profiles import Profile
from rollout_sandbox.faults import Fault, Faults, LogFault

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from rollout_sandbox.authorization import Authorization
    from rollout_sandbox.data_plane.plane import DataPlane
    from rollout_sandbox.recorded import RecordedMoto

FAULT = Fault | LogFault
PREFIX = "/_rollout/"
HEALTH = "health"
ISSUER = "issuer"
TOKEN_HEADER = "X-Rollout-Token"  # noqa: S105 - a header's name


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """What turns profiles and faults into JSON and back; most commands that connect have neither."""
    return TypeAdapter(kind)


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
        provisioning: How long provisioned concurrency takes.
    """

    token: str
    faults: Faults
    authorization: Authorization
    provider_port: Callable[[str, str, Sequence[Path]], int]
    stopped: threading.Event
    plane: DataPlane
    moto: RecordedMoto
    clock: SandboxClock
    provisioning: Callable[[timedelta], None]

    def __call__(self, environ: dict[str, Any]) -> Any:
        """Answer one request."""
        from werkzeug.wrappers import Request, Response  # noqa: PLC0415 - the asking side has no need of werkzeug

        request = Request(environ)
        if request.path == PREFIX + HEALTH:  # asked by who doesn't yet know to whom it would give the token
            return Response(json.dumps(proof(self.token, request.args.get("nonce", ""))))
        if request.path.startswith(PREFIX + ISSUER):  # asked by browsers and load balancers
            return self._as_issuer(request.path.removeprefix(PREFIX + ISSUER), request.query_string.decode())
        if not hmac.compare_digest(request.headers.get(TOKEN_HEADER, "").encode(), self.token.encode()):
            return Response(status=HTTPStatus.FORBIDDEN)
        handler = self._handlers().get((request.method, request.path.removeprefix(PREFIX)))
        if handler is None:
            return Response(status=HTTPStatus.NOT_FOUND)
        try:
            answer = handler(request)
        except SandboxError as error:
            return Response(str(error), status=HTTPStatus.BAD_REQUEST)
        return Response(json.dumps(answer), content_type="application/json")

    def _handlers(self) -> Mapping[tuple[str, str], Callable[[Request], Any]]:
        """What is done for which method and path; what it gives is the answer, as JSON."""
        return {
            ("GET", "provider"): self._provider,
            ("POST", "faults"): lambda asked: self.faults.add(adapter(FAULT).validate_python(asked.get_json())),
            ("DELETE", "faults"): lambda _: self.faults.clear(),
            ("POST", "policies"): self._enforce,
            ("GET", "listeners"): self._listeners,
            ("POST", "profiles"): lambda asked: self.plane.behave(adapter(Profile).validate_python(asked.get_json())),
            ("DELETE", "profiles"): lambda _: self.plane.forget_profiles(),
            ("POST", "handlers"): self._handle,
            ("GET", "clock"): lambda _: self.clock.now().isoformat(),
            ("POST", "clock"): lambda asked: self.clock.run_at(asked.get_json()),
            ("POST", "clock/pass-by"): lambda asked: self.clock.pass_by(seconds=asked.get_json()),
            ("POST", "propagation"): self._propagation,
            ("POST", "provisioning"): lambda asked: self.provisioning(timedelta(seconds=asked.get_json())),
            ("POST", "logs"): lambda _: self.moto.deliver_logs(),
            ("POST", "token"): lambda asked: self.plane.issuer.token(asked.get_json()),
            ("GET", "changes"): lambda asked: self.moto.changes(asked.args["account"]),
            ("POST", "changes"): lambda asked: self.moto.make(asked.get_json()),
            ("POST", "stop"): lambda _: self.stopped.set(),
        }

    def _provider(self, asked: Request) -> int:
        roots = [Path(each) for each in asked.args.getlist("root")]
        return self.provider_port(asked.args["account"], asked.args["region"], roots)

    def _enforce(self, asked: Request) -> None:
        given = asked.get_json()
        self.authorization.enforce(given["account"], given["policy"])

    def _listeners(self, asked: Request) -> list[dict[str, Any]]:
        return [asdict(each) for each in self.plane.listeners(asked.args["account"], asked.args["region"])]

    def _handle(self, asked: Request) -> None:
        given = asked.get_json()
        self.plane.handle(given["handler"], Path(given["root"]), given["function"], given["account"])

    def _propagation(self, asked: Request) -> None:
        given = asked.get_json()
        self.plane.propagation(timedelta(seconds=given["delay"]), Percent(given["share"]))

    def _as_issuer(self, path: str, query: str) -> Any:
        from werkzeug.wrappers import Response  # noqa: PLC0415 - as above

        if path == issuer.KEYS:
            return Response(json.dumps(self.plane.issuer.jwks()), content_type="application/json")
        if path == issuer.AUTHORIZE and (back := self.plane.issuer.authorize(query)):
            return Response(status=HTTPStatus.FOUND, headers={"Location": back})
        return Response(status=HTTPStatus.BAD_REQUEST)


@dataclass(frozen=True)
class RemoteIssuer:
    """The identity provider of a sandbox; see `issuer`."""

    endpoint: str
    token: str

    @property
    def authorize(self) -> str:
        """An authorization endpoint where everybody is signed in at once."""
        return f"{self.endpoint}{PREFIX}{ISSUER}{issuer.AUTHORIZE}"

    @property
    def keys(self) -> str:
        """A JWKS endpoint."""
        return f"{self.endpoint}{PREFIX}{ISSUER}{issuer.KEYS}"

    def bearer(self, **claims: Any) -> str:
        """A token of these claims, good for an hour if they say nothing else."""
        return str(ask(self.endpoint, self.token, "POST", "token", claims))


@dataclass(frozen=True)
class RemoteFaults:
    """The faults of a sandbox in another process; see `Faults`."""

    endpoint: str
    token: str

    def add(self, fault: Fault | LogFault) -> None:
        """Ask for one."""
        ask(self.endpoint, self.token, "POST", "faults", adapter(FAULT).dump_python(fault, mode="json"))

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
