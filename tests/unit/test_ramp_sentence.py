"""Where a ramp stands, in a sentence."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollout.ramp.sentence import ramp_sentence
from rollout.state.history.entries import Update
from rollout.state.ramp_journal import Kind
from tests.unit.dashboard.world import HISTORY, NOW, entry, shop
from tests.unit.test_measure import on_aws

SHOP = shop(2)
AT_25 = on_aws(SHOP, r1=25, r2=25)


@pytest.mark.parametrize(
    ("further", "said"),
    [
        ((), "At 25 % since 2026-11-25 02:00 UTC; next 50 %, after a bake of 2h and a Pass."),
        ((entry(Kind.PAUSED, 1),), "a Pass; paused by ada@laptop."),
        ((entry(Kind.FROZEN, 1, until=NOW + timedelta(hours=2)),), "no raise until 2026-11-25 14:00 UTC."),
        ((entry(Kind.ASKED, 1),), "waits for approval."),
        ((entry(Kind.HELD, 1),), "held: no verdict within the limit."),
        ((entry(Kind.FAILED, 1, "5xx 4 times worse"),), "Failed at 2026-11-25 11:00 UTC: 5xx 4 times worse."),
    ],
)
def test_the_ramp_is_told_in_a_sentence(further: tuple[Update, ...], said: str) -> None:
    assert said in ramp_sentence(SHOP, AT_25, (*HISTORY, *further))


def test_without_a_ramp_or_against_it_that_is_told() -> None:
    assert ramp_sentence(SHOP, on_aws(SHOP), HISTORY[:1]) == "No ramp yet."  # nor are there rules
    assert ramp_sentence(SHOP, on_aws(SHOP, r1=25, r2=40), HISTORY).startswith("Another process set weights")
    assert "are on legacy" in ramp_sentence(SHOP, on_aws(SHOP, r1=None, r2=None), HISTORY)
