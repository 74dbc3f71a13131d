"""docs/security.md shows what `rollout iam-policy` prints for this repository; tests/e2e/test_rights.py proves it."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

from rollout import Rollout
from rollout.adapters.aws.iam import Role, policy
from rollout.adapters.aws.iam.policies import ROLES
from rollout.inventory.settings import HeaderOverride
from tests.docs.pages import ROOT, blocks

PAGE = "docs/security.md"
SHOWN = [json.loads(block.code) for block in blocks("json") if block.page == PAGE]
PRODUCTION = Rollout.load(ROOT / "stacks.toml").environment("production").inventory


def statements(document: dict[str, Any]) -> dict[str, Any]:
    return {each["Sid"]: each for each in document["Statement"]}


def test_the_page_shows_the_policy_of_each_role() -> None:
    assert SHOWN[:-1] == [policy(PRODUCTION, role) for role in get_args(Role)]


def test_the_page_shows_what_header_rules_add() -> None:
    without = statements(policy(PRODUCTION, "operate"))
    overridden = statements(policy(PRODUCTION.model_copy(update={"header_override": HeaderOverride()}), "operate"))
    assert without.items() <= overridden.items()
    assert statements(SHOWN[-1]) == {sid: said for sid, said in overridden.items() if sid not in without}


def test_the_page_names_the_commands_of_each_role() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", (ROOT / PAGE).read_text("utf-8"), re.MULTILINE))
    said = {role: tuple(re.findall(r"`([\w-]+)`", commands)) for role, commands in rows.items() if role in ROLES}
    assert said == {**ROLES, "operate": ()}
