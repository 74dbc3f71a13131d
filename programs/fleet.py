"""What ramps several environments, wave by wave: rollout's own program."""

from __future__ import annotations

from rollout.programs.fleet import program

__all__ = ["program"]
