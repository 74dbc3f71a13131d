"""What runs the ramp in the account: rollout's own program."""

from __future__ import annotations

from rollout.programs.controller import program

__all__ = ["program"]
