"""A folder as Pulumi's backend, read without the engine, since each start of the engine takes half a second.

The engine reads everything unexpected: compressed files, an older layout, unreadable files.
https://www.pulumi.com/docs/iac/concepts/state-and-backends/#local-filesystem
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import ValidationError

from rollout.base.foreign import Foreign
from rollout.state.history.entries import Update

PASSPHRASE = "passphrase"  # noqa: S105 - the name of a provider of secrets
VERSION = 3  # of a state; newer versions may use the same names differently


class AskEngineError(Exception):
    """Only the engine can read this."""


def folder_of(backend: str) -> Path | None:
    """The folder of a backend; None if the backend is elsewhere."""
    url = urlsplit(backend)
    return Path(unquote(url.path)) if url.scheme == "file" else None


class Folder:
    """One stack in a folder.

    Args:
        backend: Pulumi's backend, a URL.
        stack: Pulumi's stack.

    Raises:
        AskEngineError: By each method, for anything unexpected.
    """

    def __init__(self, backend: str, project: str, stack: str) -> None:
        self._root = folder_of(backend)
        self._project, self._stack = project, stack

    def resources(self) -> list[dict[str, Any]] | None:
        """The state's resources, with encrypted secrets; None if there is no such stack."""
        found = self.deployment()
        return None if found is None else found.resources or []

    @property
    def salt(self) -> str | None:
        """The salt of the passphrase that encrypts the state's secrets; None if nothing or something else does."""
        found = self.deployment()
        secrets = found.secrets_providers if found else None
        return (secrets.state or {}).get("salt") if secrets and secrets.type == PASSPHRASE else None

    def deployment(self) -> Deployment | None:
        """What `pulumi stack export` has of the state; None if there is no such stack."""
        states = self._folder("stacks")
        file = states / f"{self._stack}.json"
        if _is_compressed(states):
            raise AskEngineError
        try:
            found = _State.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise AskEngineError from error
        if found.version != VERSION:
            raise AskEngineError
        return found.checkpoint.latest or Deployment()

    def history(self, depth: int) -> tuple[Update, ...]:
        """The latest updates, oldest first."""
        updates = self._folder("history") / self._stack
        if _is_compressed(updates):
            raise AskEngineError
        try:  # the names end with the time in nanoseconds
            files = sorted(updates.glob("*.history.json"), key=lambda file: file.name)[-depth:]
            return tuple(_Kept.model_validate_json(file.read_bytes()).update() for file in files)
        except (OSError, ValueError, OverflowError) as error:
            raise AskEngineError from error

    def _folder(self, kind: str) -> Path:
        if self._root is None:
            raise AskEngineError
        root = self._root / ".pulumi"
        try:
            layout = (root / "meta.yaml").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise AskEngineError from error
        if layout.strip() != "version: 1":
            raise AskEngineError
        return root / kind / self._project


def _is_compressed(folder: Path) -> bool:
    """Whether `PULUMI_DIY_BACKEND_GZIP` was ever on."""
    return any(folder.glob("*.gz"))


class _Secrets(Foreign):
    type: str
    state: dict[str, Any] | None = None


class Deployment(Foreign):
    """A state's contents."""

    resources: list[dict[str, Any]] | None = None
    pending_operations: list[dict[str, Any]] | None = None
    secrets_providers: _Secrets | None = None


class _Checkpoint(Foreign):
    latest: Deployment | None = None


class _State(Foreign):
    version: int
    checkpoint: _Checkpoint


class _Kept(Foreign):
    """One update; times are seconds."""

    kind: str
    result: str
    message: str | None = None
    startTime: int  # noqa: N815 - the engine's names
    endTime: int | None = None  # noqa: N815

    def update(self) -> Update:
        start = datetime.fromtimestamp(self.startTime, UTC)
        end = datetime.fromtimestamp(self.endTime, UTC) if self.endTime else None
        return Update(self.kind, self.result, self.message or "", start, end)
