"""Signals: a command stops as cleanly as at Ctrl-C, and what must not stop goes on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import typer

from rollout.base.stopping import Terminated
from rollout.cli.session import session

FILE = Path("stacks.toml")


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_it_once_and_its_end_is_not_cut_short(sent: signal.Signals) -> None:
    before, seen = signal.getsignal(sent), list[str]()

    def work() -> None:
        try:
            os.kill(os.getpid(), sent)
        except Terminated:
            if sent == signal.SIGHUP:
                os.kill(os.getpid(), sent)  # the shell's, after the kernel's
            seen.append("cleaned up")
            raise

    with pytest.raises(typer.Exit) as ended, session(FILE):
        work()
    assert (ended.value.exit_code, seen, signal.getsignal(sent)) == (130, ["cleaned up"], before)


def test_a_rollback_goes_on_when_its_terminal_is_closed() -> None:
    seen = []
    with session(FILE, outlives=True):
        os.kill(os.getpid(), signal.SIGHUP)
        seen.append("moved")
    assert seen == ["moved"]


def test_nohup_is_heeded() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with session(FILE):
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
