"""The layers of docs/architecture.md, held by a test, and the names that the package exports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import rollout
from tests.imports import imports

ROOT = Path(rollout.__file__).parent
PURE = (
    *(
        "error_codes",
        "errors",
        "events",
        "fields",
        "formatting",
        "invocation",
        "files",
        "foreign",
        "live",
        "marks",
        "metrics",
        "model",
        "ports",
        "names",
        "printable",
        "quantities",
        "redaction",
    ),
    *("rules", "checks", "history"),
    *(f"ramp.{name}" for name in ("decide", "journal", "sentence", "settings", "standing", "windows")),
    *(f"changes.{name}" for name in ("bearers", "desired", "gates", "pending", "phases", "plan", "policy")),
    *(f"measuring.{name}" for name in ("evidence", "latency_limits", "pools", "quiet", "split", "tallies", "volumes")),
    *(f"analysis.{name}" for name in ("defaults", "eprocess", "judge", "planning", "sentences", "stakes")),
    *(f"analysis.{name}" for name in ("streams", "verdicts", "weighing")),
    *("monitoring.alarms", "monitoring.dashboard", "monitoring.pools", "notify.notice", "smoke.report"),
    *(f"dashboard.{name}" for name in ("changes", "charts", "courses", "overview", "plots", "scales", "words")),
    *("doctor.account", "iam.needs", "iam.policies", "iam.resources"),
    *(f"init.{name}" for name in ("answers", "draft", "found", "names", "text")),
)
AWS = ("aws/", "sandbox/")
SDKS = {"boto3": AWS, "botocore": AWS, "moto": ("sandbox/",), "typer": ("cli/",)}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("sdk", SDKS)
def test_an_sdk_is_imported_where_it_belongs(sdk: str) -> None:
    users = {
        str(file.relative_to(ROOT)) for file in modules() if any(name.split(".")[0] == sdk for name in imports(file))
    }
    assert users
    assert {user for user in users if not user.startswith(SDKS[sdk])} == set()


def test_pulumi_is_imported_by_its_driver_and_the_components() -> None:
    allowed = ("pulumi_driver/", "components/", "fakes/", "programs/", "sandbox/provider/")
    users = {
        str(file.relative_to(ROOT))
        for file in modules()
        if any(name.split(".")[0].startswith("pulumi") for name in imports(file))
    }
    assert {user for user in users if not user.startswith(allowed)} == set()


@pytest.mark.parametrize("name", PURE)
def test_a_pure_module_imports_pure_modules_alone(name: str) -> None:
    path = ROOT / name.replace(".", "/")
    files = list(path.glob("*.py")) or [path.with_suffix(".py")]
    ours = {i.removeprefix("rollout.") for file in files for i in imports(file) if i.startswith("rollout.")}
    assert {i for i in ours if not any(f"{i}.".startswith(f"{pure}.") for pure in PURE)} == set()


def test_nothing_below_imports_the_command_line() -> None:
    below = [file for file in modules() if "cli" not in file.parts and file.name != "__main__.py"]
    assert [file for file in below if any(name.startswith("rollout.cli") for name in imports(file))] == []


def test_programs_know_components_and_the_model_alone() -> None:
    found = {
        ".".join(name.split(".")[:2])
        for file in (ROOT.parent / "programs").glob("*.py")
        for name in imports(file)
        if name.startswith("rollout.")
    }
    assert found <= {"rollout.components", "rollout.model", "rollout.programs"}


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, rollout.cli; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"boto3", "botocore", "pulumi", "pulumi_aws", "pydantic", "moto", "grpc"} & set(loaded)


def test_what_is_exported_is_there() -> None:
    assert rollout.__all__ == sorted(rollout.__all__, key=lambda name: (name.startswith("_"), name))
    assert all(getattr(rollout, name) is not None for name in rollout.__all__)
    with pytest.raises(AttributeError):
        _ = rollout.Nonsense
