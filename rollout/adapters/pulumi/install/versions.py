"""Suitable versions of the engine, and a binary's own version.

Before 3.259 the engine refuses to import a resource with different inputs, which phase 2 needs:
https://github.com/pulumi/docs/pull/18198. The next major version may change anything.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from rollout.base.child_environment import without_secrets

_SHIMS = ("ASDF_*", "MISE_*", "PULUMI_HOME")
"""Variables of version managers, whose shims replace an engine."""

ANSWER_WITHIN = 20.0
"""Seconds. The engine answers in 0.2; a machine under load takes longer."""


class Version(NamedTuple):
    """A version without its pre-release label."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Version | None:
        """The version in a text such as `v3.259.0` or `3.260.0-dev.1`; None if it has none."""
        match = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)([-+][\w.+-]+)?", text.strip())
        return cls(int(match[1]), int(match[2]), int(match[3])) if match else None

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


MINIMUM = Version(3, 259, 0)
"""The oldest engine that imports and updates a resource in one update."""

PINNED = Version(3, 259, 0)
"""The engine that `setup` installs or builds."""


class UnfitEngine(Exception):
    """An unsuitable binary.

    Attributes:
        version: Its version, if it is an engine.
    """

    def __init__(self, why: str, version: Version | None = None) -> None:
        super().__init__(why)
        self.version = version


def check(version: Version) -> Version:
    """The version itself, if it is suitable.

    Raises:
        Unfit: It is older than MINIMUM, or of another major version.
    """
    if version < MINIMUM:
        raise UnfitEngine(f"version {version} can't import and update a resource in one update; {MINIMUM} can", version)
    if version.major > MINIMUM.major:
        raise UnfitEngine(f"version {version} is newer than rollout supports: {MINIMUM.major}.x", version)
    return version


def ask(binary: Path) -> Version:
    """The version that a binary reports.

    Raises:
        Unfit: It can't be run, doesn't answer, or is not a Pulumi engine.
    """
    try:
        answer = subprocess.run(
            [binary, "version"],
            env={**without_secrets(also=_SHIMS), "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ANSWER_WITHIN,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UnfitEngine(f"doesn't answer `pulumi version` within {ANSWER_WITHIN:.0f} seconds") from error
    except OSError as error:
        raise UnfitEngine(f"can't be run: {error.strerror}") from error
    version = Version.parse(answer.stdout)
    if answer.returncode != 0 or version is None:
        said = (answer.stdout.strip() or answer.stderr.strip() or "nothing").splitlines()[0][:80]
        raise UnfitEngine(f"is not a Pulumi engine: it answers {said!r} to `version`, exit code {answer.returncode}")
    return version
