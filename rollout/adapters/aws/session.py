"""Access to AWS, and its failures as errors of rollout, for all adapters.

It uses only botocore, since boto3 takes longer to import. botocore's session is imported with the first client: by
then a phase's engine has started.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from botocore import exceptions
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    MetadataRetrievalError,
    NoCredentialsError,
    SSOError,
    TokenRetrievalError,
)

from rollout.base.log import note
from rollout.base.printable import one_line
from rollout.errors import AwsError, RolloutError
from rollout.errors.redaction import hide

if TYPE_CHECKING:
    from botocore.session import Session

_LACKING = {
    "code": "access-denied",
    "hint": "the role lacks a permission: `rollout iam-policy ENV` prints the policies; see docs/security.md",
}
_THROTTLED = {"code": "throttled", "hint": "AWS throttles the account: try again in a minute"}
_EXPIRED = {"code": "credentials-expired", "hint": "sign in again, for example with `aws sso login`"}
_INVALID = {"code": "invalid-credentials", "hint": "the credentials aren't valid: sign in again"}
_SKEWED = {"code": "clock-skew", "hint": "set this machine's clock; AWS accepts a difference of 5 minutes"}
_KNOWN = {
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException"), _EXPIRED),
    **dict.fromkeys(
        (
            "AuthFailure",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        ),
        _INVALID,
    ),
    **dict.fromkeys(("RequestExpired", "RequestTimeTooSkewed"), _SKEWED),
    **dict.fromkeys(("AccessDenied", "AccessDeniedException"), _LACKING),
    **dict.fromkeys(
        (
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
            "SlowDown",
            "ThrottledException",
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
        ),
        _THROTTLED,
    ),
}
"""Codes and hints by AWS's error codes: services have different ones for the same."""
_OTHER_TIME = re.compile(r"signature (expired|not yet current)", re.IGNORECASE)
"""How AWS says in the message of a wrong signature that it is the time which is wrong."""
_SIGNED_OUT = (SSOError, TokenRetrievalError, getattr(exceptions, "LoginError", SSOError))
"""The errors of who has to sign in again; the last is only in newer versions of botocore."""
_QUOTING = (HTTPClientError, CredentialRetrievalError, MetadataRetrievalError)
"""The errors of botocore that quote other texts."""

T = TypeVar("T")
_LOG, _BEGAN_AT = logging.getLogger("rollout.aws"), "rollout-began"
PATIENCE, RETRIES = timedelta(seconds=20), 8
"""The default timeout of an answer, and the default number of retries."""
CONNECTING = timedelta(seconds=5)
"""The timeout of a connection, unless patience is shorter."""
_LONG = 500
_making = Lock()


@dataclass(frozen=True)
class Access:
    """Access to AWS. Its clients look up the credentials once.

    Attributes:
        region: The environment's region.
        endpoint: The sandbox's address; None for AWS.
        access_key: With `secret_key`, fixed credentials; otherwise botocore's credential chain.
        session_token: The fixed credentials' session token, if any.
    """

    region: str
    endpoint: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    session_token: str | None = field(default=None, repr=False)

    @cached_property
    def _session(self) -> Session:
        from botocore.session import Session  # noqa: PLC0415 - it takes a while to import

        from rollout.adapters.aws.models import models  # noqa: PLC0415 - as above

        session = Session()
        session.register_component("data_loader", models(session.get_config_variable("data_path")))
        if self.access_key and self.secret_key:
            session.set_credentials(self.access_key, self.secret_key, self.session_token)
            hide(self.session_token)
        before = _explaining(None if self.access_key else session)
        session.register("creating-client-class", lambda **given: given["base_classes"].insert(0, before))
        session.register("before-call", _begin)
        session.register("after-call", _note)
        session.register("after-call-error", _note)
        return session

    def client(
        self,
        service: str,
        *,
        at_once: int = 1,
        retries: int = RETRIES,
        patience: timedelta = PATIENCE,
        region: str | None = None,
        endpoint: str | None = None,
        **options: Any,
    ) -> Any:
        """A client that retries throttled calls with growing pauses.

        Args:
            service: botocore's name of the service.
            at_once: The number of parallel calls.
            retries: The number of retries, 0 or more.
            patience: The timeout of an answer, above 0.
            region: Another region.
            endpoint: Another address.
            options: Further options of botocore's Config.
        """
        from botocore.config import Config  # noqa: PLC0415 - as above

        config = Config(
            retries={"mode": "standard", "max_attempts": retries},
            max_pool_connections=at_once,
            connect_timeout=min(CONNECTING, patience / 3).total_seconds(),
            read_timeout=patience.total_seconds(),
            **options,
        )
        at: dict[str, Any] = {"region_name": region or self.region, "endpoint_url": endpoint or self.endpoint}
        with _making:  # a session makes one client at a time
            return explained(lambda: self._session.create_client(service, **at, config=config))


