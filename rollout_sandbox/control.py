"""The sandbox's control paths: another process sets a daemon's faults, policies and provider ports, and stops it.

`asking` is their other side.

All are on the loopback interface and need the token that sandbox.json holds, which only its owner can read.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from rollout.errors import SandboxError
from rollout.inventory.quantities import Percent
from rollout_sandbox import issuer
from rollout_sandbox.asking import ASKED, HEALTH, ISSUER, PREFIX, TOKEN_HEADER, proof
from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.data_plane.profiles import Profile
from rollout_sandbox.faults import AnyFault, Faults
from rollout_sandbox.sessions import Session, Sessions

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from rollout_sandbox.authorization import Authorization
    from rollout_sandbox.data_plane.plane import DataPlane
    from rollout_sandbox.lambdas.images import Images
    from rollout_sandbox.recorded import RecordedMoto

_FAULT: TypeAdapter[AnyFault] = TypeAdapter(AnyFault)
_PROFILE = TypeAdapter(Profile)


@dataclass(frozen=True)
class Control:
    """The serving side: a WSGI part of the front.

    Attributes:
        token: Who has it is let in.
        faults: Where faults are asked for.
        authorization: Where policies are set.
        provider_port: Which port serves an account and a region.
        ends: Gets the reason when somebody asks for the end.
        plane: The load balancers' data plane.
        moto: Whose changes are read, and made again.
        clock: The sandbox's time.
        provisioning: How long provisioned concurrency takes.
        sessions: Of roles.
        images: What functions of images run.
    """

    token: str
    faults: Faults
    authorization: Authorization
    provider_port: Callable[[str, str, Sequence[Path]], int]
    ends: SimpleQueue[str]
    plane: DataPlane
    moto: RecordedMoto
    clock: SandboxClock
    provisioning: Callable[[timedelta], None]
    sessions: Sessions
    images: Images

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
        except (SandboxError, ValueError) as error:
            return Response(str(error), status=HTTPStatus.BAD_REQUEST)
        return Response(json.dumps(answer), content_type="application/json")

    def _handlers(self) -> Mapping[tuple[str, str], Callable[[Request], Any]]:
        """What is done for which method and path; what it gives is the answer, as JSON."""
        return {
            ("GET", "provider"): self._provider,
            ("POST", "faults"): lambda asked: self.faults.add(_FAULT.validate_python(asked.get_json())),
            ("DELETE", "faults"): lambda _: self.faults.clear(),
            ("POST", "policies"): self._enforce,
            ("GET", "listeners"): self._listeners,
            ("POST", "profiles"): lambda asked: self.plane.behave(_PROFILE.validate_python(asked.get_json())),
            ("DELETE", "profiles"): lambda _: self.plane.forget_profiles(),
            ("POST", "handlers"): self._handle,
            ("POST", "images"): lambda asked: self.images.add(**asked.get_json()),
            ("GET", "clock"): lambda _: self.clock.now().isoformat(),
            ("POST", "clock"): lambda asked: self.clock.run_at(asked.get_json()),
            ("POST", "clock/pass-by"): lambda asked: self.clock.pass_by(seconds=asked.get_json()),
            ("POST", "propagation"): self._propagation,
            ("POST", "provisioning"): lambda asked: self.provisioning(timedelta(seconds=asked.get_json())),
            ("POST", "logs"): lambda _: self.moto.deliver_logs(),
            ("POST", "token"): lambda asked: self.plane.issuer.token(asked.get_json()),
            ("GET", "changes"): lambda asked: self.moto.changes(asked.args["account"]),
            ("POST", "changes"): lambda asked: self.moto.make(asked.get_json()),
            ("POST", "sessions"): lambda asked: self.sessions.key(Session(**asked.get_json())),
            ("POST", "stop"): lambda _: self.ends.put(ASKED),
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
