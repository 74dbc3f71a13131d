"""The mark of a rollback: the value of the tag that it gives to rules."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime


def mark_text(now: datetime, by: str) -> str:
    """A tag's value that no other rollback has: when and by whom, in the characters that a tag may have."""
    who = re.sub(r"[^\w .:/=+@-]", "_", by, flags=re.ASCII)
    return f"{now.isoformat(timespec='milliseconds')} by {who[:190]} {secrets.token_hex(4)}"


def mark_id(mark: str) -> str:
    """Eight characters that tell a mark from others."""
    return hashlib.sha256(mark.encode()).hexdigest()[:8]
