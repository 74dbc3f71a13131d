"""Programs of several inventories in one process: each has its own, as in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rollout.errors import ConfigError
from rollout.pulumi_driver.programs import load_program

ENTRY = "programs_of_a_shop.routing:program"


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """Two folders with a package of one name, and one without."""
    found = {name: tmp_path / name for name in ("first", "second", "bare")}
    for name, folder in found.items():
        package = folder / "programs_of_a_shop"
        package.mkdir(parents=True)
        (package / "routing.py").write_text(f"def program(given):\n    return {name!r}\n")
    (found["bare"] / "programs_of_a_shop" / "routing.py").unlink()
    (found["bare"] / "programs_of_a_shop").rmdir()
    return found


def program_of(root: Path) -> object:
    return load_program(ENTRY, root, "routing")(None)  # type: ignore[arg-type]


def test_each_folder_has_its_own(folders: dict[str, Path]) -> None:
    before = len(sys.path)
    found = [program_of(folders[name]) for name in ("first", "second", "first", "second")]
    assert found == ["first", "second", "first", "second"]
    assert len(sys.path) <= before + 1


def test_who_has_none_gets_nobody_elses(folders: dict[str, Path]) -> None:
    program_of(folders["first"])
    with pytest.raises(ConfigError) as caught:
        program_of(folders["bare"])
    assert caught.value.code == "program-missing"
