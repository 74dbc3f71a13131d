"""Reads states and histories of stacks, without Pulumi's SDK, which is slow to import."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit, urlunsplit

from rollout.adapters.pulumi.backend_files import Opener, files_of, folder_of, no_bucket
from rollout.adapters.pulumi.failures import again_if_torn, engine_error, note_run, said_by_cli
from rollout.adapters.pulumi.stored import AskEngineError, StoredStack
from rollout.base.foreign import Foreign, Unexpected, json_of, read_as
from rollout.errors import EngineError
from rollout.inventory.model import Environment
from rollout.inventory.quantities import Moment
from rollout.state.history.entries import Update
from rollout.state.plan import ResourceState, states_of
from rollout.state.work_folder import work_folder


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How to run the engine.

    Attributes:
        command: The Pulumi CLI.
        version: Its version.
        backend: The URL of the state's backend.
        variables: Environment variables for the engine and its plugins, in addition to this process's.
        config: Provider configuration, such as `aws:region`.
        bucket: What opens a backend that is a bucket.
    """

    command: Path
    version: str
    backend: str
    variables: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, str] = field(default_factory=dict)
    bucket: Opener = no_bucket

    @property
    def environ(self) -> dict[str, str]:
        """The engine's environment variables, in addition to this process's."""
        kept = any(os.environ.get(f"PULUMI_CONFIG_PASSPHRASE{kind}") for kind in ("", "_FILE"))
        return {
            "PULUMI_BACKEND_URL": without_sidecars(self.backend),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            **({} if kept else {"PULUMI_CONFIG_PASSPHRASE": ""}),
            **self.variables,
        }


def without_sidecars(backend: str) -> str:
    """A backend's URL; in a folder the engine writes no `.attrs` files beside its own.

    They are not written atomically, as states are: a killed engine leaves an empty one, and the state is unreadable.
    https://pkg.go.dev/gocloud.dev/blob/fileblob#hdr-URLs
    """
    parts = urlsplit(backend)
    if parts.scheme != "file" or "metadata" in parse_qs(parts.query):
        return backend
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, "metadata=skip")))))


def remove_empty_sidecars(backend: str, project: str) -> None:
    """Remove the empty `.attrs` files of a killed engine, which make a project's states unreadable."""
    if folder := folder_of(backend):
        for kind in ("stacks", "history"):
            for sidecar in (folder / ".pulumi" / kind / project).rglob("*.attrs"):
                with suppress(OSError):
                    if not sidecar.stat().st_size:
                        sidecar.unlink()


T = TypeVar("T")


class PulumiStates:
    """The `PulumiStates` port over the CLI, for one environment."""

    def __init__(self, environment: Environment, settings: EngineSettings) -> None:
        self._environment = environment
        self._settings = settings

    @again_if_torn
    def resources(self, stack: str) -> tuple[ResourceState, ...] | None:
        """See `state.ports.States`; secrets stay encrypted."""
        with suppress(AskEngineError):
            found = self._stored(stack).resources()
            return None if found is None else states_of(found)
        said = self._ask(stack, "export")
        if said is None:
            return None
        deployment = self._read(_Export, said).deployment or {}
        return states_of(deployment.get("resources") or ())

    @again_if_torn
    def history(self, stack: str, depth: int) -> tuple[Update, ...]:
        with suppress(AskEngineError):
            return self._stored(stack).history(depth)
        said = self._ask(stack, "history", "--json", "--page", "1", "--page-size", str(depth))
        return tuple(_update(each) for each in reversed(self._read(list[_Told], said or "[]")))

    @staticmethod
    def _read(kind: type[T], said: str) -> T:
        try:
            return read_as(kind, json_of(said))
        except Unexpected as error:
            raise EngineError(
                f"the engine's output about a stack is unreadable: {error}", code="state-unreadable"
            ) from None

    def _stored(self, stack: str) -> StoredStack:
        environment, settings = self._environment, self._settings
        files = files_of(settings.backend, settings.bucket)
        return StoredStack(files, f"{environment.project}-{stack}", environment.name)

    def _ask(self, stack: str, *command: str) -> str | None:
        """The output of `pulumi stack`; None if there is no such stack."""
        environment, settings = self._environment, self._settings
        with work_folder() as folder:
            project = {"name": f"{environment.project}-{stack}", "runtime": "python"}
            remove_empty_sidecars(settings.backend, project["name"])
            (folder / "Pulumi.yaml").write_text(json.dumps(project))  # JSON is YAML, too
            began = monotonic()
            try:
                done = subprocess.run(
                    [str(settings.command), "--non-interactive", "stack", *command, "--stack", environment.name],
                    cwd=folder,
                    env={**os.environ, **settings.environ},
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    encoding="utf-8",
                    timeout=environment.engine_timeout.total_seconds(),
                    check=False,
                )
            except subprocess.TimeoutExpired:
                limit = environment.engine_timeout
                raise EngineError(
                    f"the engine didn't return the {command[0]} of {stack} within {limit}", code="engine-timeout"
                ) from None
        note_run(("stack", *command), done.returncode, monotonic() - began)
        if not done.returncode:
            return done.stdout
        if "no stack named" in done.stderr:
            return None
        raise engine_error([said_by_cli(done.stderr)])


class _Export(Foreign):
    deployment: dict[str, Any] | None = None


class _Told(Foreign):
    """One update in the output of `pulumi stack history --json`."""

    kind: str
    result: str
    message: str | None = None
    startTime: Moment  # noqa: N815 - the engine's names
    endTime: Moment | None = None  # noqa: N815
    version: int | None = None


def _update(told: _Told) -> Update:
    version = told.version or None  # a folder or a bucket has no numbers, and reports 0
    return Update(told.kind, told.result, told.message or "", told.startTime, told.endTime, version)
