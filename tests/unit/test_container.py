"""The controller's image: its versions are the locks' and the installer's, and all that it is built from is there."""

from __future__ import annotations

import os
import re
import tomllib
from importlib import import_module
from pathlib import Path

from rollout.adapters.pulumi.install.release import DIGESTS

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "container/Dockerfile").read_text("utf-8")
VENDOR = "container/vendor"
"""What a team adds that can't download it; in no checkout."""
COMMANDS = "\n".join(line for line in DOCKERFILE.splitlines() if not line.startswith("#"))


def pins(name: str) -> set[str]:
    """The packages of a lock, each with its version and marker."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    return {line.rstrip(" \\") for line in text.splitlines() if "==" in line and not line.startswith((" ", "#"))}


def names(of: set[str]) -> set[str]:
    return {pin.partition("==")[0] for pin in of}


def test_its_lock_is_the_wheels_and_what_calls_the_function() -> None:
    controller, run = pins("controller"), pins("run")
    assert names(controller - run) == {"awslambdaric", "simplejson", "snapshot-restore-py"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {re.split(r"[<>=\[]", each)[0] for each in project["dependencies"]}
    assert wanted <= names(controller)


def test_no_version_stands_in_it_but_the_bases() -> None:
    versions = re.findall(r"\d+\.\d+(?:\.\d+)?", COMMANDS)
    (base,) = re.findall(r"python:(\d+\.\d+\.\d+)-", COMMANDS)
    assert versions == [base]
    assert tuple(map(int, base.split("."))) >= (3, 11)


def test_the_engine_is_the_release_that_is_held_to_its_digest() -> None:
    assert "rollout setup --source release" in COMMANDS
    assert {"linux-x64", "linux-arm64"} <= DIGESTS.keys()


def test_an_engine_brings_its_stamp_so_that_it_is_not_asked() -> None:
    assert "cp -a /engine/rollout/engine/*/. /opt/pulumi/" in COMMANDS
    assert "ROLLOUT_PULUMI=/opt/pulumi/bin/pulumi" in COMMANDS


def test_all_that_is_copied_is_there_and_nothing_else_is_sent() -> None:
    ignored = (ROOT / "container/Dockerfile.dockerignore").read_text("utf-8").splitlines()
    sent = [line[1:] for line in ignored if line.startswith("!")]
    assert ignored[1] == "*"
    assert [name for name in sent if not (ROOT / name).exists()] in ([], [VENDOR])
    copied = [
        name for line in re.findall(r"^COPY (?!--from)(.*)$", COMMANDS, re.MULTILINE) for name in line.split()[:-1]
    ]
    assert [name for name in copied if name not in {".", "--chmod=755", *sent}] == []
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {*wheel["packages"], *wheel["force-include"]} <= set(sent)


def test_it_calls_a_handler_that_is_there() -> None:
    (command,) = re.findall(r'^CMD \["(.+)"\]$', COMMANDS, re.MULTILINE)
    module, _, function = command.rpartition(".")
    assert callable(getattr(import_module(module), function))
    (entry,) = re.findall(r'^ENTRYPOINT \["/opt/(.+)"\]$', COMMANDS, re.MULTILINE)
    assert os.access(ROOT / "container" / entry, os.X_OK)


def test_whatever_is_written_is_written_where_a_function_may() -> None:
    variables = dict(re.findall(r"(\w+)=(\S+)", COMMANDS.rpartition("\nENV ")[2]))
    assert {variables[name].split("/")[1] for name in ("HOME", "PULUMI_HOME")} == {"tmp"}
