# ruff: noqa: INP001 - the root of a Lambda's archive is no package
"""Stand-ins for the Python scorer's endpoints: an Application Load Balancer's event in, its answer out.

They check no keys, and their scores are made up of the address. Each says what was asked, which is all that routing is
about.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

from __future__ import annotations

import json
import zlib
from typing import Any

Event = dict[str, Any]
Answer = dict[str, Any]


def stamp_score(event: Event, _context: Any) -> Answer:
    """GET /v2/stamps/SCORER/score/ADDRESS."""
    segments = _segments(event)
    return _answer(event, scorer=segments[2], **_scored(segments[-1]))


def model_score(event: Event, _context: Any) -> Answer:
    """GET /v2/models/score/ADDRESS."""
    return _answer(event, **_scored(_segments(event)[-1]))


def add_stamps(event: Event, _context: Any) -> Answer:
    """POST /ceramic-cache/stamps/bulk."""
    return _answer(event, stamps=[])


def patch_stamps(event: Event, _context: Any) -> Answer:
    """PATCH /ceramic-cache/stamps/bulk."""
    return _answer(event, stamps=[])


def delete_stamps(event: Event, _context: Any) -> Answer:
    """DELETE /ceramic-cache/stamps/bulk."""
    return _answer(event, stamps=[])


def ceramic_score(event: Event, _context: Any) -> Answer:
    """POST /ceramic-cache/score/ADDRESS."""
    return _answer(event, **_scored(_segments(event)[-1]))


def authenticate(event: Event, _context: Any) -> Answer:
    """POST /ceramic-cache/authenticate."""
    return _answer(event)


def embed_add_stamps(event: Event, _context: Any) -> Answer:
    """POST /internal/embed/stamps/ADDRESS."""
    return _answer(event, address=_segments(event)[-1], stamps=[])


def embed_validate_api_key(event: Event, _context: Any) -> Answer:
    """GET /internal/embed/validate-api-key."""
    return _answer(event)


def embed_score(event: Event, _context: Any) -> Answer:
    """GET /internal/embed/score/SCORER/ADDRESS."""
    *_, scorer, address = _segments(event)
    return _answer(event, scorer=scorer, **_scored(address))


def _segments(event: Event) -> list[str]:
    path: str = event["path"]
    return path.strip("/").split("/")


def _scored(address: str) -> dict[str, Any]:
    stamps = ["Ens", "Github", "Google"]
    return {
        "address": address,
        "score": zlib.crc32(address.encode()) % 100,
        "at": "2026-11-01T12:00:00Z",
        "stamps": stamps,
    }


def _answer(event: Event, **content: Any) -> Answer:
    body = {"method": event["httpMethod"], "path": event["path"], **content}
    return {
        "statusCode": 200,
        "statusDescription": "200 OK",
        "isBase64Encoded": False,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }
