"""A whole ramp as the seed's file has it, with each default of the judge: all its steps, by drawn counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from rollout import RampResult
from rollout.errors import AnalysisFailed
from rollout.inventory.quantities import WHOLE, ZERO, Percent
from tests.behaviour.drawn import DrawnCounts
from tests.behaviour.team import InMemoryTeam


def ramped(team: InMemoryTeam, rates: Mapping[str, float] = {}, slower: float = 1) -> RampResult:
    """A day of looks."""
    team.world.metrics = DrawnCounts(open=team.open, rates=rates, slower=slower)
    for _ in range(24 * 6):
        result = team.open().ramp(approve=True, once=True)
        if result.state == "finished":
            break
        team.world.clock.advance(timedelta(minutes=10))
    return result


def weights(team: InMemoryTeam) -> set[Percent]:
    return {split.weight for split in team.splits().values() if split}


def test_a_candidate_as_good_as_legacy_goes_to_100(cut_over: InMemoryTeam) -> None:
    assert ramped(cut_over).state == "finished"
    assert weights(cut_over) == {WHOLE}


def test_a_slow_one_goes_back(cut_over: InMemoryTeam) -> None:
    with pytest.raises(AnalysisFailed):
        ramped(cut_over, slower=1.5)
    assert weights(cut_over) == {ZERO}


def test_one_that_fails_goes_back(cut_over: InMemoryTeam) -> None:
    with pytest.raises(AnalysisFailed):
        ramped(cut_over, rates={"HTTPCode_Target_5XX_Count": 0.01})
    assert weights(cut_over) == {ZERO}
