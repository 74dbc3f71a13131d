"""The way back, the one piece that may never fail: docs/decisions/0019 says what it promises.

`targets` knows whose a live rule is, `mover` moves all rules and reads them back, `others` waits for who was at work
before, `state` brings Pulumi's state up to date, and `rollback` does one after the other.
"""

from rollout.changes.rollback.mover import mark_text
from rollout.changes.rollback.rollback import Rollback, RollbackResult, States

__all__ = ["Rollback", "RollbackResult", "States", "mark_text"]
