"""What one look counted by client is where the next process goes on; whatever is wrong with it, logs are read again."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rollout.analysis.measuring.evidence import EvidenceReader
from rollout.analysis.measuring.kept_clients import KeptClients
from rollout.analysis.metrics import MINUTE
from rollout.inventory.ramp_settings import Analysis
from tests.unit.test_client_evidence import Step
from tests.unit.test_evidence import FIRST, of


def begun() -> Step:
    """A step of ten minutes, whose clients ask again and again."""
    step = Step("server-errors", "client-errors")
    for minute in range(10):
        step.asks("la", minute, 40)
        step.asks("ca", minute, 4)
        if minute % 5 == 4:
            step.deliver(minute + 1)
    return step


def restart(step: Step, folder: Path) -> None:
    """Go on as another process."""
    logs = step.logs
    step.reader = EvidenceReader(step.environment, step.metrics, None, None, logs, folder=folder)


def more(step: Step) -> None:
    for minute in range(10, 15):
        step.asks("la", minute, 40)
        step.asks("ca", minute, 4)
    step.deliver(15)


def test_the_next_process_reads_no_file_again_and_tells_the_same(tmp_path: Path) -> None:
    step, whole = begun(), begun()
    restart(step, tmp_path / "clients")
    assert step.clients(13) == whole.clients(13)
    assert step.count("GetObject") == 2
    for each in (step, whole):
        more(each)
    restart(step, tmp_path / "clients")
    assert step.clients(18) == whole.clients(18)
    assert step.count("GetObject") == 3
    assert step.look(18).notes == whole.look(18).notes


def test_a_client_that_counted_does_not_count_again_in_the_next_process(tmp_path: Path) -> None:
    step = begun()
    restart(step, tmp_path)
    assert sum(legacy for legacy, _ in step.clients(13) or ()) == 400
    step._clients -= 44  # who asked last asks again
    step.asks("la", 10, 40)
    step.asks("ca", 10, 4)
    step.deliver(15)
    restart(step, tmp_path)
    assert step.clients(18) == [*[(40, 4)] * 10, *[(0, 0)] * 5]


def test_nothing_of_a_client_but_a_checksum_is_kept_and_for_the_owner_alone(tmp_path: Path) -> None:
    step = begun()
    restart(step, tmp_path / "clients")
    step.look(13)
    (file,) = (tmp_path / "clients").iterdir()
    assert b"client 1" not in file.read_bytes()
    assert b"198.51.100.1" not in file.read_bytes()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def arrays_of(file: Path) -> dict[str, Any]:
    with np.load(file) as kept:
        return {name: kept[name] for name in kept.files}


def other_shape(file: Path) -> None:
    arrays = arrays_of(file)
    np.savez(file, **{**arrays, "rows 0": arrays["rows 0"][:-1]})


def without_notes(file: Path) -> None:
    arrays = arrays_of(file)
    del arrays["notes"]
    np.savez(file, **arrays)


def with_code(file: Path) -> None:
    np.savez(file, taken=np.array([print], dtype=object))


BROKEN = [cut, other_shape, without_notes, with_code, lambda file: file.write_bytes(b""), lambda file: file.unlink()]


@pytest.mark.parametrize("happens", BROKEN)
def test_what_is_broken_is_read_again(tmp_path: Path, happens: Callable[[Path], object]) -> None:
    step = begun()
    restart(step, tmp_path)
    found = step.clients(13)
    (file,) = tmp_path.iterdir()
    happens(file)
    restart(step, tmp_path)
    assert step.clients(13) == found
    assert step.count("GetObject") == 4


def test_what_was_judged_otherwise_is_read_again(tmp_path: Path) -> None:
    step = begun()
    restart(step, tmp_path)
    step.look(13)
    analysis = Analysis(metrics=("server-errors",), unit="clients", clients_by=("address",))
    step.environment = step.environment.model_copy(update={"analysis": analysis})
    restart(step, tmp_path)
    step.look(13)
    assert step.count("GetObject") == 4
    assert len([*tmp_path.iterdir()]) == 2


def timed(step: Step, begun: int, until: int, *, seconds: float = 0.06, times: int = 3) -> None:
    """Legacy's times in some minutes, by which limits are renewed."""
    for minute in range(begun, until):
        step.metrics.put(of("la"), "TargetResponseTime", FIRST + minute * MINUTE, *[seconds] * times)


def test_limits_that_are_renewed_later_change_nothing_of_what_was_counted(tmp_path: Path) -> None:
    step = Step("latency-p50")
    for minute in range(45):
        step.asks("la", minute, 4)
        step.asks("ca", minute, 4)
        if minute % 5 == 4:
            step.deliver(minute + 1)
    timed(step, -60, 45)
    restart(step, tmp_path)
    assert step.look(28).windows[0].streams[0].latency
    read = step.count("GetObject")
    restart(step, tmp_path)
    assert len(step.look(48).windows[0].streams[0].legacy.requests) == 45
    assert step.count("GetObject") == read + 4
    timed(step, -60, 0, seconds=0.5, times=30)  # as if CloudWatch had told otherwise
    restart(step, tmp_path)
    step.look(48)
    assert step.count("GetObject") == read + 4 + 9


def test_a_folder_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "clients").write_text("no folder")
    step = begun()
    restart(step, tmp_path / "clients")
    assert len(step.clients(13) or ()) == 10


def test_of_two_processes_at_once_each_leaves_a_whole_file(tmp_path: Path) -> None:
    kept = KeptClients(tmp_path, "a step")
    sizes = (10, 100_000)

    def write(size: int) -> None:
        for _ in range(10):
            kept.keep({"taken": np.arange(size)})

    writers = [threading.Thread(target=write, args=(size,)) for size in sizes]
    for each in writers:
        each.start()
    seen = set[int]()
    while any(each.is_alive() for each in writers):
        if found := kept.read():
            seen.add(len(found["taken"]))
    assert seen <= set(sizes)
    assert [each.suffix for each in tmp_path.iterdir()] == [".npz"]


def test_files_of_old_steps_go(tmp_path: Path) -> None:
    old = KeptClients(tmp_path, "old")
    old.keep({"taken": np.arange(3)})
    (file,) = tmp_path.iterdir()
    os.utime(file, (0, 0))
    KeptClients(tmp_path, "new").keep({"taken": np.arange(3)})
    assert old.read() is None
