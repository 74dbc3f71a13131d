"""Counts are written by one function, and no message writes them by hand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from rollout.base.formatting import count_of
from tests.imports import ROOT, for_people

_NOUNS = re.compile(
    r"^ (?:[a-z]+ )?(?:routes|rules|requests|targets|groups|functions|problems|changes|resources|checks|conditions|"
    r"values|paths|stacks|samples|environments|steps|alarms|minutes|listeners|findings|invocations)\b"
)
_RATE = re.compile(r"[fg]$")


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (1, "route", "1 route"),
        (0, "route", "0 routes"),
        (1200, "bad answer", "1,200 bad answers"),
        (2, "address", "2 addresses"),
        (2, "policy", "2 policies"),
        (2, "way", "2 ways"),
    ],
)
def test_a_noun_is_as_its_number_asks(count: int, noun: str, said: str) -> None:
    assert count_of(count, noun) == said


def by_hand() -> Iterator[str]:
    """Where an f-string has a count with a noun in the plural; constants and rates can't be 1."""
    for file in for_people():
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.JoinedStr):
                continue
            for value, text in zip(node.values, node.values[1:], strict=False):
                if not (isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant)):
                    continue
                is_fixed = isinstance(value.value, ast.Name) and value.value.id.isupper()
                is_rate = value.format_spec is not None and _RATE.search(ast.unparse(value.format_spec).strip("'f\""))
                if _NOUNS.match(str(text.value)) and not (is_fixed or is_rate):
                    yield f"{file.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}"


def test_no_message_makes_a_plural_of_its_own() -> None:
    assert list(by_hand()) == []
