"""A stack's update history, as in the engine's backend. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from rollout.inventory.fields import Frozen

Model = TypeVar("Model", bound=BaseModel)


class Kept(Frozen):
    """What a message keeps in JSON. Unknown keys of newer versions are ignored."""

    model_config = ConfigDict(extra="ignore")


@dataclass(frozen=True, slots=True)
class Update:
    """One entry.

    Attributes:
        kind: What the engine did: `update`, `refresh`, …
        result: How it ended: `succeeded`, `failed` or `in-progress`.
        message: What was said of it.
        start: When it began, by the clock of the machine that ran it.
        end: When it ended, likewise; None where the backend doesn't know.
        version: The backend's number for it, from 1; None where it gives none.
    """

    kind: str
    result: str
    message: str
    start: datetime
    end: datetime | None = None
    version: int | None = None


def read_line(message: str, mark: str, model: type[Model]) -> Model | None:
    """What a message's last line of a mark says in JSON.

    Args:
        message: An update's.
        mark: What the line begins with.

    Returns:
        None where there is no such line, or where somebody wrote something else there.
    """
    # by line feeds alone, since JSON escapes these and leaves other line ends of Unicode as they are
    lines = [line for line in message.split("\n") if line.startswith(mark)]
    try:
        return model.model_validate_json(lines[-1].removeprefix(mark)) if lines else None
    except ValidationError:
        return None
