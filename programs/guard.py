"""What takes traffic back while nobody runs rollout: rollout's own, with its settings."""

from __future__ import annotations

from rollout.programs.guard import program

__all__ = ["program"]
