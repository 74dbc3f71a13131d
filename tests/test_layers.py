"""The layers of docs/architecture.md, held by a test, and the names that the package exports."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import rollout
from tests.imports import imports, installed

ROOT = Path(rollout.__file__).parent
ROOMS = (
    "errors",
    "base",
    "guard",
    "inventory",
    "alb",
    "state",
    "analysis",
    "parity",
    "migration",
    "ramp",
    "programs",
    "adapters",
    "reports",
    "api",
    "controller",
    "fakes",
    "cli",
)
"""A room imports those above it alone, anywhere in a file; docs/architecture.md says what each is for."""
DOORS = {"__init__", "__main__", "moved"}
AWS = ("rollout/adapters/aws/", "rollout/guard/aws.py", "rollout_sandbox/")
SDKS = {
    "boto3": (*AWS, "rollout_tap/sinks.py"),
    "botocore": (*AWS, "rollout_tap/sinks.py"),
    "moto": ("rollout_sandbox/",),
    "opentelemetry": ("rollout/adapters/telemetry/",),
    "typer": ("rollout/cli/", "rollout_sandbox/cli/"),
}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def users(sdk: str) -> set[str]:
    """The files of both packages that import an SDK, or what begins with its name."""
    return {
        str(file.relative_to(ROOT.parent))
        for file in installed()
        if any(re.match(rf"{sdk}(_\w+)?(\.|$)", name) for name in imports(file))
    }


@pytest.mark.parametrize("sdk", SDKS)
def test_an_sdk_is_imported_where_it_belongs(sdk: str) -> None:
    assert users(sdk)
    assert {user for user in users(sdk) if not user.startswith(SDKS[sdk])} == set()


def test_pulumi_is_imported_by_its_driver_and_the_components() -> None:
    rooms = ("adapters/pulumi/", "fakes/", "programs/")
    allowed = (*(f"rollout/{room}" for room in rooms), "rollout_sandbox/provider/")
    assert {user for user in users("pulumi") if not user.startswith(allowed)} == set()


def room(file: Path) -> str:
    return file.relative_to(ROOT).with_suffix("").parts[0]


def test_each_module_is_in_a_room() -> None:
    assert {room(file) for file in modules()} == {*ROOMS, *DOORS}


def picture() -> str:
    """Who imports whom, as docs/architecture.md shows it: a row for each room, a mark below each that it imports."""
    arrows = {
        (room(file), imported.split(".")[1])
        for file in modules()
        for imported in imports(file)
        if imported.startswith("rollout.")
    }
    width = max(map(len, ROOMS))
    rows = [" " * width + "".join(f" {name[:3]}" for name in ROOMS)]
    for name in ROOMS:
        marks = ("  · " if other == name else "  ■ " if (name, other) in arrows else "    " for other in ROOMS)
        rows.append(f"{name:{width}}{''.join(marks)}".rstrip())
    return "\n".join(rows)


def test_the_picture_is_drawn_from_the_imports() -> None:
    page = (ROOT.parent / "docs/architecture.md").read_text("utf-8")
    assert picture() in page
    listed = re.findall(r"^(\w+)/ ", page.partition("```\n")[2].partition("```")[0], re.MULTILINE)
    assert tuple(listed) == ROOMS


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_imports_only_rooms_above_it(name: str) -> None:
    allowed = {*ROOMS[: ROOMS.index(name) + 1], *rollout.__all__}
    found = {
        (str(file.relative_to(ROOT)), imported)
        for file in modules()
        if room(file) == name
        for imported in imports(file)
        if imported.startswith("rollout.") and imported.split(".")[1] not in allowed
    }
    assert found == set()


@pytest.mark.parametrize("package", ["rollout.guard", "rollout_tap"])
def test_what_runs_in_functions_imports_only_itself_and_what_lambdas_runtime_has(package: str) -> None:
    files = [*ROOT.parent.joinpath(*package.split(".")).glob("*.py")]
    found = {
        name
        for file in files
        for name in imports(file)
        if not name.startswith(package)
        and name.partition(".")[0] not in {*sys.stdlib_module_names, "boto3", "botocore"}
    }
    assert files
    assert found == set()


def test_nothing_of_rollout_knows_the_sandbox_that_is_built_on_it() -> None:
    assert [str(file) for file in modules() if any(name.startswith("rollout_sandbox") for name in imports(file))] == []


def test_of_the_sandbox_only_its_commands_know_the_command_line() -> None:
    sandbox = ROOT.parent / "rollout_sandbox"
    found = {
        str(file.relative_to(sandbox))
        for file in sandbox.rglob("*.py")
        if any(name.startswith("rollout.cli") for name in imports(file))
    }
    assert found
    assert {each for each in found if not each.startswith("cli/")} == set()


def test_programs_know_components_and_the_model_alone() -> None:
    found = {
        ".".join(name.split(".")[:2])
        for file in (ROOT.parent / "programs").glob("*.py")
        for name in imports(file)
        if name.startswith("rollout.")
    }
    assert found <= {"rollout.programs", "rollout.inventory"}


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, rollout.cli; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"boto3", "botocore", "pulumi", "pulumi_aws", "pydantic", "moto", "grpc"} & set(loaded)


def test_what_is_exported_is_there() -> None:
    assert rollout.__all__ == sorted(rollout.__all__, key=lambda name: (name.startswith("_"), name))
    assert all(getattr(rollout, name) is not None for name in rollout.__all__)
    with pytest.raises(AttributeError):
        _ = rollout.Nonsense
