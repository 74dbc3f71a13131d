"""What users import by the names of earlier versions."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import warnings
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from rollout.api.environment import MOVED as MOVED_METHODS
from rollout.errors import Problem, UsageError
from rollout.fakes.world import World
from rollout.inventory import model
from rollout.inventory.conditions import for_endpoint
from rollout.migration import events
from rollout.moved import MOVED
from rollout.programs.components import http_lambda
from rollout.programs.components.listener_rule import ListenerRuleArgs
from tests.unit.seed import SEED


@pytest.fixture(autouse=True)
def _first_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if any(f"{name}.".startswith(f"{each}.") for each in MOVED)]:
        monkeypatch.delitem(sys.modules, name)


def imported(name: str) -> tuple[Any, list[str]]:
    """A module, and what is warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        return importlib.import_module(name), [str(each.message) for each in caught]


@pytest.mark.parametrize("earlier", [*MOVED, "rollout.components.http_lambda"])
def test_an_earlier_name_still_imports_and_warns_with_the_name_of_now(earlier: str) -> None:
    module, warned = imported(earlier)
    assert module.__doc__
    assert [said for said in warned if re.match(rf"{earlier} is rollout[._]", said)]
    assert set(dir(module)) >= {"__doc__", "__name__"}


def test_it_is_the_same_thing() -> None:
    assert imported("rollout.model")[0].Environment is model.Environment
    assert imported("rollout.components.http_lambda")[0].HttpLambda is http_lambda.HttpLambda
    assert imported("rollout")[0].events.Event is events.Event


@pytest.mark.thorough
def test_pytest_finds_the_fixtures_by_their_earlier_name(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["rollout.testing"]')
    (tmp_path / "test_it.py").write_text("def test_it(rollout_stacks): assert rollout_stacks.name == 'stacks.toml'")
    done = subprocess.run([sys.executable, "-m", "pytest", tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "rollout.testing is rollout_sandbox.testing now" in done.stdout


@pytest.mark.parametrize("name", ["rollout.components.nothing", "rollout.nothing", "rollout.modelled"])
def test_a_name_that_never_was_is_missing(name: str) -> None:
    with pytest.raises(ModuleNotFoundError):
        imported(name)


def test_an_environments_methods_work_by_their_earlier_names() -> None:
    opened = World.legacy(SEED).open(SEED)
    for name, now in MOVED_METHODS.items():
        with pytest.warns(DeprecationWarning, match=now):
            assert getattr(opened, name) == attrgetter(now)(opened)
    with pytest.raises(AttributeError):
        _ = opened.nothing


def test_a_hint_has_its_earlier_name() -> None:
    with pytest.warns(DeprecationWarning, match="`hint`"):
        error, problem = UsageError("wrong", then="this way"), Problem("wrong", then="this way")
    assert (error.hint, problem.hint) == ("this way", "this way")
    with pytest.warns(DeprecationWarning, match="`hint`"):
        assert (error.then, problem.then) == ("this way", "this way")


@pytest.mark.parametrize("path", ["/a", ("/a",)])
def test_a_rules_arguments_take_path_and_methods_as_earlier(path: str | tuple[str, ...]) -> None:
    with pytest.warns(DeprecationWarning, match="conditions"):
        args = ListenerRuleArgs(load_balancer="one", listener_arn="arn", priority=1, path=path, methods=("GET",))
    assert args.conditions == for_endpoint("/a", ("GET",))
