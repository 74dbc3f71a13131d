"""How AWS is reached, and its failures in our words: shared by the adapters, `alb` and `cloudwatch`.

By botocore alone, which boto3 stands on, since boto3 takes longer to import.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.session import Session

from rollout.errors import AwsError
from rollout.iam import denial

_LACKING = {
    "code": "access-denied",
    "then": "the role lacks a permission: `rollout iam-policy ENV` prints what it needs; see docs/security.md",
}
_THROTTLED = {"code": "throttled", "then": "AWS throttles the account: try again in a minute"}
_KNOWN = {
    "ExpiredToken": {"code": "credentials-expired", "then": "sign in again"},
    "InvalidClientTokenId": {"code": "invalid-credentials", "then": "the credentials aren't valid: sign in again"},
    "AccessDenied": _LACKING,
    "AccessDeniedException": _LACKING,
    "Throttling": _THROTTLED,
    "ThrottlingException": _THROTTLED,
}
"""What is known of AWS's own error codes."""

T = TypeVar("T")
_PATIENCE = timedelta(seconds=20)


@dataclass(frozen=True)
class Access:
    """How to reach AWS; its clients share one look-up of the credentials.

    Attributes:
        region: The environment's.
        endpoint: Another address than AWS's own, for the sandbox.
        access_key: With `secret_key`: fixed credentials; otherwise botocore's usual chain.
    """

    region: str
    endpoint: str | None = None
    access_key: str | None = None
    secret_key: str | None = None

    @cached_property
    def _session(self) -> Session:
        session = Session()
        if self.access_key and self.secret_key:
            session.set_credentials(self.access_key, self.secret_key)
        return session

    def client(self, service: str, *, at_once: int = 1, retries: int = 8, patience: timedelta = _PATIENCE) -> Any:
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
            connect_timeout=5,
            read_timeout=patience.total_seconds(),
        )
        return self._session.create_client(service, self.region, endpoint_url=self.endpoint, config=config)


def usual_region() -> str | None:
    """The region that variables or the profile name; None where nothing does.

    AWS_REGION is what the other SDKs read, and boto3 does not.

    Raises:
        AwsError: AWS_PROFILE names no profile.
    """
    return os.environ.get("AWS_REGION") or explained(lambda: Session().get_config_variable("region"))


def explained(call: Callable[[], T], where: str | None = None) -> T:
    """A call to AWS whose failure is one clear error.

    Raises:
        AwsError: With where it happened, if that is told.
    """
    try:
        return call()
    except (BotoCoreError, ClientError) as error:
        raise aws_error(error, where) from error


def aws_error(error: BotoCoreError | ClientError, where: str | None = None) -> AwsError:
    """A failure of boto3's in our words, with what to do."""
    if isinstance(error, NoCredentialsError):
        return AwsError(
            "no AWS credentials were found",
            then="sign in, for example by `aws sso login` and AWS_PROFILE, or use `--sandbox`",
            code="no-credentials",
        )
    if not isinstance(error, ClientError):
        return AwsError(
            str(error).rstrip("."),
            where=where,
            then="check the network, the region and the credentials",
            code="aws-unreachable",
        )
    said = error.response["Error"]
    if denied := denial(said.get("Message", "")):
        return AwsError(str(denied), where=where, then=denied.then, code="access-denied")
    text = f"{error.operation_name}: {said.get('Code', 'error')}: {said.get('Message', '').rstrip('.')}"
    return AwsError(text, where=where, **_KNOWN.get(said.get("Code", ""), {}))
