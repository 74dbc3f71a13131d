"""Which rollbacks were asked for since somebody began to raise: by the rules' tags, and by Pulumi's history. Pure.

A rule's tag and a record in the history that were there already are known, and who raises then means it. But somebody
who began a moment before a rollback, and read the rules a moment after it, doesn't: so what is younger than that
beginning, by the times in the tag and in the history, counts as later, however early it was seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rollout.alb.state import AlbState
from rollout.migration.rollback.mark import mark_id
from rollout.state.history.entries import Update
from rollout.state.history.record import record_in

DEPTH = 20
"""How many of the latest updates are looked through for a rollback."""


@dataclass(frozen=True, slots=True)
class Since:
    """What was known of rollbacks when somebody who raises began.

    Attributes:
        aws_time: When that was, by AWS's time.
        wall_time: When that was, by the machine's, which the history goes by.
        history: The latest updates of the routing stack, read before the rules, so that no rollback is between them.
        live: The rules with their tags.
    """

    aws_time: datetime
    wall_time: datetime
    history: tuple[Update, ...]
    live: AlbState

    def marks(self, now: AlbState) -> dict[str, str]:
        """The marks of rollbacks that came later, by the rule's ARN."""
        known = {rule.arn: rule.rollback for rule in self.live.rules if not self._is_later(rule.rollback)}
        return {rule.arn: rule.rollback for rule in now.rules if rule.rollback not in ("", known.get(rule.arn))}

    def overruled(self) -> tuple[str, ...]:
        """The marks that were there when it began, each by its `mark_id`: who begins then means it."""
        later = self.marks(self.live)
        return tuple(sorted({mark_id(r.rollback) for r in self.live.rules if r.rollback and r.arn not in later}))

    def records(self, now: Sequence[Update]) -> tuple[str, ...]:
        """The rollbacks that the history tells of and that came later, the oldest first: the first line of each."""
        known = {update for update in self.history if update.start <= self.wall_time}
        return tuple(
            update.message.partition("\n")[0]
            for update in now
            if update not in known and (record := record_in(update.message)) and record.phase == "rollback"
        )

    def _is_later(self, mark: str) -> bool:
        try:
            return datetime.fromisoformat(mark.partition(" ")[0]) > self.aws_time
        except (ValueError, TypeError):  # somebody else's text
            return False
