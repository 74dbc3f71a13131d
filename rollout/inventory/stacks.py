"""The stacks of an environment, each with a program of its own."""

from __future__ import annotations

LEGACY, CANDIDATE, ROUTING, MONITORING = "legacy", "candidate", "routing", "monitoring"
GUARD, CONTROLLER = "guard", "controller"
STACKS = LEGACY, CANDIDATE, ROUTING, MONITORING, GUARD, CONTROLLER

FLEET = "fleet"
"""The stack of a fleet, which belongs to no environment: see `fleets.fleet_environment`."""
