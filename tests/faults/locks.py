"""Locks as the engine leaves them in its backend."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from tests.conftest import Team


def lock(team: Team, host: str, pid: int, stack: str = "routing", since: datetime | None = None) -> Path:
    """A lock of ann's."""
    locks = team.aws.folder / "state" / ".pulumi" / "locks" / "organization"
    folder = locks / f"{team.project}-{stack}" / "production"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"00000000-0000-0000-0000-{pid:012}.json"
    said = {"pid": pid, "username": "ann", "hostname": host, "timestamp": (since or datetime.now(UTC)).isoformat()}
    file.write_text(json.dumps(said))
    return file
