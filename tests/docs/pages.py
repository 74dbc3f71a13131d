"""The pages for users, and the code blocks in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from rollout import cli

ROOT = Path(__file__).parents[2]
READMES = (ROOT / "README.md", ROOT / "rollout_sandbox" / "README.md", *sorted(ROOT.glob("packages/*/README.md")))
PAGES = (*READMES, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced code block.

    Attributes:
        page: The page's path from the repository's root.
        line: Where its code starts, counted from 1.
        language: As the fence has it.
        code: Its text.
    """

    page: str
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    """All blocks of some languages, page by page."""
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, match.start(2)) + 1
            found.append(Block(str(page.relative_to(ROOT)), line, match[1], match[2]))
    return [block for block in found if block.language in languages]


def parsed(words: list[str]) -> str:
    """The name of the command that a line of `rollout` runs; it fails if the command line wouldn't take it."""
    command: Any = typer.main.get_command(cli.app)
    context = command.make_context("rollout", list(words))
    while hasattr(command, "resolve_command"):  # a group: what it didn't take itself is a command of its own
        name, command, words = command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(name, words, parent=context)
    return str(context.info_name)
