"""Each event and each of the library's results has a screen, which is found by its type."""

from __future__ import annotations

import logging

import pytest

from rollout.cli import screens
from rollout.cli.console import SafeConsole
from rollout.cli.people import People
from rollout.cli.screens.layout import table
from rollout.errors import RolloutError
from rollout.inventory.quantities import ZERO, Percent
from rollout.migration import events
from tests.unit.test_events import EVENTS

SILENT = (events.GateApproved, events.RuleVerified)
MOVING = events.PreviewStarted, events.StepStarted, events.ResourceStarted, events.RampsJudged, events.ParityAsked
"""They say nothing where no line can move."""
LATER = (events.Judged, events.WeightSet, events.RouteRolledBack, events.BuildTakenBack)
"""They are said with what comes after them."""


@pytest.mark.parametrize("event", EVENTS, ids=events.name_of)
def test_people_are_told_of_each_event(event: events.Event, capsys: pytest.CaptureFixture[str]) -> None:
    people = People()
    people(event)
    assert bool(capsys.readouterr().out) is not isinstance(event, SILENT + MOVING + LATER)
    people.close()
    assert bool(capsys.readouterr().out) is isinstance(event, LATER[1:])


@pytest.mark.parametrize("name", screens.RESULTS)
def test_a_result_s_file_shows_the_type_of_that_name(name: str) -> None:
    screens.load(type(name, (), {})())
    assert name in {shown.__name__ for shown in screens.show.registry}


def weights(routes: int, *, failed: bool = False) -> None:
    people = People()
    for number in range(routes):
        people(events.WeightSet("production", f"r{number}", ZERO, Percent.of(10 if number else 5)))
    if failed:
        people(RolloutError("no", code="file-not-writable"))
    people.close()


def test_routes_that_are_alike_have_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    weights(9)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert ["r0" in line for line in lines] == [True, False]
    assert "8 routes" in lines[1]


@pytest.mark.parametrize("failed", [False, True])
def test_few_routes_and_those_before_a_failure_are_named(capsys: pytest.CaptureFixture[str], *, failed: bool) -> None:
    weights(9 if failed else 3, failed=failed)
    assert len(capsys.readouterr().out.splitlines()) == (9 if failed else 3)


def test_verbose_names_each_route(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "rollout"):
        weights(9)
    assert len(capsys.readouterr().out.splitlines()) == 9


ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:listener-rule/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2"


def rows(width: int) -> list[str]:
    made = table("route", "rule")
    made.add_column("want", justify="right", no_wrap=True)
    made.add_column("why", overflow="fold")
    made.add_row("score", ARN, "10 %", "it was\nraised")
    console = SafeConsole(width=width, color_system=None)
    with console.capture() as shown:
        console.print(made)
    return shown.get().splitlines()


@pytest.mark.parametrize("width", [12, 40, 80, 300])
def test_a_table_without_room_becomes_lines_and_loses_nothing(width: int) -> None:
    lines = rows(width)
    assert max(map(len, lines)) <= width
    is_table = lines[0].split() == ["route", "rule", "want", "why"]
    assert is_table is (width >= 40)
    if not is_table:
        assert ARN in "".join("".join(lines).split())
        assert "want: 10 %" in " ".join(" ".join(lines).split())
