"""Each event and each of the library's results has a screen, which is found by its type."""

from __future__ import annotations

import pytest

from rollout.cli import screens
from rollout.cli.people import People
from rollout.migration import events
from tests.unit.test_events import EVENTS

SILENT = (events.GateApproved, events.RuleVerified)
MOVING = (events.PreviewStarted, events.StepStarted, events.ResourceStarted, events.RampsJudged, events.ParityAsked)
"""They say nothing where no line can move."""


@pytest.mark.parametrize("event", EVENTS, ids=events.name_of)
def test_people_are_told_of_each_event(event: events.Event, capsys: pytest.CaptureFixture[str]) -> None:
    People()(event)
    assert bool(capsys.readouterr().out) is not isinstance(event, SILENT + MOVING)


@pytest.mark.parametrize("name", screens.RESULTS)
def test_a_result_s_file_shows_the_type_of_that_name(name: str) -> None:
    screens.load(type(name, (), {})())
    assert name in {shown.__name__ for shown in screens.show.registry}
