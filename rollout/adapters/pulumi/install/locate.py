"""Locates engines and chooses one.

The order: `$ROLLOUT_PULUMI`, then the engine that `setup` put into this user's cache folder, then any `pulumi` on PATH.
Asking an engine for its version takes 0.2 s for each command, so the answers are cached: a stamp beside the engine that
we installed, and a file for those on PATH. Each answer is valid while its binary is unchanged.

The stamp has the digest of the installed engine. The engine is compared with it once a day, and whenever the file's
metadata has changed, including its ctime, which can't be set.

An image with an engine that `setup` installed has its stamp, too, and `$ROLLOUT_PULUMI` names the engine: a function
then starts half a second sooner. Of the metadata an image keeps the path, the size and the second of the last change.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

import platformdirs

from rollout.adapters.pulumi.install.versions import MINIMUM, PINNED, UnfitEngine, Version, ask, check
from rollout.base.files import write_whole
from rollout.base.private import private_folder
from rollout.errors import EngineMissing, EngineTooOld

VARIABLE = "ROLLOUT_PULUMI"
CHECKED_EVERY = timedelta(days=1)
_SECOND = 10**9
SMALLEST_ENGINE = 1_000_000
"""In bytes. A smaller `pulumi` is a version manager's shim, whose answer may change while the file doesn't."""


@dataclass(frozen=True, slots=True)
class PulumiBinary:
    """A suitable Pulumi engine.

    Attributes:
        path: The `pulumi` binary.
        version: Its version.
        origin: Where it was found.
    """

    path: Path
    version: Version
    origin: Literal["variable", "cache", "path"]


def engines_folder(cache: Path | None = None) -> Path:
    """The folder where `setup` installs engines."""
    return (cache or platformdirs.user_cache_path("rollout")) / "engine"


def find(*, environ: Mapping[str, str] = os.environ, cache: Path | None = None) -> PulumiBinary | None:
    """The engine to use; None if none is suitable.

    Args:
        environ: Has PATH and ROLLOUT_PULUMI.
        cache: The cache folder, if not this user's.

    Raises:
        EngineMissing: ROLLOUT_PULUMI names a file that is not an engine.
        EngineTooOld: ROLLOUT_PULUMI names an engine that is too old.
    """
    return next((found for found in _search(environ, cache) if isinstance(found, PulumiBinary)), None)


def require(*, environ: Mapping[str, str] = os.environ, cache: Path | None = None) -> PulumiBinary:
    """The engine to use.

    Args:
        environ: Has PATH and ROLLOUT_PULUMI.
        cache: The cache folder, if not this user's.

    Raises:
        EngineMissing: There is none.
        EngineTooOld: There are only older ones.
    """
    unfit: list[_Unfitting] = []
    for found in _search(environ, cache):
        if isinstance(found, PulumiBinary):
            return found
        unfit.append(found)
    hint = f"run `rollout setup`, which installs Pulumi {PINNED}"
    for path, why in unfit:
        if why.version and why.version < MINIMUM:
            raise EngineTooOld(f"the Pulumi engine is too old: {why}", where=str(path), hint=hint)
    seen = "".join(f"\n  {path}: {why}" for path, why in unfit)
    raise EngineMissing(f"no Pulumi engine was found{seen}", hint=hint)


def installed(cache: Path | None = None) -> PulumiBinary | None:
    """The engine that `setup` installed, if it is complete."""
    binary = engines_folder(cache) / str(PINNED) / "bin" / "pulumi"
    try:
        stamp = json.loads(_stamp_of(binary).read_text())
        known, seen = stamp["sha256"], _seen(binary)
        recently = 0 <= time.time() - stamp.get("checked", 0) < CHECKED_EVERY.total_seconds()
        if not recently or not seen.items() <= stamp.items():
            if _sha256(binary) != known:
                return None
            with contextlib.suppress(OSError):  # without write access to the cache, it is checked each time
                write_stamp(binary, known)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return PulumiBinary(binary, PINNED, "cache")


def write_stamp(binary: Path, digest: str | None = None) -> None:
    """Record that a binary was verified, so that `installed` need not read all of it each time.

    Args:
        digest: Its SHA-256, if it is already known.
    """
    known = {"version": str(PINNED), "sha256": digest or _sha256(binary)}
    stamp = {**known, "checked": int(time.time()), **_seen(binary)}
    write_whole(_stamp_of(binary), json.dumps(stamp).encode())


def _seen(binary: Path) -> dict[str, int]:
    """Metadata that shows at once that a file has changed."""
    now = binary.stat()
    return {"size": now.st_size, "mtime_ns": now.st_mtime_ns, "ctime_ns": now.st_ctime_ns, "inode": now.st_ino}


_Unfitting = tuple[Path, UnfitEngine]


def _search(environ: Mapping[str, str], cache: Path | None) -> Iterator[PulumiBinary | _Unfitting]:
    """Engines in the order of preference, including unsuitable ones with the reason."""
    if named := environ.get(VARIABLE):
        yield _named(Path(named).expanduser().absolute())
    if engine := installed(cache):
        yield engine
    answers = _Answers(engines_folder(cache) / "answers.json")
    for folder in os.get_exec_path(environ):
        # A relative entry would make the engine depend on the current folder.
        if Path(folder).is_absolute() and (binary := shutil.which("pulumi", path=folder)):
            try:
                yield PulumiBinary(Path(binary), check(answers.version(Path(binary))), "path")
            except UnfitEngine as why:
                yield Path(binary), why


def _named(binary: Path) -> PulumiBinary:
    try:
        return PulumiBinary(binary, check(_stamped(binary) or ask(binary)), "variable")
    except UnfitEngine as why:
        error = EngineTooOld if why.version and why.version < MINIMUM else EngineMissing
        hint = f"set {VARIABLE} to a Pulumi engine of {MINIMUM} or newer, or unset it"
        raise error(f"rollout can't use this engine: {why}", where=f"{VARIABLE}={binary}", hint=hint) from why


def _stamped(binary: Path) -> Version | None:
    """The version that `setup` found in an engine, if that still is the same file; with another time, by its digest."""
    try:
        stamp, now = json.loads(_stamp_of(binary).read_text()), binary.stat()
        if now.st_size != stamp["size"] or not os.access(binary, os.X_OK):
            return None
        is_same = now.st_mtime_ns // _SECOND == stamp["mtime_ns"] // _SECOND or _sha256(binary) == stamp["sha256"]
        return Version.parse(stamp["version"]) if is_same else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


@dataclass(frozen=True, slots=True)
class _Answers:
    """The last answers of engines on PATH."""

    file: Path

    def version(self, binary: Path) -> Version:
        """The version of a binary, asked again only if the binary has changed."""
        now = binary.stat()
        if now.st_size < SMALLEST_ENGINE:
            return ask(binary)
        same = [now.st_size, now.st_mtime_ns]
        known = self._read()
        match known.get(str(binary)):
            case {"binary": was, "version": str(said)} if was == same and (version := Version.parse(said)):
                return version
        version = ask(binary)
        self._write(known | {str(binary): {"binary": same, "version": str(version)}})
        return version

    def _read(self) -> dict[str, object]:
        try:
            known = json.loads(self.file.read_text())
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}

    def _write(self, known: dict[str, object]) -> None:
        # This only makes the next run faster: a read-only home folder is no reason to fail.
        with contextlib.suppress(OSError):
            private_folder(self.file.parent)
            write_whole(self.file, json.dumps(known).encode())


def _stamp_of(binary: Path) -> Path:
    return binary.parent.parent / "stamp.json"


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
