"""The scanner finds each key where TOML's own reader finds its value."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from rollout.inventory.file.layout import Layout

TRICKY = (
    r'''# [comment]
"a b".c = 'x # no comment' # one
'd"' . "\u00e9" = """ # not
a = 1 \" """""
e = [ # [
  [1, 2], # ]
  { f = "]", g.h = [ '}' ] },
  """
x = 1
""", '''
    + """'''
[y]''''', 1979-05-27 07:32:00, 1979-05-27T07:32:00Z, -inf,
]

[ i . "j.k" ] # header
l = 1979-05-27 # date
m={n=0x_f,o={},p=[]}
""".replace("0x_f", "0xff")
    + r"""
[[q]]
r = 1
[[q]]
r = 2_000
[q.s]
t = "\\"
"""
)


def value_at(data: Any, keys: tuple[str | int, ...]) -> Any:
    for key in keys:
        # TOML's headers below an array of tables mean its last element.
        data = data[-1][key] if isinstance(data, list) and isinstance(key, str) else data[key]
    return data


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize(
    "text", [TRICKY, (Path(__file__).parents[2] / "stacks.toml").read_text()], ids=["tricky", "ours"]
)
def test_each_pair_spans_its_value(text: str, newline: str) -> None:
    text = text.replace("\n", newline)
    data, layout = tomllib.loads(text), Layout(text)
    for keys, pair in layout.pairs.items():
        assert tomllib.loads(f"v = {text[pair.value : pair.end]}")["v"] == value_at(data, keys), keys
        assert next(iter(tomllib.loads(f"{text[pair.leaf : pair.value]}0"))) == keys[-1]
    assert leaves(data) == sum(not isinstance(value_at(data, keys), dict) for keys in layout.pairs)


def leaves(data: Any) -> int:
    """Keys with a value that is no table."""
    if isinstance(data, list):
        return sum(map(leaves, data))
    if not isinstance(data, dict):
        return 0
    own = sum(not isinstance(value, dict) and not is_array_of_sections(value) for value in data.values())
    return own + sum(map(leaves, data.values()))


def is_array_of_sections(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


@pytest.mark.parametrize(
    ("keys", "line_text"),
    [
        (("a b", "c"), '"a b".c'),
        (("a b", "missing"), '"a b".c'),
        (('d"', "é"), "'d\"'"),
        (("e", 1), "  { f ="),
        (("e", 1, "g", "h", 0), "  { f ="),
        (("e", 2), '  """'),
        (("e", 6), "[y]"),
        (("i", "j.k"), "[ i ."),
        (("i",), "[ i ."),
        (("i", "j.k", "m", "n"), "m={"),
        (("q", 1, "r"), "r = 2_000"),
        (("q", "s", "t"), "t ="),
        (("nothing",), "# [comment]"),
        ((), "# [comment]"),
    ],
)
def test_lines(keys: tuple[str | int, ...], line_text: str) -> None:
    assert TRICKY.splitlines()[Layout(TRICKY).line(keys) - 1].startswith(line_text)


def test_a_table_stands_at_its_own_header_even_below_its_subtables() -> None:
    layout = Layout("[a.b]\n[a]\n")
    assert (layout.line(("a",)), layout.line(("a", "b"))) == (2, 1)
