"""One need of a command: actions, their resources and conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rollout.adapters.aws.iam.resources import Resources

Condition = Mapping[str, Mapping[str, str | tuple[str, ...]]]


def _unconditional(_: Resources) -> Condition:
    return {}


@dataclass(frozen=True, slots=True)
class Need:
    """Actions on resources. Needs with the same `sid` become one statement.

    Attributes:
        sid: The statement's name.
        actions: As IAM writes them.
        on: The resources, or patterns of them; without any there is no statement.
        condition: The statement's condition.
    """

    sid: str
    actions: tuple[str, ...]
    on: Callable[[Resources], tuple[str, ...]] = Resources.everything
    condition: Callable[[Resources], Condition] = _unconditional


def calls(service: str, names: str) -> tuple[str, ...]:
    """Actions of a service, from their names with spaces in between."""
    return tuple(f"{service}:{name}" for name in names.split())
