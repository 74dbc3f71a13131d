"""What past changes are in a chart."""

from __future__ import annotations

import pytest

from rollout.inventory.quantities import Percent
from rollout.reports.changes import Effect, effect_of, weights_of
from rollout.state.history.audit import changes_of
from rollout.state.history.entries import Update
from rollout.state.ramp_journal import Kind
from tests.unit.dashboard.world import HISTORY, NOW, entry, made

ROUTES = ("r1", "r2")


def weights(*updates: Update, stack: str = "routing") -> list[int | None]:
    found = weights_of(changes_of({stack: updates}), ROUTES)
    return [None if weight is None else weight.tenths // 10 for _, weight in found]


@pytest.mark.parametrize(
    ("update", "effect"),
    [
        (made("weight", r1=(5, 25), r2=(5, 25)), Effect.STEP),
        (made("phase3", r1=(None, 5)), Effect.STEP),
        (made("weight", r1=(5, 25), r2=(25, 10)), Effect.BACK),
        (made("rollback", r1=(25, 0)), Effect.BACK),
        (made("weight", result="failed", r1=(5, 25)), Effect.CHANGE),
        (made("phase1"), Effect.CHANGE),
        (Update("update", "succeeded", "by hand", NOW), Effect.CHANGE),
        (Update("refresh", "succeeded", "", NOW), Effect.WORD),
        (entry(Kind.RAISED, 0, weight=Percent(50)), Effect.STEP),
        (entry(Kind.DROPPED, 0), Effect.BACK),
        (entry(Kind.PAUSED, 0), Effect.WORD),
    ],
)
def test_a_change_is_marked_by_what_it_did_to_the_traffic(update: Update, effect: Effect) -> None:
    (found,) = changes_of({"routing": (update,)})
    assert effect_of(found) is effect


def test_weights_follow_what_was_recorded_by_route() -> None:
    first, second = made("weight", 3, r1=(0, 25)), made("weight", 2, r2=(0, 25))
    assert weights(made("phase2", 4), first, second, made("rollback", 1, r1=(25, 0), r2=(25, 0))) == [0, None, 25, 0]
    assert weights(*HISTORY) == [0, 0, 5, 5, 5, 25]


def test_a_weight_is_not_known_after_a_failure_or_what_others_did() -> None:
    raised = made("weight", 3, r1=(0, 25), r2=(0, 25))
    assert weights(raised, made("weight", 2, result="failed", r1=(25, 50))) == [25, None]
    assert weights(raised, Update("update", "succeeded", "by hand", NOW)) == [25, None]
    assert weights(raised, made("monitor")) == [25, 25]
    assert weights(made("phase1"), stack="candidate") == []
