"""A benchmark's figure beside the one that landed: what grew by a tenth is told, and only `--write` keeps a new one."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def landed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(BENCHMARKS)
    module = import_module("landed")
    monkeypatch.setattr(module, "FILE", tmp_path / "landed.json")
    monkeypatch.setattr(sys, "argv", ["weight.py", "--write"])
    module.Figure("weight", 1.0, 0.5, {"seconds": 2.0}).report()
    module.Figure("the yes", 0.5, 0.5, {"beside": 0.8}, 0.6).report()
    monkeypatch.setattr(sys, "argv", ["weight.py"])
    return module


@pytest.mark.parametrize(("value", "grown"), [(1.09, False), (1.2, True), (0.5, False)])
def test_what_grew_by_a_tenth_is_warned_of(
    landed: Any, capsys: pytest.CaptureFixture[str], value: float, grown: bool
) -> None:
    landed.Figure("weight", value, 0.5, {}).report()
    assert ("! weight" in capsys.readouterr().out) == grown
    assert json.loads(landed.FILE.read_text())["weight"]["value"] == 1.0


@pytest.mark.parametrize(("seconds", "ratio", "grown"), [(3.0, 0.6, False), (0.4, 0.7, True)])
def test_seconds_are_compared_by_their_baselines_whatever_the_machine(
    landed: Any, capsys: pytest.CaptureFixture[str], seconds: float, ratio: float, *, grown: bool
) -> None:
    landed.Figure("the yes", seconds, 0.5, {}, ratio).report()
    assert ("! the yes" in capsys.readouterr().out) == grown
    assert json.loads(landed.FILE.read_text())["the yes"].items() >= {"value": 0.5, "ratio": 0.6, "beside": 0.8}.items()


def test_seconds_that_landed_without_a_baseline_are_compared_with_nothing(
    landed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    landed.Figure("weight", 9.0, 0.5, {}, 9.0).report()
    assert "!" not in capsys.readouterr().out


def test_a_figure_without_a_landed_one_is_no_warning(landed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    landed.Figure("status", 9.0, 1.5, {}).report()
    assert "!" not in capsys.readouterr().out


def test_the_landed_figures_can_be_read() -> None:
    found = json.loads((BENCHMARKS / "landed.json").read_text("utf-8"))
    assert all({"value", "aim", "load"} <= figure.keys() for figure in found.values())
