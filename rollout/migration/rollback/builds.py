"""The way back of functions' aliases to the build before: at once, by Lambda's API, without an engine.

An alias that was moved back says so until the state has followed. So a repeated command, and another one at the same
time, don't go back twice. See docs/decisions/0031-builds-back.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rollout.base.clock import Clock
from rollout.errors import Interrupted, Locked, PreflightFailed, Problem, RollbackIncomplete, RolloutError, WrongAccount
from rollout.inventory.aliases import AliasTarget, LiveAlias
from rollout.inventory.model import Environment
from rollout.migration import events
from rollout.migration.ports import Aliases
from rollout.migration.rollback.lane import in_words
from rollout.migration.rollback.rollback import LOCK_WAIT, PAUSE

NOTHING: Mapping[str, str] = {}
TRIES = 5
"""How often an alias is read anew that another process moves meanwhile."""


@dataclass(frozen=True, slots=True)
class DeployBackResult:
    """The result of `deploy --back`.

    Attributes:
        moved: By function, where its alias points now.
        reconciled: Whether Pulumi's state is up to date.
        reason: Why it isn't.
    """

    environment: str
    moved: Mapping[str, AliasTarget]
    reconciled: bool
    reason: str | None = None


class BuildsBack:
    """Takes the aliases of some functions back.

    Args:
        functions: Their keys.
        emit: Called with each event.
        leaving: By function, the version that must not get requests; an alias without it stays. By default each alias
            goes back from where it is.
    """

    def __init__(
        self,
        environment: Environment,
        functions: Sequence[str],
        aliases: Aliases,
        clock: Clock,
        emit: events.Listener,
        *,
        leaving: Mapping[str, str] = NOTHING,
    ) -> None:
        self._environment = environment
        self._leaving = leaving
        self._functions = tuple(functions)
        self._aliases = aliases
        self._clock = clock
        self._emit = emit
        self._again = f"run `rollout deploy {environment.name} --back` again"
        self.moved: dict[str, AliasTarget] = {}

    def move(self) -> None:
        """Move all of them, and read them back.

        Raises:
            PreflightFailed: One of them has no version to go back to; nothing was changed.
            RollbackIncomplete: Some could not be moved; the others were.
            WrongAccount: Of the credentials; nothing was changed.
        """
        live = self._aliases.aliases(self._environment)
        if found := tuple(self._problems(live)):
            raise PreflightFailed(f"{self._environment.name} can't go back to earlier builds", found)
        self._move({key: live[key] for key in self._functions})

    def settle(self, follow: Callable[[], object]) -> str | None:
        """Have the state follow, and move back what an update of another process moves meanwhile.

        Args:
            follow: Updates the state.

        Returns:
            Why the state isn't up to date; None if it is.

        Raises:
            RollbackIncomplete: See `move`.
            Locked: Another process still holds the stack, and may move the aliases again.
        """
        began = self._clock.now()
        while True:
            failure: RolloutError | None = None
            try:
                follow()
            except Interrupted:
                raise
            except RolloutError as error:
                failure = error
            live = self._aliases.aliases(self._environment)
            left = {key: live[key] for key, target in self.moved.items() if _elsewhere(live.get(key), target)}
            self._move(left)
            if not (left or isinstance(failure, Locked)):
                return in_words(failure) if failure else None
            if self._clock.now() >= began + LOCK_WAIT:
                raise Locked(
                    "the aliases are back, but another process holds the stack's lock, and may move them again",
                    hint=f"{self._again} when that is done; `rollout unlock {self._environment.name}` removes a lock "
                    "whose holder is dead",
                )
            self._clock.sleep(PAUSE)

    def _problems(self, live: Mapping[str, LiveAlias]) -> Iterator[Problem]:
        for key in self._functions:
            if key in live and self._stays(key, live[key]):
                continue
            if key in live:
                yield from _problems(self._environment, key, live[key])
            else:
                yield alias_missing(self._environment, key)

    def _move(self, live: Mapping[str, LiveAlias]) -> None:
        problems = list[Problem]()
        for key, alias in live.items():
            try:
                self._move_one(key, alias)
            except (Interrupted, WrongAccount):
                raise
            except RolloutError as error:
                problems.append(Problem(error.what, where=f"functions.{key}.alias", hint=error.hint, code=error.code))
        if problems:
            raise RollbackIncomplete(
                f"{len(problems)} of {len(self._functions)} aliases could not be moved back", problems, hint=self._again
            )

    def _stays(self, key: str, live: LiveAlias) -> bool:
        return live.taken_back is not None or self._leaving.get(key, live.version) not in live.stays.versions

    def _move_one(self, key: str, live: LiveAlias | None) -> None:
        """Move one by the revision that was read, so that what others did meanwhile is seen."""
        target: AliasTarget | None = None
        alone = self._environment.model_copy(update={"functions": {key: self._environment.functions[key]}})
        for _ in range(TRIES):
            if live is None:
                raise RolloutError("the alias is gone", code="alias-missing")
            arrived = target is not None and not _elsewhere(live, target)
            if arrived or live.back is None or self._stays(key, live):
                self.moved[key] = live.stays
                return
            target = live.back
            marked = replace(target, taken_back=live.newer)
            if self._aliases.point(self._environment, key, marked, live.revision):
                self._emit(events.BuildTakenBack(self._environment.name, key, str(live.stays), str(target)))
            live = self._aliases.aliases(alone).get(key)
        raise Locked("another process moves the alias, too", hint=self._again, code="concurrent-change")


def version_missing(environment: Environment, key: str, version: str) -> Problem:
    """A version that is gone."""
    return Problem(
        f"version {version} of the function doesn't exist any more",
        where=f"functions.{key}",
        hint=f"publish it again: `rollout phase1 {environment.name}` with its code",
        code="version-missing",
    )


def alias_missing(environment: Environment, key: str) -> Problem:
    """An alias that is gone."""
    return Problem(
        f"there is no alias {environment.functions[key].alias}",
        where=f"functions.{key}.alias",
        hint=f"run `rollout phase1 {environment.name}` first",
        code="alias-missing",
    )


def _problems(environment: Environment, key: str, live: LiveAlias) -> Iterator[Problem]:
    """Why an alias has no way back."""
    if live.back is None:
        yield Problem(
            f"its alias points to version {live.version}, and no previous version is known",
            where=f"functions.{key}.alias",
            hint=f"`rollout rollback {environment.name}` sends its requests to legacy",
            code="no-version-before",
        )
    elif live.back.version not in live.published:
        yield version_missing(environment, key, live.back.version)


def _elsewhere(live: LiveAlias | None, target: AliasTarget) -> bool:
    return live is not None and (live.version, live.beside) != (target.version, target.beside)
