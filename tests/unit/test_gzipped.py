"""Lines of gzipped bytes, however they are cut."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.base.gzipped import lines_of

LINES = st.lists(st.binary(min_size=1, max_size=20).filter(lambda line: b"\n" not in line), max_size=20)


@given(LINES, LINES, st.integers(1, 30), st.booleans())
def test_lines_are_the_same_however_they_are_cut(some: list[bytes], more: list[bytes], size: int, ended: bool) -> None:
    zipped = gzip.compress(b"".join(line + b"\n" for line in some)) + gzip.compress(b"\n".join(more) + b"\n" * ended)
    pieces = [zipped[at : at + size] for at in range(0, len(zipped), size)]
    assert [line for lines in lines_of(pieces) for line in lines if line] == [*some, *more]


def test_much_that_is_zipped_comes_in_parts() -> None:
    zipped = gzip.compress(b"x" * 99 + b"\n" + (b"y" * 99 + b"\n") * 100_000)
    parts = list(lines_of([zipped]))
    assert sum(map(len, parts)) == 100_001
    assert max(map(len, parts)) < 20_000


def test_what_is_not_zipped_is_an_error() -> None:
    with pytest.raises(zlib.error):
        list(lines_of([b"http 2026"]))
