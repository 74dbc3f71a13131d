"""What tells inputs apart, by which runs of programs and worlds at a stage are remembered.

Their `repr` doesn't: it leaves out secrets, environment variables and what else nobody is to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from hashlib import sha256

from pydantic import BaseModel, SecretStr


def fingerprint(value: object) -> str:
    """A digest of all of a value, hidden parts too."""
    return sha256(_whole(value).encode()).hexdigest()


def _whole(value: object) -> str:
    match value:
        case SecretStr():
            return repr(value.get_secret_value())
        case BaseModel():
            parts = [f"{name}={_whole(part)}" for name, part in value]
        case Mapping():
            parts = [f"{key!r}: {_whole(part)}" for key, part in value.items()]
        case list() | tuple():
            parts = list(map(_whole, value))
        case AbstractSet():
            parts = sorted(map(_whole, value))
        case _ if is_dataclass(value):
            parts = [f"{field.name}={_whole(getattr(value, field.name))}" for field in fields(value)]
        case _:
            return repr(value)
    return f"{type(value).__name__}({', '.join(parts)})"
