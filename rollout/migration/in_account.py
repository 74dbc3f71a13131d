"""A function that rollout installs in the account, by its mark and by the digest among its tags."""

from __future__ import annotations

from dataclasses import dataclass

from rollout.inventory.marks import Bearer, Marked, Standing, mark_of, standing
from rollout.inventory.model import Environment
from rollout.migration.bearers import FUNCTION
from rollout.migration.ports import Marks
from rollout.state.plan import StackPreview


@dataclass(frozen=True, slots=True)
class InstalledFunction:
    """A guard's or a controller's function.

    Attributes:
        stack: Whose it is.
        name: On AWS.
        tag: The tag with its digest.
    """

    environment: Environment
    marks: Marks
    stack: str
    name: str
    tag: str

    def find(self) -> Marked | None:
        """The function, if there is one of this environment's.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        bearer = Bearer(FUNCTION, self.name)
        found = self.marks.find({bearer}, parts=False).get(bearer)
        return found if found and standing(found, mark_of(self.environment, self.stack)) is Standing.OURS else None

    def is_lost(self, preview: StackPreview) -> bool | None:
        """Whether the state has another one than AWS; None where the preview isn't about it."""
        held = next((step.old for step in preview.steps if step.type == FUNCTION and step.old), None)
        if preview.stack != self.stack or held is None:
            return None
        found = self.find()
        return found is None or found.tags.get(self.tag) != (held.inputs.get("tags") or {}).get(self.tag)
