"""What `[programs]` names where nothing else is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollout.adapters.pulumi.programs import load_program
from rollout.inventory.settings import Programs


@pytest.mark.parametrize("stack", ["candidate", "routing", "monitoring"])
def test_a_folder_named_like_the_package_hides_none_of_it(stack: str, tmp_path: Path) -> None:
    (tmp_path / "rollout").mkdir()
    (tmp_path / "rollout" / "__init__.py").touch()
    entry_point = getattr(Programs(), stack)
    assert load_program(entry_point, tmp_path, stack).__module__ == f"rollout.programs.{stack}"


def test_nor_does_one_named_like_the_sandboxs(tmp_path: Path) -> None:
    (tmp_path / "rollout_sandbox").mkdir()
    (tmp_path / "rollout_sandbox" / "__init__.py").touch()
    assert load_program("rollout_sandbox.story:seed", tmp_path, "legacy").__module__ == "rollout_sandbox.story"
