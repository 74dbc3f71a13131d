"""The history in words, and where the ramp stands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollout.dashboard.changes import Effect, entered, ramp_sentence
from rollout.history.entries import Update
from rollout.quantities import Percent
from rollout.ramp.journal import Kind
from tests.unit.dashboard.world import HISTORY, NOW, entry, shop
from tests.unit.test_measure import on_aws

SHOP = shop(2)
AT_25 = on_aws(SHOP, r1=25, r2=25)


def test_a_history_is_told_in_order_without_announcements_that_came_true() -> None:
    found = entered(HISTORY)
    assert [(each.effect, each.title, each.by) for each in found] == [
        (Effect.CHANGE, "rollout phase2 production", None),
        (Effect.WORD, "ramp started at 0 %", "ada@laptop"),
        (Effect.STEP, "raised to 5 %", "ada@laptop"),
        (Effect.WORD, "paused", "ada@laptop"),
        (Effect.WORD, "resumed", "ada@laptop"),
        (Effect.STEP, "raised to 25 %", "ada@laptop"),
    ]
    assert found[-1].sentence.startswith("5xx 0.10 %")
    assert found[-1].weight == Percent.of(25)


def test_our_own_messages_say_the_weight() -> None:
    said = ("rollout phase2 p", "rollout weight p 33.3 (all routes)", "rollout weight p 5 (r1)", "first look")
    found = entered([Update("update", "succeeded", each, NOW) for each in said])
    assert [each.weight for each in found] == [Percent(0), Percent(333), None, None]
    assert entered([Update("update", "failed", said[1], NOW)])[0].weight is None


def test_an_announcement_that_did_not_come_true_stays() -> None:
    found = entered((*HISTORY, entry(Kind.RAISING, 1, weight=Percent(500))))
    assert found[-1].title == "about to be raised at 50 %"


def test_what_others_did_is_told_as_they_said_it() -> None:
    made = [
        Update("update", "succeeded", "rollout rollback production: r1 5 → 0\nmore", NOW),
        Update("update", "failed", "by hand", NOW),
        Update("refresh", "succeeded", "", NOW),
        Update("destroy", "succeeded", "", NOW),
        Update("update", "succeeded", "x\nrollout-ramp: not JSON", NOW),
    ]
    back, failed, destroyed = entered(made)
    assert (back.effect, back.title) == (Effect.BACK, "rollout rollback production: r1 5 → 0")
    assert (failed.title, failed.sentence, failed.is_done) == ("by hand", "failed", False)
    assert destroyed.title == "destroy without a message"


@pytest.mark.parametrize(
    ("further", "said"),
    [
        ((), "At 25 % since 2026-11-25 02:00 UTC; next 50 %, after a bake of 2h and a Pass."),
        ((entry(Kind.PAUSED, 1),), "a Pass; paused by ada@laptop."),
        ((entry(Kind.FROZEN, 1, until=NOW + timedelta(hours=2)),), "raises nothing until 2026-11-25 14:00 UTC."),
        ((entry(Kind.ASKED, 1),), "waits for approval."),
        ((entry(Kind.HELD, 1),), "held: no verdict within the limit."),
        ((entry(Kind.FAILED, 1, "5xx 4 times worse"),), "Failed at 2026-11-25 11:00 UTC: 5xx 4 times worse."),
    ],
)
def test_the_ramp_is_told_in_a_sentence(further: tuple[Update, ...], said: str) -> None:
    assert said in ramp_sentence(SHOP, AT_25, (*HISTORY, *further))


def test_without_a_ramp_or_against_it_that_is_told() -> None:
    assert ramp_sentence(SHOP, on_aws(SHOP), HISTORY[:1]) == "No ramp yet."  # nor are there rules
    assert ramp_sentence(SHOP, on_aws(SHOP, r1=25, r2=40), HISTORY).startswith("Somebody else set weights")
    assert "took all back" in ramp_sentence(SHOP, on_aws(SHOP, r1=None, r2=None), HISTORY)
