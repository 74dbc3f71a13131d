"""Installs an engine: one `setup` at a time, and a partial installation never looks like an engine.

A source works in a scratch folder of the cache. `setup` asks the result for its version, stamps it, and moves it into
place in one rename. A killed set-up leaves only the scratch folder behind. The next one holds the lock and deletes it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from rollout.adapters.pulumi.install.build import build
from rollout.adapters.pulumi.install.job import Job, OnProgress, Progress, SourceFailed
from rollout.adapters.pulumi.install.locate import PulumiBinary, engines_folder, find, installed, require, write_stamp
from rollout.adapters.pulumi.install.release import install_release
from rollout.adapters.pulumi.install.versions import PINNED, UnfitEngine, ask
from rollout.base.private import private_folder
from rollout.errors import EngineSetupFailed

Source = Callable[[Job], None]
"""Leaves `bin/pulumi` in the job's root folder, or raises SourceFailed."""

SOURCES: Mapping[str, Source] = MappingProxyType({"release": install_release, "build": build})
"""Sources, in the order in which they are tried."""


def setup(
    on_progress: OnProgress,
    *,
    source: Literal["auto", "path", "release", "build"] = "auto",
    force: bool = False,
    environ: Mapping[str, str] = os.environ,
    cache: Path | None = None,
    sources: Mapping[str, Source] = SOURCES,
) -> PulumiBinary:
    """Return an engine: an existing one, or else install one from the first source that works.

    Args:
        on_progress: Called with each step and its progress.
        source: `path` takes only an existing engine; `release` and `build` take one of that source in the cache
            folder, whatever is on PATH; `auto` takes any engine, and tries the sources in order if there is none.
        force: Install again, even if there is an engine.
        environ: Has PATH and ROLLOUT_PULUMI.
        cache: The cache folder, if not this user's.
        sources: Where engines come from, by name.

    Raises:
        EngineMissing: There is none, with `path`; or ROLLOUT_PULUMI names a file that is not an engine.
        EngineTooOld: The same, if there are only older ones.
        EngineSetupFailed: No source worked.
    """
    if source == "path":
        return require(environ=environ, cache=cache)

    def present() -> PulumiBinary | None:
        return find(environ=environ, cache=cache) if source == "auto" else installed(cache)

    if not force and (engine := present()):
        return engine
    tried: Mapping[str, Source] = sources if source == "auto" else {source: sources[source]}
    folder = engines_folder(cache)
    try:
        private_folder(folder)
        with _alone(folder, on_progress) as waited:
            if (waited or not force) and (engine := present()):
                return engine
            return _first_of(tried, folder, on_progress, cache)
    except OSError as error:
        raise EngineSetupFailed(
            f"the engine can't be installed: {error.strerror}",
            where=str(error.filename or folder),
            hint="make the folder writable and free disk space, or set XDG_CACHE_HOME to another folder",
            code="file-not-writable",
        ) from error


@contextlib.contextmanager
def _alone(folder: Path, on_progress: OnProgress) -> Iterator[bool]:
    """Hold the lock on the cache folder; yields whether it waited for another set-up."""
    from filelock import FileLock, Timeout  # noqa: PLC0415  # where an engine is there, nothing is locked

    lock = FileLock(folder / "setup.lock")
    waited = False
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waited = True
        on_progress(Progress("Wait", "another set-up is running"))
        lock.acquire()
    try:
        yield waited
    finally:
        lock.release()


def _first_of(sources: Mapping[str, Source], folder: Path, on_progress: OnProgress, cache: Path | None) -> PulumiBinary:
    for leftover in folder.glob("tmp-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    log = folder / "setup.log"
    log.unlink(missing_ok=True)
    failures: list[str] = []
    for name, source in sources.items():
        with tempfile.TemporaryDirectory(dir=folder, prefix="tmp-", ignore_cleanup_errors=True) as temporary:
            job = Job(Path(temporary, "root"), Path(temporary, "scratch"), log, on_progress)
            try:
                _make(source, job)
            except SourceFailed as why:
                on_progress(Progress(f"no engine from {name}: {str(why).splitlines()[-1]}"))
                failures.append(f"{name}: {why}")
                continue
            _put_in_place(job, folder / str(PINNED))
        if engine := installed(cache):
            return engine
        failures.append(f"{name}: the installed engine has disappeared")
    raise EngineSetupFailed(
        "no Pulumi engine could be installed\n" + "\n".join(failures),
        hint=f"read {log}, or install Pulumi {PINNED} yourself (https://www.pulumi.com/docs/install/)",
    )


def _make(source: Source, job: Job) -> None:
    job.root.mkdir()
    job.scratch.mkdir()
    source(job)
    binary = job.root / "bin" / "pulumi"
    job.on_progress(Progress("Check the engine"))
    try:
        version = ask(binary)
    except UnfitEngine as why:
        raise SourceFailed(f"the engine {why}") from why
    if version != PINNED:
        raise SourceFailed(f"the engine is {version}, not {PINNED}")
    write_stamp(binary)


def _put_in_place(job: Job, target: Path) -> None:
    if target.exists():
        target.replace(job.scratch / "previous")  # a folder can't be renamed to a non-empty one
    job.root.replace(target)
