"""Which engine is taken, and why the others aren't: the engines here are scripts that answer `version`."""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from rollout.adapters.pulumi.install.locate import engines_folder, find, require, write_stamp
from rollout.adapters.pulumi.install.versions import PINNED, Version
from rollout.errors import EngineMissing, EngineTooOld

from .engines import asked, engine


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def on_path(*folders: Path) -> dict[str, str]:
    return {"PATH": os.pathsep.join(map(str, folders))}


def install(cache: Path) -> Path:
    binary = engine(engines_folder(cache) / str(PINNED) / "bin", f"v{PINNED}")
    write_stamp(binary)
    return binary


def test_nothing_anywhere(cache: Path, tmp_path: Path) -> None:
    assert find(environ=on_path(tmp_path), cache=cache) is None
    with pytest.raises(EngineMissing) as raised:
        require(environ=on_path(tmp_path), cache=cache)
    assert "rollout setup" in str(raised.value.hint)


def test_a_fitting_engine_on_path(cache: Path, tmp_path: Path) -> None:
    binary = engine(tmp_path, "v3.300.1")
    found = require(environ=on_path(tmp_path), cache=cache)
    assert (found.path, found.version, found.origin) == (binary, Version(3, 300, 1), "path")


def test_the_installed_one_goes_before_path_and_is_not_asked(cache: Path, tmp_path: Path) -> None:
    binary = install(cache)
    engine(tmp_path, "v3.300.1")
    found = require(environ=on_path(tmp_path), cache=cache)
    assert (found.path, found.origin) == (binary, "cache")
    assert asked(binary) == 0


def test_the_named_one_goes_before_all(cache: Path, tmp_path: Path) -> None:
    install(cache)
    named = engine(tmp_path / "mine", "v3.259.4", name="my-pulumi")
    found = require(environ=on_path(tmp_path) | {"ROLLOUT_PULUMI": str(named)}, cache=cache)
    assert (found.path, found.version, found.origin) == (named, Version(3, 259, 4), "variable")


def in_image(cache: Path, tmp_path: Path) -> Path:
    """An installed engine, copied with its stamp as an image keeps files: another inode, and whole seconds."""
    binary = install(cache)
    before = binary.stat()
    copied = Path(shutil.copytree(binary.parent.parent, tmp_path / "opt")) / "bin/pulumi"
    os.utime(copied, (before.st_atime, before.st_mtime_ns // 10**9))
    return copied


def test_a_named_one_with_its_stamp_is_not_asked(cache: Path, tmp_path: Path) -> None:
    binary = in_image(cache, tmp_path)
    found = require(environ={"ROLLOUT_PULUMI": str(binary)})
    assert (found.path, found.version, found.origin, asked(binary)) == (binary, PINNED, "variable", 0)
    os.utime(binary, (0, 0))
    assert require(environ={"ROLLOUT_PULUMI": str(binary)}).version == PINNED
    assert asked(binary) == 0, "its digest is the stamp's"


@pytest.mark.parametrize("change", ["size", "content and time", "no stamp", "stamp", "a list"])
def test_a_named_one_that_is_not_its_stamps_is_asked(cache: Path, tmp_path: Path, change: str) -> None:
    binary = in_image(cache, tmp_path)
    stamp, text = binary.parent.parent / "stamp.json", binary.read_text()
    match change:
        case "size":
            binary.write_text(text.replace("exit 0", "exit 0 "))
        case "content and time":
            binary.write_text(text.replace(f"v{PINNED}", "v3.258.0"))
            os.utime(binary, (0, 0))
        case "no stamp":
            stamp.unlink()
        case "stamp":
            stamp.write_text("{")
        case "a list":
            stamp.write_text("[]")
    with pytest.raises(EngineTooOld) if change == "content and time" else nullcontext():
        require(environ={"ROLLOUT_PULUMI": str(binary)})
    assert asked(binary) == 1


def test_a_named_one_that_cannot_be_run_is_missing_in_spite_of_its_stamp(cache: Path, tmp_path: Path) -> None:
    binary = in_image(cache, tmp_path)
    binary.chmod(0o644)
    with pytest.raises(EngineMissing):
        require(environ={"ROLLOUT_PULUMI": str(binary)})


@pytest.mark.parametrize("version", ["v3.258.9", "v3.100.0", "2.25.2"])
def test_an_older_engine_is_named(cache: Path, tmp_path: Path, version: str) -> None:
    binary = engine(tmp_path, version)
    with pytest.raises(EngineTooOld) as raised:
        require(environ=on_path(tmp_path), cache=cache)
    assert raised.value.where == str(binary)


def test_an_older_engine_does_not_hide_a_fitting_one_behind_it(cache: Path, tmp_path: Path) -> None:
    engine(tmp_path / "old", "v3.100.0")
    fitting = engine(tmp_path / "new", "v3.260.0")
    assert require(environ=on_path(tmp_path / "old", tmp_path / "new"), cache=cache).path == fitting


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("#!/bin/sh\necho v4.0.0", "newer than rollout supports"),
        ("#!/bin/sh\necho 'a note-taking program'", "is not a Pulumi engine.*a note-taking program"),
        ("#!/bin/sh\necho v3.260.0; exit 3", "exit code 3"),
        ("#!/no/such/interpreter\n", "can't be run"),
        ("\x7fELF\x02half written", "can't be run"),
        ("", "is not a Pulumi engine|can't be run"),
    ],
)
def test_what_is_no_engine_is_told(cache: Path, tmp_path: Path, script: str, why: str) -> None:
    binary = tmp_path / "pulumi"
    binary.write_text(script)
    binary.chmod(0o755)
    with pytest.raises(EngineMissing, match=why) as raised:
        require(environ=on_path(tmp_path), cache=cache)
    assert str(binary) in raised.value.what


