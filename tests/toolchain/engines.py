"""Engines that only answer `version`, and count how often they were asked."""

from __future__ import annotations

from pathlib import Path


def engine(folder: Path, version: str, *, name: str = "pulumi", size: int = 0) -> Path:
    """Write a script that answers with a version, padded to a size in bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    binary = folder / name
    script = f'#!/bin/sh\necho >>"$0.asked"\necho {version}\nexit 0\n'
    binary.write_text(script.ljust(size, "#"))
    binary.chmod(0o755)
    return binary


def asked(binary: Path) -> int:
    """How often a binary was asked since it was first written."""
    count = binary.with_name(f"{binary.name}.asked")
    return len(count.read_text().splitlines()) if count.exists() else 0
