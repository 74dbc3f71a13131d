"""Whether functions' aliases point where rollout left them, to versions that are there and ready. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from rollout.alb.state import AlbState
from rollout.errors import Problem
from rollout.inventory.aliases import READY, AliasTarget, LiveAlias, beside
from rollout.inventory.functions import Function
from rollout.inventory.model import Arn, Environment
from rollout.migration.bearers import ALIAS
from rollout.state.plan import StackPreview

LiveAliases = Mapping[str, LiveAlias]


def with_aliases(environment: Environment) -> dict[str, Function]:
    """The functions that have an alias, by their keys."""
    return {key: function for key, function in environment.functions.items() if function.alias}


def moved_aliases(environment: Environment, preview: StackPreview, aliases: LiveAliases) -> Iterator[Problem]:
    """The aliases that another process moved.

    Args:
        environment: The inventory.
        preview: Of the candidate stack, with what its state has recorded.
        aliases: Where they point now.
    """
    for step in preview.steps:
        live = aliases.get(step.name) if step.type == ALIAS and step.old else None
        if live is None or step.old is None:
            continue
        recorded, routing = step.old.recorded, step.old.recorded.get("routingConfig") or {}
        shares = routing.get("additionalVersionWeights") or {}
        was = AliasTarget(str(recorded.get("functionVersion")), beside(shares))
        if was.versions != live.stays.versions:
            yield Problem(
                f"alias {environment.functions[step.name].alias} points to {live.stays}; rollout set it to {was}",
                where=f"functions.{step.name}.alias",
                hint=f"`rollout deploy {environment.name}{' --back' if live.taken_back else ''}` continues from there",
                code="alias-moved",
            )


def registered_problems(
    environment: Environment, live: AlbState, targets: Mapping[Arn, Sequence[str]]
) -> Iterator[Problem]:
    """The functions that target groups hold themselves, where the inventory names an alias.

    A target group holds one function, so another target would leave it empty for a moment.

    Args:
        targets: By target group, its targets.
    """
    for key, function in with_aliases(environment).items():
        itself = f":function:{function.name or key}"
        for group in function.groups:
            if any(target.endswith(itself) for target in targets.get(live.group_arn(group), ())):
                yield Problem(
                    f"target group {group} has the function itself as its target, not the alias {function.alias}",
                    where=f"functions.{key}.alias",
                    hint="leave alias out; or add another entry in [functions] with an alias, another name and other "
                    'target groups, to which the routes move: docs/builds.md, "By an alias"',
                    code="function-registered",
                )


def unready_problems(environment: Environment, aliases: LiveAliases, groups: Collection[str]) -> Iterator[Problem]:
    """The functions behind some target groups that would get requests that they can't answer, or not at once."""
    for key, function in with_aliases(environment).items():
        live = aliases.get(key)
        if live is None or not set(function.groups) & set(groups):
            continue
        for version in live.stays.versions:
            if version not in live.published:
                yield Problem(
                    f"alias {function.alias} points to version {version}, which doesn't exist any more",
                    where=f"functions.{key}.alias",
                    hint=f"`rollout deploy {environment.name}` moves it to the newest version",
                    code="version-missing",
                )
        if not function.provisioned_concurrency:
            continue
        state = live.provisioned.get(live.version, "not there")
        if state != READY:
            yield Problem(
                f"provisioned concurrency of version {live.version} is {state}",
                where=f"functions.{key}.provisioned-concurrency",
                hint=f"wait until AWS has prepared it; `rollout phase1 {environment.name}` requests it again",
                code="not-provisioned",
            )
