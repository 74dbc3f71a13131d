"""The way back, the one piece that may never fail: docs/decisions/0019 says what it promises.

`targets` knows whose a live rule is, `lane` moves a load balancer's rules, and `mover` all of them; `asked` knows which
rollbacks somebody who raises has to give way to, `state` brings Pulumi's state up to date, `last_good` keeps what is
gone by where something can't be read, and `rollback` does one after the other.
"""

from rollout.migration.rollback.asked import mark_text
from rollout.migration.rollback.rollback import Reconciliation, Rollback, RollbackResult

__all__ = ["Reconciliation", "Rollback", "RollbackResult", "mark_text"]
