"""All resource types and functions, by token."""

from __future__ import annotations

from collections.abc import Mapping

from rollout.sandbox.provider.schema import Invoke, ResourceType

TYPES: Mapping[str, ResourceType] = {}
INVOKES: Mapping[str, Invoke] = {}
