"""The memory of a sandbox that has a folder: each change is written down, and played again at the next start.

moto keeps everything in memory and can't save it. But it is a function of the changes it was asked for and of its
random numbers; these are seeded before each change, so that the same ARNs come out again. Times of creation are new.
A region's first call makes its default network, whichever call that is: so it is made before, with a seed of its own.
So is moto's own default region, where it looks when it learns a service's paths.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moto.ec2.models import ec2_backends
from moto.moto_api._internal import mock_random
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from rollout.sandbox.request import DEFAULT_ACCOUNT, ApiRequest

_HEADERS = ("CONTENT_TYPE", "HTTP_X_AMZ_TARGET")

App = Callable[[dict[str, Any]], object]


class Tape:
    """The changes of one sandbox, in order.

    Args:
        file: Where they are kept, for its owner alone; None to only count them.
    """

    def __init__(self, file: Path | None) -> None:
        self._seed, self._number, self._file = secrets.token_hex(8), 0, None
        self._past: list[dict[str, Any]] = []
        if file is None:
            return
        if file.exists():
            head, *self._past = _entries(file)
            self._seed = head["seed"]
        self._file = os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8")
        if not file.stat().st_size:
            self._write({"seed": self._seed})

    def play(self, app: App) -> None:
        """Make the changes again; the application is given WSGI environments, and calls `before_change` for each."""
        self.before_call(DEFAULT_ACCOUNT, "us-east-1")
        for entry in self._past:
            account, _, region, _ = entry["credential"].split("/")
            self.before_call(account, region)
            self._number = entry["number"] - 1
            headers = Headers(
                {
                    "Authorization": f"AWS4-HMAC-SHA256 Credential={entry['credential']}/aws4_request, Signature=none",
                    "X-Moto-Account-Id": account,
                    "User-Agent": "rollout",
                }
            )
            body = base64.b64decode(entry["body"])
            builder = EnvironBuilder(entry["path"], method=entry["method"], headers=headers, data=body)
            app({**builder.get_environ(), **entry["headers"]})

    def before_call(self, account: str, region: str) -> None:
        """Furnish an account's region, if nobody was there yet."""
        regions = ec2_backends[account]
        if region not in regions.keys() and region in regions.regions:  # noqa: SIM118 - `in` is for all that could be
            mock_random.seed(f"{self._seed}:{account}:{region}")
            regions[region]

    def before_change(self) -> None:
        """Seed the random numbers, by the change's number."""
        self._number += 1
        mock_random.seed(f"{self._seed}:{self._number}")

    def keep(self, request: ApiRequest, environ: dict[str, Any]) -> None:
        """Write down the change that was just made."""
        if self._file is None:
            return
        query = environ.get("QUERY_STRING", "")
        self._write(
            {
                "number": self._number,
                "credential": f"{request.account}/20000101/{request.region}/{request.service}",
                "method": environ["REQUEST_METHOD"],
                "path": environ.get("RAW_URI") or environ["PATH_INFO"] + (f"?{query}" if query else ""),
                "headers": {name: environ[name] for name in _HEADERS if name in environ},
                "body": base64.b64encode(request.body).decode(),
            }
        )

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _write(self, entry: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()


def _entries(file: Path) -> list[dict[str, Any]]:
    """The file's entries; a last one cut off halfway was never answered, and is cut off the file as well."""
    whole, end, _ = file.read_text("utf-8").rpartition("\n")
    os.truncate(file, len((whole + end).encode()))
    return [json.loads(line) for line in whole.splitlines()]
