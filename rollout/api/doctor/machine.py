"""Checks this machine: Python, the engine, plugins, disk space and the terminal."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

from rollout import __version__
from rollout.adapters.pulumi.install import locate
from rollout.base.files import is_folder
from rollout.base.packages import how_to_install, missing_of
from rollout.errors import EngineError, Problem
from rollout.migration.checks.report import Check, failed

ENOUGH = 100_000_000
"""The minimum bytes for states and plans; a state of a hundred routes has less than one million."""

COMFORTABLE = 1_000_000_000
_GB = 1_000_000_000
_NARROW = 60
"""The minimum columns for unfolded tables."""


def machine_checks(folder: Path, *, sandboxed: bool, environ: Mapping[str, str] = os.environ) -> Iterator[Check]:
    """Each thing that rollout needs here.

    Args:
        folder: Where stacks.toml is or will be.
        sandboxed: Whether the sandbox is worked on, which needs more packages and fewer plugins.
        environ: Holds PATH and what else names places.
    """
    yield Check("rollout", f"{__version__} on Python {platform.python_version()} at {sys.executable}")
    yield engine(environ)
    yield plugin(environ, sandboxed=sandboxed)
    yield extra(sandboxed=sandboxed)
    yield room(folder)
    yield terminal(environ)


def engine(environ: Mapping[str, str]) -> Check:
    """Whether there is a Pulumi engine that fits."""
    try:
        found = locate.require(environ=environ)
    except EngineError as error:
        return failed("engine", error)
    return Check("engine", f"Pulumi {found.version} at {found.path}")


def plugin(environ: Mapping[str, str], *, sandboxed: bool) -> Check:
    """Whether the engine already has the AWS provider; the sandbox has its own."""
    if sandboxed:
        return Check("provider", "the sandbox's own")
    wanted = version("pulumi_aws")
    home = Path(environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    if (home / "plugins" / f"resource-aws-v{wanted}").exists():
        return Check("provider", f"pulumi-aws {wanted} in {home}")
    now = f"`pulumi plugin install resource aws v{wanted}` downloads it now"
    later = Problem("the engine will download it at the first preview", hint=now, code="provider-missing")
    return Check("provider", f"pulumi-aws {wanted} is not in {home}", (), (later,))


def extra(*, sandboxed: bool) -> Check:
    """Whether the sandbox's packages are installed."""
    if not (missing := missing_of("sandbox")):
        return Check("sandbox", "its packages are installed")
    problem = (Problem("the sandbox can't be used", hint=how_to_install("sandbox"), code="extra-missing"),)
    return Check("sandbox", f"without {', '.join(missing)}", problem if sandboxed else (), () if sandboxed else problem)


def room(folder: Path) -> Check:
    """Whether there is room for states and plans."""
    there = next(place for place in (folder, *folder.parents) if is_folder(place))
    free = {str(place): shutil.disk_usage(place).free for place in (there, Path(tempfile.gettempdir()))}
    little = [
        Problem("almost no disk space", where=place, code="low-disk-space")
        for place, size in free.items()
        if size < ENOUGH
    ]
    less = [
        Problem("little disk space", where=place, code="low-disk-space")
        for place, size in free.items()
        if ENOUGH <= size < COMFORTABLE
    ]
    evidence = ", ".join(f"{size / _GB:.1f} GB free in {place}" for place, size in free.items())
    return Check("disk", evidence, tuple(little), tuple(less))


def terminal(environ: Mapping[str, str]) -> Check:
    """Whether what is shown can be read: width, signs and colours."""
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    columns = shutil.get_terminal_size().columns
    parts = [f"{columns} columns" if sys.stdout.isatty() else "none, so rollout can't ask", encoding]
    parts += [f"{name} is set" for name in ("NO_COLOR", "CI") if environ.get(name)]
    notes = []
    if encoding != "utf8":
        notes.append(Problem("some characters are shown as ?", hint="set LANG=C.UTF-8", code="terminal-limited"))
    if sys.stdout.isatty() and columns < _NARROW:
        notes.append(Problem("the terminal is narrow, so tables fold", code="terminal-limited"))
    return Check("terminal", ", ".join(parts), (), tuple(notes))
