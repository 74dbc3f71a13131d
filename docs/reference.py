"""The reference pages of the docs site, generated from the code at each build, so that they are never out of date.

mkdocs calls `on_files` and `on_page_markdown`, its hooks. README is the site's first page.
https://www.mkdocs.org/user-guide/configuration/#hooks
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import os
import re
from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

import rollout
from rollout import cli, errors
from rollout.errors import codes
from rollout.migration import events
from rollout.migration.events import schema
from rollout.parity.sources.json_lines import RequestLine
from rollout.ramp.notice import json_schema

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

EVENTS = """# Events

The library's [`on_event`](../library.md#events) gets these, and `--json` prints them, one object per line. JSON has the
names in small letters, with hyphens.
"""
ERRORS = """# Errors, their codes and exit codes

A command ends with exit code 0 if it succeeded or had nothing to do, otherwise with the exit code of its error.

Each error and each problem has a code, such as `rule-missing`: `error.code` and `problem.code` in the library, `"code"`
in `--json`, and `[rule-missing]` at the end of a line in the terminal. A code names the cause and never changes.
Sentences may change, so match codes. An error without its own code has its class's code.

`nox -s schema` generates this page.
"""
API = """# Exported names

The exports of `rollout`. For their use see [library](../library.md).
"""
DOCS = Path(__file__).parent
ROOT = DOCS.parent


def index() -> str:
    """README, with its links as they are from the folder of the docs; those to other files are text alone."""
    text = (ROOT / "README.md").read_text("utf-8")
    return re.sub(r"\[([^\]]+)\]\((?!docs/|#|https?:)[^)]+\)", r"\1", text).replace("](docs/", "](")


def settled_links(markdown: str, page: str) -> str:
    """A page's text with its links to files that the site hasn't as text alone; README is the first page.

    Args:
        markdown: The text.
        page: Its path from the folder of the docs.
    """
    folder = DOCS / Path(page).parent

    def settled(link: re.Match[str]) -> str:
        path, hash_, anchor = link[2].partition("#")
        if not path or "://" in path or path in PAGES:
            return link[0]
        target = (folder / path).resolve()
        if target == ROOT / "README.md":
            return f"[{link[1]}]({os.path.relpath(DOCS / 'index.md', folder)}{hash_}{anchor})"
        return link[0] if target.is_relative_to(DOCS) and target.suffix != ".py" else link[1]

    return re.sub(r"\[([^\]]+)\]\(([^)\s]+)\)", settled, markdown)


def commands() -> str:
    """Each command as its `--help` has it: what it does, an example, its arguments and options."""
    sections = [
        f"## rollout {name}\n\n{_prose(command.help)}\n\n{_parameters(command)}"
        for name, command in _commands(typer.main.get_command(cli.app))
    ]
    return "\n".join(["# Commands\n", "`rollout COMMAND --help` says the same.\n", *sections])


def events_page() -> str:
    """Each event with its fields, as the library gives it and as `--json` prints it."""
    sections = [
        f"## {each.__name__}\n\n`{events.name_of(each)}`: {_said(each)}\n\n{_fields(each)}" for each in schema.kinds()
    ]
    return "\n".join([EVENTS, *sections])


def errors_page() -> str:
    """The tree of errors, each with its code and exit code, and the codes of what can go wrong in particular."""
    tree = (errors.__doc__ or "").partition("```")[2].rpartition("```")[0]
    root = errors.RolloutError
    rows = [
        f"| `{each.code}` | `{each.__name__}` | {each.exit_code} | {_said(each)} |" for each in (root, *_below(root))
    ]
    sections = [f"```text{tree}```\n", "| code | error | exit code | meaning |", "| --- | --- | --- | --- |", *rows]
    for area, listed in codes.AREAS.items():
        meanings = [f"| `{code}` | {_cell(meaning)} |" for code, meaning in listed.items()]
        sections += [f"\n## {area}\n", "| code | meaning |", "| --- | --- |", *meanings]
    return "\n".join([ERRORS, *sections, ""])


def requests_schema() -> str:
    """The JSON schema of a line of requests, as `rollout parity --from` takes them."""
    return json.dumps(RequestLine.model_json_schema(), indent=2) + "\n"


def notice_schema() -> str:
    """The JSON schema of a notice, as commands, topics and event buses get it."""
    return json.dumps(json_schema(), indent=2) + "\n"


def api() -> str:
    """Each exported class with its public methods: signatures, arguments, errors."""
    exported = [getattr(rollout, name) for name in rollout.__all__]
    return "\n".join([API, *(_class(each) for each in exported if isinstance(each, type))])


PAGES = {
    "index.md": index,
    "reference/api.md": api,
    "reference/commands.md": commands,
    "reference/events.md": events_page,
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages; mkdocs calls it."""
    from mkdocs.structure.files import File  # noqa: PLC0415 - only who builds the site has it

    for path, page in PAGES.items():
        files.append(File.generated(config, path, content=page()))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Settle a page's links; mkdocs calls it."""
    return settled_links(markdown, page.file.src_uri)


