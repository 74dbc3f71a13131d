"""What the controller of an environment is made of: the project's files as one zip, and the function's settings.

An installed function has a digest of what its looks go by as a tag, so that another setting, program or right shows.
The weights in stacks.toml aren't among these: a ramp goes by the live ones, and each saved weight would outdate it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from pydantic import SecretStr

from rollout.base.private import HOME, private_folder
from rollout.errors import ConfigError, Problem
from rollout.inventory.controller import LARGEST, STACKS_FILE, ControllerConfig, ProjectArchive
from rollout.inventory.marks import controller_name
from rollout.inventory.model import Environment
from rollout.inventory.settings import Controller
from rollout.inventory.stacks import CONTROLLER

OURS = frozenset({"rollout"})
"""Packages that the image has."""
SAMPLES = "samples/*.json"
_UNHEEDED = {"root", "weight", "route_weights"}
_BEGINNING = 1980, 1, 1, 0, 0, 0
"""The earliest time that a zip can say; the same each time, so that the same files are the same zip."""


def controller_config(
    environment: Environment, settings: Controller, file: Path, statements: Sequence[Mapping[str, Any]]
) -> ControllerConfig:
    """What the function is made of.

    Args:
        environment: The inventory; its backend is in S3.
        settings: Its `[controller]`.
        file: stacks.toml.
        statements: What the function may do beside its own log.

    Raises:
        ConfigError: A file can't be read, or all of them are too large.
    """
    archive = project_archive(environment, file, settings.files)
    variables = {
        "ROLLOUT_CONTROLLED": environment.name,
        "ROLLOUT_PROJECT": archive.url,
        "ROLLOUT_PROJECT_SHA256": archive.sha256,
        "ROLLOUT_PROJECT_VERSION": archive.version,
    }
    return ControllerConfig(settings, controller_name(environment), archive, variables, statements)


def controller_digest(config: ControllerConfig) -> str:
    """What tells an installed controller from another."""
    settings = config.settings.model_dump(mode="json")
    return _digest([settings, config.archive.version, list(config.statements)])[:16]


def project_archive(environment: Environment, file: Path, further: Sequence[str] = ()) -> ProjectArchive:
    """The project's files, and where they go: beside Pulumi's state, under a name of their own digest.

    Args:
        environment: The inventory; its backend is in S3.
        file: stacks.toml.
        further: Paths and patterns of files that programs read.

    Raises:
        ConfigError: A file can't be read, or all of them are too large.
    """
    root = file.parent
    try:
        files = {STACKS_FILE: file.read_bytes()}
        files |= {str(each.relative_to(root)): each.read_bytes() for each in _files(environment, root, further)}
    except OSError as error:
        problem = Problem(
            f"{error.filename} can't be read: {error.strerror}", where="controller", code="file-unreadable"
        )
        raise ConfigError("the project can't be packed", [problem]) from error
    if (size := sum(map(len, files.values()))) > LARGEST:
        what = f"the project's files are {size // 2**20} MB together, at most {LARGEST // 2**20} MB fit"
        problem = Problem(what, where="controller.files", hint="name fewer files", code="project-too-large")
        raise ConfigError("the project is too large for a controller", [problem])
    content = _zipped(files)
    digest, place = sha256(content).hexdigest(), urlsplit(environment.backend or "")
    folders = filter(None, (place.path.strip("/"), CONTROLLER, environment.name))
    version = project_version(environment, {name: each for name, each in files.items() if name != STACKS_FILE})
    return ProjectArchive(content, digest, version, place.netloc, "/".join((*folders, f"{digest[:16]}.zip")))


def project_version(environment: Environment, files: Mapping[str, bytes]) -> str:
    """What a look goes by; see `ProjectArchive`.

    Args:
        files: By name, but for stacks.toml.
    """
    said = environment.model_dump(exclude=_UNHEEDED) | {"faults": sorted(environment.faults)}
    return _digest([said, {name: sha256(content).hexdigest() for name, content in files.items()}])


def kept_in(root: Path, archive: ProjectArchive) -> Path:
    """Where the archive is on this machine, from where the engine sends it."""
    return root / HOME / CONTROLLER / f"{archive.sha256[:16]}.zip"


def keep(root: Path, archive: ProjectArchive) -> None:
    """Write the archive there, before its program is run."""
    file = kept_in(root, archive)
    new = private_folder(file.parent) / f"{file.name}.new"
    new.write_bytes(archive.content)
    new.replace(file)


def _files(environment: Environment, root: Path, further: Sequence[str]) -> Iterator[Path]:
    """The modules of the programs, the samples, and what `files` names; nothing hidden, nothing twice."""
    entries = filter(None, environment.programs.model_dump().values())
    packages = {entry.partition(":")[0].partition(".")[0] for entry in entries} - OURS
    patterns = [f"{package}{end}" for package in sorted(packages) for end in (".py", "/**/*.py")]
    found = {each for pattern in patterns for each in root.glob(pattern) if not _is_hidden(each.relative_to(root))}
    found |= {each for pattern in (SAMPLES, *further) for each in root.glob(pattern)}
    return (each for each in sorted(found) if each.is_file() and each != root / STACKS_FILE)


def _digest(said: object) -> str:
    return sha256(json.dumps(said, sort_keys=True, default=_plain).encode()).hexdigest()


def _plain(value: object) -> object:
    """What JSON doesn't know; two secrets differ as they are, not as they are shown."""
    if isinstance(value, SecretStr):
        return sha256(value.get_secret_value().encode()).hexdigest()
    return sorted(map(str, value)) if isinstance(value, AbstractSet) else str(value)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip that depends on its files alone: compressed ones differ by zlib's version."""
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_STORED) as into:
        for name, content in sorted(files.items()):
            into.writestr(ZipInfo(name, _BEGINNING), content)
    return buffer.getvalue()
