"""Which rollbacks were asked for since somebody began, by the marks on the rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rollout.alb.state import AlbState
from rollout.migration.rollback.asked import Since
from rollout.migration.rollback.mark import mark_id, mark_text
from tests.unit.builders import live, rule_arn, weighted

NOW, MINUTE = datetime(2026, 11, 23, 9, tzinfo=UTC), timedelta(minutes=1)
OLD, NEW, NEWER = (mark_text(NOW + moment * MINUTE, "somebody") for moment in (-1, 1, 2))


def rules(**marks: str) -> AlbState:
    found = live({name: weighted(90, 10) for name in marks})
    by_arn = {rule_arn(name): mark for name, mark in marks.items()}
    return replace(found, rules=tuple(replace(rule, rollback=by_arn[rule.arn]) for rule in found.rules))


def since(**marks: str) -> Since:
    return Since(NOW, NOW, (), rules(**marks))


def test_what_was_marked_before_is_overruled_and_what_came_since_is_not() -> None:
    assert since(score=OLD, bulk=NEW).overruled() == (mark_id(OLD),)
    assert since(score=OLD, bulk="").overruled() == (mark_id(OLD),)
    assert since(score="", bulk="").overruled() == ()


def test_a_mark_that_came_since_counts_and_one_that_was_there_does_not() -> None:
    began = since(score=OLD, bulk=NEW)
    assert began.marks(began.live) == {rule_arn("bulk"): NEW}
    assert began.marks(rules(score=NEWER, bulk="")) == {rule_arn("score"): NEWER}
    assert began.marks(rules(score=OLD, bulk="")) == {}


def test_somebody_elses_text_is_no_later_mark() -> None:
    assert since(score="by hand", bulk="").marks(rules(score="by hand", bulk="")) == {}
