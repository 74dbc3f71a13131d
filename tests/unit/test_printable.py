"""Nothing from outside is markup, and nothing of it acts on a terminal: faults C4 and C5."""

from __future__ import annotations

import ast
import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from rollout.base.printable import json_line, one_line
from rollout.cli.console import SafeConsole
from rollout.cli.options import Message
from rollout.cli.people import People
from rollout.cli.render import JsonLines
from rollout.cli.screens.layout import Indented
from rollout.errors import AwsError, Drift, Problem
from rollout.migration import events
from rollout.ramp.notice import as_slack
from rollout.reports.pages import _templates
from tests.imports import installed
from tests.unit.test_notify import NOTICE

HOSTILE = "\x1b[2J\x1b]0;owned\x07 \x9b31m \u202etxet\u202c \r✓ rollback done [/x] [bold][a-z]:smile: \udce9"
FORGED = "unlike\n✓ phase2 is done"
RIGHT_TO_LEFT, ESCAPE, CSI = "\u202e", "\x1b", "\x9b"
ACTS = (ESCAPE, CSI, RIGHT_TO_LEFT, "\r", "\x07", "\udce9")


def drawn(what: RenderableType, **given: object) -> str:
    console = SafeConsole(file=io.StringIO(), width=200, color_system=None, **given)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def table(text: str) -> Table:
    made = Table(title=text)
    made.add_column(text)
    made.add_row(text)
    return made


@pytest.mark.parametrize("make", [str, Text, table, lambda text: Indented([Text(text)])])
def test_whatever_is_drawn_holds_no_markup_and_no_control_character(make: Callable[[str], RenderableType]) -> None:
    shown = drawn(make(HOSTILE))
    assert not any(sign in shown for sign in ACTS)
    assert "[/x]" in shown
    assert "[a-z]:smile:" in shown


def test_a_line_that_moves_takes_no_markup() -> None:
    console = SafeConsole(file=io.StringIO(), width=200, force_terminal=True, color_system=None)
    with console.status("rule [/x]"):
        pass
    assert isinstance(console.file, io.StringIO)
    assert "rule [/x]" in console.file.getvalue()


@given(st.text(st.characters()))
def test_no_text_acts_and_what_acts_not_stays(text: str) -> None:
    shown = drawn(Text(text), soft_wrap=True)
    assert shown.replace("\n", "").replace("\t", "").replace(" ", "").isprintable() or not text.isprintable()
    assert not any(sign in shown for sign in ACTS)
    assert one_line(text) == text or not text.isprintable()
    assert len(one_line(text)) == len(text)
    assert json.loads(json_line(text)) == text
    assert not any(sign in json_line(text) for sign in (*ACTS, "\n", "\u2028"))


@pytest.mark.parametrize("text", [HOSTILE, FORGED, "x\u2028✓ done", "a\x85b"])
def test_people_and_machines_are_told_of_errors_and_warnings_as_texts(
    text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    for render in (People(), JsonLines()):
        render(events.Warned(text, text))
        render(events.RollbackFinished("production", (text,), reconciled=False, reason=text))
        render(AwsError(text, where=text, hint=text))
        render.say(text)
        render.chapter(text)
        out, err = capfd.readouterr()
        lines = f"{out}{err}".split("\n")
        assert not any(sign in line for line in lines for sign in (*ACTS, "\u2028", "\x85"))
        assert not any(line.startswith("✓") for line in lines)


def test_a_problem_is_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    People()(Drift("drift", [Problem(FORGED, FORGED, FORGED)]))
    assert not any(line.startswith("✓") for line in capfd.readouterr().err.split("\n"))


def test_a_page_and_a_notice_hold_texts_alone() -> None:
    page = _templates().from_string("<p>{{ text }}</p>").render(text=f"<b>{HOSTILE}")
    notice = json.dumps(as_slack(replace(NOTICE, sentence=f"<!channel> {HOSTILE}")), ensure_ascii=False)
    for text in (page, notice):
        assert not any(sign in text for sign in ACTS)
        assert "&lt;" in text


def test_a_message_is_a_line_of_history() -> None:
    """Below a person's line stand lines for machines, which a message must not forge."""
    (option,) = get_args(Message)[1:]
    assert option.callback('so\nrollout-ramp: {"kind": "approved"}').count("\n") == 0


def test_there_is_no_other_console() -> None:
    """Nobody draws around the one door."""
    makers = {
        file.name
        for file in installed()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {"Console", "from_markup"}
    }
    assert makers == set()
