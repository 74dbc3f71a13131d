"""The gate at the widths that terminals have, and an update as it runs."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console, RenderableType

from rollout.analysis.measuring.volumes import Volume
from rollout.cli.screens.gate import details, gate
from rollout.cli.screens.updates import RunningUpdate, done, duration
from rollout.inventory.model import Split
from rollout.inventory.quantities import Percent
from rollout.migration.events import ResourceChanged, ResourceStarted, StepStarted
from rollout.migration.gates import Gate, traffic_of
from rollout.state.plan import Op, StackPreview
from tests.unit.builders import environment, live, rule_inputs, step, weighted

QUARTER = Split.at(Percent.of(25))
CHANGE = step("update", "score", rule_inputs("score", weighted(90, 10)), rule_inputs("score", weighted(75, 25)))
NOW = live({"score": weighted(90, 10), "bulk": weighted(75, 25)})
PREVIEWS = (StackPreview("routing", (CHANGE,)),)


def opened(**values: object) -> Gate:
    volumes = {"score": Volume(336, ("score",))}
    traffic = traffic_of(environment(), NOW, {"score": QUARTER, "bulk": QUARTER}, volumes)
    return replace(Gate("production", "weight", traffic, PREVIEWS), **values)  # type: ignore[arg-type]


def drawn(what: RenderableType, width: int = 120) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as shown:
        console.print(what)
    return shown.get()


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_a_gate_says_what_moves_and_how_many_requests_that_is(width: int) -> None:
    text = drawn(gate(opened(), width), width)
    assert max(map(len, text.splitlines())) <= width
    row = " ".join(text[text.index("score") :].split())
    assert re.search(r"10 % → 25 % .*about 84 of 336", row)
    assert "unchanged: bulk" in text
    assert "plan " in text


def test_a_gate_tells_first_what_has_drifted() -> None:
    text = drawn(gate(opened(drift=("routes.bulk: live at 30 %",)), 120))
    assert text.index("routes.bulk: live at 30 %") < text.index("Traffic") < text.index("Resources")
    assert "no drift" in drawn(gate(opened(drift=()), 120))
    assert "drift" not in drawn(gate(opened(), 120))  # nothing to compare with


def test_a_gate_without_counts_says_why() -> None:
    assert "CloudWatch did not answer" in drawn(gate(opened(uncounted="CloudWatch did not answer in time"), 120))


def test_routes_that_nothing_happens_to_are_named_only() -> None:
    text = drawn(gate(opened(traffic=traffic_of(environment(), NOW, {"bulk": QUARTER})), 120))
    assert "unchanged: bulk" in text
    assert "endpoint" not in text


def test_an_update_in_a_terminal_shows_what_is_at_work_and_what_is_done() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    applying = RunningUpdate(console, StepStarted("production", "routing", "change weights", 2))
    applying.begin(ResourceStarted("production", "routing", CHANGE))
    assert "ListenerRule score" in drawn(applying.drawn())
    assert "0 of 2" in drawn(applying.drawn())
    applying.finish(ResourceChanged("production", "routing", CHANGE, 0.4))
    assert "ListenerRule" not in drawn(applying.drawn())
    assert "1 of 2" in drawn(applying.drawn())
    applying.stop()


def test_times_are_told_where_there_are_any() -> None:
    assert "actions  0.4 s" in done(ResourceChanged("production", "routing", CHANGE, 0.4)).plain
    assert done(ResourceChanged("production", "routing", CHANGE)).plain.endswith("actions")
    assert [duration(seconds) for seconds in (None, 0.01, 59.94, 125)] == ["", "", "59.9 s", "2 min 5 s"]


def test_a_gate_that_moves_no_traffic_has_no_heading_for_it() -> None:
    assert "Traffic" not in drawn(gate(opened(traffic=()), 120))


ALIKE = [replace(CHANGE, urn=f"{CHANGE.urn}-{n}") for n in range(8)]


def test_changes_that_are_alike_have_one_line_and_deletions_each_their_own() -> None:
    deleted = [replace(each, op=Op.DELETE, urn=f"{each.urn}-gone") for each in ALIKE]
    text = drawn(gate(opened(previews=(StackPreview("routing", (*ALIKE, *deleted, CHANGE)),)), 120))
    assert sum("ListenerRule" in line for line in text.splitlines()) == 1 + len(deleted)
    assert all(each.name in text for each in deleted)
    shown = drawn(details(opened(previews=(StackPreview("routing", tuple(ALIKE)),)), 100))
    assert all(each.name in shown for each in ALIKE)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_routes_that_move_alike_have_one_row_with_all_their_requests(width: int) -> None:
    (first, other) = opened().traffic
    many = [replace(first, route=f"route-{n}", volume=Volume(100, (f"route-{n}",))) for n in range(8)]
    whole, some = opened(traffic=tuple(many)), opened(traffic=(*many, other))
    row = " ".join(drawn(gate(whole, width), width).split())
    assert re.search(r"8 routes 10 % → 25 % .*about 200 of 800", row)
    assert "route-3" not in row  # they are all that there are
    assert "route-3" in drawn(gate(some, width), width)
    assert all(each.route in drawn(details(whole, width), width) for each in many)


@pytest.mark.parametrize(("fails", "lines"), [(False, 1), (True, 8)])
def test_a_failed_update_names_each_resource_that_is_done(fails: bool, lines: int) -> None:
    console = Console(width=100, color_system=None)
    with console.capture() as shown:
        applying = RunningUpdate(console, StepStarted("production", "routing", "change weights", len(ALIKE)))
        for each in ALIKE:
            applying.finish(ResourceChanged("production", "routing", each, 0.4))
        applying.stop() if fails else applying.complete()
        applying.stop()
    assert len(shown.get().splitlines()) == lines
