"""The weighted listener rules: rollout's own program, at the priorities that the inventory has from the live rules."""

from __future__ import annotations

from rollout.programs.routing import program

__all__ = ["program"]
