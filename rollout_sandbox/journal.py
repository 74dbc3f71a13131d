"""The journal of API calls: shows what a phase did and what it did not do."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

JOURNAL = "calls.jsonl"


@dataclass(frozen=True, slots=True)
class Call:
    """One API call and its result.

    Attributes:
        time: When it was answered, ISO 8601 in UTC.
        account: Twelve digits.
        region: The one it was signed for.
        action: As IAM writes it: `elasticloadbalancing:ModifyRule`.
        parameters: As boto3 takes them, without binary values.
        status: The HTTP status.
        error: AWS's error code; None when the call did what it was asked.
        by: The role's session that called, by its ARN; None for the account itself.
    """

    time: str
    account: str
    region: str
    action: str
    parameters: Mapping[str, Any]
    status: int
    error: str | None
    by: str | None = None


class Journal:
    """Calls in the order of their answers, as JSON lines in a file, or in memory where none is given."""

    def __init__(self, file: Path | None = None) -> None:
        self._calls: list[Call] = []
        self._lock = threading.Lock()
        self._file, self._path, self._begin = None, file, 0
        if file is not None:
            self._file = os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8")
            self._begin = file.stat().st_size

    def add(
        self,
        account: str,
        region: str,
        action: str,
        parameters: Mapping[str, Any],
        by: str | None = None,
        *,
        status: int,
        error: str | None,
    ) -> None:
        """Write a call down."""
        now = datetime.now(UTC).isoformat()
        call = Call(now, account, region, action, _textual(parameters), status, error, by)
        with self._lock:
            if self._file is None:
                self._calls.append(call)
                return
            self._file.write(json.dumps(asdict(call)) + "\n")
            self._file.flush()

    def calls(self, action: str = "*", account: str | None = None) -> tuple[Call, ...]:
        """The calls so far; see `select`."""
        with self._lock:
            if self._path is not None:
                return read(self._path, action, account, self._begin)
            return select(self._calls, action, account)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def read(file: Path, action: str = "*", account: str | None = None, begin: int = 0) -> tuple[Call, ...]:
    """The calls in a journal's file from a byte on, whoever writes it; see `select`."""
    if not file.exists():
        return ()
    with file.open(encoding="utf-8") as lines:
        lines.seek(begin)
        return select((Call(**json.loads(line)) for line in lines), action, account)


def select(calls: Iterable[Call], action: str, account: str | None) -> tuple[Call, ...]:
    """Those of one account, or of all, whose action fits a pattern such as `elasticloadbalancing:*Rule`."""
    return tuple(
        call for call in calls if fnmatchcase(call.action, action) and (account is None or call.account == account)
    )


def _textual(value: Any) -> Any:
    """The value without secrets, and without binary parts (a function's code), which prove nothing and weigh much."""
    if isinstance(value, Mapping):
        return {
            str(key): _textual(item)
            for key, item in value.items()
            if not isinstance(item, bytes) and key != "ClientSecret"
        }
    if isinstance(value, list | tuple):
        return [_textual(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
