"""Whatever a stacks.toml says: it loads and runs, or is one error with places."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.errors import ConfigError, Problem
from rollout.fakes.world import World
from rollout.inventory.file import load
from rollout.ramp.windows import opens
from tests.fuzz.anything import HOSTILE, soon
from tests.fuzz.inventories import ROOT, inventories, toml
from tests.fuzz.running import looks, run

FUZZ = settings.get_profile("fuzz")
NOW = datetime(2026, 11, 25, 22, tzinfo=UTC)


def read(content: bytes) -> bool:
    """Whether it loads; if so each environment runs."""
    file = Path("stacks.toml")
    file.write_bytes(content)
    problems: list[Problem] = []
    try:
        with soon():
            found = load(file)
            problems += found.problems
    except ConfigError as error:
        problems += error.problems
        found = None
    assert all(problem.where and problem.where.startswith("stacks.toml") for problem in problems)
    if found is None:
        return False
    for name in found.environments:
        opens(found.environment(name).ramp.windows, NOW)
    return True


@FUZZ
@given(inventories())
def test_what_loads_runs_and_what_does_not_is_told_with_its_line(data: dict[str, Any]) -> None:
    text = toml(data, is_top=True)
    if read(text.encode()):
        environments = list(data["environments"])
        inventory = load(Path("stacks.toml")).environment(environments[0])
        world = World.landscape(inventory)
        for command in looks(environments[0])[:4]:
            run(world, *command)


def _text() -> str:
    return (ROOT / "stacks.toml").read_text("utf-8")


@FUZZ
@given(st.lists(st.tuples(st.integers(0, len(_text())), st.integers(0, 30), st.sampled_from(HOSTILE)), max_size=5))
def test_a_text_with_other_pieces_in_it_is_read_or_refused(pieces: list[tuple[int, int, str]]) -> None:
    text = _text()
    for at, less, more in pieces:
        text = text[:at] + more + text[at + less :]
    read(text.encode())


@FUZZ
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_bytes_are_read_or_refused(content: bytes) -> None:
    read(content)
