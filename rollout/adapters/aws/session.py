"""How AWS is reached, and its failures in our words: shared by the adapters, `alb` and `cloudwatch`.

By botocore alone, which boto3 stands on, since boto3 takes longer to import.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, cached_property
from time import monotonic
from typing import Any, TypeVar

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    MetadataRetrievalError,
    NoCredentialsError,
)
from botocore.loaders import Loader, create_loader
from botocore.session import Session

from rollout.adapters.aws.iam import denial
from rollout.base.log import note
from rollout.base.printable import one_line
from rollout.errors import AwsError, RolloutError
from rollout.errors.redaction import hide

_LACKING = {
    "code": "access-denied",
    "hint": "the role lacks a permission: `rollout iam-policy ENV` prints what it needs; see docs/security.md",
}
_THROTTLED = {"code": "throttled", "hint": "AWS throttles the account: try again in a minute"}
_KNOWN = {
    "ExpiredToken": {"code": "credentials-expired", "hint": "sign in again"},
    "InvalidClientTokenId": {"code": "invalid-credentials", "hint": "the credentials aren't valid: sign in again"},
    "AccessDenied": _LACKING,
    "AccessDeniedException": _LACKING,
    "Throttling": _THROTTLED,
    "ThrottlingException": _THROTTLED,
}
"""What is known of AWS's own error codes."""
_QUOTING = (HTTPClientError, CredentialRetrievalError, MetadataRetrievalError)
"""Those of botocore's errors that quote what another said."""

T = TypeVar("T")
_LOG, _BEGAN_AT = logging.getLogger("rollout.aws"), "rollout-began"
PATIENCE, RETRIES = timedelta(seconds=20), 8
"""How long an answer is waited for, and how often a call is tried again, where nothing else is said."""
CONNECTING = timedelta(seconds=5)
"""How long a connection is waited for, unless patience ends before."""
_LONG = 500


@dataclass(frozen=True)
class Access:
    """How to reach AWS; its clients share one look-up of the credentials.

    Attributes:
        region: The environment's.
        endpoint: Another address than AWS's own, for the sandbox.
        access_key: With `secret_key`: fixed credentials; otherwise botocore's usual chain.
        session_token: Of the fixed credentials, where they are a session's.
    """

    region: str
    endpoint: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    session_token: str | None = field(default=None, repr=False)

    @cached_property
    def _session(self) -> Session:
        session = Session()
        session.register_component("data_loader", _models(session.get_config_variable("data_path")))
        if self.access_key and self.secret_key:
            session.set_credentials(self.access_key, self.secret_key, self.session_token)
            hide(self.session_token)
        before = _explaining(None if self.access_key else session)
        session.register("creating-client-class", lambda **given: given["base_classes"].insert(0, before))
        session.register("before-call", _begin)
        session.register("after-call", _note)
        session.register("after-call-error", _note)
        return session

    def client(self, service: str, *, at_once: int = 1, retries: int = RETRIES, patience: timedelta = PATIENCE) -> Any:
        """A client, which tries throttled calls again with growing pauses.

        Args:
            service: botocore's name of it.
            at_once: How many calls are made side by side.
            retries: How often a call is tried again, 0 or more.
            patience: How long to wait for an answer, above 0.
        """
        config = Config(
            retries={"mode": "standard", "max_attempts": retries},
            max_pool_connections=at_once,
            connect_timeout=min(CONNECTING, patience / 3).total_seconds(),
            read_timeout=patience.total_seconds(),
        )
        session = explained(lambda: self._session)
        return explained(lambda: session.create_client(service, self.region, endpoint_url=self.endpoint, config=config))


def _begin(**call: Any) -> None:
    call["context"][_BEGAN_AT] = monotonic()


def _note(**call: Any) -> None:
    """Log a call; botocore calls this with each answer, and with each failure to get one."""
    _, _, name = call["event_name"].partition(".")
    answer = call["http_response"].status_code if "http_response" in call else type(call.get("exception")).__name__
    took = monotonic() - call["context"].get(_BEGAN_AT, monotonic())
    note(_LOG, "%s %s in %.3f s", name.replace(".", ":"), answer, took)


