"""The policies of docs/security.md allow what each command asks AWS for in the sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from fnmatch import fnmatchcase

import pytest

from tests.conftest import Team
from tests.docs.pages import blocks

NEEDS_NO_RIGHT = "sts:GetCallerIdentity"
POLICIES = [json.loads(block.code) for block in blocks("json") if block.page == "docs/security.md"]
OBSERVE, ROLL_BACK, OPERATE, HEADER_RULES, MONITORING = (
    [
        action
        for statement in policy["Statement"]
        for action in (statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]])
    ]
    for policy in POLICIES
)


def missing(team: Team, allowed: list[str], run: Callable[[], object]) -> set[str]:
    """The calls of a command that no action of a policy allows."""
    before = len(team.aws.calls("*", team.account))
    run()
    asked = {call.action for call in team.aws.calls("*", team.account)[before:]} - {NEEDS_NO_RIGHT}
    assert asked
    return {action for action in asked if not any(fnmatchcase(action, pattern) for pattern in allowed)}


def judged(team: Team) -> None:
    """What a judgement reads."""
    target = team.open()
    parts = target._parts
    parts.evidence.gather(target.live(), parts.utc - timedelta(minutes=9), parts.utc)
    parts.alarms.states(["slow"])


def test_a_smaller_role_has_nothing_that_the_next_has_not() -> None:
    assert set(OBSERVE) < set(ROLL_BACK) < set(OPERATE)


def test_none_may_delete() -> None:
    assert [action for action in OPERATE if any(word in action for word in ("Delete", "Remove", ":*"))] == []


@pytest.mark.engine
def test_the_rights_are_enough(legacy: Team) -> None:
    assert missing(legacy, OPERATE, lambda: legacy.open().phase1(approve=True)) == set()
    assert missing(legacy, OBSERVE, lambda: legacy.open().preview("phase2")) == set()
    assert missing(legacy, [*OBSERVE, "lambda:InvokeFunction"], legacy.open().smoke) == set()
    assert missing(legacy, ROLL_BACK, lambda: legacy.open().phase2(approve=True)) == set()
    assert missing(legacy, ROLL_BACK, lambda: legacy.open().set_weight(10, approve=True)) == set()
    assert missing(legacy, OBSERVE, lambda: legacy.open().status()) == set()
    assert missing(legacy, OBSERVE, lambda: judged(legacy)) == set()
    assert missing(legacy, ROLL_BACK, lambda: legacy.open().rollback()) == set()


@pytest.mark.engine
def test_the_rights_for_header_rules_are_enough(cut_over: Team) -> None:
    cut_over.edit("[stickiness]", "[header-override]\n\n[stickiness]")
    allowed = ROLL_BACK + HEADER_RULES
    assert missing(cut_over, allowed, lambda: cut_over.open().override(approve=True)) == set()
    assert missing(cut_over, ROLL_BACK, lambda: cut_over.open().rollback()) == set()
    assert missing(cut_over, allowed, lambda: cut_over.open().override(remove=True, approve=True)) == set()


@pytest.mark.engine
def test_the_rights_for_monitoring_are_enough(whole: Team) -> None:
    whole.open().phase1(approve=True)
    allowed = OBSERVE + MONITORING
    assert missing(whole, allowed, lambda: whole.open().monitoring(approve=True)) == set()
    assert missing(whole, allowed, lambda: whole.open().monitoring(remove=True, approve=True)) == set()
