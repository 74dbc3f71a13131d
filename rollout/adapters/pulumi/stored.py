"""A stack in a folder or a bucket, read without the engine, since each start of the engine takes half a second.

The engine reads everything unexpected: compressed files, an older layout, unreadable files.
https://www.pulumi.com/docs/iac/concepts/state-and-backends/#diy-backends
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from rollout.adapters.pulumi.backend_files import Files
from rollout.base.foreign import Foreign
from rollout.base.threads import DaemonPool
from rollout.state.history.entries import Update

PASSPHRASE = "passphrase"  # noqa: S105 - the name of a provider of secrets
VERSION = 3  # of a state; newer versions may use the same names differently
LAYOUT = "version: 1"
_ROOT = ".pulumi"
_COMPRESSED = (".gz", ".zst")
_AT_ONCE = 10
"""The number of files read in parallel: a bucket's answers take some hundredths of a second each."""


class AskEngineError(Exception):
    """Only the engine can read this."""


class StoredStack:
    """One stack in the files of a backend.

    Args:
        files: The backend's; None if only the engine can read them.
        project: Pulumi's project.
        stack: Pulumi's stack.

    Raises:
        AskEngineError: By each method, for anything unexpected.
    """

    def __init__(self, files: Files | None, project: str, stack: str) -> None:
        self._files = files
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
        folder = f"{_ROOT}/stacks/{self._project}"
        with self._opened() as (files, pool):
            state = pool.submit(files.read, f"{folder}/{self._stack}.json")
            _uncompressed(self._listed(files, pool, folder))
            try:
                found = _State.model_validate_json(state.result())
            except FileNotFoundError:
                return None
            if found.version != VERSION:
                raise AskEngineError
            return found.checkpoint.latest or Deployment()

    def history(self, depth: int) -> tuple[Update, ...]:
        """The latest updates, oldest first."""
        folder = f"{_ROOT}/history/{self._project}/{self._stack}"
        with self._opened() as (files, pool):
            names = _uncompressed(self._listed(files, pool, folder))
            latest = [name for name in names if name.endswith(".history.json")][-depth:]  # they end with the time
            texts = pool.map(files.read, [f"{folder}/{name}" for name in latest])
            return tuple(_Kept.model_validate_json(text).update() for text in texts)

    @contextmanager
    def _opened(self) -> Iterator[tuple[Files, DaemonPool]]:
        if self._files is None:
            raise AskEngineError
        try:
            yield self._files, DaemonPool(_AT_ONCE, "state")
        except (OSError, ValueError, OverflowError, ValidationError) as error:
            raise AskEngineError from error

    @staticmethod
    def _listed(files: Files, pool: DaemonPool, folder: str) -> Sequence[str]:
        """The files' names in a folder of a layout that is known."""
        names, layout = pool.submit(files.names, folder), pool.submit(files.read, f"{_ROOT}/meta.yaml")
        if layout.result().decode().strip() != LAYOUT:
            raise AskEngineError
        return names.result()


def _uncompressed(names: Sequence[str]) -> Sequence[str]:
    """The names, if `PULUMI_DIY_BACKEND_GZIP` or its successor was never on."""
    if any(name.endswith(_COMPRESSED) for name in names):
        raise AskEngineError
    return names


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
