"""The line of a guard says what it will do about its alarms in ALARM state."""

from __future__ import annotations

import pytest

from rollout.migration.checks.guard_status import GuardStatus

NEXT = "it fires at its next look"


@pytest.mark.parametrize(
    ("status", "will_fire"),
    [
        (GuardStatus("p", "armed", raised=("errors",)), True),
        (GuardStatus("p", "armed", fired="it took traffic back", fired_by="errors", raised=("errors",)), False),
        (GuardStatus("p", "armed", fired="it took traffic back", fired_by="errors", raised=("errors", "own")), True),
        (GuardStatus("p", "disarmed", raised=("errors",)), False),
    ],
)
def test_it_announces_a_firing_only_for_an_alarm_that_it_has_not_handled(status: GuardStatus, will_fire: bool) -> None:
    assert (NEXT in status.sentence) == will_fire
    assert "in ALARM state: errors" in status.sentence
