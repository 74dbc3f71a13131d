"""The hand-off's table of dual routes, copied by hand: what the programs are held to."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One route of the hand-off."""

    load_balancer: str
    port: int
    path: str
    method: str
    priority: int
    legacy: str
    candidate: str


_PUBLIC, _INTERNAL = ("passport-public", 443), ("passport-internal", 80)
_RUST, _RUST_INTERNAL = "l-passport-v2-rust-scorer", "l-passport-v2-rust-scorer-int"
_BULK = "/ceramic-cache/stamps/bulk"

ROUTES = {
    "stamp-score": Row(*_PUBLIC, "/v2/stamps/*/score/*", "GET", 2023, "l-passport-v2-stamp-score", _RUST),
    "stamps-bulk-post": Row(*_PUBLIC, _BULK, "POST", 1002, "l-cc-v1-st-bulk-POST-0", _RUST),
    "stamps-bulk-patch": Row(*_PUBLIC, _BULK, "PATCH", 1003, "l-cc-v1-st-bulk-PATCH-0", _RUST),
    "stamps-bulk-delete": Row(*_PUBLIC, _BULK, "DELETE", 1004, "l-cc-v1-st-bulk-DELETE-0", _RUST),
    "ceramic-score": Row(*_PUBLIC, "/ceramic-cache/score/*", "POST", 1001, "l-cc-v1-score-POST-0", _RUST),
    "embed-stamps": Row(
        *_INTERNAL, "/internal/embed/stamps/*", "POST", 2100, "embed-st-lambda-target-group", _RUST_INTERNAL
    ),
    "embed-validate-api-key": Row(
        *_INTERNAL, "/internal/embed/validate-api-key", "GET", 2101, "embed-rl-lambda-target-group", _RUST_INTERNAL
    ),
    "embed-score": Row(
        *_INTERNAL, "/internal/embed/score/*/*", "GET", 2103, "embed-gs-lambda-target-group", _RUST_INTERNAL
    ),
}