def assumed(access: Access, role: str) -> Access:
    """Access by a role, for an hour.

    Args:
        role: Its ARN.
    """
    client = access.client("sts")
    found = explained(lambda: client.assume_role(RoleArn=role, RoleSessionName="rollout")["Credentials"], role)
    keys = found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]
    return Access(access.region, access.endpoint, *keys)


def _begin(**call: Any) -> None:
    call["context"][_BEGAN_AT] = monotonic()


def _note(**call: Any) -> None:
    """Log a call; botocore calls this with each answer and each failure."""
    _, _, name = call["event_name"].partition(".")
    answer = call["http_response"].status_code if "http_response" in call else type(call.get("exception")).__name__
    took = monotonic() - call["context"].get(_BEGAN_AT, monotonic())
    note(_LOG, "%s %s in %.3f s", name.replace(".", ":"), answer, took)


def usual_region() -> str | None:
    """The region from variables or the profile; None without one.

    Other SDKs read AWS_REGION, but botocore doesn't.

    Raises:
        AwsError: AWS_PROFILE names an unknown profile.
    """
    from botocore.session import Session  # noqa: PLC0415 - as above

    return os.environ.get("AWS_REGION") or explained(lambda: Session().get_config_variable("region"))


def explained(call: Callable[[], T], where: str | None = None) -> T:
    """A call to AWS, with the reading of its answer. Any failure becomes an `AwsError`.

    Raises:
        AwsError: With `where`, if given.
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
    """A failure of botocore, or below it, as an `AwsError` with a hint."""
    match error:
        case AwsError():
            error.where = error.where or where
            return error
        case ClientError():
            return Refused(error, where)
        case NoCredentialsError():
            return AwsError(
                "no AWS credentials were found",
                hint="sign in, for example with `aws sso login` and AWS_PROFILE, or use `--sandbox`",
                code="no-credentials",
            )
        case BotoCoreError() if isinstance(error, _SIGNED_OUT):
            return AwsError(shortened(str(error)), where=where, **_EXPIRED)
        case BotoCoreError() if type(error) not in _QUOTING:
            what, hint = shortened(str(error)), "check the network, the region and the credentials"
        case _:
            # Its text may be a header, an answer or a command's output, and so a secret.
            cause = getattr(error, "kwargs", {}).get("error") or error
            what = f"the call to AWS failed, or its answer is unreadable: {type(cause).__name__}"
            hint = (
                "check proxies, endpoint_url and credential_process in your AWS settings; "
                "`aws sts get-caller-identity --debug` shows more"
            )
    return AwsError(what, where=where, hint=hint, code="aws-unreachable")


class Refused(AwsError, ClientError):
    """AWS's answer is an error. Adapters read its code as with botocore's ClientError.

    Args:
        where: Where it happened.
    """

    def __init__(self, error: ClientError, where: str | None = None) -> None:
        said = error.response.get("Error", {})
        code, message = str(said.get("Code", "error")), str(said.get("Message", ""))
        self.response = error.response | {"Error": {"Code": code, "Message": message}}
        self.operation_name = error.operation_name
        from rollout.adapters.aws.iam import denial  # noqa: PLC0415 - it knows all rights, and most calls succeed

        if denied := denial(message):
            super().__init__(str(denied), where=where, hint=denied.hint, code="access-denied")
            return
        text = f"{error.operation_name}: {code}: {shortened(message)}"
        known = _KNOWN.get(code, {})
        super().__init__(text, where=where, **(_SKEWED if known and _OTHER_TIME.search(message) else known))


def shortened(text: str) -> str:
    """Another's text, shortened to the end of a line; a proxy may send a whole page."""
    line = one_line(text).rstrip(".")
    return line if len(line) <= _LONG else f"{line[:_LONG]}…"


def _explaining(session: Session | None) -> type:
    """A base for a client's class, so that each call fails with an `AwsError`.

    https://docs.aws.amazon.com/boto3/latest/guide/events.html

    Args:
        session: The session with secret credentials; None in the sandbox.
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
                what = f"{operation}: the answer is not from AWS"
                raise AwsError(what, hint="check proxies and endpoint_url", code="aws-unreachable")
            return answer

    return Explaining


def _hide_credentials(session: Session) -> None:
    """Hide the credentials that signed a call; without credentials no call was signed."""
    with suppress(Exception):
        credentials = session.get_credentials()
        if credentials and not getattr(credentials, "refresh_needed", bool)():  # which would call AWS again
            frozen = credentials.get_frozen_credentials()
            hide(frozen.secret_key, frozen.token)
