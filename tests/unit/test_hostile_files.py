"""What a stacks.toml may hold that it shouldn't: one clear error with a line each time, soon, and in little memory."""

from __future__ import annotations

import codecs
import os
import subprocess
import sys
import tomllib
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from rollout.errors import ConfigError, UsageError
from rollout.inventory.file import load, save_weight
from rollout.inventory.quantities import LONGEST, Percent, parse_duration, parse_moment
from rollout.ramp.controls import read_until
from rollout.ramp.windows import opens
from tests.unit.test_config_problems import SOUND

NOW = datetime(2026, 11, 25, 22, tzinfo=UTC)
TABLES = (
    *("project", "programs", "legacy", "stickiness", "ramp", "analysis", "notifications", "header-override"),
    *("load-balancers", "functions", "routes", "kept-routes", "fleets", "environments"),
)
WRONG: tuple[object, ...] = (True, 5, 1.5, "x", [1], [{}], [[1]], datetime(2026, 1, 1), {"x": 5}, {"x": [{}]})  # noqa: DTZ001 - TOML's


def refusal(content: str | bytes | dict[str, Any], folder: Path) -> ConfigError:
    file = folder / "stacks.toml"
    text = tomlkit.dumps(content) if isinstance(content, dict) else content
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError) as caught:
        load(file).check()
    return caught.value


@pytest.mark.parametrize("wrong", WRONG, ids=str)
@pytest.mark.parametrize("table", TABLES)
def test_a_table_of_any_type_is_a_problem_with_its_line(table: str, wrong: object, tmp_path: Path) -> None:
    """C1: `[[notifications]]`, `notifications = true`, `[environments.X] fleets = 5`."""
    shared, own = tomllib.loads(SOUND), tomllib.loads(SOUND)
    shared[table] = wrong
    own["environments"]["staging"][table] = wrong
    for error in (refusal(shared, tmp_path), refusal(own, tmp_path)):
        assert all(problem.where and problem.where.startswith("stacks.toml:") for problem in error.problems)
        assert any(
            f": {table}" in str(problem.where) or f".{table}" in str(problem.where) for problem in error.problems
        )


@pytest.mark.parametrize(
    "window",
    [
        'from = "09:00+05:00", until = "10:00"',
        'from = "09:00", until = "10:00Z"',
        'from = "36000", until = "10:00"',
        "from = 2026-01-01T09:00:00Z, until = 10:00:00",
        'from = "09:00", until = "17:00", time-zone = "../etc/passwd"',
        'from = "09:00", until = "17:00", time-zone = ""',
    ],
)
def test_a_window_that_could_not_run_does_not_load(window: str, tmp_path: Path) -> None:
    """C2: what loads runs, so a time of day has no zone of its own."""
    error = refusal(SOUND.replace("[ramp]\n", f"[ramp]\nwindows = [{{{window}}}]\n"), tmp_path)
    assert [problem.where for problem in error.problems] == ["stacks.toml:12: ramp.windows[0]." + error_key(window)]


def error_key(window: str) -> str:
    return "time-zone" if "zone" in window else "until" if "00Z" in window.partition("until")[2] else "from"


def test_windows_that_load_run(tmp_path: Path) -> None:
    file = tmp_path / "stacks.toml"
    file.write_text(SOUND.replace("[ramp]\n", '[ramp]\nwindows = [{from = "09:00", until = 17:30:00}]\n'))
    windows = load(file).environment("production").ramp.windows
    assert (windows[0].from_, windows[0].until) == (time(9), time(17, 30))
    assert opens(windows, NOW) == datetime(2026, 11, 26, 9, tzinfo=UTC)


@pytest.mark.parametrize("key", ["code", "handler", "image-uri"])
def test_a_control_character_in_a_value_or_key_does_not_load(key: str, tmp_path: Path) -> None:
    """C2's relative: a path with a zero byte loads and fails where it is opened."""
    for wrong in ("\0", "\x1b[2J", "\u202e", "\x9b"):
        data = tomllib.loads(SOUND)
        data["functions"]["api"][key] = f"x{wrong}"
        (problem,) = refusal(data, tmp_path).problems
        assert (problem.code, problem.where) == (
            "out-of-bounds",
            f"stacks.toml:{line_of(data, key)}: functions.api.{key}",
        )
        data = tomllib.loads(SOUND)
        data["environments"][f"a{wrong}"] = data["environments"].pop("staging")
        assert {problem.code for problem in refusal(data, tmp_path).problems} == {"out-of-bounds"}


def line_of(data: dict[str, Any], key: str) -> int:
    lines = tomlkit.dumps(data).split("\n")
    return 1 + next(number for number, line in enumerate(lines) if line.startswith(f"{key} ="))


LONG = ("999999999d", "999999999d" * 9, "3651d", "999999999s" * 9)


