"""Large texts in pieces: what comes of them doesn't depend on where they are cut, nor on how much there is."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.base.foreign import Unexpected
from rollout.base.streamed import LONGEST, lines_in, members

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def cut(content: bytes, size: int) -> Iterator[bytes]:
    return (content[n : n + size] for n in range(0, len(content), size))


@settings(max_examples=60)
@given(st.lists(VALUES, max_size=5), VALUES, st.integers(1, 40), st.booleans())
def test_members_are_those_of_the_whole(items: list[Any], beside: Any, size: int, is_wide: bool) -> None:
    whole = {"before": beside, "log": {"entries ": 1, "pages": beside, "entries": items, "after": beside}}
    content = json.dumps(whole, indent=2 if is_wide else None, ensure_ascii=is_wide).encode("utf-8", "surrogatepass")
    try:
        content.decode()
    except UnicodeDecodeError:
        return
    assert [*members(cut(content, size), "log", "entries")] == items


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"no", b"[]", b"{}", b"\xff", b'{"log": {}}', b'{"log": []}', b'{"log": {"entries": {}}}'),
        *(b'{"log": {"entries": [1', b'{"log": {"entries": [1 2]}}', b'{"log" {"entries": []}}'),
        b'{"log": {"entries": [' + b"[" * 100_000,
    ],
)
def test_what_has_no_such_list_is_told(content: bytes) -> None:
    with pytest.raises(Unexpected):
        list(members(cut(content, 3000), "log", "entries"))


@given(st.lists(st.binary(max_size=9).filter(lambda line: b"\n" not in line)), st.integers(1, 7))
def test_lines_are_those_of_the_whole(lines: list[bytes], size: int) -> None:
    found = [*lines_in(cut(b"\n".join(lines), size))]
    assert found == (lines[:-1] if lines and not lines[-1] else lines)


def endless(count: int) -> Iterator[bytes]:
    yield b'{"log": {"entries": ['
    for number in range(count):
        yield b"," * (number > 0) + json.dumps({"request": number, "text": "x" * 1000}).encode()
    yield b"]}}"


def test_memory_does_not_grow_with_the_file() -> None:
    peaks = []
    for count in (200, 2000):
        tracemalloc.start()
        assert sum(1 for _ in members(endless(count), "log", "entries")) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0]


def test_a_line_without_an_end_is_cut() -> None:
    long = (b"x" * (1 << 20) for _ in range(LONGEST // (1 << 20) + 9))
    (line,) = lines_in(long)
    assert len(line) <= LONGEST + (1 << 20)
