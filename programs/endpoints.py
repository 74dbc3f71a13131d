"""What the endpoints answer in the sandbox, where legacy and candidate behave alike.

They are the legacy functions' own stand-ins in `code/legacy`, found by method and path as the Rust function has to.
Nothing of Pulumi or of rollout is imported here.
"""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

_LEGACY = runpy.run_path(str(Path(__file__).parent / "code" / "legacy" / "endpoints.py"))
_ENDPOINTS = {
    r"GET /v2/stamps/[^/]*/score/[^/]*": "stamp_score",
    r"GET /v2/models/score/[^/]*": "model_score",
    r"POST /ceramic-cache/stamps/bulk": "add_stamps",
    r"PATCH /ceramic-cache/stamps/bulk": "patch_stamps",
    r"DELETE /ceramic-cache/stamps/bulk": "delete_stamps",
    r"POST /ceramic-cache/score/[^/]*": "ceramic_score",
    r"POST /ceramic-cache/authenticate": "authenticate",
    r"POST /internal/embed/stamps/[^/]*": "embed_add_stamps",
    r"GET /internal/embed/validate-api-key": "embed_validate_api_key",
    r"GET /internal/embed/score/[^/]*/[^/]*": "embed_score",
}


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer as the endpoint does; of what is none of these, method and path are told."""
    asked = f"{event['httpMethod']} {event['path']}"
    name = next((name for pattern, name in _ENDPOINTS.items() if re.fullmatch(pattern, asked)), None)
    said: dict[str, Any] = _LEGACY[name](event, context) if name else _LEGACY["_answer"](event)
    return said
