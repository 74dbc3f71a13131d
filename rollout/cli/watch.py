"""`rollout status ENV --watch`: the same screen again and again; in a pipe, a line whenever something changes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from rollout.api.arguments import read_duration
from rollout.base.printable import json_line, one_line
from rollout.cli.console import indented, standard_output
from rollout.cli.output import Output
from rollout.cli.screens.watch import Watched, line
from rollout.errors import RolloutError, UsageError, WrongAccount
from rollout.errors.redaction import redacted, redacted_in
from rollout.migration import events
from rollout.reports.glance import glance, runs_it

if TYPE_CHECKING:
    from rollout.api.environment import EnvironmentRollout
    from rollout.cli.session import Session
    from rollout.reports.overview import Overview

SINCE = timedelta(minutes=30)
SHORTEST, LONGEST = timedelta(seconds=1), timedelta(hours=1)
REDRAWN = 2  # times a second, so that a terminal that changes its size isn't torn for long


class Watch:
    """Watches an environment until Ctrl-C.

    Args:
        run: Its file is opened anew once it has changed, as by a ramp that writes its weights into it.
        environment: Which one.
        every: How long to wait between two looks.
    """

    def __init__(self, run: Session, environment: str, every: timedelta) -> None:
        self._run = run
        self._environment = environment
        self._opened: tuple[EnvironmentRollout, object] | None = None
        self._every = every
        self._console = standard_output(run.patience)
        self._seen: Overview | None = None
        self._trouble = ""

    def run(self) -> None:
        """Watch until Ctrl-C, or until nobody reads any more.

        Raises:
            RolloutError: At the first look; later ones are shown, and tried again.
        """
        try:
            if self._run.json or not self._console.is_interactive:
                self._print_lines()
            else:
                self._show()
        except KeyboardInterrupt:
            if self._console.is_interactive and not self._run.json:
                self._console.print(self._drawn())

    def _looks(self) -> Iterator[None]:
        while True:
            try:
                self._seen, self._trouble = self._target().reports.overview(since=SINCE, logs=True), ""
            except WrongAccount:
                raise
            except RolloutError as error:
                if self._seen is None:
                    raise
                self._trouble = str(error)
            yield

    def _target(self) -> EnvironmentRollout:
        try:
            found = self._run.file.stat()
            version = (found.st_mtime_ns, found.st_size, found.st_ino)
        except OSError:
            version = None  # opening it says why
        if self._opened is None or self._opened[1] != version:
            self._opened = self._run.environment(self._environment), version
        return self._opened[0]

    def _show(self) -> None:
        looks = self._looks()
        with self._console.status("reading"):
            next(looks)
        with Live(console=self._console, screen=True, refresh_per_second=REDRAWN, get_renderable=self._drawn):
            while True:
                time.sleep(self._every.total_seconds())
                next(looks)

    def _print_lines(self) -> None:
        before, out = "", Output("stdout")
        for _ in self._looks():
            if (now := self._line()) != before:
                before = now
                self._run.print(self._as_json() if self._run.json else redacted(one_line(now)))
            if out.is_left(self._every.total_seconds()):
                return

    def _line(self) -> str:
        said = line(self._seen) if self._seen else ""
        return f"{said}; {self._trouble}" if self._trouble else said

    def _as_json(self) -> str:
        seen = self._seen
        said = {"status": seen.status, "ramp": seen.view, "glance": glance(seen), "runs": runs_it(seen)} if seen else {}
        return json_line(redacted_in(events.plain({"event": "watched", **said, "trouble": self._trouble})))

    def _drawn(self) -> RenderableType:
        if self._seen is None:
            return Text("reading")
        screen = Watched(self._seen)
        return Group(indented(Text(f"  ! {self._trouble}", style="yellow")), screen) if self._trouble else screen


def watch_one(run: Session, environment: str | None, every: str) -> None:
    """Watch one environment.

    Raises:
        UsageError: None was named though there are several, or the time between looks is out of range.
    """
    names = run.rollout().environments
    if environment is None and len(names) > 1:
        raise UsageError(
            "--watch is for one environment", hint=f"name one of {', '.join(names)}", code="conflicting-options"
        )
    span = read_duration(every)
    if not SHORTEST <= span <= LONGEST:
        raise UsageError(f"{every} is out of range for the interval", hint="allowed: 1s to 1h", code="out-of-range")
    Watch(run, environment or names[0], span).run()
