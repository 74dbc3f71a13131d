"""Nothing is adopted, changed or deleted but what carries the environment's mark: by the real programs, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest

from rollout.errors import Drift, EngineError, PreflightFailed
from rollout.fakes.calls import ApiCall
from rollout.fakes.world import World
from rollout.inventory.marks import Mark, mark_of
from rollout.inventory.stacks import CANDIDATE, LEGACY
from rollout.migration.bearers import FUNCTION, LOG_GROUP, PERMISSION, ROLE
from rollout.migration.gates import Gate
from rollout.state.plan import TARGET_GROUP, Op
from tests.unit.seed import SEED

MARK = mark_of(SEED, CANDIDATE)
NAME, GROUP = "rust-scorer", "l-passport-v2-rust-scorer"
KINDS = {FUNCTION: NAME, ROLE: NAME, LOG_GROUP: f"/aws/lambda/{NAME}", TARGET_GROUP: GROUP}
OTHERS: Mapping[str, Mapping[str, str]] = {
    "nobody says whose": {},
    "another team's tags": {"team": "b"},
    "another environment's": Mark(SEED.project, "staging", CANDIDATE, SEED.region).tags,
    "another project's": Mark("shop", SEED.name, CANDIDATE, SEED.region).tags,
    "another region's": Mark(SEED.project, SEED.name, CANDIDATE, "eu-west-1").tags,
    "another stack's": Mark(SEED.project, SEED.name, LEGACY, SEED.region).tags,
    "CloudFormation's": {"aws:cloudformation:stack-name": "their-stack"},
}


class Killed(BaseException):
    pass


def make(world: World, type_: str, tags: Mapping[str, str]) -> tuple[str, str]:
    """Something of somebody else's under one of our names; where it is in the account."""
    aws, name = world.aws(SEED), KINDS[type_]
    key = aws.create_target_group(name) if type_ == TARGET_GROUP else name
    aws.resources[type_, key] = {"name": name, "description": "theirs", "tags": dict(tags)}
    return type_, key


def everything(world: World) -> Any:
    aws = world.aws(SEED)
    return deepcopy((aws.resources, aws.target_groups, aws.targets, aws.policies, aws.rules))


def codes(error: PreflightFailed) -> set[str]:
    return {problem.code for problem in error.problems}


@pytest.mark.parametrize(
    ("type_", "tags"),
    [*((type_, {"team": "b"}) for type_ in KINDS), *((FUNCTION, tags) for tags in OTHERS.values())],
)
def test_what_somebody_else_made_under_our_name_is_never_touched(type_: str, tags: Mapping[str, str]) -> None:
    world = World.legacy(SEED)
    make(world, type_, tags)
    before = everything(world)
    for previewed in (True, False, False):
        with pytest.raises(PreflightFailed) as caught:
            _ = world.open(SEED).preview("phase1") if previewed else world.open(SEED).phase1(approve=True)
        assert codes(caught.value) == {"name-taken"}
        (problem,) = caught.value.problems
        assert KINDS[type_] in problem.what
        assert problem.hint
    world.open(SEED).undo("phase1", approve=True)
    assert everything(world) == before


def test_a_name_that_is_taken_while_the_gate_is_open_isnt_adopted_by_the_run_after_it() -> None:
    world = World.legacy(SEED)

    def meanwhile(_gate: Gate) -> bool:
        make(world, FUNCTION, {"team": "b"})
        return True

    with pytest.raises(Drift) as caught:
        world.open(SEED).phase1(approve=meanwhile)
    assert caught.value.code == "changed-since-preview"
    with pytest.raises(PreflightFailed):
        world.open(SEED).phase1(approve=True)
    assert world.aws(SEED).resources[FUNCTION, NAME]["description"] == "theirs"


