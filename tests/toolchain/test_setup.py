"""What `setup` leaves behind when all goes well, when a source fails, when two run at once, and when one is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from rollout.adapters.pulumi.install.build import build
from rollout.adapters.pulumi.install.install import setup
from rollout.adapters.pulumi.install.job import Job, Progress, SourceFailed
from rollout.adapters.pulumi.install.locate import engines_folder, find
from rollout.adapters.pulumi.install.versions import PINNED
from rollout.errors import EngineMissing, EngineSetupFailed

from .engines import engine

MINUTE = timedelta(minutes=1)
NOWHERE = {"PATH": "/nonexistent"}


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def silent(_: Progress) -> None: ...


def gives(version: str = f"v{PINNED}", then: Callable[[], object] = lambda: None) -> Callable[[Job], None]:
    """A source whose engine says it has a version."""

    def source(job: Job) -> None:
        engine(job.root / "bin", version)
        then()

    return source


def fails(job: Job) -> None:
    job.run(["sh", "-c", "echo first; echo the reason >&2; exit 1"], limit=MINUTE)


def leftovers(cache: Path) -> list[Path]:
    return list(engines_folder(cache).glob("tmp-*"))


def test_an_engine_that_is_there_is_enough(cache: Path, tmp_path: Path) -> None:
    binary = engine(tmp_path, "v3.260.0")
    assert setup(silent, environ={"PATH": str(tmp_path)}, cache=cache, sources={}).path == binary


def test_a_source_gives_one_and_the_next_time_none_is_needed(cache: Path) -> None:
    made = setup(silent, environ=NOWHERE, cache=cache, sources={"build": gives()})
    assert made.path == engines_folder(cache) / str(PINNED) / "bin" / "pulumi"
    assert made.origin == "cache"
    assert leftovers(cache) == []
    assert find(environ=NOWHERE, cache=cache) == made
    assert setup(silent, environ=NOWHERE, cache=cache, sources={}) == made


def test_the_next_source_gets_its_turn_and_is_told_of(cache: Path) -> None:
    seen: list[Progress] = []
    setup(seen.append, environ=NOWHERE, cache=cache, sources={"release": fails, "build": gives()})
    assert "no engine from release: the reason" in [progress.step for progress in seen]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (fails, "the reason"),
        (gives("v3.260.0"), r"is 3\.260\.0, not 3\.259\.0"),
        (gives("hello"), "is not a Pulumi engine"),
        (lambda _: None, "can't be run"),
    ],
)
def test_no_source_gives_one(cache: Path, source: Callable[[Job], None], why: str) -> None:
    with pytest.raises(EngineSetupFailed, match=why) as raised:
        setup(silent, environ=NOWHERE, cache=cache, sources={"build": source})
    assert "setup.log" in str(raised.value.hint)
    assert find(environ=NOWHERE, cache=cache) is None
    assert leftovers(cache) == []


def test_the_log_holds_all_output(cache: Path) -> None:
    with pytest.raises(EngineSetupFailed):
        setup(silent, environ=NOWHERE, cache=cache, sources={"build": fails})
    assert "first\nthe reason\n" in (engines_folder(cache) / "setup.log").read_text()


def test_path_alone_installs_nothing(cache: Path) -> None:
    with pytest.raises(EngineMissing):
        setup(silent, source="path", environ=NOWHERE, cache=cache, sources={"build": gives()})


def test_a_named_source_installs_beside_the_engine_on_path(cache: Path, tmp_path: Path) -> None:
    engine(tmp_path, "v3.260.0")
    sources = {"release": fails, "build": gives()}
    made = setup(silent, source="build", environ={"PATH": str(tmp_path)}, cache=cache, sources=sources)
    assert made.origin == "cache"


def test_force_replaces_the_installed_one(cache: Path) -> None:
    first = setup(silent, environ=NOWHERE, cache=cache, sources={"build": gives()})
    was = first.path.stat().st_ino
    again = setup(silent, force=True, environ=NOWHERE, cache=cache, sources={"build": gives()})
    assert again == first
    assert again.path.stat().st_ino != was
    assert leftovers(cache) == []


def test_force_that_fails_leaves_the_installed_one(cache: Path) -> None:
    first = setup(silent, environ=NOWHERE, cache=cache, sources={"build": gives()})
    with pytest.raises(EngineSetupFailed):
        setup(silent, force=True, environ=NOWHERE, cache=cache, sources={"build": fails})
    assert find(environ=NOWHERE, cache=cache) == first


def test_of_two_at_once_the_second_waits_and_builds_nothing(cache: Path) -> None:
    building, waiting = threading.Event(), threading.Event()

    def hold() -> None:
        building.set()
        assert waiting.wait(60)

    def tell(progress: Progress) -> None:
        if progress.step == "Wait":
            waiting.set()

    with ThreadPoolExecutor() as pool:
        first = pool.submit(setup, silent, environ=NOWHERE, cache=cache, sources={"build": gives(then=hold)})
        assert building.wait(60)
        second = pool.submit(setup, tell, environ=NOWHERE, cache=cache, sources={"build": fails})
        assert second.result(60) == first.result(60)


KILLED_HALFWAY = """
import sys
from pathlib import Path
from rollout.adapters.pulumi.install.install import setup
def half(job):
    (job.root / "bin").mkdir()
    (job.root / "bin" / "pulumi").write_text("half")
    print("half", flush=True)
    sys.stdin.read()
