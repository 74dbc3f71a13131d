"""AWS as the resource types reach it: boto3 clients of one account and region, and errors in the provider's words."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from rollout_sandbox.reach import SECRET
from rollout_sandbox.sessions import account_of

# Go's SDK names services by their id, and the provider's errors carry that name.
SERVICES = {
    "elbv2": "Elastic Load Balancing v2",
    "lambda": "Lambda",
    "iam": "IAM",
    "logs": "CloudWatch Logs",
    "cloudwatch": "CloudWatch",
    "sts": "STS",
    "ec2": "EC2",
    "dynamodb": "DynamoDB",
    "s3": "S3",
    "scheduler": "Scheduler",
    "stepfunctions": "SFN",
}


class AwsFailure(Exception):
    """What the provider tells of a failed operation."""


class MadeButFailed(AwsFailure):
    """A create made its resource, and failed after that.

    Attributes:
        id: The resource's, lest it be forgotten.
    """

    def __init__(self, id_: str, failure: AwsFailure) -> None:
        super().__init__(str(failure))
        self.id = id_


class Aws:
    """One account and region on the sandbox.

    Args:
        endpoint: The address of its API.
        token: What shows that one may ask it.
        account: Whose, twelve digits, or the key of a role's session: the access key.
        region: The region.
        roots: Folders and files that may be read; it may grow.
    """

    def __init__(self, endpoint: str, token: str, account: str, region: str, roots: Collection[Path] = ()) -> None:
        self.endpoint, self.roots, self._token = endpoint, roots, token
        self.account = account_of(account) or account
        self._key = account
        self.region = region
        self._session = boto3.Session(
            aws_access_key_id=account,
            aws_secret_access_key=SECRET,
            aws_session_token=token,
            region_name=region,
        )
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def of(self, region: str) -> Aws:
        """The same account in a region."""
        return self if region == self.region else Aws(self.endpoint, self._token, self._key, region, self.roots)

    def client(self, service: str) -> Any:
        """A client, made once; throttled calls are tried again."""
        with self._lock:
            if service not in self._clients:
                config = Config(retries={"mode": "standard", "max_attempts": 10}, max_pool_connections=32, proxies={})
                make: Any = self._session.client  # typed by literal names only
                self._clients[service] = make(service, endpoint_url=self.endpoint, config=config)
            return self._clients[service]


def code_of(error: ClientError) -> str:
    """AWS's error code, without the ending that some services add."""
    return str(error.response["Error"].get("Code", "")).removesuffix("Exception")


@contextmanager
def doing(what: str, service: str) -> Iterator[None]:
    """Tell an error of AWS as the provider does.

    Args:
        what: What was being done: `creating ELBv2 Listener Rule`.
        service: boto3's name of the service.
    """
    try:
        yield
    except ClientError as error:
        said, meta = error.response["Error"], error.response["ResponseMetadata"]
        raise AwsFailure(
            f"{what}: operation error {SERVICES[service]}: {error.operation_name}, https response error StatusCode: "
            f"{meta['HTTPStatusCode']}, RequestID: {meta.get('RequestId', 'none')}, {said['Code']}: {said['Message']}"
        ) from error
    except BotoCoreError as error:
        raise AwsFailure(f"{what}: {error}") from error


@contextmanager
def once_made(id_: str) -> Iterator[None]:
    """Have a failure tell that the resource is there already."""
    try:
        yield
    except AwsFailure as failure:
        raise MadeButFailed(id_, failure) from failure
