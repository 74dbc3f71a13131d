"""Programs of several inventories in one process: each has its own, as in a process of its own."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from rollout.adapters.pulumi.programs import load_program
from rollout.errors import ConfigError

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


def test_what_the_embedding_program_has_loaded_itself_stays_its_own(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(folders["first"])
    own = importlib.import_module("programs_of_a_shop.routing")
    program_of(folders["first"])
    with pytest.raises(ConfigError):
        load_program("programs_of_nobody:program", folders["bare"], "routing")
    assert sys.modules["programs_of_a_shop.routing"] is own
    assert program_of(folders["second"]) == "second"


def test_modules_beside_a_program_and_single_files_go_with_their_folder(folders: dict[str, Path]) -> None:
    for name in ("first", "second"):
        (folders[name] / "prices_of_a_shop.py").write_text(f"NAME = {name!r}\n")
        (folders[name] / "alone_of_a_shop.py").write_text(
            "import prices_of_a_shop\n\ndef program(given):\n    return prices_of_a_shop.NAME\n"
        )

    def alone(name: str) -> object:
        return load_program("alone_of_a_shop:program", folders[name], "routing")(None)  # type: ignore[arg-type]

    assert [alone(name) for name in ("first", "second", "first")] == ["first", "second", "first"]


def test_an_environment_in_the_folder_is_not_forgotten(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = folders["first"] / ".venv" / "site-packages"
    installed.mkdir(parents=True)
    (installed / "library_of_a_shop.py").write_text("")
    monkeypatch.syspath_prepend(installed)
    (folders["first"] / "programs_of_a_shop" / "routing.py").write_text(
        "import library_of_a_shop\n\ndef program(given):\n    return library_of_a_shop\n"
    )
    library = program_of(folders["first"])
    program_of(folders["second"])
    assert sys.modules.pop("library_of_a_shop") is library


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Nothing of these folders is left to the tests after."""
    yield
    for name in [name for name in sys.modules if name.partition(".")[0].endswith("_of_a_shop")]:
        del sys.modules[name]


def test_modules_may_come_and_go_meanwhile(tmp_path: Path) -> None:
    def collected(phase: str, info: dict[str, int]) -> None:
        """As another thread does when a finalizer lets it run."""
        sys.modules[f"module_{len(sys.modules)}"] = ModuleType("elsewhere")

    (tmp_path / "at_any_time.py").write_text("def program(given): ...\n")
    threshold = gc.get_threshold()
    gc.callbacks.append(collected)
    gc.set_threshold(1)
    try:
        assert load_program("at_any_time:program", tmp_path, "legacy").__name__ == "program"
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(collected)
        for name in [name for name in list(sys.modules) if name.startswith("module_")]:
            del sys.modules[name]
