"""Legacy rules in another Pulumi stack, in any language: this module reads only its state.

https://www.pulumi.com/docs/iac/cli/commands/pulumi_state_delete/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from rollout.adapters.owners.tool import Tool
from rollout.base.foreign import Foreign, Unexpected, json_of, read_as
from rollout.errors import OwnerError
from rollout.inventory.model import Arn
from rollout.migration.checks.ownership import Command, OwnedRule
from rollout.state.plan import LISTENER_RULE

WRITING = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class PulumiStack:
    """The `LegacyOwner` port over another Pulumi stack.

    Attributes:
        tool: The Pulumi CLI.
        stack: Its full name, `ORGANIZATION/PROJECT/STACK`.
        backend: The URL of its state; by default the backend where the CLI is logged in.
    """

    tool: Tool
    stack: str
    backend: str | None = None

    @property
    def place(self) -> str:
        return f"stack {self.stack}"

    update = "pulumi up"
    placeholder = "URN"
    advice = "remove the rules from its program before its next `pulumi up`"

    def rules(self, limit: timedelta) -> tuple[OwnedRule, ...]:
        words = ("pulumi", "stack", "export", "--stack", self.stack, "--non-interactive")
        return tuple(rules_in(self.tool.output(words, limit, self._variables)))

    def letting_go(self, rules: Sequence[OwnedRule]) -> tuple[Command, ...]:
        """See `migration.ports.LegacyOwner`; one command per rule, since older CLIs take no more."""
        return tuple(
            Command(
                (
                    *("pulumi", "state", "delete", rule.address, "--stack", self.stack, "--yes"),
                    *(("--force",) if rule.protected else ()),
                ),
                self._variables,
            )
            for rule in rules
        )

    def taking_back(self, rule: Arn) -> Command:
        """See `migration.ports.LegacyOwner`; `pulumi import` takes a logical name and derives the URN."""
        words = ("pulumi", "import", LISTENER_RULE, "NAME", rule, "--stack", self.stack, "--yes")
        return Command(words, self._variables)

    def run(self, command: Command) -> None:
        self.tool.output(command.argv, WRITING, command.variables)

    @property
    def _variables(self) -> Mapping[str, str]:
        return {"PULUMI_BACKEND_URL": self.backend} if self.backend else {}


def rules_in(text: str) -> Iterator[OwnedRule]:
    """The listener rules in an exported stack, found by their type's name, since providers have several.

    Raises:
        OwnerError: The data is not an exported stack.
    """
    try:
        stack = read_as(_Stack, json_of(text))
        for each in stack.deployment.resources or ():
            if str(each.get("type")).rpartition(":")[2] == "ListenerRule":
                resource = read_as(_Resource, each)
                if resource.id and not resource.delete:
                    yield OwnedRule(Arn(resource.id), resource.urn, bool(resource.protect))
    except Unexpected as error:
        raise OwnerError(f"Pulumi's output is not an exported stack: {error}", code="state-unreadable") from None


class _Deployment(Foreign):
    resources: list[Mapping[str, Any]] | None = None


class _Stack(Foreign):
    deployment: _Deployment


class _Resource(Foreign):
    urn: str
    id: str | None = None
    delete: bool | None = None
    protect: bool | None = None
