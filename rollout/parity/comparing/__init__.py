"""Two answers, compared: status, headers by name, and bodies by what they are.

`places` says where and how answers differ; `headers`, `json_values` and `bodies` find it; `shown` keeps secrets out of
the examples. `compare` does all of it.
"""

from __future__ import annotations

from rollout.parity.answer import FunctionAnswer
from rollout.parity.comparing.bodies import compare_bodies
from rollout.parity.comparing.headers import compare_headers
from rollout.parity.comparing.places import Differences, Kind
from rollout.parity.comparing.shown import Shown
from rollout.parity.rules import NO_RULES, Rules


def compare(
    legacy: FunctionAnswer, candidate: FunctionAnswer, rules: Rules = NO_RULES, shown: Shown | None = None
) -> Differences:
    """Where two answers of the same request differ. After another status nothing else is compared.

    Args:
        legacy: It has an answer, not a failure.
        rules: What the inventory says of differences.
        shown: How examples are shown; by default with a salt of their own.
    """
    found = Differences(shown or Shown(), rules)
    if candidate.failure:
        found.add("failed", candidate.failure, Kind.VALUE, legacy.status, candidate.failure)
    elif legacy.status != candidate.status:
        found.add("status", f"{legacy.status} → {candidate.status}", Kind.VALUE, legacy.status, candidate.status)
    else:
        compare_headers(legacy, candidate, found)
        compare_bodies(legacy, candidate, found)
    return found