@pytest.mark.parametrize("path", ["/no/such/pulumi", "/"])
def test_a_named_engine_that_is_none_is_an_error_even_where_another_fits(cache: Path, path: str) -> None:
    install(cache)
    with pytest.raises(EngineMissing, match="ROLLOUT_PULUMI=/"):
        find(environ={"ROLLOUT_PULUMI": path}, cache=cache)


def test_a_named_engine_that_is_too_old(cache: Path, tmp_path: Path) -> None:
    named = engine(tmp_path, "v3.200.0")
    with pytest.raises(EngineTooOld, match=r"3\.200\.0"):
        find(environ={"ROLLOUT_PULUMI": str(named)}, cache=cache)


def test_a_relative_path_entry_is_not_looked_into(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine(tmp_path / "bin", "v3.260.0")
    monkeypatch.chdir(tmp_path)
    assert find(environ={"PATH": "bin"}, cache=cache) is None


def test_a_relative_named_engine_is_one_of_this_folder(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = engine(tmp_path, "v3.260.0")
    monkeypatch.chdir(tmp_path)
    found = find(environ={"ROLLOUT_PULUMI": "pulumi"}, cache=cache)
    assert found is not None
    assert found.path == binary


def test_an_engine_on_path_is_asked_once_until_it_changes(cache: Path, tmp_path: Path) -> None:
    binary = engine(tmp_path, "v3.260.0", size=2_000_000)
    for _ in range(3):
        assert require(environ=on_path(tmp_path), cache=cache).version == Version(3, 260, 0)
    assert asked(binary) == 1
    engine(tmp_path, "v3.261.0", size=2_000_001)
    assert require(environ=on_path(tmp_path), cache=cache).version == Version(3, 261, 0)


def test_a_shim_is_asked_each_time(cache: Path, tmp_path: Path) -> None:
    binary = engine(tmp_path, "v3.260.0")
    for _ in range(3):
        require(environ=on_path(tmp_path), cache=cache)
    assert asked(binary) == 3


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"PATH": 1}', '{"PATH": {"binary": [], "version": "x"}}'])
def test_spoilt_answers_are_asked_again(cache: Path, tmp_path: Path, kept: str) -> None:
    binary = engine(tmp_path, "v3.260.0", size=2_000_000)
    answers = engines_folder(cache) / "answers.json"
    answers.parent.mkdir(parents=True)
    answers.write_text(kept.replace("PATH", str(binary)))
    assert require(environ=on_path(tmp_path), cache=cache).path == binary


def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(cache: Path, tmp_path: Path) -> None:
    cache.write_text("a file, not a folder")
    engine(tmp_path, "v3.260.0", size=2_000_000)
    assert find(environ=on_path(tmp_path), cache=cache) is not None


def test_an_installed_engine_that_was_cut_short_does_not_count(cache: Path, tmp_path: Path) -> None:
    binary = install(cache)
    binary.write_bytes(binary.read_bytes()[:-1])
    assert find(environ=on_path(tmp_path), cache=cache) is None


def test_an_installed_engine_without_its_stamp_does_not_count(cache: Path, tmp_path: Path) -> None:
    (install(cache).parent.parent / "stamp.json").unlink()
    assert find(environ=on_path(tmp_path), cache=cache) is None


def test_a_restored_cache_counts_by_its_content(cache: Path, tmp_path: Path) -> None:
    binary = install(cache)
    os.utime(binary, (1, 1))
    assert find(environ=on_path(tmp_path), cache=cache) is not None
    binary.write_bytes(binary.read_bytes().replace(b"v3", b"v4"))
    assert find(environ=on_path(tmp_path), cache=cache) is None


def test_a_moved_cache_still_counts(cache: Path, tmp_path: Path) -> None:
    install(cache)
    shutil.move(cache, tmp_path / "moved")
    assert find(environ=on_path(tmp_path), cache=tmp_path / "moved") is not None


def aged(cache: Path) -> None:
    """Let more than a day go by since the engine was last looked at."""
    stamp = engines_folder(cache) / str(PINNED) / "stamp.json"
    stamp.write_text(json.dumps({**json.loads(stamp.read_text()), "checked": time.time() - 90_000}))


def tampered(binary: Path) -> None:
    """Put another engine of the same size and time in its place."""
    was = binary.stat()
    binary.write_bytes(binary.read_bytes().replace(b"exit 0", b"exit 1"))
    os.utime(binary, ns=(was.st_atime_ns, was.st_mtime_ns))


def test_another_engine_of_the_same_size_and_time_does_not_count(cache: Path) -> None:
    tampered(install(cache))
    assert find(environ={}, cache=cache) is None


def test_the_content_is_looked_at_once_a_day(cache: Path) -> None:
    binary = install(cache)
    tampered(binary)
    stamp = engines_folder(cache) / str(PINNED) / "stamp.json"
    # as if nothing of the file had changed, as a disk that was altered from outside looks
    now = binary.stat()
    seen = {"ctime_ns": now.st_ctime_ns, "mtime_ns": now.st_mtime_ns, "inode": now.st_ino}
    stamp.write_text(json.dumps({**json.loads(stamp.read_text()), **seen}))
    assert find(environ={}, cache=cache) is not None
    aged(cache)
    assert find(environ={}, cache=cache) is None


def test_an_engine_that_is_still_the_same_is_good_for_another_day(cache: Path) -> None:
    install(cache)
    aged(cache)
    assert find(environ={}, cache=cache) is not None
    stamp = engines_folder(cache) / str(PINNED) / "stamp.json"
    assert time.time() - json.loads(stamp.read_text())["checked"] < 60


def test_a_stamp_of_an_earlier_version_still_counts_by_the_content(cache: Path) -> None:
    binary = install(cache)
    stamp = engines_folder(cache) / str(PINNED) / "stamp.json"
    kept = json.loads(stamp.read_text())
    stamp.write_text(json.dumps({name: kept[name] for name in ("size", "mtime_ns", "sha256")}))
    assert find(environ={}, cache=cache) is not None
    assert "checked" in json.loads(stamp.read_text())
    tampered(binary)
    assert find(environ={}, cache=cache) is None


def test_an_engine_is_asked_without_secrets(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
    binary = tmp_path / "pulumi"
    binary.write_text(f'#!/bin/sh\nenv > "$0.env"\necho v{PINNED}\n')
    binary.chmod(0o755)
    assert find(environ=on_path(tmp_path), cache=cache) is not None
    given = (tmp_path / "pulumi.env").read_text()
    assert "secret" not in given
    assert "PATH=" in given
