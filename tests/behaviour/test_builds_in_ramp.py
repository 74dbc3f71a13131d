"""Another build of the candidate in the middle of a ramp's step, on the real phases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollout.inventory.quantities import Percent
from tests.behaviour.controlled_orders import SteadyCounts
from tests.behaviour.team import InMemoryTeam
from tests.behaviour.test_ramp import judged_in_minutes, weights

BAKE = timedelta(minutes=5)
QUARTER, HALF = {Percent.of(25)}, {Percent.of(50)}


@pytest.fixture(params=[False, True], ids=["in place", "alias"])
def aliased(request: pytest.FixtureRequest, legacy: InMemoryTeam) -> bool:
    """A ramp at its first step, as good as legacy, with or without an alias."""
    if request.param:
        legacy.edit('handler = "bootstrap"', 'handler = "bootstrap"\nalias = "live"')
    legacy.open().phase1(approve=True)
    legacy.open().phase2(approve=True)
    judged_in_minutes(legacy)
    legacy.world.metrics = SteadyCounts()
    legacy.open().ramp(approve=True, once=True)
    assert weights(legacy) == QUARTER
    return bool(request.param)


def build(team: InMemoryTeam) -> None:
    """A build is published; without an alias it serves at once."""
    (team.folder / "build" / "bootstrap").write_text("another build")
    team.open().phase1(approve=True)


def test_a_build_that_came_late_in_a_step_bakes_as_long(legacy: InMemoryTeam, *, aliased: bool) -> None:
    legacy.world.clock.advance(BAKE)
    build(legacy)
    if aliased:
        legacy.open().deploy(approve=True)
    legacy.world.clock.advance(timedelta(minutes=1))
    assert legacy.open().ramp(approve=True, once=True).state == "waiting"
    assert weights(legacy) == QUARTER
    legacy.world.clock.advance(BAKE)
    assert legacy.open().ramp(approve=True, once=True).state == "raised"
    assert weights(legacy) == HALF


def test_a_build_without_requests_keeps_nothing_up(legacy: InMemoryTeam, *, aliased: bool) -> None:
    legacy.world.clock.advance(BAKE)
    build(legacy)
    assert legacy.open().ramp(approve=True, once=True).state == ("raised" if aliased else "waiting")


@pytest.mark.parametrize("aliased", [True], indirect=True)
@pytest.mark.usefixtures("aliased")
def test_a_build_that_was_taken_back_bakes_anew(legacy: InMemoryTeam) -> None:
    build(legacy)
    legacy.open().deploy(approve=True)
    legacy.world.clock.advance(BAKE)
    legacy.open().deploy_back()
    assert legacy.open().ramp(approve=True, once=True).state == "waiting"
