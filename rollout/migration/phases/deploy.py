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
from rollout.inventory.stacks import CANDIDATE
from rollout.migration.checks.aliases import with_aliases
from rollout.migration.context import Builds, PhaseContext
from rollout.migration.desired import candidate_input
from rollout.migration.phases.phase import Phase, Step
from rollout.migration.rollback.builds import alias_missing, version_missing

Targets = Mapping[str, AliasTarget]


class Deploy(Phase):
    """Points aliases to the latest published version, or gives it a share of their requests."""

    name = "deploy"
    summary = "Move the functions' aliases to the newest build; no listener rule changes"
    steps = (Step(CANDIDATE, "deploy", "move the aliases"),)
    tables = ("functions",)
    gives_way = False
    asks_forms = True
    asks_aliases = True
    fits_completed = True

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        for key in self._functions(environment, context):
            live = context.aliases.get(key)
            if live is None:
                yield alias_missing(environment, key)
                continue
            target = self.target(key, live, context.asked)
            gone = [version for version in target.versions if version not in live.published]
            yield from (version_missing(environment, key, version) for version in gone)

    def target(self, key: str, live: LiveAlias, asked: Builds) -> AliasTarget:
        """Where an alias is to point."""
        return live.towards(asked.versions.get(key), asked.share)

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
        return {
            key: self.target(key, context.aliases[key], context.asked)
            for key in self._functions(environment, context)
            if key in context.aliases
        }


class DeployBack(Deploy):
    """Has the state follow aliases that `rollback.builds` took back."""

    name = "deploy-back"
    summary = "Update the state after aliases were moved back; no alias moves"
    needs_targets = False  # what is missing doesn't keep the state from following

    def target(self, key: str, live: LiveAlias, asked: Builds) -> AliasTarget:
        return live.stays
