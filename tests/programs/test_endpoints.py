"""The endpoints' stand-in: each route of the inventory is answered, by whoever was invoked."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from programs.endpoints import handler
from rollout.inventory.model import KeptRoute, Route
from tests.unit.seed import SEED

ROUTES: dict[str, Route | KeptRoute] = {**SEED.routes, **SEED.kept_routes}


def ask(function: str, verb: str, path: str) -> dict[str, Any]:
    answer = handler({"httpMethod": verb, "path": path}, SimpleNamespace(function_name=function))
    assert answer["statusCode"] == 200
    return dict(json.loads(answer["body"]))


@pytest.mark.parametrize("name", ROUTES)
def test_legacy_and_candidate_answer_alike(name: str) -> None:
    path = ROUTES[name].path[0].replace("*", "0xabc")
    python, rust = (ask(function, ROUTES[name].methods[0], path) for function in ("python-one", "rust-scorer"))
    assert python == rust
    assert python["path"] == path


def test_what_a_path_says_is_in_the_answer() -> None:
    assert ask("x", "GET", "/v2/stamps/7/score/0xabc")["scorer"] == "7"
    assert ask("x", "GET", "/internal/embed/score/7/0xabc")["address"] == "0xabc"
    assert "scorer" not in ask("x", "GET", "/v2/stamps/7/score/0xabc/history")


def test_it_needs_neither_pulumi_nor_rollout() -> None:
    code = "import sys, programs.endpoints; print({'pulumi', 'rollout', 'boto3'} & sys.modules.keys())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"
