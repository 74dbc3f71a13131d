"""moto, one call at a time, with its changes on tape and the data plane told of them.

moto isn't made for calls side by side, and two CreateRules of one priority must not both win, so they take turns.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from http import HTTPStatus

from moto.elbv2.models import elbv2_backends
from werkzeug.wrappers import Response

from rollout_sandbox.data_plane.plane import DataPlane
from rollout_sandbox.request import ApiRequest
from rollout_sandbox.services import Services
from rollout_sandbox.tape import Entry, Environ, Tape, action_of, play

_SEEN_BY_PLANE = frozenset({"elasticloadbalancing", "lambda", "logs"})


class RecordedMoto:
    """moto's API.

    Args:
        tape: The changes to make again first, and where those to come are kept.
        plane: Told when load balancers or functions changed.

    Attributes:
        turn: Held by whoever reads or changes moto's state.
        skipped: The actions of the changes that could not be made again.
        changed: Who is told, in turn, that a service's resources changed.
    """

    def __init__(self, tape: Tape, plane: DataPlane, turn: threading.Lock) -> None:
        self.turn = turn
        self._tape, self._plane = tape, plane
        self._services = Services()
        self.skipped = tuple(map(action_of, play(tape.entries, self._services.answer)))
        for account, region, _ in list(elbv2_backends.iter_backends()):
            plane.refresh(account, region)
        self.changed: Mapping[str, Callable[[], None]] = {}

    def answer(self, call: ApiRequest, environ: Environ) -> Response:
        """Answer a call in its turn."""
        with self.turn:
            if call.service == "s3":
                self._plane.logs.deliver()
            if not call.changes:
                return self._services.answer(environ)
            self._tape.before_change()
            response = self._services.answer(environ)
            if response.status_code < HTTPStatus.BAD_REQUEST:
                self._tape.keep(call, environ)
            if call.service in _SEEN_BY_PLANE:
                self._plane.refresh(call.account, call.region)
            elif call.service in self.changed:
                self.changed[call.service]()
            return response

    def changes(self, account: str) -> list[Entry]:
        """The changes so far in an account, or in all those that fit a pattern."""
        with self.turn:
            return [each for each in self._tape.entries if fnmatchcase(each["credential"].partition("/")[0], account)]

    def deliver_logs(self) -> None:
        """Put all access logs into their buckets, those of the five minutes that aren't over as well."""
        with self.turn:
            self._plane.logs.deliver(early=True)

    def make(self, changes: Sequence[Entry]) -> None:
        """Make changes that were made elsewhere, with the same results as there."""
        with self.turn:
            skipped = play(changes, self._services.answer)
            for entry in changes:
                if entry not in skipped:
                    self._tape.add(entry)
            for account, region in {tuple(entry["credential"].split("/")[:3:2]) for entry in changes}:
                self._plane.refresh(account, region)
            for changed in self.changed.values():
                changed()
