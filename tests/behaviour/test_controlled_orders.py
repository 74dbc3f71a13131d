"""A controller among others in any order: hypothesis looks for one in which a promise breaks."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rollout.inventory.quantities import ZERO, Percent
from tests.behaviour.controlled_orders import OTHERS, TIMES, Interruption, Orders
from tests.behaviour.team import InMemoryTeam
from tests.behaviour.test_controlled_ramp import IMAGE

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""A failure isn't made smaller: that takes minutes."""
CALLS = st.one_of(st.integers(0, 78), st.integers(38, 74))
"""A look that raises makes 75; its preview, announcement and update are among the later ones."""
INSIDE = st.sampled_from(["killed", "killed", "look", "rollback", "fire", *OTHERS])
INTERRUPTIONS = st.builds(Interruption, CALLS, st.booleans(), INSIDE)
LOOK = st.one_of(st.just("look"), st.just("again"), INTERRUPTIONS)
MOVES = st.one_of(LOOK, LOOK, st.sampled_from(TIMES), st.just("bake"), st.sampled_from(OTHERS))


@pytest.fixture
def ramping(cut_over: InMemoryTeam) -> InMemoryTeam:
    """A team after phase 2 with a guard and a controller, a ramp of minutes and a judge for few requests."""
    controller = f'[environments.production.controller]\nimage = "{IMAGE}"\n\n'
    state = 'backend = "s3://state/rollout"\nsecrets-provider = "awskms://alias/rollout"\n'
    cut_over.edit("[environments.production]\n", f"{controller}[environments.production]\n{state}")
    cut_over.edit("[stickiness]", "[guard]\n\n[stickiness]")
    cut_over.set_ramp('steps = [25, 50, 100], bake = "3m", approve-before = [100]')
    cut_over.append(
        '[environments.production.analysis]\ndelay = "1m"\nwarm-up = "1m"\nmetrics = ["server-errors"]\n'
        "metric = { server-errors = { harm = { relative = 1, absolute = 3 } } }"
    )
    return cut_over


def play(team: InMemoryTeam, moves: list[str | Interruption]) -> Orders:
    orders = Orders(team.world.copy(), team.inventory)
    orders.do("begin")
    for move in moves:
        if isinstance(move, Interruption):
            orders.look(move)
        elif move == "look":
            orders.look()
        elif move == "again":
            orders.look(again=True)
        else:
            orders.do(move)
    orders.finish()
    return orders


def test_undisturbed_it_goes_to_the_last_step(ramping: InMemoryTeam) -> None:
    orders = play(ramping, ["look", "bake", "look", "bake", "approve", "look", "bake"])
    assert orders.shares == {Percent.of(100)}


@pytest.mark.parametrize("move", ["killed", "look", "here", "rollback", "fire"])
@pytest.mark.parametrize(("of", "at"), [("note", 0), ("up", 0), ("update", 0), ("update", 1)])
def test_inside_of_a_raise(ramping: InMemoryTeam, move: str, of: str, at: int) -> None:
    """Once it is announced, with its update, and between its rules."""
    orders = play(ramping, ["look", "bake", Interruption(at, True, move, of)])
    assert max(orders.shares) == (Percent.of(50) if move in {"killed", "look", "here"} else ZERO)


@pytest.mark.parametrize("examples", [12, pytest.param(150, marks=pytest.mark.thorough)])
def test_no_order_breaks_a_promise(ramping: InMemoryTeam, examples: int) -> None:
    @settings(max_examples=examples, phases=PHASES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(MOVES, min_size=4, max_size=14))
    def tried(moves: list[str | Interruption]) -> None:
        play(ramping, moves)

    tried()
