"""From which weight on cookies keep clients."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollout.errors import ConfigError
from tests.behaviour.team import InMemoryTeam

HOUR = timedelta(hours=1)


def kept(team: InMemoryTeam) -> set[timedelta | None]:
    return {forward.stickiness if forward else None for forward in team.forwards().values()}


def starting(team: InMemoryTeam, value: str) -> None:
    team.edit('duration = "1h"', f'duration = "1h"\nfrom = {value}')


def test_below_it_nobody_is_kept_whichever_way_the_weight_goes(built: InMemoryTeam) -> None:
    starting(built, "50")
    built.open().phase2(approve=True)
    seen = [kept(built)]
    for weight in (25, 50, 100, 25, 0):
        built.open().set_weight(weight, approve=True)
        seen.append(kept(built))
        assert not built.open().drift().problems
    assert seen == [{None}, {None}, {HOUR}, {HOUR}, {None}, {None}]


def test_at_the_end_means_at_100(built: InMemoryTeam) -> None:
    starting(built, '"end"')
    built.open().phase2(approve=True)
    built.open().set_weight(50, approve=True)
    assert kept(built) == {None}
    built.open().set_weight(100, approve=True)
    assert kept(built) == {HOUR}
    built.open().rollback()
    assert kept(built) == {None}


def test_routes_at_other_weights_are_each_kept_by_their_own(built: InMemoryTeam) -> None:
    starting(built, "50")
    built.open().phase2(approve=True)
    built.open().set_weight(50, approve=True, routes=["stamp-score"])
    assert [name for name, forward in built.forwards().items() if forward and forward.stickiness] == ["stamp-score"]


@pytest.mark.parametrize("value", ["101", '"begin"', "-1", "true"])
def test_anything_else_is_refused(built: InMemoryTeam, value: str) -> None:
    starting(built, value)
    with pytest.raises(ConfigError) as caught:
        built.open()
    assert [str(problem.where).split(": ")[-1] for problem in caught.value.problems] == ["stickiness.from"]
