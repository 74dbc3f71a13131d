"""The mutants that nobody could notice are ones that can still be drawn: their line is as it was."""

from __future__ import annotations

from functools import cache

import pytest

from tests.mutants.__main__ import equivalents
from tests.mutants.operators import mutants_of
from tests.mutants.reach import file_of


@cache
def drawable(module: str) -> frozenset[tuple[str, str, str]]:
    file = file_of(module)
    found = mutants_of(module, file.read_text("utf-8")) if file.exists() else ()
    return frozenset((each.module, each.text, each.change) for each in found)


@pytest.mark.parametrize("entry", equivalents(), ids=" ".join)
def test_each_can_be_drawn(entry: tuple[str, str, str]) -> None:
    assert entry in drawable(entry[0])
