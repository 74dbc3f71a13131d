"""A listener of events stops nothing and delays nothing, whatever it does."""

from __future__ import annotations

import logging
import threading

import pytest

from rollout.base.log import flush
from rollout.base.threads import DaemonPool
from rollout.migration.emitter import Emitter, emitter
from rollout.migration.events import Event, Warned

FIRST, SECOND = Warned("production", "first"), Warned("production", "second")


class Broken:
    """A listener that raises whatever it is made with, after it has heard."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
        self.heard: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.heard.append(event)
        raise self.error


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(28, "full"), KeyError("bug"), RecursionError()])
def test_what_a_listener_raises_is_logged_and_stops_nothing(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    broken = Broken(error)
    tell = emitter(broken)
    with caplog.at_level(logging.ERROR, "rollout"):
        tell(FIRST)
        with tell.aside():
            tell(SECOND)
        assert flush()
    assert broken.heard == [FIRST, SECOND]
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [error, error]


def test_ctrl_c_in_a_listener_is_still_ctrl_c() -> None:
    with pytest.raises(KeyboardInterrupt):
        emitter(Broken(KeyboardInterrupt()))(FIRST)


@pytest.mark.parametrize("error", [SystemExit(3), GeneratorExit()])
def test_aside_not_even_an_exit_ends_more_than_the_event(error: BaseException) -> None:
    broken = Broken(error)
    tell = emitter(broken)
    with tell.aside():
        tell(FIRST)
        tell(SECOND)
    assert broken.heard == [FIRST, SECOND]


def test_aside_a_listener_that_hangs_delays_nobody_and_hears_all_later() -> None:
    go_on, heard = threading.Event(), list[Event]()

    def hanging(event: Event) -> None:
        go_on.wait(10)
        heard.append(event)

    tell = Emitter(hanging)
    with tell.aside():
        tell(FIRST)
        tell(SECOND)
        assert heard == []
        assert not tell.drain(patience=0.01)
        go_on.set()
    tell(FIRST)
    assert tell.drain()
    assert heard == [FIRST, SECOND, FIRST]


def test_an_emitter_is_wrapped_once() -> None:
    once = emitter(lambda _: None)
    assert emitter(once) is once


def test_no_thread_stays_behind() -> None:
    before = threading.active_count()
    for _ in range(20):
        tell = Emitter(lambda _: None)
        with tell.aside():
            tell(FIRST)
    assert threading.active_count() <= before + 1  # the last may be about to end


def test_without_a_thread_to_start_calls_are_made_by_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with Emitter(lambda _: None).aside():
        assert list(DaemonPool(3).map(abs, [-1, 2, -3])) == [1, 2, 3]
