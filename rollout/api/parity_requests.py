"""The requests of an environment that could be compared, gathered from all sources."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from rollout.alb.state import AlbState
from rollout.analysis.measuring.logged_balancers import spots_of
from rollout.api.logged_lines import Lines, logged_lines
from rollout.api.opened import Opened
from rollout.base.files import NoSuchFile, Unreadable, read_pieces
from rollout.base.foreign import Unexpected
from rollout.base.formatting import count_of
from rollout.base.gzipped import lines_of
from rollout.base.streamed import lines_in
from rollout.errors import UsageError
from rollout.inventory.model import Environment
from rollout.migration.smoke.samples import read_samples
from rollout.parity.coverage import Collected
from rollout.parity.report import CoverageReport
from rollout.parity.request import ParityRequest
from rollout.parity.sources.access_log import AccessLogSource
from rollout.parity.sources.har import HarSource
from rollout.parity.sources.json_lines import JsonLinesSource
from rollout.parity.sources.routing import route_of

SINCE = timedelta(hours=6)
REQUESTS = 100


@dataclass(frozen=True, slots=True)
class Sources:
    """Where requests are from, beside `samples`.

    Attributes:
        routes: Their names; all by default.
        since: How far back access logs are read, 5 min to 7 d.
        requests: How many are asked of each route at most.
        files: HAR files, lines of JSON, and gzipped access logs, by their suffix.
        keep_headers: Headers with credentials that stay in requests of HAR files.
        only_files: Whether access logs and samples are left out.
    """

    routes: Sequence[str] = ()
    since: timedelta | str = SINCE
    requests: int = REQUESTS
    files: Sequence[Path | str] = ()
    keep_headers: Sequence[str] = ()
    only_files: bool = False


class Gathered:
    """Requests from all sources."""

    def __init__(self, opened: Opened, names: tuple[str, ...], most: int, kept: frozenset[str]) -> None:
        self._opened, self.names, self._kept = opened, names, kept
        self.collected, self._notes = Collected(names, most), list[str]()
        self._left_out = Counter[tuple[str, str]]()

    @cached_property
    def live(self) -> AlbState:
        """The live rules."""
        return self._opened.container.load_balancers.read(self._opened.environment, tags=False)

    @cached_property
    def environment(self) -> Environment:
        """The inventory, with the conditions of as-is routes."""
        return self.live.resolved(self._opened.environment)

    @property
    def report(self) -> CoverageReport:
        """What they cover."""
        counted = (f"{count_of(count, noun)} {text}" for (noun, text), count in self._left_out.items() if count)
        return CoverageReport(self._opened.environment.name, self.collected.coverage(), (*self._notes, *counted))

    def samples(self) -> None:
        """Those of `samples` beside the inventory."""
        environment = self._opened.environment
        for name, sample in read_samples(environment.root / "samples", environment, wanted=False).items():
            self.collected.add(ParityRequest(name, sample.asked, sample.body, "sample"))

    def file(self, file: Path) -> None:
        """Those of a file, by its suffix."""
        try:
            self._take(file, read_pieces(file))
        except (Unreadable, Unexpected, zlib.error) as error:
            why = "is not gzipped" if isinstance(error, zlib.error) else str(error)
            raise UsageError(
                why if isinstance(error, NoSuchFile) else f"the file {why}",
                where=str(file),
                hint="give a HAR file (.har), lines of JSON (.jsonl), or an access log (.log.gz)",
                code="unreadable-requests",
            ) from None

    def _take(self, file: Path, content: Iterator[bytes]) -> None:
        find = route_of(self.environment, self.live)
        match file.suffix:
            case ".har":
                har = HarSource(find, self._kept)
                self._add(har.read(content))
                self._note(har.redacted, "header", f"with credentials of {file.name} left out")
                self._note(har.elsewhere, "request", f"of {file.name} left out: no route's rule takes them")
                self._note(har.broken, "entry", f"of {file.name} can't be read")
            case ".gz":
                self._log(lines_of(content), file.name)
            case _:
                lines = JsonLinesSource(find)
                self._add(lines.read(lines_in(content)))
                self._note(lines.elsewhere, "request", f"of {file.name} left out: no route's rule takes them")
                self._note(lines.broken, "line", f"of {file.name} can't be read")

    def access_logs(self, span: timedelta) -> None:
        """Those of the load balancers' logs, where they write some."""
        container, note = self._opened.container, self._notes.append
        for name, lines in logged_lines(container, self.environment, self.live, span, note):
            self._log(lines, name)

    @cached_property
    def _spots(self) -> Mapping[tuple[str, str], str]:
        return spots_of(self.environment, self.live, lambda route: (route.legacy, route.candidate))

    def _log(self, lines: Lines, name: str) -> None:
        source = AccessLogSource(self._spots)
        for some in lines:
            source.feed(some, self.collected)
        self._note(source.broken, "line", f"of {name} can't be read")
        self._note(source.with_bodies, "request", "of access logs only counted: logs have no bodies")

    def _add(self, requests: Iterable[ParityRequest]) -> None:
        for request in requests:
            self.collected.add(request)

    def _note(self, count: int, noun: str, text: str) -> None:
        self._left_out[noun, text] += count