def _commands(group: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    context = typer.Context(group)
    for name in sorted(group.list_commands(context)):
        command = group.get_command(context, name)
        if hasattr(command, "commands"):
            yield from _commands(command, f"{path}{name} ")
        elif not command.hidden:
            yield f"{path}{name}", command


def _prose(text: str) -> str:
    """A help text, its example as code."""
    return re.sub(r"^ *Example: (.+)$", r"```sh\n\1\n```", inspect.cleandoc(text), flags=re.MULTILINE)


def _parameters(command: Any) -> str:
    context = typer.Context(command)
    records = (parameter.get_help_record(context) for parameter in command.params)
    rows = [f"| `{_cell(name)}` | {_cell(said)} |" for name, said in filter(None, records)]
    return "\n".join(["| argument or option | |", "| --- | --- |", *rows, ""]) if rows else ""


def _below(root: type) -> Iterator[Any]:
    """A class's subclasses, in the order of their module, each once."""
    module = __import__(root.__module__, fromlist=["*"])
    return (
        each for each in vars(module).values() if isinstance(each, type) and issubclass(each, root) and each is not root
    )


def _fields(event: Any) -> str:
    rows = [f"| `{each.name}` | `{_cell(str(each.type))}` |" for each in dataclasses.fields(event)]
    return "\n".join(["| field | type |", "| --- | --- |", *rows, ""])


def _class(each: type) -> str:
    return "\n".join([f"## {each.__name__}\n\n{_docstring(each)}\n", *_members(each, each.__name__)])


def _members(each: type, path: str) -> Iterator[str]:
    """The public methods of a class and of its own bases, and below a part those of the part."""
    ours = [base for base in reversed(each.__mro__) if base.__module__.startswith("rollout.")]
    for name, member in {name: member for base in ours for name, member in vars(base).items()}.items():
        if isinstance(member, cached_property) and not name.startswith("_"):
            yield f"### {path}.{name}\n\n{_docstring(member)}\n"
            yield from _members(part(name, member), f"{path}.{name}")
        elif name == "__call__" or not name.startswith("_"):
            function = getattr(member, "__func__", getattr(member, "fget", member))
            if callable(function) and function.__doc__ and not isinstance(member, type):
                written = "" if isinstance(member, property) else str(inspect.signature(function))
                signature = (
                    re.sub(r"(?<=: |> )'([^']+)'", r"\1", written).replace("(self, ", "(").replace("(self)", "()")
                )
                called = f"{path}()" if name == "__call__" else f"{path}.{name}"
                code = f"{called.removesuffix('()').rpartition('.')[2]}{signature}"
                yield f"### {called}\n\n```python\n{code}\n```\n\n{_docstring(function)}\n"


def part(name: str, member: cached_property[Any]) -> type:
    """The class of a part, from the module of that name; it is imported when it is used."""
    part: type = getattr(import_module(f"rollout.api.{name}"), member.func.__annotations__["return"])
    return part


def _docstring(thing: Any) -> str:
    """A docstring, its sections (`Args:` and so on) as lists."""
    lines: list[str] = []
    for line in inspect.cleandoc(thing.__doc__ or "").splitlines():
        if re.fullmatch(r"(Args|Attributes|Returns|Raises):", line):
            lines.append(f"**{line[:-1]}**\n")
        elif entry := re.match(r"    ([\w, ]+): (.+)", line):
            lines.append(f"- `{entry[1]}`: {entry[2]}")
        else:
            lines.append(line.removeprefix("    "))
    return "\n".join(lines)


def _said(each: type) -> str:
    return _cell(inspect.cleandoc(each.__doc__ or "").partition("\n\n")[0])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


if __name__ == "__main__":
    (DOCS / "errors.md").write_text(errors_page(), "utf-8")
    (DOCS / "requests.schema.json").write_text(requests_schema(), "utf-8")
    (DOCS / "notice.schema.json").write_text(notice_schema(), "utf-8")
