"""What a sandbox's first start made, kept for the next first start: the engine takes seconds for each environment.

A snapshot is kept by what it was made from: the inventory, rollout's own code, Pulumi's and moto's versions, and each
file beside the programs that made it. If one of these is another, it isn't used.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import platformdirs

import rollout
from rollout.errors import RolloutError
from rollout.inventory.model import Environment
from rollout_sandbox.daemon import SandboxInfo
from rollout_sandbox.snapshots import Snapshot, take

MOST = 5
_ROOT = "<root>"
_IGNORED = "__pycache__"


def kept(environments: Sequence[Environment]) -> Snapshot | None:
    """The snapshot of an earlier start of the same environments, if nothing that it was made from has changed."""
    with suppress(OSError, RolloutError, ValueError, KeyError):
        root = environments[0].root
        made_from: Mapping[str, str] = json.loads(_file(environments, "sources").read_text("utf-8"))
        if made_from == _digests(root, made_from):
            return Snapshot.read(_file(environments, "snapshot")).renamed({_ROOT: str(root)})
    return None


def keep(environments: Sequence[Environment], info: SandboxInfo) -> None:
    """Keep what a first start made, if it can be kept."""
    with suppress(OSError, RolloutError):
        root = environments[0].root
        take(info).renamed({str(root): _ROOT}).write(_file(environments, "snapshot"))
        made_from = _file(environments, "sources")
        made_from.write_text(json.dumps(_digests(root, _loaded_from(root))), "utf-8")
        files = sorted(made_from.parent.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)
        for old in files[2 * MOST :]:
            old.unlink()


def digest_of(files: Iterable[Path], below: Path) -> str:
    """A digest of files' paths and contents."""
    found = sha256()
    for file in sorted(files):
        found.update(f"{file.relative_to(below)}\0{file.stat().st_size}\0".encode())
        found.update(file.read_bytes())
    return found.hexdigest()


def code_digest() -> str:
    """A digest of rollout's code, the sandbox's, and the packages that what it makes depends on."""
    packages = (Path(rollout.__file__).parent, Path(__file__).parent)
    versions = (version(name) for name in ("pulumi", "pulumi-aws", "moto"))
    return " ".join([*(digest_of(package.rglob("*.py"), package) for package in packages), *versions])


def _file(environments: Sequence[Environment], kind: str) -> Path:
    inventory = json.dumps([each.model_dump(mode="json", exclude={"root"}) for each in environments], sort_keys=True)
    key = sha256(f"{code_digest()} {inventory}".encode()).hexdigest()
    return platformdirs.user_cache_path("rollout") / "sandbox" / f"{key}.{kind}.json"


def _loaded_from(root: Path) -> set[str]:
    """The folders and modules right below a root from which this process has loaded something that isn't installed."""
    paths = (Path(file) for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None)))
    return {
        path.relative_to(root).parts[0]
        for path in paths
        if path.is_relative_to(root) and not path.is_relative_to(sys.prefix)
    }


def _digests(root: Path, names: Iterable[str]) -> dict[str, str]:
    return {name: digest_of(_files(root / name), root) for name in names}


def _files(path: Path) -> Iterable[Path]:
    found = path.rglob("*") if path.is_dir() else (path,)
    return (file for file in found if file.is_file() and _IGNORED not in file.parts)
