"""The support bundle: one file that its owner reads before sending it.

It has versions, the doctor's findings, the inventory, each environment's live rules and last changes, and crash
reports. Unreadable parts are named. Known secrets and the header values of rules are removed.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.metadata import distributions
from pathlib import Path

import platformdirs

from rollout import __version__
from rollout.api.rollout import Rollout
from rollout.base.plain import plain
from rollout.base.printable import printable
from rollout.errors import RolloutError, UsageError
from rollout.errors.redaction import REDACTED, redacted
from rollout.migration.checks.report import Check

CHANGES, CRASHES, LONGEST = 30, 5, 1_000_000
"""How many changes of an environment and crash reports it has, and how many characters of each part."""

_SECRET = re.compile(r"""(\b(?:value|legacy-value|webhook)\s*=\s*)("[^"\n]*"|'[^'\n]*')""")
"""Secrets and addresses that the inventory may contain."""


def write_bundle(
    target: Path, file: Path, name: str | None, opened: Callable[[], Rollout], checks: Sequence[Check]
) -> tuple[str, ...]:
    """Write the bundle, readable only by this user.

    Args:
        target: The new zip archive.
        file: stacks.toml, which need not exist.
        name: An environment; None for all of the file.
        opened: Opens the file.
        checks: What the doctor found.

    Returns:
        What is in it.

    Raises:
        UsageError: `target` exists already, or can't be written.
    """
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UsageError(
            f"{target} can't be written: {error.strerror}",
            hint="name a new file in an existing folder",
            code="file-not-writable",
        ) from error
    with os.fdopen(handle, "wb") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, text in _parts(file, name, opened, checks):
            archive.writestr(part, redacted(printable(text))[:LONGEST])
        return tuple(archive.namelist())


def _parts(
    file: Path, name: str | None, opened: Callable[[], Rollout], checks: Sequence[Check]
) -> Iterator[tuple[str, str]]:
    yield "versions.txt", _versions()
    yield "doctor.json", _json([plain(check) for check in checks])
    yield "stacks.toml", _read(lambda: _SECRET.sub(rf"\1\"{REDACTED}\"", file.read_text("utf-8", errors="replace")))
    for report in sorted((platformdirs.user_state_path("rollout") / "crashes").glob("*.txt"))[-CRASHES:]:
        yield f"crashes/{report.name}", _read(partial(report.read_text, "utf-8", "replace"))
    try:
        rollout = opened()
        names = (name,) if name else rollout.environments
    except RolloutError as error:
        yield "environments.txt", str(error)
        return
    for each in names:
        yield f"{each}/rules.json", _read(partial(_rules, rollout, each))
        yield f"{each}/history.json", _read(partial(_changes, rollout, each))


def _versions() -> str:
    installed = sorted({f"{each.name} {each.version}" for each in distributions()}, key=str.lower)
    return "\n".join([f"rollout {__version__}", f"Python {sys.version}", platform.platform(), "", *installed, ""])


def _rules(rollout: Rollout, name: str) -> str:
    live = rollout.environment(name).traffic.alb_state()
    rules = [
        {
            "load-balancer": balancer,
            "priority": rule.priority,
            "arn": rule.arn,
            "conditions": rule.conditions,
            "action": rule.does,
            "tags": dict(rule.tags),
        }
        for balancer in live.listeners
        for rule in live.rules_of(balancer)
    ]
    return _json(rules)


def _changes(rollout: Rollout, name: str) -> str:
    return _json([plain(change) for change in rollout.environment(name).history(limit=CHANGES)])


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _read(part: Callable[[], str]) -> str:
    try:
        return part()
    except (RolloutError, OSError) as error:
        return f"{error}\n"
