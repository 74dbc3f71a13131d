"""The examples, run as their readers would run them: from the folder of an inventory."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Team

EXAMPLES = ROOT / "examples"


def run(team: Team, *words: str | Path) -> str:
    """What Python says; what goes wrong is the test's failure."""
    command = [sys.executable, *words]
    done = subprocess.run(command, cwd=team.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.engine
def test_the_fixtures_test_an_inventory_and_leave_it_as_it_is(team: Team) -> None:
    before, copy = team.file.read_text(), team.folder / "test_migration.py"
    copy.write_text((EXAMPLES / "test_migration.py").read_text())
    said = run(team, "-m", "pytest", "-p", "no:cacheprovider", copy)
    assert re.search(r"^=+ 3 passed", said, re.MULTILINE), said
    assert team.file.read_text() == before
