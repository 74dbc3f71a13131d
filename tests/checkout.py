"""A team's folder, whose inventory a test changes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

RAMP = 'ramp = { steps = [5, 10, 25, 50, 100], bake = "30m" }'
"""Production's, in the repository's stacks.toml."""


@dataclass
class Checkout:
    """A checkout.

    Attributes:
        folder: Where it is, with a stacks.toml of its own.
    """

    folder: Path

    @property
    def file(self) -> Path:
        """Its inventory."""
        return self.folder / "stacks.toml"

    def edit(self, old: str, new: str) -> None:
        """Change the inventory."""
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new))

    def append(self, tables: str) -> None:
        """Add tables to the inventory."""
        with self.file.open("a") as file:
            file.write(f"\n{tables}\n")

    def set_ramp(self, settings: str) -> None:
        """Give production another ramp, such as `steps = [50, 100]`."""
        self.edit(RAMP, f"ramp = {{ {settings} }}")
