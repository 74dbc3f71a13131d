"""What is said where the sandbox, or what its extra installs, isn't there: one error with what to install."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.imports import PACKAGES, ROOT

WITHOUT = {"package": ("rollout_sandbox",), "entry points": ("rollout-",), "extra": ("moto", "aiohttp")}
"""Names in site-packages, or what they begin with."""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(params=WITHOUT)
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """Runs the command line where something isn't installed."""
    there = {each.name: each for each in Path(sysconfig.get_path("purelib")).iterdir() if each.suffix != ".pth"}
    there |= {name: ROOT / name for name in PACKAGES}
    site, folder = tmp_path / "site", tmp_path / "folder"
    site.mkdir()
    folder.mkdir()
    for name, each in there.items():
        if not name.startswith(WITHOUT[request.param]):
            (site / name).symlink_to(each)
    start = f"import sys; sys.path.insert(0, {str(site)!r}); from rollout.__main__ import main; main()"

    def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", "-c", start, *arguments]
        environ = os.environ | {"XDG_STATE_HOME": str(tmp_path)}
        return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)

    return ran


def test_help_still_lists_its_commands(run: Run) -> None:
    told = run("--help")
    assert told.returncode == 0
    assert {"sandbox", "demo"} <= {line.split()[0] for line in told.stdout.splitlines() if line.strip()}


@pytest.mark.parametrize(
    "arguments", [("sandbox", "start", "--bare", "--json"), ("demo", "--json"), ("status", "--sandbox", "--json")]
)
def test_each_way_to_it_says_what_to_install(run: Run, arguments: tuple[str, ...]) -> None:
    told = run(*arguments)
    said = json.loads(told.stdout.splitlines()[-1])
    assert (said["event"], said["code"]) == ("failed", "extra-missing")
    assert 'pip install ".[sandbox]"' in said["then"]
    assert (told.returncode, told.stderr) == (1, "")