setup(lambda _: None, environ={}, cache=Path(sys.argv[1]), sources={"build": half})
"""


def test_killed_halfway_it_leaves_nothing_that_counts_and_the_next_one_sweeps(cache: Path) -> None:
    command = [sys.executable, "-c", KILLED_HALFWAY, str(cache)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout
        assert killed.stdout.readline() == "half\n"
        killed.send_signal(signal.SIGKILL)
    assert leftovers(cache) != []
    assert find(environ=NOWHERE, cache=cache) is None
    setup(silent, environ=NOWHERE, cache=cache, sources={"build": gives()})
    assert leftovers(cache) == []


def test_a_cache_that_cannot_be_written_is_said(cache: Path) -> None:
    cache.write_text("a file, not a folder")
    with pytest.raises(EngineSetupFailed) as raised:
        setup(silent, environ=NOWHERE, cache=cache, sources={"build": gives()})
    assert raised.value.code == "file-not-writable"
    assert str(cache) in str(raised.value.where)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(root=tmp_path, scratch=tmp_path, log=tmp_path / "log", on_progress=silent)


@pytest.mark.timeout(60)
def test_a_child_that_takes_too_long_is_ended_with_its_descendants(job: Job) -> None:
    # The descendant holds the output open: a call that left it alive would read on for ten minutes.
    with pytest.raises(SourceFailed, match="took longer than"):
        job.run(["sh", "-c", "sleep 600 & wait"], limit=timedelta(seconds=1))


@pytest.mark.timeout(60)
def test_a_child_is_ended_when_its_reader_fails(job: Job) -> None:
    def fail(line: str) -> None:
        raise ValueError(line)

    with pytest.raises(ValueError, match="ready"):
        job.run(["sh", "-c", "echo ready; exec sleep 600"], limit=MINUTE, on_line=fail)


def test_a_program_that_is_not_there(job: Job) -> None:
    with pytest.raises(SourceFailed, match="no-such-program can't be run"):
        job.run(["no-such-program"], limit=MINUTE)


GO = """#!/bin/sh
env >> "$LOG_OF_TEST"
case $1 in
  version) echo "go version go99.0.0 linux/amd64" ;;
  env) echo /tmp; echo /tmp ;;
  build) while [ "$1" != -o ]; do shift; done; mkdir -p "$(dirname "$2")"; echo built > "$2" ;;
esac
"""


def test_the_build_is_given_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "env"
    (tmp_path / "go").write_text(GO.replace("$LOG_OF_TEST", str(log)))
    (tmp_path / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for name in ("AWS_SECRET_ACCESS_KEY", "PULUMI_CONFIG_PASSPHRASE", "GITHUB_TOKEN", "GOFLAGS"):
        monkeypatch.setenv(name, "theirs")
    monkeypatch.setenv("GOPROXY", "https://proxy.example")
    job = Job(root=tmp_path / "root", scratch=tmp_path, log=tmp_path / "log", on_progress=silent)
    build(job)
    assert (job.root / "bin" / "pulumi").read_text() == "built\n"
    given = log.read_text()
    assert "theirs" not in given
    assert "GOPROXY=https://proxy.example" in given
