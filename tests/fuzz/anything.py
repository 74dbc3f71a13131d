"""What can stand anywhere: texts that act, numbers without end, tables of any type; and what must hold afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from hypothesis import strategies as st

ACTS = ("\x1b", "\x9b", "\u202e", "\r", "\x07", "\x00", "\x85", "\u2028")
MOST = 10.0
"""Seconds of processor time that one example may take: a hundred times what it takes, and no hang."""

HOSTILE = (
    *("\x1b[2J", "\x9b31m", "\u202etxet", "a\r✓ done", "\n✓ rollback done", "\x07\x00", "\x85", "\u2028", "�", "🧨"),
    *(
        "[/x]",
        "[bold]",
        "[a-z]*",
        ":smile:",
        "%s%n",
        "{0}",
        "{{x}}",
        "${x}",
        "$(touch x)",
        "`x`",
        "../../x",
        "-x",
        "--",
    ),
    *("999999999d", "1e999", "nan", "-1", "0x" + "f" * 99, "9" * 400, "09:00+05:00", "9999-12-31T23:59-12:00", " ", ""),
    *("https:/hooks/x", "arn:aws:x", "é" * 200, "x" * 5000, "<script>", "&amp;", "'; --", '"', "\\", "\t", "null", "0"),
)
texts = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
numbers = st.one_of(
    st.integers(-3, 60_000), st.sampled_from([2**31, 2**63, 2**64, -(2**63) - 1, 16**500]), st.floats(width=64)
)
scalars: st.SearchStrategy[Any] = st.one_of(texts, numbers, st.booleans())
anything: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)
moments: st.SearchStrategy[Any] = st.one_of(
    st.just(datetime.min),  # noqa: DTZ901 - TOML has times without a zone
    st.datetimes(),
    st.dates(date(1, 1, 1)),
    st.times(),
)


@contextmanager
def soon() -> Iterator[None]:
    """What is done here takes no longer than it may."""
    began = time.process_time()
    yield
    assert time.process_time() - began < MOST


def harmless(text: str) -> bool:
    """Whether a terminal may have it."""
    return not any(sign in text for sign in ACTS)
