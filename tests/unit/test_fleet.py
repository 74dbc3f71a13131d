"""Waves, and a look at several environments, over acts in memory."""

from __future__ import annotations

import threading
from fnmatch import fnmatchcase
from typing import Any

import pytest

from rollout.api.fleet import Waves, line_of, side_by_side
from rollout.errors import AwsError, Drift, EngineError, Interrupted, Problem, RolloutError
from rollout.inventory.fleets import fleet_title, fleet_titles
from rollout.inventory.marks import MAX_FUNCTION_NAME
from rollout.inventory.quantities import Percent
from rollout.migration.checks.drift import DriftReport
from rollout.migration.checks.status import status_of
from rollout.migration.gates import Gate
from rollout.migration.runner.result import PhaseResult
from tests.unit.builders import LEGACY_FORWARD, environment, live, weighted

WAVES = (("staging",), ("europe", "america"), ("asia",))


class World:
    """Environments that get a weight, or don't."""

    def __init__(self, **trouble: BaseException) -> None:
        self.trouble = trouble
        self.begun: list[str] = []
        self.told: list[Any] = []

    def act(self, name: str) -> PhaseResult:
        self.begun.append(name)
        if name in self.trouble:
            raise self.trouble[name]
        return PhaseResult(name, "weight", True, Gate(name, "weight", (), ()))

    def run(self, at_once: int) -> Any:
        return Waves(
            "all",
            WAVES,
            self.act,
            on_wave=lambda number, names: self.told.append((number, *names)),
            on_done=lambda name, error: self.told.append((name, error)),
        ).run(at_once)


@pytest.mark.parametrize("at_once", [1, 4])
def test_each_wave_begins_when_the_one_before_is_done(at_once: int) -> None:
    world = World()
    result = world.run(at_once)
    assert set(result.done) == {"staging", "europe", "america", "asia"}
    assert (result.failed, result.left) == ({}, ())
    result.require()
    assert world.begun[0] == "staging"
    assert world.begun[-1] == "asia"
    assert [told for told in world.told if isinstance(told[0], int)] == [
        (1, "staging"),
        (2, "europe", "america"),
        (3, "asia"),
    ]
    assert world.told.index(("asia", None)) > max(world.told.index((name, None)) for name in ("europe", "america"))


def test_one_at_a_time_nothing_is_begun_after_a_failure() -> None:
    drift = Drift("somebody was here", ())
    world = World(europe=drift)
    result = world.run(1)
    assert world.begun == ["staging", "europe"]
    assert [told[0] for told in world.told if isinstance(told[0], int)] == [1, 2]
    assert (list(result.done), result.failed, result.left) == (["staging"], {"europe": drift}, ("america", "asia"))
    with pytest.raises(Drift) as caught:
        result.require()
    assert caught.value is drift


def test_side_by_side_what_is_under_way_ends_and_the_next_wave_never_begins() -> None:
    failed = threading.Event()
    world = World()

    def act(name: str) -> PhaseResult:
        if name == "europe":
            failed.set()
            raise EngineError("the engine failed")
        if name == "america":
            failed.wait()
        return world.act(name)

    result = Waves("all", (("europe", "america"), ("asia",)), act).run(at_once=2)
    assert list(result.failed) == ["europe"]
    assert "asia" in result.left
    assert "asia" not in world.begun
    assert set(result.done) | set(result.left) == {"america", "asia"}  # america was under way, or not yet begun


@pytest.mark.parametrize("project", ["shop", "a-project-with-a-name-of-fifty-seven-letters-and-no-less-x"])
@pytest.mark.parametrize("name", ["all", "everywhere-but-in-the-place-where-people-sleep"])
def test_a_policy_has_the_fleets_of_a_project_by_a_pattern(project: str, name: str) -> None:
    home = environment(project=project)
    assert len(fleet_title(home, name)) <= MAX_FUNCTION_NAME
    assert fnmatchcase(fleet_title(home, name), fleet_titles(home))
    assert not fnmatchcase(fleet_title(environment(project="other"), name), fleet_titles(home))


def test_ctrl_c_tells_what_was_not_begun() -> None:
    def stop(_name: str, _error: RolloutError | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="not begun: asia"):
        Waves("all", (("staging",), ("asia",)), World().act, on_done=stop).run(at_once=2)


def test_a_line_tells_what_is_known_and_an_error_hides_no_other_line() -> None:
    shop = environment()
    now = live({"score": weighted(90, 10), "bulk": LEGACY_FORWARD})
    status = status_of(shop, now, None)

    def no_engine() -> Any:
        raise EngineError("there is no engine")

    def no_aws() -> Any:
        raise AwsError("AWS can't be reached", hint="look at the network")

    looks = {
        "whole": lambda: line_of(
            shop, lambda: status, lambda: DriftReport("production", (), (Problem("x"),)), lambda: "At 10 %."
        ),
        "poor": lambda: line_of(shop, lambda: status, no_engine, no_engine),
        "dark": lambda: line_of(shop, no_aws, no_engine, no_engine),
    }
    whole, poor, dark = side_by_side(tuple(looks), lambda name: looks[name]())
    assert whole.weights == (Percent(0), Percent.of(10))
    assert (whole.drift, whole.ramp) == (1, "At 10 %.")
    assert (poor.weights, poor.drift, poor.ramp, poor.error) == (whole.weights, None, None, None)
    assert (dark.environment, dark.weights) == ("production", ())
    assert dark.error == "AWS can't be reached; look at the network"
