"""`rollout adopt`: what an earlier version made without a mark is marked by name, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import pytest

from rollout.errors import Drift, GateRefused, PreflightFailed, UsageError
from rollout.fakes.world import World
from rollout.inventory.marks import Mark, mark_of
from rollout.inventory.model import Environment
from rollout.inventory.stacks import CANDIDATE, LEGACY
from rollout.migration.bearers import FUNCTION, LOG_GROUP, ROLE
from rollout.state.plan import TARGET_GROUP
from tests.unit.seed import SEED

NAME = "rust-scorer"
FUNCTION_NAME, ROLE_NAME = f"Function:{NAME}", f"Role:{NAME}"
REST = (f"LogGroup:{NAME}", f"TargetGroup:{NAME}-public", f"TargetGroup:{NAME}-internal")


def untag(world: World, keep: Callable[[tuple[str, str]], bool] = lambda _: False) -> None:
    """As a version without marks left it: no tags on AWS, none in the states."""
    aws = world.aws(SEED)
    for key, props in aws.resources.items():
        if not keep(key):
            aws.resources[key] = {name: value for name, value in props.items() if name != "tags"}
    for record in world.backend.stacks.values():
        for urn, state in record.resources.items():
            inputs, outputs = ({k: v for k, v in each.items() if k != "tags"} for each in (state.inputs, state.outputs))
            record.resources[urn] = type(state)(
                urn, state.type, state.id, state.custom, state.retain_on_delete, inputs, outputs, state.parent
            )


def unmarked() -> World:
    world = World.legacy(SEED)
    world.open(SEED).phase1(approve=True)
    untag(world)
    return world


def tags(world: World, type_: str, name: str = NAME) -> Mapping[str, str]:
    found: Mapping[str, str] = world.aws(SEED).resources[type_, name].get("tags", {})
    return found


def larger() -> Environment:
    function = SEED.functions[NAME].model_copy(update={"memory_size": 1024})
    return SEED.model_copy(update={"functions": {NAME: function}})


def test_phase_1_changes_nothing_until_all_is_adopted_by_name() -> None:
    world = unmarked()
    with pytest.raises(PreflightFailed) as caught:
        world.open(larger()).phase1(approve=True)
    told = {problem.where for problem in caught.value.problems}
    assert {problem.code for problem in caught.value.problems} == {"not-marked"}
    assert told == {FUNCTION_NAME, ROLE_NAME, *REST}
    result = world.open(SEED).ownership.adopt([FUNCTION_NAME], approve=True)
    assert result.adopted == (f"candidate/{FUNCTION_NAME}",)
    assert tags(world, FUNCTION) == mark_of(SEED, CANDIDATE).tags
    assert tags(world, ROLE) == tags(world, LOG_GROUP, f"/aws/lambda/{NAME}") == {}
    world.open(SEED).ownership.adopt([ROLE_NAME, *REST], approve=True)
    assert world.open(larger()).phase1(approve=True).changed
    assert not world.open(larger()).phase1(approve=True).changed


def test_history_has_it_and_what_there_is_is_shown() -> None:
    world = unmarked()
    assert {each.name for each in world.open(SEED).ownership.unmarked(CANDIDATE)} == {FUNCTION_NAME, ROLE_NAME, *REST}
    world.open(SEED).ownership.adopt([FUNCTION_NAME], approve=True, message="made by 0.1")
    last = world.open(SEED).history()[-1]
    assert (last.what, last.why) == ("adopt", "made by 0.1")
    assert FUNCTION_NAME not in {each.name for each in world.open(SEED).ownership.unmarked(CANDIDATE)}


def test_nobody_to_approve_and_a_no_change_nothing() -> None:
    world = unmarked()
    before = deepcopy(world.aws(SEED).resources)
    for approve in (None, lambda _: False):
        with pytest.raises(GateRefused):
            world.open(SEED).ownership.adopt([FUNCTION_NAME], approve=approve)
    assert world.aws(SEED).resources == before


@pytest.mark.parametrize(
    "prepare",
    [
        lambda world: world.backend.stacks.clear(),  # no state holds it
        lambda world: world.open(SEED).ownership.adopt([FUNCTION_NAME], approve=True),  # it has the mark
        lambda world: world.aws(SEED).resources.update(  # it is somebody else's
            {(FUNCTION, NAME): {"name": NAME, "tags": Mark("shop", "production", CANDIDATE, SEED.region).tags}}
        ),
    ],
)
def test_what_no_state_holds_and_what_is_marked_isnt_adopted(prepare: Callable[[World], Any]) -> None:
    world = unmarked()
    prepare(world)
    before = deepcopy(world.aws(SEED).resources)
    with pytest.raises(UsageError) as caught:
        world.open(SEED).ownership.adopt([FUNCTION_NAME], approve=True)
    assert caught.value.code == "not-adoptable"
    assert world.aws(SEED).resources == before


def test_what_changes_while_the_gate_is_open_isnt_marked() -> None:
    world = unmarked()

    def meanwhile(_gate: object) -> bool:
        world.aws(SEED).resources[FUNCTION, NAME] = {"name": NAME, "tags": {"team": "b"}}
        return True

    with pytest.raises(Drift):
        world.open(SEED).ownership.adopt([FUNCTION_NAME], approve=meanwhile)
    assert tags(world, FUNCTION) == {"team": "b"}


def test_a_legacy_stack_without_marks_stays_as_it_is_until_something_of_it_is_adopted() -> None:
    world = World.legacy(SEED)
    untag(world)
    gate = world.open(SEED).phase1(approve=True).gate
    assert not any(
        change.properties for preview in gate.previews if preview.stack == LEGACY for change in preview.changes
    )
    assert {each.stack for each in world.open(SEED).ownership.unmarked(LEGACY)} == {LEGACY}
    assert tags(world, FUNCTION, "cc-v1-score-POST-0") == {}
    world.open(SEED).ownership.adopt(["legacy/Function:cc-v1-score-POST-0"], approve=True)
    assert tags(world, FUNCTION, "cc-v1-score-POST-0") == mark_of(SEED, LEGACY).tags


def test_target_groups_are_marked_by_their_arns() -> None:
    world = unmarked()
    world.open(SEED).ownership.adopt([REST[1]], approve=True)
    (marked,) = [key for key, props in world.aws(SEED).resources.items() if props.get("tags")]
    assert marked[0] == TARGET_GROUP
