"""Sessions of roles: access keys that say whose they are, as functions' processes have them.

A key has the account's number in it, so that a call is its account's even after the session's end.
"""

from __future__ import annotations

import re
import secrets
import threading
from dataclasses import dataclass

_KEY = re.compile(r"ASIA(\d{12})[A-Z2-7]{4}")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True, slots=True)
class Session:
    """Who makes calls with a key.

    Attributes:
        account: Twelve digits.
        role: The role's name.
        name: The session's; a function's is its own.
        partition: AWS's.
    """

    account: str
    role: str
    name: str
    partition: str = "aws"

    @property
    def arn(self) -> str:
        """As IAM names it."""
        return f"arn:{self.partition}:sts::{self.account}:assumed-role/{self.role}/{self.name}"


def account_of(key: str) -> str | None:
    """The account in a session's key; None if it is no such key."""
    found = _KEY.fullmatch(key)
    return found and found[1]


class Sessions:
    """The sessions of a sandbox."""

    def __init__(self) -> None:
        self._by_key: dict[str, Session] = {}
        self._keys: dict[Session, str] = {}
        self._lock = threading.Lock()

    def key(self, session: Session) -> str:
        """A session's access key, always the same."""
        with self._lock:
            if session not in self._keys:
                while (key := f"ASIA{session.account}{''.join(map(secrets.choice, [_LETTERS] * 4))}") in self._by_key:
                    pass
                self._keys[session] = key
                self._by_key[self._keys[session]] = session
            return self._keys[session]

    def of(self, key: str) -> Session | None:
        """The session of a key; None if it isn't one's."""
        return self._by_key.get(key)
