"""What a controller is made of: the function in the account that runs the ramp, and what it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ProjectArchive:
    """The project's files as one zip: on this machine, and where the function gets it.

    Attributes:
        file: On this machine.
        sha256: Of its bytes, in hexadecimal.
        bucket: The state's.
        key: In that bucket.
    """

    file: Path
    sha256: str
    bucket: str
    key: str

    @property
    def url(self) -> str:
        """Where the function gets it."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class ControllerConfig:
    """What the function of one environment is made of, beside its settings.

    Attributes:
        name: Of the function, its role, its table and its schedule.
        archive: The project's files.
        variables: The function's.
        statements: What the function may do beside its own log and table, as IAM has it.
    """

    name: str
    archive: ProjectArchive
    variables: Mapping[str, str]
    statements: Sequence[Mapping[str, Any]]
