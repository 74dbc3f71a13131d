"""Where lines go. A sink may raise, and may take its time: it is called by a thread of the tap's alone."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

MOST_RECORDS, MOST_BYTES = 500, 4 * 1024 * 1024
_CONNECT, _READ = 1.0, 3.0


class Sink(Protocol):
    """Takes lines."""

    def write(self, lines: Sequence[bytes]) -> int:
        """Keep lines, each with its end; says how many were kept. It may raise anything."""


class FileSink:
    """A file, for tests and trials."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, lines: Sequence[bytes]) -> int:
        """Append them."""
        with self._path.open("ab") as file:
            file.writelines(lines)
        return len(lines)


class S3Sink:
    """A bucket; each batch is an object, `PREFIX/DATE/HOUR/…jsonl`. It needs s3:PutObject.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
    """

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self._bucket, self._prefix = bucket, prefix.strip("/")
        self._client: Any = None

    def write(self, lines: Sequence[bytes]) -> int:
        """Put an object, whose name is drawn now: environments that SnapStart made of one snapshot draw apart."""
        self._client = self._client or _client("s3")
        name = f"{time.strftime('%Y-%m-%d/%H/%M%S', time.gmtime())}-{secrets.token_hex(8)}.jsonl"
        key = "/".join(filter(None, (self._prefix, name)))
        self._client.put_object(Bucket=self._bucket, Key=key, Body=b"".join(lines), ContentType="application/x-ndjson")
        return len(lines)


class FirehoseSink:
    """A stream; each line is a record. It needs firehose:PutRecordBatch.

    https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html
    """

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._client: Any = None

    def write(self, lines: Sequence[bytes]) -> int:
        """Put records, as many at once as a call takes; those that Firehose refuses are not sent again."""
        self._client = self._client or _client("firehose")
        refused = 0
        for some in _parted(lines):
            records = [{"Data": each} for each in some]
            said = self._client.put_record_batch(DeliveryStreamName=self._stream, Records=records)
            refused += said["FailedPutCount"]
        return len(lines) - refused


def sink_at(address: str) -> Sink:
    """The sink of an address: `s3://BUCKET/PREFIX`, `firehose://STREAM` or `file:///PATH`.

    Raises:
        ValueError: It is none of these.
    """
    url = urlsplit(address)
    match url.scheme:
        case "s3" if url.netloc:
            return S3Sink(url.netloc, url.path)
        case "firehose" if url.netloc:
            return FirehoseSink(url.netloc)
        case "file" if url.path:
            return FileSink(Path(url.path))
    raise ValueError("give s3://BUCKET/PREFIX, firehose://STREAM or file:///PATH")


def _parted(lines: Sequence[bytes]) -> Iterator[list[bytes]]:
    some: list[bytes] = []
    for each in lines:
        if some and (len(some) == MOST_RECORDS or sum(map(len, some)) + len(each) > MOST_BYTES):
            yield some
            some = []
        some.append(each)
    if some:
        yield some


def _client(service: str) -> Any:
    import boto3  # noqa: PLC0415 - as Lambda's runtime has it; imported by the thread, when there is something to write
    from botocore.config import Config  # noqa: PLC0415

    # One more attempt, since a connection may have been closed while the process was frozen.
    config = Config(connect_timeout=_CONNECT, read_timeout=_READ, retries={"total_max_attempts": 2, "mode": "standard"})
    make: Any = boto3.client  # its stubs want a literal
    return make(service, config=config)
