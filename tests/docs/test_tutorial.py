"""The tutorial says of the weights what the file says that it starts from."""

from __future__ import annotations

import re

from rollout.inventory.file import load
from rollout.inventory.quantities import Percent
from tests.docs.pages import ROOT


def test_the_tutorials_environment_is_at_the_weight_that_it_says() -> None:
    text = (ROOT / "docs/tutorial.md").read_text("utf-8")
    (name,) = set(re.findall(r"rollout (?:phase\d|weight|status|rollback) (\w+)", text))
    (want,) = re.findall(r"want (\d+) %", text)
    assert {load(ROOT / "stacks.toml").environment(name).weight} == {Percent.of(want)}


def test_what_it_says_of_the_other_environments_holds() -> None:
    text = (ROOT / "docs/tutorial.md").read_text("utf-8")
    assert "Staging and review have 100" in text
    file = load(ROOT / "stacks.toml")
    assert {file.environment(name).weight for name in ("staging", "review")} == {Percent.of(100)}
