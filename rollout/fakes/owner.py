"""Another tool that manages the legacy rules: the `LegacyOwner` port in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from rollout.errors import OwnerError
from rollout.fakes.calls import ApiCall, ApiCalls
from rollout.inventory.model import Arn
from rollout.migration.checks.ownership import Command, OwnedRule


@dataclass
class InMemoryOwner:
    """The `LegacyOwner` port.

    Attributes:
        held: The rules in its state, by its addresses.
        broken: Why it can't be asked; None where it can.
        calls: What it was asked: `rules`, and `run` of a command.
    """

    held: dict[str, OwnedRule] = field(default_factory=dict)
    broken: str | None = None
    place: str = "stack acme/infra/production"
    update: str = "pulumi up"
    advice: str = "take the rules out of its program before its next `pulumi up`"
    placeholder: str = "URN"
    calls: ApiCalls = field(default_factory=ApiCalls)

    @classmethod
    def of(cls, rules: Iterable[Arn]) -> InMemoryOwner:
        """One that manages rules."""
        owned = [OwnedRule(arn, f"rule-{number}") for number, arn in enumerate(rules)]
        return cls({rule.address: rule for rule in owned})

    def rules(self, limit: timedelta) -> tuple[OwnedRule, ...]:  # noqa: ARG002 - memory is quick
        def read() -> tuple[OwnedRule, ...]:
            if self.broken:
                raise OwnerError(self.broken)
            return tuple(self.held.values())

        return self.calls.make(ApiCall("rules"), read)

    def letting_go(self, rules: Sequence[OwnedRule]) -> tuple[Command, ...]:
        return tuple(Command(("pulumi", "state", "delete", rule.address, "--yes")) for rule in rules)

    def taking_back(self, rule: Arn) -> Command:
        return Command(("pulumi", "import", "aws:lb/listenerRule:ListenerRule", "NAME", rule, "--yes"))

    def run(self, command: Command) -> None:
        *_, address, _yes = command.argv
        self.calls.make(ApiCall("run", str(command)), lambda: self.held.pop(address, None))
