"""Pulumi's states in S3, read as the engine reads them: from the place that a gocloud URL names.

https://gocloud.dev/howto/blob/#s3 and https://pkg.go.dev/gocloud.dev/aws#V2ConfigFromURLParams
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from rollout.adapters.aws.session import Access, Refused, explained, usual_region
from rollout.errors import AwsError

_PATH_STYLE = {"s3ForcePathStyle", "use_path_style"}
_ONLY_WRITES = {"kmskeyid", "ssetype", "request_checksum_calculation"}
_KNOWN = {"awssdk", "endpoint", "region", *_PATH_STYLE, *_ONLY_WRITES}
"""The parameters that are understood. Others may name another identity or another address, such as `role`."""
_TRUE = {"1", "t", "T", "TRUE", "true", "True"}  # as Go's strconv.ParseBool has it
_PATIENCE, _RETRIES = timedelta(seconds=5), 2
"""Less than usual: the engine tries again what can't be read here."""
_AT_ONCE = 50
"""Several stacks are read at once, several files of each."""

T = TypeVar("T")


class StateBucket:
    """The `Files` of a backend that is a bucket.

    Args:
        access: Whose credentials.
        bucket: Its name.
        prefix: What all keys begin with: empty, or ending with a slash.
        options: Options of the client.
    """

    def __init__(self, access: Access, bucket: str, prefix: str, **options: Any) -> None:
        self._access, self._bucket, self._prefix, self._options = access, bucket, prefix, options

    @cached_property
    def _s3(self) -> Any:
        return self._access.client("s3", at_once=_AT_ONCE, retries=_RETRIES, patience=_PATIENCE, **self._options)

    def read(self, path: str) -> bytes:
        """See `adapters.pulumi.backend_files.Files`."""

        def content() -> bytes:
            found: bytes = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + path)["Body"].read()
            return found

        return _read(content)

    def names(self, folder: str) -> Sequence[str]:
        """See `adapters.pulumi.backend_files.Files`."""
        prefix = f"{self._prefix}{folder}/"
        asked = {"Bucket": self._bucket, "Prefix": prefix, "Delimiter": "/"}

        def listed() -> list[str]:
            pages = self._s3.get_paginator("list_objects_v2").paginate(**asked)
            return [each["Key"].removeprefix(prefix) for page in pages for each in page.get("Contents", ())]

        return _read(listed)


def bucket_at(access: Access, backend: str) -> StateBucket | None:
    """The bucket of a backend; None if it is none, or is reached in a way that only the engine knows.

    Args:
        access: Whose credentials, and the sandbox if there is one.
        backend: A URL: `s3://bucket/folder?region=eu-west-1`.
    """
    url = urlsplit(backend)
    said = dict(reversed(parse_qsl(url.query)))  # the first of several counts
    region = said.get("region") or usual_region()
    if url.scheme != "s3" or not said.keys() <= _KNOWN or not region or set(url.netloc) & set("@:"):
        return None
    endpoint = said.get("endpoint")
    if endpoint and "://" not in endpoint:
        endpoint = f"https://{endpoint}"
    prefix = unquote(url.path).lstrip("/")
    path_style = bool(_TRUE & {said[name] for name in _PATH_STYLE & said.keys()})
    return StateBucket(
        access,
        url.netloc,
        prefix if not prefix or prefix.endswith("/") else f"{prefix}/",
        region=region,
        endpoint=endpoint,
        **({"s3": {"addressing_style": "path"}} if path_style else {}),
    )


def _read(call: Callable[[], T]) -> T:
    """A reading of a bucket, whose failures are those of files."""
    try:
        return explained(call)
    except Refused as error:
        missing = error.response["Error"]["Code"] == "NoSuchKey"
        raise (FileNotFoundError if missing else OSError)(str(error)) from error
    except AwsError as error:
        raise OSError(str(error)) from error
