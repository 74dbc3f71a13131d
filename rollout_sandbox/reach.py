"""How a sandbox is reached, be it in this process or in another: environment variables, and boto3 clients."""

from __future__ import annotations

import os
from functools import cache
from threading import Lock
from typing import Any, Literal

Provider = Literal["stand-in", "real"]
_making = Lock()
SECRET = "sandbox"  # noqa: S105 - the session's token is the secret


def variables(endpoint: str, token: str, account: str, region: str, provider_port: int | None) -> dict[str, str]:
    """The environment variables that send AWS's SDKs and Pulumi's engine to a sandbox.

    Args:
        endpoint: The address of its API.
        token: What shows that one may ask it.
        account: Whose AWS, twelve digits: it is the access key.
        region: The default region.
        provider_port: Where the stand-in for pulumi-aws listens; None for the real one.
    """
    no_proxy = ",".join(filter(None, [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), "127.0.0.1"]))
    said = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": token,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    if provider_port is not None:
        said["PULUMI_DEBUG_PROVIDERS"] = f"aws:{provider_port}"
        said["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    return said


def client(endpoint: str, token: str, service: str, account: str, region: str) -> Any:
    """A boto3 client on a sandbox."""
    from botocore.config import Config  # noqa: PLC0415 - it takes a while to import

    with _making:  # a session reads each service's model once, and may make one client at a time
        return _session().client(
            service,
            endpoint_url=endpoint,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key=SECRET,
            aws_session_token=token,
            config=Config(proxies={}),
        )


@cache
def _session() -> Any:
    import boto3  # noqa: PLC0415 - as above

    return boto3.Session()
