"""Sizes as a reader feels them: files of 400 lines, classes of 250, functions of 60 at most. Ruff counts branches."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import rollout

ROOT = Path(rollout.__file__).parent
LINES = {ast.Module: 400, ast.ClassDef: 250, ast.FunctionDef: 60, ast.AsyncFunctionDef: 60}


def too_long(name: str, source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        most = LINES.get(type(node))
        if isinstance(node, ast.Module):
            lines = len(source.splitlines())
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if most is not None and lines > most:
            yield f"{name} {getattr(node, 'name', 'as a whole')}: {lines} lines, at most {most}"


def test_nothing_is_longer_than_a_reader_can_hold() -> None:
    files = {str(file.relative_to(ROOT)): file.read_text("utf-8") for file in ROOT.rglob("*.py")}
    found = [each for name, text in files.items() for each in too_long(name, text)]
    assert found == []
