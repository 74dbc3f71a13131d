"""A sandbox as it was at a moment, AWS and Pulumi's states together: to go back to, or to begin elsewhere from.

AWS is what its changes made of it (see `tape`), and states are files: so a snapshot is text. Accounts, projects and
folders are names in it that may be replaced, which makes any number of accounts out of one snapshot.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rollout.errors import SandboxError, UsageError
from rollout_sandbox import daemon
from rollout_sandbox.asking import ask
from rollout_sandbox.daemon import SandboxInfo
from rollout_sandbox.server import TAPE

if TYPE_CHECKING:
    from rollout_sandbox.tape import Entry

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,62}")
_STATE = "state"
_KEPT = ("stacks", "history", "meta.yaml")
"""What of Pulumi's folder is a state; its own backups and locks aren't."""


@dataclass(frozen=True)
class Snapshot:
    """A moment of a sandbox.

    Attributes:
        changes: The changes of AWS, in order.
        states: The texts of Pulumi's files, by their path below the backend's folder.
    """

    changes: Sequence[Entry]
    states: Mapping[str, str]

    def renamed(self, names: Mapping[str, str]) -> Self:
        """The same with names replaced wherever they stand: account numbers, projects, folders."""

        def new(text: str) -> str:
            for old, name in names.items():
                text = text.replace(old, name)
            return text

        changes = [
            {**json.loads(new(json.dumps({**entry, "body": ""}))), "body": _in_base64(entry["body"], new)}
            for entry in self.changes
        ]
        return type(self)(changes, {new(path): new(text) for path, text in self.states.items()})

    def write(self, file: Path) -> None:
        """Keep it in a file for its owner alone, whole or not at all."""
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = file.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            json.dump(asdict(self), out)
        draft.replace(file)

    @classmethod
    def read(cls, file: Path) -> Self:
        """The one that a file holds.

        Raises:
            SandboxError: It can't be read.
        """
        try:
            kept = json.loads(file.read_text("utf-8"))
            return cls(kept["changes"], kept["states"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SandboxError(f"the snapshot can't be read: {error}", where=str(file)) from error


def take(info: SandboxInfo, account: str = "*", project: str = "") -> Snapshot:
    """What a running sandbox holds now.

    Args:
        info: The sandbox.
        account: Whose AWS; everybody's by default.
        project: Whose stacks; everybody's by default.

    Raises:
        SandboxError: One of these stacks is being updated.
    """
    backend = info.folder / _STATE / ".pulumi"
    whose = f"{project}-" if project else ""  # a project a stack, named after both
    if locks := sorted(backend.glob(f"locks/*/{whose}*/**/*.json")):
        hint = "wait until it has finished; run `rollout unlock ENVIRONMENT` if that process is no longer running"
        raise SandboxError("a stack is being updated", where=str(locks[0].relative_to(backend)), hint=hint)
    files = (file for kept in _KEPT for file in (backend / kept, *(backend / kept).rglob("*")) if file.is_file())
    states = {
        str(path): file.read_text("utf-8")
        for file in files
        if file.suffix != ".bak"
        and ((path := file.relative_to(backend)).parts[0] == path.name or path.parts[1].startswith(whose))
    }
    return Snapshot(ask(info.endpoint, info.token, "GET", "changes", account=account), states)


def add(info: SandboxInfo, snapshot: Snapshot) -> None:
    """Make a snapshot's AWS and states part of a running sandbox, beside what is there."""
    ask(info.endpoint, info.token, "POST", "changes", list(snapshot.changes))
    _write_states(info.folder, snapshot)


def put(folder: Path, snapshot: Snapshot) -> None:
    """Let the next start in a folder begin from a snapshot, in place of what is there."""
    shutil.rmtree(folder / _STATE, ignore_errors=True)
    _write_states(folder, snapshot)
    tape = folder / TAPE
    tape.unlink(missing_ok=True)
    with os.fdopen(os.open(tape, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as out:
        out.writelines(json.dumps(entry) + "\n" for entry in snapshot.changes)


def save(folder: Path, name: str, *, replace: bool = False) -> Path:
    """Keep what a folder's running sandbox holds, under a name.

    Raises:
        UsageError: It can't be a name, or there is a snapshot of that name.
        SandboxError: None runs, or a stack is being updated.
    """
    file = _file(folder, name)
    if file.exists() and not replace:
        raise UsageError(f"snapshot {name} already exists", where=str(file), hint="use another name, or --replace")
    take(daemon.connect(folder)).write(file)
    return file


def restore(folder: Path, name: str) -> SandboxInfo:
    """Start a folder's sandbox anew from a snapshot; what it held is lost, unless it was saved.

    Raises:
        UsageError: There is no snapshot of that name.
        SandboxError: It can't be read, stopped or started.
    """
    file = _file(folder, name)
    if not file.exists():
        known = ", ".join(names(folder)) or "none; create one: rollout sandbox save NAME"
        raise UsageError(f"there is no snapshot {name}", where=str(file.parent), hint=f"known: {known}")
    snapshot = Snapshot.read(file)
    daemon.stop(folder)
    put(folder, snapshot)
    return daemon.start(folder)


def names(folder: Path) -> list[str]:
    """The snapshots of a folder's sandbox."""
    return sorted(file.stem for file in (folder / "snapshots").glob("*.json"))


def _file(folder: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is not a valid snapshot name", hint="use up to 63 letters, digits, dots and hyphens"
        )
    return folder.resolve() / "snapshots" / f"{name}.json"


def _write_states(folder: Path, snapshot: Snapshot) -> None:
    for path, text in snapshot.states.items():
        file = folder / _STATE / ".pulumi" / path
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            out.write(text)


def _in_base64(body: str, new: Callable[[str], str]) -> str:
    said: Any = base64.b64decode(body)
    return base64.b64encode(new(said.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")).decode()
