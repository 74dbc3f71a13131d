"""What `./run` installs with, and what it leaves when two run at once, when one is cut off, and when nothing helps."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.install import uv_settings

ROOT = Path(__file__).parents[2]
NOT_COPIED = shutil.ignore_patterns("__pycache__")

FAKE_UV = """#!/bin/sh
echo "$*" >> log
case "$*" in
  venv*) mkdir -p .venv/bin && ln -s /bin/false .venv/bin/python ;;
  *--require-hashes*)
    env | grep -E '^(UV_|SSL_)' >> variables
    [ -z "$GATE" ] || cat "$GATE" >> log
    exit "${CODE:-0}" ;;
esac
"""


@dataclass
class Clone:
    """A checkout without an environment, and a PATH with a uv on it that only notes what it is asked."""

    root: Path
    bin: Path

    def start(self, lock: str = "run", **variables: str) -> subprocess.Popen[str]:
        python = getattr(sys, "_base_executable", sys.executable)
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "SSL_"))}
        environ |= {"PATH": f"{self.bin}:/usr/bin:/bin", "PIP_CONFIG_FILE": os.devnull} | variables
        command = [python, "-I", str(self.root / "scripts" / "install.py"), lock]
        return subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)

    def install(self, lock: str = "run", **variables: str) -> tuple[int, str]:
        with self.start(lock, **variables) as process:
            _, errors = process.communicate()
        return process.returncode, errors

    def asked(self) -> list[str]:
        """The locks that uv was asked to install, and whether it made an environment."""
        lines = (self.root / "log").read_text().splitlines()
        return [line.split()[-1] for line in lines if "--require-hashes" in line or line.startswith("venv")]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    root, path = tmp_path / "clone", tmp_path / "bin"
    for folder in ("scripts", "requirements"):
        shutil.copytree(ROOT / folder, root / folder, ignore=NOT_COPIED)
    for file in ("run", "pyproject.toml"):
        shutil.copy(ROOT / file, root)
    path.mkdir()
    (path / "uv").write_text(FAKE_UV)
    (path / "uv").chmod(0o755)
    return Clone(root, path)


def test_what_is_there_is_not_installed_again(clone: Clone) -> None:
    for lock in ("run", "run", "dev", "run", "dev"):
        assert clone.install(lock)[0] == 0
    assert clone.asked() == [str(clone.root / ".venv"), "requirements/run.txt", "requirements/dev.txt"]


def test_another_lock_makes_it_anew(clone: Clone) -> None:
    clone.install("dev")
    before = clone.asked()
    with (clone.root / "requirements" / "dev.txt").open("a") as file:
        file.write("# another\n")
    clone.install("dev")
    assert clone.asked() == before * 2


def test_of_two_at_once_one_installs_and_the_other_waits(clone: Clone) -> None:
    gate = clone.root / "gate"
    os.mkfifo(gate)
    with clone.start(GATE=str(gate)) as first, gate.open("w"):  # opened once uv reads it: the first holds the lock
        second = clone.start()
        assert second.stderr is not None
        assert "waiting" in second.stderr.readline()
    with second:
        second.communicate()
    assert (first.returncode, second.returncode) == (0, 0)
    assert len(clone.asked()) == 2


def test_what_was_cut_off_is_made_anew(clone: Clone) -> None:
    gate = clone.root / "gate"
    os.mkfifo(gate)
    with clone.start(GATE=str(gate)) as first, gate.open("w"):
        (clone.root / ".venv" / "half").touch()
        first.kill()
    assert clone.install()[0] == 0
    assert not (clone.root / ".venv" / "half").exists()


def test_where_uv_finds_no_packages_and_pip_none_either_it_ends_in_one_sentence(clone: Clone) -> None:
    code, errors = clone.install(CODE="1", PIP_NO_INDEX="1", PIP_FIND_LINKS=str(clone.bin))
    assert code == 1
    assert "The packages aren't installed" in errors
    assert "Traceback" not in errors
    assert list((clone.root / ".venv").glob("*.stamp")) == []


def test_uv_gets_packages_from_where_pip_would(clone: Clone) -> None:
    config = clone.root / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://global.example\ncert = /global.pem\n[install]\ncert = /install.pem\n"
    )
    clone.install(PIP_CONFIG_FILE=str(config), PIP_INDEX_URL="https://variable.example/simple")
    variables = (clone.root / "variables").read_text().splitlines()
    assert {"UV_DEFAULT_INDEX=https://variable.example/simple", "SSL_CERT_FILE=/install.pem"} <= set(variables)


@pytest.mark.parametrize(
    ("pip", "environ", "uv"),
    [
        ({"index-url": "https://a"}, {}, {"UV_DEFAULT_INDEX": "https://a"}),
        ({"index-url": "https://a"}, {"UV_DEFAULT_INDEX": "https://b"}, {}),
        ({"index-url": "https://a"}, {"UV_INDEX_URL": "https://b"}, {}),
        (
            {"extra-index-url": "\nhttps://a\nhttps://b"},
            {},
            {"UV_INDEX": "https://a https://b", "UV_INDEX_STRATEGY": "unsafe-best-match"},
        ),
        ({"find-links": "https://a /nowhere /tmp"}, {}, {"UV_FIND_LINKS": "https://a,/tmp"}),
        ({"find-links": "/nowhere"}, {}, {}),
        ({"cert": "/a.pem"}, {"SSL_CERT_FILE": "/b.pem"}, {}),
        ({"trusted-host": "a b", "retries": "9"}, {}, {"UV_INSECURE_HOST": "a b"}),
    ],
)
def test_each_of_pips_settings_has_its_like(pip: dict[str, str], environ: dict[str, str], uv: dict[str, str]) -> None:
    assert uv_settings(pip, environ) == uv
