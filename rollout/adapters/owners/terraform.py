"""Legacy rules in a Terraform state, in any backend, or in a local state file.

It reads the state's own format, version 4, which `terraform state pull` prints: that needs only the backend, while
`terraform show -json` starts every provider.

https://developer.hashicorp.com/terraform/cli/commands/state/pull
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from rollout.adapters.owners.tool import Tool
from rollout.base import files
from rollout.base.foreign import Foreign, Unexpected, json_of, read_as
from rollout.errors import OwnerError
from rollout.inventory.model import Arn
from rollout.migration.checks.ownership import Command, OwnedRule

RULES = ("aws_lb_listener_rule", "aws_alb_listener_rule")
FORMAT = 4
LARGEST = 64 * 2**20
"""The maximum size of a state in bytes; those of whole companies have some megabytes."""
WRITING = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Terraform:
    """The `LegacyOwner` port over Terraform.

    Attributes:
        tool: terraform, run in the folder of stacks.toml.
        directory: Its configuration, as a path from that folder; None with a state file.
        workspace: The workspace, if not the one selected in the directory.
        state: A local state file, as a path from that folder.
    """

    tool: Tool
    directory: Path | None = None
    workspace: str | None = None
    state: Path | None = None

    @property
    def place(self) -> str:
        if self.directory is None:
            return f"state {self.state}"
        return f"directory {self.directory}" + (f", workspace {self.workspace}" if self.workspace else "")

    update = "terraform apply"
    placeholder = "ADDRESS"
    advice = (
        "remove the rules' resource blocks from its code before its next apply; "
        "from Terraform 1.7 on a `removed` block with `lifecycle { destroy = false }` in their place does both"
    )

    def rules(self, limit: timedelta) -> tuple[OwnedRule, ...]:
        return tuple(rules_in(self._state(limit)))

    def letting_go(self, rules: Sequence[OwnedRule]) -> tuple[Command, ...]:
        where = ("state", "rm", f"-state={self.state}") if self.directory is None else (*self._there, "state", "rm")
        addresses = [rule.address for rule in rules]
        return (Command(("terraform", *where, *addresses), self._variables),)

    def taking_back(self, rule: Arn) -> Command:
        where = ("import", f"-state={self.state}") if self.directory is None else (*self._there, "import")
        return Command(("terraform", *where, self.placeholder, rule), self._variables)

    def run(self, command: Command) -> None:
        self.tool.output(command.argv, WRITING, command.variables)

    @property
    def _there(self) -> tuple[str, ...]:
        return (f"-chdir={self.directory}",)

    @property
    def _variables(self) -> Mapping[str, str]:
        return {"TF_WORKSPACE": self.workspace} if self.workspace else {}

    def _state(self, limit: timedelta) -> str:
        if self.directory is not None:
            return self.tool.output(("terraform", *self._there, "state", "pull"), limit, self._variables)
        file = self.tool.folder / str(self.state)
        try:
            return files.read_text(file, most=LARGEST)
        except files.Unreadable as error:
            raise OwnerError(f"Terraform's state {error}", where=str(file), code="state-unreadable") from None


def rules_in(text: str) -> Iterator[OwnedRule]:
    """The listener rules in a state; an empty state is a new workspace.

    Raises:
        OwnerError: It is not a state of version 4, which Terraform writes since 0.12.
    """
    if not text.strip():
        return
    try:
        state = read_as(_State, json_of(text))
        for each in state.resources or ():
            if each.get("mode") == "managed" and each.get("type") in RULES:
                yield from _owned(read_as(_Resource, each))
    except Unexpected as error:
        what = f"Terraform's output is not a state of format {FORMAT}: {error}"
        raise OwnerError(what, code="state-unreadable") from None


class _State(Foreign):
    version: Literal[4]
    resources: list[Mapping[str, Any]] | None = None


class _Attributes(Foreign):
    id: str | None = None


class _Instance(Foreign):
    attributes: _Attributes | None = None
    index_key: int | str | None = None
    deposed: str | None = None


class _Resource(Foreign):
    type: str
    name: str
    module: str | None = None
    instances: list[_Instance] | None = None


def _owned(resource: _Resource) -> Iterator[OwnedRule]:
    module = f"{resource.module}." if resource.module else ""
    for instance in resource.instances or ():
        arn = instance.attributes and instance.attributes.id
        if arn and not instance.deposed:
            yield OwnedRule(Arn(arn), f"{module}{resource.type}.{resource.name}{_index(instance.index_key)}")


def _index(key: int | str | None) -> str:
    """An instance's key in an address: `[0]` of count, `["a"]` of for_each."""
    if key is None:
        return ""
    if isinstance(key, str):
        return f"[{json.dumps(key, ensure_ascii=False).replace('${', '$${').replace('%{', '%%{')}]"
    return f"[{key}]"
