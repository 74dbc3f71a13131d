"""The bucket and the key that an environment's Pulumi state needs, as a team makes them before its first phase."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from rollout.inventory.model import Environment


def prepare_state(environment: Environment, client: Callable[[str], Any]) -> None:
    """Make what isn't there yet; a key that isn't named by an alias has to be made by its owner.

    Args:
        environment: The inventory.
        client: Gives a boto3 client by its service's name; it is asked for s3 and kms.
    """
    backend, secrets = (urlsplit(said or "") for said in (environment.backend, environment.secrets_provider))
    if backend.scheme == "s3":
        _bucket(client("s3"), backend.netloc)
    alias = (secrets.netloc + secrets.path).lstrip("/")
    if secrets.scheme == "awskms" and alias.startswith("alias/"):
        _key(client("kms"), alias)


def _bucket(s3: Any, name: str) -> None:
    region = s3.meta.region_name
    at = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=name, **at)


def _key(kms: Any, alias: str) -> None:
    try:
        kms.describe_key(KeyId=alias)
    except ClientError:
        kms.create_alias(AliasName=alias, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
