"""Log lines: they have no secret, and a handler stops nobody."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from threading import Event

import pytest

from rollout.base.log import flush, note
from rollout.errors.redaction import hide

LOGGER = logging.getLogger("rollout.of_a_test")


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.gate = Event()
        self.gate.set()

    def emit(self, record: logging.LogRecord) -> None:
        self.gate.wait(30)
        self.lines.append(record.getMessage())
        if "fails" in self.lines[-1]:
            raise OSError


@pytest.fixture
def kept() -> Iterator[Kept]:
    kept = Kept()
    LOGGER.addHandler(kept)
    LOGGER.setLevel(logging.INFO)
    yield kept
    LOGGER.removeHandler(kept)
    LOGGER.setLevel(logging.NOTSET)


def test_lines_come_in_order_and_below_the_level_there_are_none(kept: Kept) -> None:
    for number in range(100):
        note(LOGGER, "line %s", number)
        note(LOGGER, "detail", level=logging.DEBUG)
    assert flush()
    assert kept.lines == [f"line {number}" for number in range(100)]


def test_a_handler_that_hangs_holds_up_nobody(kept: Kept) -> None:
    kept.gate.clear()
    note(LOGGER, "one")
    assert not flush(0)
    kept.gate.set()
    assert flush(30)
    assert kept.lines == ["one"]


def test_a_handler_that_fails_stops_nobody(kept: Kept) -> None:
    note(LOGGER, "fails")
    note(LOGGER, "and another")
    assert flush()
    assert kept.lines == ["fails", "and another"]


def test_no_line_has_a_secret_or_a_second_line(kept: Kept) -> None:
    hide("a-secret-of-this-test")
    note(LOGGER, "asked with %s\n%s", "a-secret-of-this-test", "\x1b[2J")
    assert flush()
    assert "a-secret" not in kept.lines[0]
    assert kept.lines[0].isprintable()


def test_a_failure_has_its_traceback_without_the_secret(kept: Kept) -> None:
    hide("a-secret-of-this-test")
    shown: list[str] = []
    kept.emit = lambda record: shown.append(kept.format(record))  # type: ignore[method-assign]
    try:
        int("a-secret-of-this-test")
    except ValueError:
        note(LOGGER, "it failed", failed=True)
    assert flush()
    assert "Traceback" in shown[0]
    assert "ValueError" in shown[0]
    assert "a-secret" not in shown[0]
