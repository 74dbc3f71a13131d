"""What stands in the way of a stack has a next step that this stack has."""

from __future__ import annotations

import pytest

from rollout.inventory.marks import Bearer, Mark, Marked
from rollout.inventory.model import Arn
from rollout.inventory.stacks import CANDIDATE, CONTROLLER, FLEET, GUARD, MONITORING
from rollout.migration.bearers import ALARM, FUNCTION, LOG_GROUP, ROLE, SCHEDULE, STATE_MACHINE, TABLE
from rollout.migration.checks.belonging import held_problem, taken_problem
from rollout.state.plan import TARGET_GROUP

THEIRS = Marked("x", Arn("arn:aws:iam::1:role/x"), {"rollout:environment": "another"})
UNMARKED = Marked("x", Arn("arn:aws:iam::1:role/x"), {})


@pytest.mark.parametrize(
    ("stack", "type_", "key"),
    [
        (CANDIDATE, FUNCTION, "[functions]"),
        (CANDIDATE, LOG_GROUP, "[functions]"),
        (CANDIDATE, ROLE, "role-name"),
        (CANDIDATE, TARGET_GROUP, "target-groups"),
        *((GUARD, type_, "project and environment") for type_ in (FUNCTION, ROLE, TABLE, LOG_GROUP, ALARM)),
        *((CONTROLLER, type_, "project and environment") for type_ in (FUNCTION, ROLE, TABLE, SCHEDULE)),
        (MONITORING, ALARM, "project and environment"),
        *((FLEET, type_, "rename the fleet") for type_ in (ROLE, STATE_MACHINE)),
    ],
)
def test_a_taken_name_says_what_sets_it(stack: str, type_: str, key: str) -> None:
    mark = Mark("shop", "production", stack, "us-west-2")
    taken = taken_problem(Bearer(type_, "x"), THEIRS, "X:x", mark)
    held = held_problem(Bearer(type_, "x"), THEIRS, "X:x", mark)
    assert (taken.code, held.code) == ("name-taken", "not-ours")
    for hint in (taken.hint, held.hint):
        assert hint
        assert key in hint
        assert ("[functions]" in hint) == (stack == CANDIDATE and type_ != TARGET_GROUP)


@pytest.mark.parametrize(
    ("stack", "command"),
    [
        (CANDIDATE, "undo phase1 all"),
        (MONITORING, "monitoring all --remove"),
        (GUARD, "guard remove all"),
        (CONTROLLER, "controller remove all"),
        (FLEET, "fleet remove all"),
    ],
)
def test_what_is_held_names_the_command_that_lets_go_of_it(stack: str, command: str) -> None:
    mark = Mark("shop", "all", stack, "us-west-2")
    assert f"`rollout {command}`" in str(held_problem(Bearer(ROLE, "x"), THEIRS, "Role:x", mark).hint)
    unmarked = held_problem(Bearer(ROLE, "x"), UNMARKED, "Role:x", mark)
    assert ("rollout adopt" in str(unmarked.hint)) == (stack != FLEET), "adopt takes environments, not fleets"
