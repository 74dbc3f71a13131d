"""Each snippet of README and docs: shell lines name commands that exist, TOML fits the inventory, Python runs."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from rollout.inventory.file.reading import parse
from tests.conftest import Team
from tests.docs.pages import PAGES, ROOT, Block, blocks, parsed

STACKS = (ROOT / "stacks.toml").read_text("utf-8")
RUN = (ROOT / "run").read_text("utf-8")


def commands(name: str) -> list[Any]:
    """The arguments of each line of a shell block that runs a command, after `$ ` and variables if need be."""
    line = re.compile(rf"^(?:\$ )?(?:[A-Z_]+=\S+ )*{re.escape(name)} (.*)$", re.MULTILINE)
    return [
        pytest.param(words, id=f"{block}: {' '.join(words)}")
        for block in blocks("sh", "console")
        for found in line.finditer(block.code)
        if (words := shlex.split(found[1], comments=True))
    ]


@pytest.mark.parametrize("words", commands("rollout"))
def test_a_rollout_line_is_one_that_the_command_line_takes(words: list[str]) -> None:
    parsed(words)


@pytest.mark.parametrize("words", commands("./run"))
def test_a_run_line_is_one_that_run_knows(words: list[str]) -> None:
    assert re.search(rf"^  {words[0]}\)$", RUN, re.MULTILINE)


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_toml_fits_into_the_inventory(block: Block) -> None:
    whole = _laid_over(tomllib.loads(STACKS), tomllib.loads(block.code))
    parse(tomlkit.dumps(whole), ROOT / "stacks.toml")


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_json_is_json(block: Block) -> None:
    json.loads(block.code)


@pytest.mark.engine
def test_each_pages_python_runs_from_top_to_bottom(cut_over: Team) -> None:
    assert cut_over.aws.folder is not None
    state = (cut_over.aws.folder / "state").as_uri()
    cut_over.edit(f'account = "{cut_over.account}"', f'account = "{cut_over.account}"\nbackend = "{state}"')
    environ = os.environ | _signed_in(cut_over)
    for name, page in groupby(blocks("python"), lambda block: block.page):
        script = cut_over.folder / f"{Path(name).stem}.py"
        script.write_text(_script(page), "utf-8")
        command = [sys.executable, str(script)]
        done = subprocess.run(command, cwd=cut_over.folder, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{name}: {done.stderr}"


def test_links_between_pages_lead_somewhere() -> None:
    dead = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in PAGES
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
        if not link.startswith("http") and not _is_there(page, link)
    ]
    assert dead == []


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    both = {key: _laid_over(below[key], above[key]) for key in below.keys() & above if isinstance(above[key], dict)}
    return below | above | both


def _script(page: Iterable[Block]) -> str:
    """A page's blocks, each at its own line, so that a traceback names the page's."""
    text = ""
    for block in page:
        text += "\n" * (block.line - 1 - text.count("\n")) + block.code
    return text


def _signed_in(team: Team) -> dict[str, str]:
    """Variables that make the sandbox AWS; the account by a file, since a variable would hold for any sandbox."""
    file = team.folder / "credentials"
    file.write_text(f"[default]\naws_access_key_id = {team.account}\naws_secret_access_key = any\n", "utf-8")
    said = team.aws.environ(team.account, "us-west-2", roots=[team.folder])
    return {key: value for key, value in said.items() if "ACCESS_KEY" not in key} | {
        "AWS_SHARED_CREDENTIALS_FILE": str(file)
    }


def _is_there(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not anchor or anchor in _anchors(target))


def _anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    titles = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
