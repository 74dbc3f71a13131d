"""Sizes as a reader feels them: files of 400 lines, classes of 250, functions of 60 at most. Ruff counts branches."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.imports import ROOT, installed

LINES = {ast.Module: 400, ast.ClassDef: 250, ast.FunctionDef: 60, ast.AsyncFunctionDef: 60}


def too_long(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        most = LINES.get(type(node), len(source))
        first, last = getattr(node, "lineno", 1), getattr(node, "end_lineno", None) or len(source.splitlines())
        if last - first >= most:
            yield f"{getattr(node, 'name', 'the file')} has {last - first + 1} lines, at most {most}"


def test_nothing_is_longer_than_a_reader_can_hold() -> None:
    assert [
        f"{file.relative_to(ROOT)}: {each}" for file in installed() for each in too_long(file.read_text("utf-8"))
    ] == []


def test_each_kind_has_its_limit() -> None:
    body = "    x = 1\n"
    assert list(too_long("def f():\n" + body * 59)) == list(too_long("class C:\n" + body * 249)) == []
    assert list(too_long("def f():\n" + body * 60)) == ["f has 61 lines, at most 60"]
    assert list(too_long("class C:\n" + body * 250)) == ["C has 251 lines, at most 250"]
    assert list(too_long("x = 1\n" * 401)) == ["the file has 401 lines, at most 400"]
