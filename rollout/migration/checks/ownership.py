"""Other owners of the routes' rules: what their state has, and how they release it. Pure.

After phase 2 the routing stack and the former owner both manage each rule. Until the owner releases it, its next update
would restore the old action.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import PlainSerializer

from rollout.alb.state import AlbState
from rollout.base.formatting import count_of
from rollout.errors import OwnerError
from rollout.inventory.model import Arn, Environment

if TYPE_CHECKING:
    from rollout.migration.ports import LegacyOwner


@dataclass(frozen=True, slots=True)
class OwnedRule:
    """A listener rule in an owner's state.

    Attributes:
        arn: The rule.
        address: The owner's name for it: a Pulumi URN or a Terraform address.
        protected: Whether Pulumi requires `--force` to remove it.
    """

    arn: Arn
    address: str
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A command line of an owner's tool, to run in the folder of stacks.toml; as text it is what a shell takes."""

    argv: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        given = [f"{name}={shlex.quote(value)}" for name, value in self.variables.items()]
        return " ".join([*given, shlex.join(self.argv)])


@dataclass(frozen=True, slots=True)
class Ownership:
    """The routes' rules that a legacy owner other than rollout manages.

    Attributes:
        owner: `pulumi` or `terraform`.
        place: Where its state is, such as `stack acme/infra/production`.
        update: Its own command that would restore the old actions.
        advice: What to do in its code, so that its next update doesn't create the rules again.
        held: The rules that it manages, by route; None if it can't be asked.
        reason: Why it couldn't.
        commands: The commands that release all its rules; with a placeholder if it can't be asked.
    """

    owner: str
    place: str
    update: str
    advice: str
    held: Mapping[str, OwnedRule] | None
    reason: str | None
    commands: tuple[Annotated[Command, PlainSerializer(str, return_type=str)], ...]

    @property
    def who(self) -> str:
        """The owner and its place, for people."""
        return f"{self.owner} ({self.place})"

    def unreleased(self, routing: Collection[str]) -> tuple[str, ...]:
        """The routes whose rules it still manages although the routing stack has them.

        Args:
            routing: The routes that the routing stack manages.
        """
        return tuple(route for route in self.held or () if route in routing)


def asked(owner: LegacyOwner, limit: timedelta) -> tuple[OwnedRule, ...] | str:
    """The rules in an owner's state, or why it couldn't be asked."""
    try:
        return owner.rules(limit)
    except OwnerError as error:
        return error.what


def ownership_of(
    environment: Environment, live: AlbState, owner: LegacyOwner, found: tuple[OwnedRule, ...] | str
) -> Ownership:
    """Find the routes' rules among those of an owner.

    Args:
        found: The rules in its state, or why it couldn't be asked.
    """
    told = (environment.legacy.owner or "", owner.place, owner.update, owner.advice)
    if isinstance(found, str):
        return Ownership(*told, None, found, owner.letting_go([OwnedRule(Arn(""), owner.placeholder)]))
    by_arn = {rule.arn: rule for rule in found}
    rules = {name: rule for name, route in environment.routes.items() if (rule := live.own_rule_of(route))}
    held = {name: by_arn[rule.arn] for name, rule in rules.items() if rule.arn in by_arn}
    return Ownership(*told, held, None, owner.letting_go(tuple(held.values())) if held else ())


def cutover_warnings(
    environment: Environment, ownership: Ownership | None, *, ours: bool, routing: Collection[str]
) -> Iterator[str]:
    """What to know of other owners before routing adopts the rules.

    Args:
        ownership: The named owner's rules; None if there is no other owner.
        ours: Whether a legacy stack of ours is there.
        routing: The routes that the routing stack already manages.
    """
    theirs = [name for name, route in environment.routes.items() if not route.is_default]
    if not theirs:
        return
    if ownership is None:
        if not ours and environment.legacy.owner != "none":
            yield "no owner of these rules is known: if a tool manages them, name it in [legacy]; it must release them"
        return
    danger = f"until it releases them, its next `{ownership.update}` sends all traffic to legacy"
    then = f"run `rollout release {environment.name}`, or its commands, immediately afterwards"
    if ownership.held is None:
        yield f"{ownership.who} can't be asked for these rules: {ownership.reason}"
        yield f"if it manages them, {danger}; {then}"
        return
    if ownership.held:
        count = f"{len(ownership.held)} of {count_of(len(theirs), 'rule')}"
        yield f"{ownership.who} manages {count}: {danger}; {then}"
    if nowhere := [name for name in theirs if name not in ownership.held and name not in routing]:
        yield f"{ownership.who} doesn't manage the rule of {', '.join(nowhere)}: its owner must release it, too"
