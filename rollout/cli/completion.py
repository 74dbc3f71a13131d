"""Completion at Tab: the names in stacks.toml.

It reads the file's text alone, so that it is there at once, also for a file that is half written. Some shells run what
stands in a proposal, so what the file's grammar doesn't allow for a name is none.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import typer

from rollout.base.files import Unreadable, read_text
from rollout.inventory.names import NAME


def environments(context: typer.Context, incomplete: str) -> list[str]:
    """The environments that begin so."""
    return _names("environments", context, incomplete)


def routes(context: typer.Context, incomplete: str) -> list[str]:
    """The routes that begin so."""
    return _names("routes", context, incomplete)


def _names(table: str, context: typer.Context, incomplete: str) -> list[str]:
    file = context.params.get("file") or os.environ.get("ROLLOUT_FILE") or "stacks.toml"
    try:
        text = read_text(Path(file))
    except Unreadable:
        return []
    return [name for name in _keys(table, text) if name.startswith(incomplete) and re.fullmatch(NAME, name)]


def _keys(table: str, text: str) -> list[str]:
    try:
        found = tomllib.loads(text).get(table)
    except (ValueError, RecursionError):  # the headers are there, whatever is wrong
        return list(dict.fromkeys(re.findall(rf"(?m)^\[{table}\.([\w-]+)", text)))
    return list(found) if isinstance(found, dict) else []
