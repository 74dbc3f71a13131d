"""A ramp at a glance: the terminal and the dashboard say the same, in a line where nothing moves."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from rollout.migration.glance import Mood
from rollout.ramp.looks import LocalLook
from rollout.reports.glance import glance, runs_it
from tests.behaviour.team import InMemoryTeam

LOOK = ("ramp", "production", "--once", "--yes")


@pytest.fixture
def stepped(cut_over: InMemoryTeam) -> InMemoryTeam:
    """A team whose ramp is at its first step, without requests."""
    assert cut_over.run(*LOOK).returncode == 0
    cut_over.world.clock.advance(timedelta(minutes=5))
    return cut_over


def looked(team: InMemoryTeam) -> dict[str, Any]:
    """What a look says for machines."""
    done = team.run(*LOOK, "--json")
    assert done.returncode == 0, done.stdout
    said = [json.loads(line) for line in done.stdout.splitlines()]
    (waiting,) = (event for event in said if event["event"] == "ramp-waiting")
    return dict(waiting)


def lines(team: InMemoryTeam) -> list[str]:
    """What a look says for people, below where the ramp is and its steps."""
    return team.run(*LOOK).stdout.splitlines()[2:]


def test_a_look_and_the_dashboard_say_the_same(stepped: InMemoryTeam) -> None:
    seen, shown = looked(stepped)["glance"], glance(stepped.open().reports.overview())
    assert (seen["word"], seen["said"], seen["waits-for"]) == (shown.word, shown.said, shown.waits_for)
    assert (shown.mood, shown.waits_for) == (Mood.WAITING, "requests")
    (line,) = lines(stepped)
    assert shown.said in line
    assert "raised 5 %; the first step" in looked(stepped)["last-change"]


def test_a_paused_ramp_says_first_that_it_is_paused_and_what_ends_that(stepped: InMemoryTeam) -> None:
    stepped.open().ramp.pause()
    seen, shown = looked(stepped)["glance"], glance(stepped.open().reports.overview())
    assert seen["command"] == shown.command == "rollout resume production"
    assert (seen["mood"], shown.mood) == ("person", Mood.PERSON)
    line, command = lines(stepped)
    assert "paused" in line
    assert "rollout resume production" in command


def test_all_traffic_without_a_ceiling_is_one_line(stepped: InMemoryTeam) -> None:
    stepped.open().set_weight(100, approve=True)
    stepped.world.clock.advance(timedelta(minutes=5))
    stepped.run(*LOOK, "--restart")
    for _ in range(3):
        stepped.world.serve(stepped.inventory, dict.fromkeys(stepped.inventory.routes, 500))
    assert len(lines(stepped)) == 1
    evidence = stepped.run("-v", *LOOK).stdout.splitlines()
    assert len(evidence) > len(lines(stepped)) + 2
    assert any("runs the ramp" in line for line in evidence)


def test_a_page_says_when_a_process_of_this_machine_looks_again_and_that_it_has_been_killed(
    stepped: InMemoryTeam,
) -> None:
    assert "on this machine: looked at" in runs_it(stepped.open().reports.overview())
    looks, now = stepped.world.looks["production"], stepped.world.clock.utc
    looks.keep(LocalLook("ada@laptop", now, now + timedelta(minutes=1)))
    assert f"looks next at {now + timedelta(minutes=1):%H:%M:%S} UTC" in runs_it(stepped.open().reports.overview())
    stepped.world.clock.advance(timedelta(minutes=7))
    shown = glance(stepped.open().reports.overview())
    assert (shown.word, shown.command) == ("The ramp has stopped", "rollout ramp production")


def test_at_a_terminal_one_look_leaves_the_line_and_nothing_that_moves(stepped: InMemoryTeam) -> None:
    code, shown = stepped.talk("", *LOOK, NO_COLOR="1")
    assert code == 0
    left = shown.rpartition("\x1b[2K")[2]  # after what was drawn last is taken away
    assert " ".join(glance(stepped.open().reports.overview()).said.split()) in " ".join(left.split())
    assert shown.count("\x1b[?25h") == shown.count("\x1b[?25l")  # the cursor is back


def test_a_terminal_that_can_move_nothing_has_the_line(stepped: InMemoryTeam) -> None:
    code, shown = stepped.talk("", *LOOK, TERM="dumb")
    assert code == 0
    assert shown.count("oo few requests yet") == 1
    assert "\x1b" not in shown


@pytest.mark.parametrize("json", [(), ("--json",)])
def test_a_watch_ends_well_once_its_reader_has_left(stepped: InMemoryTeam, json: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    lines = os.fdopen(reading)
    with ThreadPoolExecutor(1) as pool:

        def read_one() -> str:
            with lines:
                return lines.readline()

        first = pool.submit(read_one)
        assert stepped.write(writing, "status", "production", "--watch", "--every", "1h", *json) == 0
        assert "Too few requests yet" in first.result()


def test_a_watch_on_a_full_disk_says_so(stepped: InMemoryTeam, capfd: pytest.CaptureFixture[str]) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    assert stepped.write(full, "status", "production", "--watch", "--every", "1h") == 1
    assert "[file-not-writable]" in capfd.readouterr().err