def test_already_exists_is_no_lost_answer() -> None:
    world = World.legacy(SEED)
    world.actor().calls.before(lambda _: (make(world, FUNCTION, {}), None)[1], "create", f"Function:{NAME}", times=1)
    with pytest.raises(EngineError):
        world.open(SEED).phase1(approve=True)
    for _ in range(2):
        with pytest.raises(PreflightFailed) as caught:
            world.open(SEED).phase1(approve=True)
        assert codes(caught.value) == {"name-taken"}
    undone = world.open(SEED).undo("phase1", approve=True)
    assert undone.changed
    assert [key for key in world.aws(SEED).resources if key[1].endswith(NAME)] == [(FUNCTION, NAME)]


@pytest.mark.parametrize(
    "type_", ["Function", "Role", "LogGroup", "TargetGroup", "Permission", "TargetGroupAttachment"]
)
@pytest.mark.parametrize("way", ["a kill", "a lost answer"])
def test_what_a_run_that_was_cut_off_made_is_adopted(type_: str, way: str) -> None:
    world = World.legacy(SEED)
    calls = world.actor().calls

    def kill(_call: ApiCall) -> None:
        raise Killed

    if way == "a kill":
        calls.after(kill, "create", f"{type_}:*", times=1)
    else:
        calls.refuse("create", f"{type_}:*", takes_effect=True)
    with pytest.raises((Killed, EngineError)):
        world.open(SEED).phase1(approve=True)
    calls.forget_orders()
    made = len(calls.log)
    world.open(SEED).phase1(approve=True)
    again = [call.resource for call in calls.log[made:] if call.action == "create"]
    assert [each for each in again if each.startswith(f"{type_}:")] == [] or type_ in (
        "TargetGroup",
        "Permission",
        "TargetGroupAttachment",
    )
    assert not world.open(SEED).phase1(approve=True).changed
    assert world.actor().stacks(SEED).begun(CANDIDATE) == ()


def test_a_state_that_was_lost_takes_its_own_over_again() -> None:
    world = World.cut_over(SEED)
    del world.backend.stacks[f"{SEED.project}-{CANDIDATE}/{SEED.name}"]
    before = everything(world)
    gate = world.open(SEED).phase1(approve=True).gate
    assert any("adopts" in warning for warning in gate.warnings)
    assert {change.op for preview in gate.previews for change in preview.changes} <= {Op.IMPORT, Op.CREATE, Op.UPDATE}
    assert everything(world)[0] == before[0]
    assert not world.open(SEED).phase1(approve=True).changed


def test_a_preview_changes_neither_state_nor_aws() -> None:
    world = World.legacy(SEED)
    world.actor().calls.refuse("create", "Function:*", takes_effect=True)
    for cut_off in (False, True):
        if cut_off:
            with pytest.raises(EngineError):
                world.open(SEED).phase1(approve=True)
        before, states = everything(world), deepcopy(world.backend.stacks)
        world.open(SEED).preview("phase1")
        assert everything(world) == before
        assert world.backend.stacks == states


@pytest.mark.parametrize("tags", [OTHERS["nobody says whose"], OTHERS["another environment's"]])
def test_what_was_replaced_by_somebody_else_is_neither_changed_nor_deleted(tags: Mapping[str, str]) -> None:
    world = World.legacy(SEED)
    world.open(SEED).phase1(approve=True)
    world.aws(SEED).resources.pop((FUNCTION, NAME))
    make(world, FUNCTION, tags)
    theirs = deepcopy(world.aws(SEED).resources[FUNCTION, NAME])
    bigger = SEED.model_copy(
        update={"functions": {NAME: SEED.functions[NAME].model_copy(update={"memory_size": 1024})}}
    )
    with pytest.raises(PreflightFailed) as caught:
        world.open(bigger).phase1(approve=True)
    assert codes(caught.value) <= {"not-marked", "not-ours"}
    gate = world.open(SEED).undo("phase1", approve=True).gate
    assert any(f"function {NAME} stays" in warning for warning in gate.warnings)
    assert world.aws(SEED).resources[FUNCTION, NAME] == theirs
    assert (ROLE, NAME) not in world.aws(SEED).resources
    assert [type_ for type_, id_ in world.aws(SEED).resources if type_ == PERMISSION and id_.startswith(NAME)]
    assert [each for each in world.actor().stacks(SEED).resources(CANDIDATE) or () if each.custom] == []
