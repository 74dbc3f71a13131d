"""The docs site's pages that are made from the code tell all of it, and the site builds where mkdocs is there."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer

import rollout
from docs import reference
from rollout import cli, errors
from rollout.migration import events
from tests.docs.pages import ROOT

GROUPS = {"sandbox", "guard", "controller", "fleet", "parity"}
"""Commands that have commands."""


def titles(page: str) -> list[str]:
    return re.findall(r"^## (.+)$", page, re.MULTILINE)


def test_every_command_is_told_with_its_options() -> None:
    page = reference.commands()
    group: Any = typer.main.get_command(cli.app)
    names = {name for name in titles(page) if name.count(" ") == 1}
    assert names == {f"rollout {name}" for name in group.list_commands(typer.Context(group)) if name not in GROUPS}
    assert {"rollout sandbox load", "rollout guard install"} <= set(titles(page))
    _, _, weight = page.partition("## rollout weight\n")
    assert "```sh\nrollout weight production 10" in weight.partition("\n## ")[0]
    assert "--no-save" in weight.partition("\n## ")[0]


def test_every_event_is_told_under_the_name_that_json_has() -> None:
    page = reference.events_page()
    sources = [file.read_text("utf-8") for file in Path(events.__file__).parent.glob("*.py")]
    names = {name for source in sources for name in re.findall(r"^class (\w+)\(", source, re.MULTILINE)}
    assert set(titles(page)) == names - {"RampEvent"}  # which is what some have in common
    _, _, saved = page.partition("## WeightSaved\n")
    assert saved.lstrip().startswith("`weight-saved`: ")
    assert "| `weight` | `Percent` |" in saved.partition("\n## ")[0]


def test_every_error_is_told_with_its_exit_code() -> None:
    page = reference.errors_page()
    assert "| `Drift` | 7 |" in page
    for name, value in vars(errors).items():
        if isinstance(value, type) and issubclass(value, errors.RolloutError) and value is not errors.RolloutError:
            assert f"| `{name}` | {value.exit_code} |" in page


def test_every_exported_name_is_told_with_its_methods() -> None:
    page, library = reference.api(), (ROOT / "docs/library.md").read_text("utf-8")
    public = [name for name in rollout.__all__ if isinstance(getattr(rollout, name), type)]
    assert titles(page) == public
    assert "### EnvironmentRollout.set_weight\n" in page
    assert "- `weight`: The candidate's share, 0 to 100 per cent, at most one decimal." in page
    _, _, table = library.partition("## What is public\n")
    assert sorted(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (.+?) \|", table, re.MULTILINE)))) == sorted(
        rollout.__all__
    )


def test_every_method_of_an_environment_has_a_docstring() -> None:
    door = rollout.EnvironmentRollout
    parts = [reference.part(name, each) for name, each in vars(door).items() if isinstance(each, cached_property)]
    members = {(each, name): getattr(each, name) for each in (door, *parts) for name in dir(each) if name[0] != "_"}
    assert len(members) > 30
    assert [name for name, member in members.items() if not member.__doc__] == []


@pytest.mark.parametrize(
    ("page", "link", "settled"),
    [
        ("unattended.md", "[flow](../examples/prefect_ramp.py)", "flow"),
        ("operating.md", "[README](../README.md#quickstart)", "[README](index.md#quickstart)"),
        ("decisions/0001-one-gate-a-phase.md", "[it](../../README.md)", "[it](../index.md)"),
        ("decisions/0001-one-gate-a-phase.md", "[it](../ramp.md#back)", "[it](../ramp.md#back)"),
        ("index.md", "[events](#events) and [AWS](https://aws.amazon.com/)", None),
    ],
)
def test_a_link_leads_to_a_page_of_the_site_or_is_text(page: str, link: str, settled: str | None) -> None:
    assert reference.settled_links(link, page) == (settled or link)


@pytest.mark.skipif(find_spec("material") is None, reason="mkdocs isn't in the locks; `nox -s docs` has it")
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_each_page_is_in_the_sites_navigation() -> None:
    listed = set(re.findall(r": ([a-z-]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE))
    assert {page.name for page in (ROOT / "docs").glob("*.md")} <= listed


def test_the_schema_of_requests_is_current() -> None:
    assert (ROOT / "docs/requests.schema.json").read_text("utf-8") == reference.requests_schema(), "run: nox -s schema"


def test_the_schema_of_notices_is_current() -> None:
    assert (ROOT / "docs/notice.schema.json").read_text("utf-8") == reference.notice_schema(), "run: nox -s schema"
