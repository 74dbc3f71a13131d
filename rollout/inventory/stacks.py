"""The stacks of an environment, each with a program of its own."""

from __future__ import annotations

STACKS = LEGACY, CANDIDATE, ROUTING, MONITORING, GUARD = "legacy", "candidate", "routing", "monitoring", "guard"