@cache
def _models(path: str | None) -> Loader:
    """What botocore knows of the services, read once a process instead of once a session."""
    return create_loader(path)


def usual_region() -> str | None:
    """The region that variables or the profile name; None where nothing does.

    AWS_REGION is what the other SDKs read, and boto3 does not.

    Raises:
        AwsError: AWS_PROFILE names no profile.
    """
    return os.environ.get("AWS_REGION") or explained(lambda: Session().get_config_variable("region"))


def explained(call: Callable[[], T], where: str | None = None) -> T:
    """A call to AWS, and the reading of its answer, whose failure is one clear error whatever it is.

    Raises:
        AwsError: With where it happened, if that is told.
    """
    try:
        return call()
    except AwsError as error:
        error.where = error.where or where
        raise
    except RolloutError:
        raise
    except Exception as error:
        raise aws_error(error, where) from error


def aws_error(error: Exception, where: str | None = None) -> AwsError:
    """A failure of botocore's, or of what is below it, in our words, with what to do."""
    match error:
        case AwsError():
            error.where = error.where or where
            return error
        case ClientError():
            return Refused(error, where)
        case NoCredentialsError():
            return AwsError(
                "no AWS credentials were found",
                hint="sign in, for example by `aws sso login` and AWS_PROFILE, or use `--sandbox`",
                code="no-credentials",
            )
        case BotoCoreError() if type(error) not in _QUOTING:
            what, hint = shortened(str(error)), "check the network, the region and the credentials"
        case _:
            # What it says may be a header, an answer or a command's output, and so a secret.
            cause = getattr(error, "kwargs", {}).get("error") or error
            what = f"AWS can't be asked, or its answer can't be read: {type(cause).__name__}"
            hint = (
                "look at proxies, endpoint_url and credential_process in your AWS settings; "
                "`aws sts get-caller-identity --debug` tells more"
            )
    return AwsError(what, where=where, hint=hint, code="aws-unreachable")


class Refused(AwsError, ClientError):
    """AWS's answer is an error; adapters look at its code as they do with botocore's own.

    Args:
        error: Botocore's.
        where: Where it happened.
    """

    def __init__(self, error: ClientError, where: str | None = None) -> None:
        said = error.response.get("Error", {})
        code, message = str(said.get("Code", "error")), str(said.get("Message", ""))
        self.response = error.response | {"Error": {"Code": code, "Message": message}}
        self.operation_name = error.operation_name
        if denied := denial(message):
            super().__init__(str(denied), where=where, hint=denied.hint, code="access-denied")
            return
        text = f"{error.operation_name}: {code}: {shortened(message)}"
        super().__init__(text, where=where, **_KNOWN.get(code, {}))


def shortened(text: str) -> str:
    """What another said, as the end of a line; a proxy says a whole page."""
    line = one_line(text).rstrip(".")
    return line if len(line) <= _LONG else f"{line[:_LONG]}…"


def _explaining(session: Session | None) -> type:
    """What goes before a client's class, so that no call can fail in another way than by an `AwsError`.

    https://docs.aws.amazon.com/boto3/latest/guide/events.html

    Args:
        session: Whose credentials are secret; None where they are none, as the sandbox's.
    """

    class Explaining:
        def _make_api_call(self, operation: str, given: Mapping[str, Any]) -> Any:
            try:
                answer = super()._make_api_call(operation, given)  # type: ignore[misc]  # botocore's
            except Exception as error:
                if session:
                    _hide_credentials(session)
                raise aws_error(error) from error
            if not answer.get("ResponseMetadata", {}).get("RequestId"):
                what = f"{operation}: what answered isn't AWS"
                raise AwsError(what, hint="look at proxies and at endpoint_url", code="aws-unreachable")
            return answer

    return Explaining


def _hide_credentials(session: Session) -> None:
    """Those that a call was signed with; where they can't be had, none was."""
    with suppress(Exception):
        credentials = session.get_credentials()
        if credentials and not getattr(credentials, "refresh_needed", bool)():  # which would ask AWS again
            frozen = credentials.get_frozen_credentials()
            hide(frozen.secret_key, frozen.token)
