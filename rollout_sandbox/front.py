"""The way of each call to moto: access, authorization, faults, the journal."""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from werkzeug.wrappers import Response

from rollout.base import peers
from rollout_sandbox import refusal, services, serving
from rollout_sandbox import request as requests
from rollout_sandbox.asking import PREFIX
from rollout_sandbox.constraints import unmet
from rollout_sandbox.control import Control
from rollout_sandbox.data_plane.targets import target_of
from rollout_sandbox.faults import Faults
from rollout_sandbox.invoking import invoke
from rollout_sandbox.journal import Journal
from rollout_sandbox.living import Living
from rollout_sandbox.quotas import exceeded
from rollout_sandbox.security_tokens import SecurityTokens
from rollout_sandbox.tape import Environ

_CODE = re.compile(rb"<Code>([^<]+)</Code>|\"(?:__type|code|Code)\": ?\"(?:[^\"#]*#)?([^\"]+)\"")


class Front:
    """A WSGI application: the sandbox's API and its control paths."""

    def __init__(self, journal: Journal, faults: Faults, control: Control, living: Living) -> None:
        self._journal, self._faults, self._control, self._living = journal, faults, control, living
        self._authorization, self._moto = control.authorization, living.moto
        self._tokens = SecurityTokens(control.authorization, control.sessions, control.clock, living.moto.turn)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        path = environ["PATH_INFO"]
        if refused := serving.refusal(environ):
            response = Response(status=refused)
        elif path.startswith(PREFIX):
            response = self._control(environ)
        else:
            response = self._call(environ)
        return response(environ, start_response)

    def _call(self, environ: Environ) -> Response:
        call = requests.read(environ)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = call.account
        response = self._unproven(call, environ) or services.unknown(call) or self._refused(call)
        response = response or unmet(call) or exceeded(call)
        if response is None:
            response = services.in_aws_shape(call, lambda: self._allowed(call, environ))
        response.headers.setdefault("x-amzn-RequestId", str(uuid4()))  # by which a client knows that it is AWS
        code = _error_code(response) if response.status_code >= 400 else None  # noqa: PLR2004 - HTTP's own line
        session = self._control.sessions.of(call.key)
        by, status = session.arn if session else None, response.status_code
        self._journal.add(call.account, call.region, call.action, call.parameters, by, status=status, error=code)
        return response

    def _unproven(self, call: requests.ApiRequest, environ: Environ) -> Response | None:
        """Where the system doesn't say whose a connection is, its credentials have to show that, as a session's do."""
        token, made = environ.get("HTTP_X_AMZ_SECURITY_TOKEN", ""), self._control.sessions.credentials(call.key)
        if made is not None and hmac.compare_digest(token.encode(), made.token.encode()):
            return self._tokens.expired(call)
        if made is None and peers.are_known():
            return None
        if made is None and hmac.compare_digest(token.encode(), self._control.token.encode()):
            return None
        text = "The security token included in the request is invalid."
        return refusal.response(call.protocol, "InvalidClientTokenId", text, HTTPStatus.FORBIDDEN)

    def _refused(self, call: requests.ApiRequest) -> Response | None:
        with self._moto.turn:
            refused = self._authorization.refusal(call)
        if refused is None:
            return None
        return refusal.response(call.protocol, refused.code, refused.message, HTTPStatus.FORBIDDEN)

    def _allowed(self, call: requests.ApiRequest, environ: Environ) -> Response:
        fault = self._faults.take(call.action, call.parameters)
        response = self._done(call, environ) if fault is None or fault.effect else None
        if fault is not None:
            time.sleep(fault.delay.total_seconds())
        if fault is not None and fault.code is not None:
            return refusal.response(call.protocol, fault.code, fault.message, fault.status)
        return response or self._done(call, environ)

    def _done(self, call: requests.ApiRequest, environ: Environ) -> Response:
        if call.action != "lambda:InvokeFunction":
            own = self._tokens.answer(call) or self._living.executions.answer(call)
            return own or self._moto.answer(call, environ)
        with self._moto.turn:
            function = call.parameters["FunctionName"], call.parameters.get("Qualifier")
            target = target_of(call.account, call.region, *function)
        return invoke(call, target, self._living)  # out of turn: a slow function keeps nobody waiting


def _error_code(response: Response) -> str:
    found = _CODE.search(response.get_data())
    named = (found[1] or found[2]).decode() if found else str(response.status_code)
    return response.headers.get("x-amzn-errortype", named)
