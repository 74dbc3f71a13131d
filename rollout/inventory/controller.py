"""What a controller is made of: the function in the account that runs the ramp, and the project that it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rollout.inventory.settings import Controller

STACKS_FILE = "stacks.toml"
"""The inventory's name in the archive, whatever it is elsewhere."""
LARGEST = 50 * 2**20
"""Bytes of all files of a project together; what is larger isn't a project's text."""


@dataclass(frozen=True, slots=True)
class ProjectArchive:
    """The project's files as one zip, and where the function gets it.

    Attributes:
        content: Its bytes.
        sha256: Of them, in hexadecimal.
        version: What a look goes by: another one where a look might do something else. Weights, comments and other
            environments don't count.
        bucket: The state's.
        key: In that bucket.
    """

    content: bytes = field(repr=False)
    sha256: str
    version: str
    bucket: str
    key: str

    @property
    def url(self) -> str:
        """Where the function gets it."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class ControllerConfig:
    """What the function of one environment is made of.

    Attributes:
        settings: `[controller]` in stacks.toml.
        name: Of the function, its role, its table and its schedule.
        archive: The project's files.
        variables: The function's.
        statements: What the function may do beside its own log, as IAM has it.
    """

    settings: Controller
    name: str
    archive: ProjectArchive
    variables: Mapping[str, str]
    statements: Sequence[Mapping[str, Any]]
