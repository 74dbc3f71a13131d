"""A build of the candidate gets the requests that its alias gets, and gives them back. No listener rule is touched.

Phase 1 publishes a build as a version, which no request meets. Only then is its number known, so that what is approved
here names it: see docs/decisions/0028-deploy.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rollout.alb.state import AlbState
from rollout.errors import Problem
from rollout.inventory.aliases import AliasTarget, LiveAlias
from rollout.inventory.functions import Function
from rollout.inventory.model import Environment, ProgramInput, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.stacks import CANDIDATE
from rollout.migration.checks.aliases import with_aliases
from rollout.migration.context import PhaseContext
from rollout.migration.desired import candidate_input
from rollout.migration.phases.phase import Phase, Step

Targets = Mapping[str, AliasTarget]


class Deploy(Phase):
    """Points aliases to the latest published version, or gives it a share of their requests."""

    name = "deploy"
    summary = "Point the functions' aliases to the newest build; no listener rule changes"
    steps = (Step(CANDIDATE, "deploy", "move the aliases"),)
    tables = ("functions",)
    gives_way = False
    asks_forms = True
    asks_aliases = True
    fits_completed = True

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        for key, function in self._functions(environment, context).items():
            live = context.aliases.get(key)
            if live is None:
                yield _without_alias(environment, key, function)
                continue
            target = self.target(live, context.asked.share)
            for version in _versions(target) if target else ():
                if version not in live.published:
                    yield Problem(
                        f"version {version} of the function doesn't exist any more",
                        where=f"functions.{key}",
                        hint=f"publish it again: `rollout phase1 {environment.name}` with its code",
                        code="version-missing",
                    )

    def target(self, live: LiveAlias, share: Percent | None) -> AliasTarget | None:
        """Where an alias is to point; None where it can't."""
        return live.to_newest(share)

    def program_input(
        self, stack: str, environment: Environment, context: PhaseContext, after: Mapping[str, Split]
    ) -> ProgramInput:
        return candidate_input(environment, context, self._targets(environment, context))

    def warnings(self, environment: Environment, context: PhaseContext) -> Iterable[str]:
        for key, target in self._targets(environment, context).items():
            now = context.aliases[key].stays
            if target != now:
                yield f"alias {environment.functions[key].alias} of {key}: {now} → {target}"

    def verify(
        self, environment: Environment, context: PhaseContext, now: AlbState, after: Mapping[str, Split]
    ) -> Iterator[Problem]:
        yield from super().verify(environment, context, now, after)
        aliases = context.read_aliases()
        for key, target in self._targets(environment, context).items():
            live = aliases.get(key)
            if live is None or str(live.stays) != str(target):
                yield Problem(
                    f"its alias points to {live.stays if live else 'nothing'}, not to {target}",
                    where=f"functions.{key}.alias",
                    code="alias-moved",
                )

    def _functions(self, environment: Environment, context: PhaseContext) -> dict[str, Function]:
        chosen = context.asked.functions
        return {key: each for key, each in with_aliases(environment).items() if not chosen or key in chosen}

    def _targets(self, environment: Environment, context: PhaseContext) -> Targets:
        found = {
            key: self.target(context.aliases[key], context.asked.share)
            for key in self._functions(environment, context)
            if key in context.aliases
        }
        return {key: target for key, target in found.items() if target}


class DeployBack(Deploy):
    """Points aliases back to the version before."""

    name = "deploy-back"
    summary = "Point the functions' aliases back to the build before; no listener rule is touched"

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        yield from super().preflight(environment, context)
        for key in self._functions(environment, context):
            live = context.aliases.get(key)
            if live and live.back is None:
                yield Problem(
                    f"its alias points to version {live.version}, and no previous version is known",
                    where=f"functions.{key}.alias",
                    hint=f"`rollout rollback {environment.name}` sends its requests to legacy",
                    code="no-version-before",
                )

    def target(self, live: LiveAlias, share: Percent | None) -> AliasTarget | None:
        del share
        return live.back


def _versions(target: AliasTarget) -> tuple[str, ...]:
    return (target.version, *((target.beside[0],) if target.beside else ()))


def _without_alias(environment: Environment, key: str, function: Function) -> Problem:
    return Problem(
        f"there is no alias {function.alias}",
        where=f"functions.{key}.alias",
        hint=f"run `rollout phase1 {environment.name}` first",
        code="alias-missing",
    )
