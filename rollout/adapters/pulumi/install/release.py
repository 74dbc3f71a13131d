"""The official release: rollout downloads it, checks its digest and unpacks it, without running any script.

The pinned digests are those of a public Nix set-up for the same files. For other systems the digest comes from the
release's list of checksums, which is on GitHub, not on the archive's server.
https://www.pulumi.com/docs/iac/download-install/versions/
"""

from __future__ import annotations

import hashlib
import io
import platform
import re
import shutil
import sys
import tarfile
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import IO

from rollout.adapters.pulumi.install.job import Job, Progress, SourceFailed
from rollout.adapters.pulumi.install.versions import PINNED

ARCHIVE = f"pulumi-v{PINNED}-{{system}}.tar.gz"
ARCHIVES = "https://get.pulumi.com/releases/sdk/"
CHECKSUMS = f"https://github.com/pulumi/pulumi/releases/download/v{PINNED}/pulumi-{PINNED}-checksums.txt"
DIGESTS: Mapping[str, str] = MappingProxyType({
    "linux-x64": "94ba357acac23d01474084c4b00098dc0f7bc70ce13f34c777459254a5f718e5",
    "linux-arm64": "edc8327463a72160bb36cf82cf5062da9c8a244290a706d9980988e7bf486853",
    "darwin-x64": "eaca4c3b8277bfa3ab061fa3b270d1c66358a0b2e613da8c5587a04b7226c534",
    "darwin-arm64": "57c27f179e527e2cf9f62b841a448af72a020e44b2fb4ee0d9bd85556c00c864",
})  # fmt: skip
"""SHA-256 of the pinned version, by system."""

CONNECT_WITHIN = 15.0
"""Seconds."""
DOWNLOAD_WITHIN = timedelta(minutes=15)
MAX_ARCHIVE, MAX_UNPACKED, MAX_CHECKSUMS = 500_000_000, 2_000_000_000, 1_000_000
_CHUNK = 1 << 20
_STEP = "Download the official release"
_MEGABYTE = 1_000_000

_SYSTEMS = {"linux": "linux", "darwin": "darwin"}
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class EngineRelease:
    """A release's addresses and digests.

    Attributes:
        archives: The address of the folder of archives.
        checksums: The address of the release's checksums.
        digests: Known SHA-256 digests, by system.
        system: The archive's system: `linux-x64`; None if there is no release for this one.
    """

    archives: str
    checksums: str
    digests: Mapping[str, str]
    system: str | None


def this_system() -> str | None:
    """Pulumi's name for this system; None if there is no release for it."""
    system, machine = _SYSTEMS.get(sys.platform), _MACHINES.get(platform.machine().lower())
    return f"{system}-{machine}" if system and machine else None


def install_release(job: Job, release: EngineRelease | None = None) -> None:
    """Download the release, about 100 MB, and unpack its programs.

    Args:
        release: The release, if not the pinned one for this system.

    Raises:
        SourceFailed: It can't be reached, has another digest, or there is none for this system.
    """
    wanted = release or EngineRelease(ARCHIVES, CHECKSUMS, DIGESTS, this_system())
    if wanted.system is None:
        raise SourceFailed(f"there is no release for {sys.platform} on {platform.machine()}")
    name = ARCHIVE.format(system=wanted.system)
    job.on_progress(Progress(_STEP, name))
    archive = job.scratch / name
    try:
        digest = wanted.digests.get(wanted.system) or _published(wanted.checksums, name)
        found = _download(job, wanted.archives + name, archive)
        if found != digest:
            raise SourceFailed(f"{name} has the SHA-256 {found}, not {digest}, and was not unpacked")
        _unpack(archive, job.root / "bin")
    except (OSError, HTTPException, ValueError) as error:
        raise SourceFailed(f"the release can't be downloaded: {error}") from error


def _published(address: str, name: str) -> str:
    """An archive's digest in the release's list of checksums."""
    with _open(address) as answer:
        text = answer.read(MAX_CHECKSUMS).decode("utf-8", "replace")
    found = re.search(rf"^([0-9a-f]{{64}})\s+\*?{re.escape(name)}$", text, re.MULTILINE)
    if found is None:
        raise SourceFailed(f"the release's checksums don't contain {name}")
    return found[1]


def _download(job: Job, address: str, target: Path) -> str:
    """Download a file, and return its SHA-256."""
    digest, done, ends = hashlib.sha256(), 0, time.monotonic() + DOWNLOAD_WITHIN.total_seconds()
    with _open(address) as answer, target.open("wb") as out:
        total = int(getattr(answer, "headers", {}).get("Content-Length") or 0)
        while chunk := answer.read(_CHUNK):
            done += len(chunk)
            if done > MAX_ARCHIVE or time.monotonic() > ends:
                raise SourceFailed(f"{target.name} is larger than 500 MB, or took longer than {DOWNLOAD_WITHIN}")
            digest.update(chunk)
            out.write(chunk)
            job.on_progress(Progress(_STEP, "MB", done // _MEGABYTE, total // _MEGABYTE or None))
    return digest.hexdigest()


def _open(address: str) -> IO[bytes]:
    opened: Callable[..., IO[bytes]] = urllib.request.urlopen
    return opened(urllib.request.Request(address, headers={"User-Agent": "rollout"}), timeout=CONNECT_WITHIN)  # noqa: S310 - https, and a test's own


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack the programs of `pulumi/`: only plain files, by their last name, so that nothing is written elsewhere."""
    folder.mkdir()
    left = MAX_UNPACKED
    with tarfile.open(archive, "r:gz") as packed:
        for member in packed:
            path = PurePosixPath(member.name)
            if not member.isreg() or len(path.parts) != 2 or path.parts[0] != "pulumi" or path.name == "..":  # noqa: PLR2004
                continue
            left -= member.size
            if left < 0:
                raise SourceFailed(f"{archive.name} has more than 2 GB")
            content = packed.extractfile(member) or io.BytesIO()
            with (folder / path.name).open("xb") as out:
                shutil.copyfileobj(content, out)
            (folder / path.name).chmod(0o755)
