"""A report as a file: whole or not at all, and never over another by accident."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollout.errors import RolloutError, UsageError
from rollout.reports.report import write_report
from tests.unit.dashboard.world import overview, shop

DAY = overview(shop(1))


def test_a_report_is_written_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    write_report(DAY, file)
    assert file.read_text("utf-8").startswith("<!doctype html>")
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_is_there_stays_unless_that_is_said(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text("mine")
    with pytest.raises(UsageError, match="--force") as caught:
        write_report(DAY, file)
    assert (caught.value.where, caught.value.code) == (str(file), "file-exists")
    assert (file.read_text(), list(tmp_path.iterdir())) == ("mine", [file])
    write_report(DAY, file, overwrite=True)
    assert file.read_text("utf-8").startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RolloutError, match="No such file or directory") as caught:
        write_report(DAY, tmp_path / "missing" / "report.html")
    assert caught.value.code == "file-not-writable"
