"""The recording of a sandbox: each change is recorded, and replayed at the next start or in another sandbox.

moto keeps everything in memory and can't save it. But it is a function of the changes it was asked for and of its
random numbers. These are seeded before each change, by the change's own seed, so that the same ARNs come out again.
What moto makes by itself, when an account or region is first seen, draws from a seed of its own and leaves the change's
alone (`seeded_backends`): so it doesn't matter which call is the first. Times of creation are new.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

from moto.core.base_backend import AccountSpecificBackend
from moto.moto_api._internal import mock_random
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from rollout_sandbox.request import ApiRequest, read

_SECRET = re.compile(rb"(ClientSecret=)[^&]+")  # of an identity provider; it makes nothing
_HEADERS = (
    "CONTENT_TYPE",
    "HTTP_CONTENT_ENCODING",
    "HTTP_X_AMZ_CONTENT_SHA256",
    "HTTP_X_AMZ_COPY_SOURCE",
    "HTTP_X_AMZ_DECODED_CONTENT_LENGTH",
    "HTTP_X_AMZ_TARGET",
)

Entry = Mapping[str, Any]
Environ = dict[str, Any]


class Tape:
    """The recorded changes of one sandbox, in order.

    Args:
        file: Where they are kept, for its owner alone; None to keep them in memory.

    Attributes:
        entries: The changes that were kept.
    """

    def __init__(self, file: Path | None) -> None:
        self.entries: list[Entry] = []
        self._seed, self._file = "", None
        if file is None:
            return
        if file.exists():
            self.entries = _entries(file)
        self._file = os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8")

    def before_change(self) -> None:
        """Seed the random numbers for a new change."""
        self._seed = secrets.token_hex(8)
        mock_random.seed(self._seed)

    def keep(self, request: ApiRequest, environ: Environ) -> None:
        """Write down the change that was just made."""
        query = environ.get("QUERY_STRING", "")
        self.add(
            {
                "seed": self._seed,
                "credential": f"{request.account}/20000101/{request.region}/{request.service}",
                "method": environ["REQUEST_METHOD"],
                "path": environ.get("RAW_URI") or environ["PATH_INFO"] + (f"?{query}" if query else ""),
                "headers": {name: environ[name] for name in _HEADERS if name in environ},
                "body": base64.b64encode(_SECRET.sub(rb"\1none", request.body)).decode(),
            }
        )

    def add(self, entry: Entry) -> None:
        """Write down a change that was made."""
        self.entries.append(entry)
        if self._file is not None:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def play(entries: Iterable[Entry], answer: Callable[[Environ], Response]) -> list[Entry]:
    """Make changes again, with the same random numbers as the first time.

    Args:
        entries: The changes.
        answer: Answers a WSGI request.

    Returns:
        Those that could not be made; the others are made without them.
    """
    return [entry for entry in entries if not _is_made(entry, answer)]


def action_of(entry: Entry) -> str:
    """What a change was, as IAM names it; as it stands on the tape where that can't be told."""
    try:
        return read(_request(entry)).action
    except Exception:  # noqa: BLE001 - as in `_is_made`
        return str(entry)[:80]


def _is_made(entry: Entry, answer: Callable[[Environ], Response]) -> bool:
    try:
        request = _request(entry)
        mock_random.seed(entry["seed"])
        response = answer(request)
    except Exception:  # noqa: BLE001 - an earlier version may have taken what this one can't even read
        return False
    return response.status_code < HTTPStatus.BAD_REQUEST


def _request(entry: Entry) -> Environ:
    account, _, _, _ = entry["credential"].split("/")
    headers = Headers(
        {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={entry['credential']}/aws4_request, Signature=none",
            "X-Moto-Account-Id": account,
            "User-Agent": "rollout",
        }
    )
    body = base64.b64decode(entry["body"])
    builder = EnvironBuilder(entry["path"], method=entry["method"], headers=headers, data=body)
    return {**builder.get_environ(), **entry["headers"]}


@contextmanager
def seeded_backends() -> Iterator[None]:
    """Let each of moto's backends be made with random numbers of its own, whichever call is the first to need it."""
    get = AccountSpecificBackend.__getitem__

    def seeded(backends: AccountSpecificBackend[Any], region: str) -> Any:
        if region in backends.keys():  # noqa: SIM118 - `in` is for all that could be
            return get(backends, region)
        before = mock_random.getstate()
        mock_random.seed(f"{backends.service_name}:{backends.account_id}:{region}")
        try:
            return get(backends, region)
        finally:
            mock_random.setstate(before)

    AccountSpecificBackend.__getitem__ = seeded  # type: ignore[method-assign]
    try:
        yield
    finally:
        AccountSpecificBackend.__getitem__ = get  # type: ignore[method-assign]


def _entries(file: Path) -> list[Entry]:
    """The file's entries; a last one cut off halfway was never answered, and is cut off the file as well."""
    whole, end, _ = file.read_text("utf-8").rpartition("\n")
    os.truncate(file, len((whole + end).encode()))
    entries = [json.loads(line) for line in whole.splitlines()]
    if entries and "credential" not in entries[0]:  # version 0.1 had one seed for all changes, and numbered them
        head, *entries = entries
        entries = [{**each, "seed": f"{head['seed']}:{each['number']}"} for each in entries]
    return entries
