"""The in-memory stacks, as far as the contract with the engine doesn't go: two actors, kills, lost answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rollout import EnvironmentRollout
from rollout.errors import Drift, EngineError, Interrupted, Locked
from rollout.fakes.calls import ApiCall
from rollout.fakes.world import World
from rollout.inventory.model import LEGACY_ONLY, PREPARED, ProgramInput, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.stacks import CANDIDATE, ROUTING
from rollout.state.pending import Holder
from tests.unit.seed import SEED

TEN = Split.at(Percent(100))


class Killed(BaseException):
    pass


def splits(world: World) -> set[Split]:
    return set(world.open(SEED).traffic.alb_state().splits(SEED).values())


@pytest.mark.thorough
def test_the_whole_way_and_back() -> None:
    world = World.legacy(SEED)
    assert splits(world) == {LEGACY_ONLY}
    before = dict(world.aws(SEED).resources)
    steps: tuple[Callable[[EnvironmentRollout], object], ...] = (
        lambda each: each.phase1(approve=True),
        lambda each: each.phase2(approve=True),
        lambda each: each.set_weight(10, approve=True, save=False),
        lambda each: each.rollback(save=False),
        lambda each: each.undo("phase2", approve=True),
        lambda each: each.undo("phase1", approve=True),
    )
    for step in steps:
        step(world.open(SEED))
        assert world.open(SEED).drift(ignore_file=True).problems == ()
    assert world.aws(SEED).resources == before
    assert [change.what for change in world.open(SEED).history()] == [
        *("update", "phase1", "phase2", "weight", "rollback", "undo-phase2", "undo-phase1")
    ]


def test_a_stage_is_made_once_and_copied() -> None:
    one, other = World.cut_over(SEED), World.cut_over(SEED)
    one.open(SEED).set_weight(10, approve=True, save=False)
    assert (splits(one), splits(other)) == ({TEN}, {PREPARED})


def test_nothing_to_do_is_found_again() -> None:
    world = World.cut_over(SEED)
    for again in (world.open(SEED).phase1, world.open(SEED).phase2):
        assert not again(approve=True).changed


def test_an_update_is_bound_to_its_plan() -> None:
    world = World.cut_over(SEED)

    def other_wins(_call: ApiCall) -> None:
        world.actor("other").open(SEED).undo("phase2", approve=True)

    world.actor().calls.before(other_wins, "up", ROUTING, times=1)
    with pytest.raises(Drift):
        world.open(SEED).set_weight(10, approve=True, save=False)
    assert splits(world) == {LEGACY_ONLY}


def test_two_updates_at_once_exclude_each_other() -> None:
    world = World.cut_over(SEED)
    refused = []

    def other_tries(_call: ApiCall) -> None:
        with pytest.raises(Locked) as caught:
            world.actor("other").open(SEED).set_weight(50, approve=True, save=False)
        refused.append(caught.value)

    world.actor().calls.before(other_tries, "update", times=1)
    world.open(SEED).set_weight(10, approve=True, save=False)
    assert refused
    assert splits(world) == {TEN}


def test_a_failed_creation_is_adopted_where_only_its_answer_was_lost() -> None:
    world = World.legacy(SEED)
    world.actor().calls.refuse("create", "Function:*", takes_effect=True)
    with pytest.raises(EngineError):
        world.open(SEED).phase1(approve=True)
    assert world.open(SEED).history()[-1].result == "failed"
    world.open(SEED).phase1(approve=True)
    assert not world.open(SEED).phase1(approve=True).changed


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_kill_leaves_a_dead_lock_which_the_next_run_clears(takes_effect: bool) -> None:
    world = World.legacy(SEED)
    calls = world.actor().calls

    def kill(_call: ApiCall) -> None:
        raise Killed

    (calls.after if takes_effect else calls.before)(kill, "create", "TargetGroup:*", times=1)
    with pytest.raises(Killed):
        world.open(SEED).phase1(approve=True)
    (lock,) = world.actor().stacks(SEED).locks(CANDIDATE)
    assert lock.state is Holder.DEAD
    world.open(SEED).phase1(approve=True)
    world.open(SEED).phase2(approve=True)
    assert splits(world) == {PREPARED}


def test_ctrl_c_leaves_no_lock_and_what_was_done() -> None:
    world = World.cut_over(SEED)

    def stop(_call: ApiCall) -> None:
        raise KeyboardInterrupt

    world.actor().calls.before(stop, "update", skip=3, times=1)
    with pytest.raises(Interrupted):
        world.open(SEED).set_weight(10, approve=True, save=False)
    assert world.actor().stacks(SEED).locks(ROUTING) == ()
    assert sorted(map(str, world.open(SEED).traffic.alb_state().splits(SEED).values())) == [*["0 %"] * 5, *["10 %"] * 3]


@pytest.mark.parametrize("state", [Holder.ALIVE, Holder.ELSEWHERE])
def test_a_held_stack_is_locked(state: Holder) -> None:
    world = World.cut_over(SEED)
    lock = world.backend.hold(SEED, ROUTING, state)
    with pytest.raises(Locked):
        world.open(SEED).set_weight(10, approve=True, save=False)
    world.backend.release(SEED, lock)
    assert world.open(SEED).set_weight(10, approve=True, save=False).changed


def test_a_plan_is_for_its_owner_alone(tmp_path: Path) -> None:
    World.cut_over(SEED).actor().stacks(SEED).preview(CANDIDATE, ProgramInput(SEED), tmp_path / "plan")
    assert (tmp_path / "plan").stat().st_mode & 0o777 == 0o600


@pytest.mark.thorough
def test_a_stage_isnt_taken_for_another_that_differs_in_what_is_hidden() -> None:
    for value in ("one", "two"):
        (name, function), *_ = SEED.functions.items()
        told = function.model_copy(update={"environment": {"KEY": value}})
        world = World.built(SEED.model_copy(update={"functions": {name: told}}))
        made = world.aws(SEED).resources["aws:lambda/function:Function", name]
        assert made["environment"] == {"variables": {"KEY": value}}
