"""A ramp of builds: a new version of the candidate gets a rising share of its alias's requests, beside the old one.

The aliases are the truth; the entries in the candidate stack's history say since when, and what became of a version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from rollout.errors import Problem, UsageError
from rollout.inventory.aliases import LiveAlias
from rollout.inventory.model import Environment
from rollout.inventory.quantities import WHOLE, ZERO, Percent
from rollout.inventory.ramp_settings import Ramp
from rollout.migration.gates import Gate
from rollout.ramp.actions import RampActions
from rollout.ramp.ended import Wording
from rollout.ramp.history import History
from rollout.ramp.state import RampState
from rollout.state.ramp_journal import Journal, JournalEntry, Kind, entries

LiveAliases = Mapping[str, LiveAlias]
_SINCE = (Kind.STARTED, Kind.RAISED)


def ramp_of(ramp: Ramp, steps: Sequence[Percent]) -> Ramp:
    """An environment's settings, for the steps of a build.

    The last step is all requests. Where the ramp has a bake for each of its steps, the first one counts.
    """
    every = tuple(dict.fromkeys((*steps, WHOLE)))
    changed = {"steps": every, "bake": ramp.bake[:1], "approve_before": (), "on_failure": "rollback", "smoke": False}
    return ramp.model_copy(update=changed)


def newer(live: LiveAliases) -> dict[str, str]:
    """By function, the version that is to get its alias's requests: what has a share of them, or else the newest."""
    found = {key: alias.beside[0] if alias.beside else alias.towards(None, None).version for key, alias in live.items()}
    return {key: version for key, version in found.items() if version != live[key].version}


def share_of(alias: LiveAlias) -> Percent:
    """The share of its requests that an alias gives to a newer version."""
    return alias.beside[1] if alias.beside else ZERO


def build_state(live: LiveAliases, told: Sequence[JournalEntry]) -> RampState:
    """Where a ramp of builds stands.

    Args:
        live: The aliases of its functions.
        told: The entries of the candidate stack's history, the oldest first.
    """
    names = _names(newer(live))
    if not names:
        return RampState((), WHOLE, ended=told[-1] if told else None, is_new=False)
    shares = [share_of(live[key]) for key in names]
    mine = [each for each in told if set(names.values()) & set(each.builds or ()) and each.kind is not Kind.RAISING]
    last = mine[-1] if mine else None
    stands = RampState(tuple(names), min(shares), is_new=False)
    if max(shares) == ZERO:
        if last is None or last.kind is Kind.FAILED:
            return replace(stands, ended=last)
        note = f"{', '.join(names.values())} was taken back at {last.weight} %"
        return replace(stands, ended=last, is_by_hand=True, note=note)
    if last and last.kind is Kind.FAILED and (left := tuple(key for key in last.routes if key in names)):
        return replace(stands, ended=last, left=left)
    began = max((n for n, each in enumerate(mine) if each.kind in _SINCE), default=None)
    if began is None or mine[began].weight != stands.weight or mine[-1].kind in (Kind.FAILED, Kind.FINISHED):
        note = f"history doesn't know this share, so the bake at {stands.weight} % begins now"
        return replace(stands, is_new=True, note=note)
    is_held = any(each.kind is Kind.HELD for each in mine[began:])
    return replace(stands, since=mine[began].at, is_held=is_held)


class BuildHistory(History[LiveAliases]):
    """One environment's ramp of builds."""

    def __init__(
        self, environment: Environment, means: RampActions[LiveAliases], journal: Journal, warn: Callable[[str], None]
    ) -> None:
        super().__init__(environment, means, journal, warn)
        command = f"rollout deploy {environment.name}"
        self.wording = Wording(
            "deploy",
            f"deploy another build, or give this one a share by hand: `{command} --share N`",
            f"the same command continues, `{command} --back` takes the build back",
        )
        self._live: LiveAliases = {}

    def stand(self) -> tuple[LiveAliases, RampState]:
        """See `History`."""
        self._live, self._updates = self._journal.beside(self._means.read)
        self._journal.builds = tuple(_names(newer(self._live)).values())
        return self._live, build_state(self._live, entries(self._updates))

    def begin_anew(self) -> None:
        """See `History`."""
        raise UsageError("a build can't begin again", hint=self.wording.restart, code="conflicting-options")

    def elsewhere(self, gate: Gate, stands: RampState, target: Percent) -> Iterable[Problem]:
        """See `History`."""
        del gate, target
        now = self._means.read()
        return [
            Problem("doesn't point where it was judged", where=f"functions.{key}.alias", code="alias-moved")
            for key in stands.routes
            if key not in now or now[key].stays != self._live[key].stays
        ]

    def require_untouched(self, live: LiveAliases, stands: RampState) -> None:
        """See `History`; an alias that was moved back has no share, which ends the ramp."""

    def is_last(self, weight: Percent) -> bool:
        """See `History`: the old build has no requests then."""
        return weight == WHOLE


def _names(builds: Mapping[str, str]) -> dict[str, str]:
    return {key: f"{key}:{version}" for key, version in builds.items()}
