"""What builds images on this machine, and how each is asked: docker, podman, or buildah without privileges."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TAG = "rollout-controller-tried"
_FILE, _IGNORED = "container/Dockerfile", "container/Dockerfile.dockerignore"


@dataclass(frozen=True, slots=True)
class Tool:
    """One that is here.

    Attributes:
        name: `docker`, `podman` or `buildah`.
    """

    name: str

    def build(self, base: str | None) -> None:
        """Build the image from the checkout; a failure ends the process, after the tool's own words."""
        options = {
            "docker": ["build"],
            "podman": ["build", "--ignorefile", _IGNORED],
            "buildah": ["bud", "--isolation", "chroot", "--layers", "--ignorefile", _IGNORED],
        }
        chosen = ["--build-arg", f"BASE={base}"] if base else []
        command = [self.name, *options[self.name], *chosen, "-f", _FILE, "-t", TAG, "."]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            raise SystemExit(
                f"{self.name} couldn't build the image; docs/controller.md has what helps behind a firewall"
            )

    @contextmanager
    def command(self, variables: Mapping[str, str], *words: str) -> Iterator[list[str]]:
        """What runs a command in the image on this machine's network, as this user; by default the function's.

        Args:
            variables: The environment's, besides the image's own.
            words: Of the command.
        """
        given = [f"--env={name}={value}" for name, value in variables.items()]
        if self.name != "buildah":
            entry = [f"--entrypoint={words[0]}"] if words else []
            user = f"--user={os.getuid()}"
            yield [self.name, "run", "--rm", "--network=host", user, *given, *entry, TAG, *words[1:]]
            return
        container = self._said("from", TAG)
        try:
            asked = words or self._start()
            yield ["buildah", "run", "--isolation=chroot", *given, container, "--", *asked]
        finally:
            self._said("rm", container)

    def size(self) -> str:
        """The image's, in bytes, unpacked."""
        if self.name == "buildah":
            return next(iter(self._said("images", "--format", "{{.Size}}", TAG).splitlines()), "")
        return self._said("image", "inspect", "--format", "{{.Size}}", TAG)

    def _start(self) -> tuple[str, ...]:
        """The image's own command, which buildah doesn't run by itself."""
        config = json.loads(self._said("inspect", "--type", "image", TAG))["OCIv1"]["config"]
        return (*config["Entrypoint"], *config["Cmd"])

    def _said(self, *words: str) -> str:
        return subprocess.run([self.name, *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def first(names: Sequence[str] = ("docker", "podman", "buildah")) -> Tool | None:
    """The first that works here; None if none does."""
    for name in names:
        if shutil.which(name) and subprocess.run([name, "info"], check=False, capture_output=True).returncode == 0:
            return Tool(name)
    return None
