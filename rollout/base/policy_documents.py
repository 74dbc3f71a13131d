"""Whether two policy documents of IAM say the same. Pure."""

from __future__ import annotations

import json
from typing import Any


def same_documents(one: str, other: str) -> bool:
    """Whether neither has what the other hasn't: spaces, orders, and lists of one value don't matter."""
    return bool(_meaning(json.loads(one)) == _meaning(json.loads(other)))


def _meaning(said: Any) -> Any:
    if isinstance(said, dict):
        return {key: _meaning(value) for key, value in said.items()}
    if isinstance(said, list):
        return (
            _meaning(said[0])
            if len(said) == 1
            else sorted(map(_meaning, said), key=lambda it: json.dumps(it, sort_keys=True))
        )
    return said