@pytest.mark.parametrize("text", LONG)
def test_no_duration_leaves_the_calendar(text: str, tmp_path: Path) -> None:
    """C3: `"999999999d"` in the file, `--since`, `--until`."""
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)
    with pytest.raises(UsageError):
        read_until(text, NOW)
    keys = ("stickiness.duration", "environments.staging.engine-timeout", "environments.staging.complete-after")
    for key in keys:
        data = tomllib.loads(SOUND)
        *tables, last = key.split(".")
        at = data
        for table in tables:
            at = at[table]
        at[last] = text
        assert [str(problem.where).endswith(key) for problem in refusal(data, tmp_path).problems] == [True]
    assert NOW - LONGEST < NOW < NOW + LONGEST


@pytest.mark.parametrize(
    "text",
    ["0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00", "2026-12-24T18:00", "x" * 9999, "", "1999-12-31T00:00Z"],
)
def test_no_time_leaves_the_calendar(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|century"):
        parse_moment(text)
    with pytest.raises(UsageError):
        read_until(text, NOW)
    with pytest.raises(UsageError):
        read_until(datetime.min.replace(tzinfo=UTC), NOW)
    assert read_until("2026-12-24T18:00+01:00", NOW) == datetime(2026, 12, 24, 17, tzinfo=UTC)
    assert read_until("2h", NOW) == NOW + timedelta(hours=2)


def test_a_freeze_until_a_time_that_is_over_is_refused() -> None:
    """A mistyped year would say that it is frozen, and freeze nothing."""
    for until in (NOW - timedelta(seconds=1), "2025-12-24T18:00Z"):
        with pytest.raises(UsageError) as caught:
            read_until(until, NOW)
        assert caught.value.code == "out-of-range"
    assert read_until("0s", NOW) == NOW


ENDLESS = {
    "hexadecimal": ("x = 0x" + "f" * 5000, "out-of-bounds"),
    "decimal": ("x = " + "9" * 5000, "invalid-toml"),
    "over 64 bits": ("x = 9223372036854775808", "out-of-bounds"),
    "dotted": ("x" + ".x" * 5000 + " = 1", "out-of-bounds"),
    "dotted in a megabyte": ("x" + ".x" * 500_000 + " = 1", "out-of-bounds"),
    "dotted inline": ("x = {" + "'x' . " * 5000 + "x = 1}", "out-of-bounds"),
    "nested tables": ("[x" + ".x" * 5000 + "]", "out-of-bounds"),
    "nested lists": ("x = " + "[" * 5000 + "]" * 5000, "config"),
    "less nested lists": ("x = " + "[" * 100 + "]" * 100, "out-of-bounds"),
    "nested inline": ("x = " + "{x=" * 100 + "1" + "}" * 100, "out-of-bounds"),
    "large": ("#" * 2**21, "file-unreadable"),
}


@pytest.mark.parametrize(("text", "code"), ENDLESS.values(), ids=ENDLESS)
def test_depth_size_and_numbers_have_bounds(text: str, code: str, tmp_path: Path) -> None:
    """C9: an integer of 5,000 digits, 5,000 nested tables."""
    error = refusal(f"{text}\n{SOUND}", tmp_path)
    assert code in {error.code, *(problem.code for problem in error.problems)}


LOADING = """
import resource, sys
from pathlib import Path
from rollout.inventory.file import load
from rollout.errors import ConfigError
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
try:
    load(Path(sys.argv[1]))
except ConfigError as error:
    print(error.code)
"""


@pytest.mark.parametrize("kind", ["device", "pipe", "folder", "long name", "loop", "zero byte"])
def test_what_is_no_file_is_not_read(kind: str, tmp_path: Path) -> None:
    """C9: `--file /dev/zero` takes all memory, and a pipe waits for ever."""
    path = tmp_path / "stacks.toml"
    match kind:
        case "device":
            path.symlink_to("/dev/zero")
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "loop":
            path.symlink_to(path)
        case "long name":
            path = tmp_path / ("x" * 300)
    if kind == "zero byte":
        with pytest.raises(ConfigError):
            load(Path("a\0b"))
        return
    done = subprocess.run(
        [sys.executable, "-c", LOADING, path], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("file-unreadable\n", "")


def test_a_byte_order_mark_is_read_and_kept(tmp_path: Path) -> None:
    """C9: editors of Windows begin a file so."""
    file = tmp_path / "stacks.toml"
    file.write_bytes(codecs.BOM_UTF8 + SOUND.encode())
    assert save_weight(file, "production", Percent.of(7), None)
    assert file.read_bytes().startswith(codecs.BOM_UTF8 + b"[project]")
    assert load(file).environment("production").weight == Percent.of(7)
    file.write_bytes(b"\xef\xbb" + SOUND.encode())
    with pytest.raises(ConfigError) as caught:
        load(file).check()
    assert caught.value.code == "not-utf8"


@pytest.mark.thorough
def test_a_file_of_faults_alone_is_refused_soon(tmp_path: Path) -> None:
    text = f"{SOUND}[environments.staging.route-weights]\n" + "".join(f"r{n} = 1\n" for n in range(50_000))
    error = refusal(text, tmp_path)
    assert 50 < len(error.problems) <= 200
