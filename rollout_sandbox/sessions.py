"""Sessions of roles: access keys that say whose they are, as functions' processes and AssumeRole have them.

A key has the account's number in it, so that a call is its account's even after the session's end.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime

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


@dataclass(frozen=True, slots=True)
class Credentials:
    """What AssumeRole gives.

    Attributes:
        key: The access key.
        secret: Nobody here checks a signature.
        token: What each call has to have beside the key.
        ends: When they are worth nothing any more.
    """

    key: str
    secret: str
    token: str
    ends: datetime


def session_of(role: str, name: str) -> Session:
    """A session of a role, by the role's ARN; a function's has the function's name."""
    _, partition, _, _, account, path = role.split(":", 5)
    return Session(account, path.rpartition("/")[2], name, partition)


def account_of(key: str) -> str | None:
    """The account in a session's key; None if it is no such key."""
    found = _KEY.fullmatch(key)
    return found and found[1]


class Sessions:
    """The sessions of a sandbox."""

    def __init__(self) -> None:
        self._by_key: dict[str, Session] = {}
        self._keys: dict[Session, str] = {}
        self._assumed: dict[str, Credentials] = {}
        self._lock = threading.Lock()

    def key(self, session: Session) -> str:
        """A session's access key, always the same; it never ends."""
        with self._lock:
            if session not in self._keys:
                self._keys[session] = key = _new_key(session.account, self._by_key)
                self._by_key[key] = session
            return self._keys[session]

    def assume(self, session: Session, ends: datetime) -> Credentials:
        """A session's credentials until a time, other ones each time."""
        with self._lock:
            key = _new_key(session.account, self._by_key)
            made = Credentials(key, secrets.token_urlsafe(30), secrets.token_urlsafe(120), ends)
            self._by_key[key], self._assumed[key] = session, made
            return made

    def of(self, key: str) -> Session | None:
        """The session of a key; None if it isn't one's."""
        return self._by_key.get(key)

    def credentials(self, key: str) -> Credentials | None:
        """Those of a session that was assumed; None of any other key."""
        return self._assumed.get(key)


def _new_key(account: str, known: Container[str]) -> str:
    while (key := f"ASIA{account}{''.join(secrets.choice(_LETTERS) for _ in range(4))}") in known:
        pass
    return key
