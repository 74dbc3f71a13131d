"""Alarms and a dashboard that show the Rust functions beside the Python ones: rollout's own, at its thresholds."""

from __future__ import annotations

from rollout.programs.monitoring import program

__all__ = ["program"]
