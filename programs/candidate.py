"""The Rust functions beside the Python ones: what rollout's own program makes of the inventory, and nothing more."""

from __future__ import annotations

from rollout.programs.candidate import program

__all__ = ["program"]
