"""The mutants: each is one fault, and none is in what no test is to hold."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.operators import mutants_of, mutated

SOURCE = '''\
"""A module."""

from typing import Final

LIMIT: Final[int] = 3
TABLE = {"a": ("x", "y")}


@property
def asked(count: int, names: list[str]) -> str | None:
    """What is asked."""
    if count > LIMIT and names:
        raise ValueError(f"too many: {count}")
    return next((name for name in names if name in TABLE), "none is there")
'''


def faults(source: str = SOURCE) -> dict[str, bool]:
    return {mutant.change: mutant.at_import for mutant in mutants_of("module", source)}


def test_each_kind_of_fault_is_made_and_where_it_has_its_effect_is_known() -> None:
    assert faults() == {
        "3 → 4": True,
        "'a' → 'aXX'": True,
        "('x', 'y') → ('y',)": True,
        "('x', 'y') → ('x',)": True,
        "'x' → 'xXX'": True,
        "'y' → 'yXX'": True,
        "if count > LIMIT and names: → if not (count > LIMIT and names):": False,
        "count > LIMIT and names → count > LIMIT or names": False,
        "count > LIMIT and names → names": False,
        "count > LIMIT and names → count > LIMIT": False,
        "count > LIMIT → count >= LIMIT": False,
        "count > LIMIT → count <= LIMIT": False,
        "raise ValueError(f'too many: {count}') → nothing": False,
        "return next((name for name in names if name in TABLE), 'none is there') → return None": False,
        "(name for name in names if name in TABLE) → (name for name in names)": False,
        "name in TABLE → name not in TABLE": False,
    }


@pytest.mark.parametrize("source", ['def f(x: "int" = ...) -> "str": ...', "x: list[int | None]", '"a text in words"'])
def test_types_and_texts_for_people_stay(source: str) -> None:
    assert faults(source) == {}


def test_a_mutant_is_the_module_with_this_one_fault_at_the_same_lines() -> None:
    for mutant in mutants_of("module", SOURCE):
        tree = mutated(SOURCE, mutant)
        assert ast.unparse(tree) != ast.unparse(ast.parse(SOURCE))
        before, after = (
            [line for line in ast.unparse(each).splitlines() if line] for each in (ast.parse(SOURCE), tree)
        )
        assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
        compile(tree, "module", "exec")
        assert SOURCE.splitlines()[mutant.lines[0] - 1].strip() == mutant.text


def test_lots_are_drawn_alike_wherever_the_line_stands() -> None:
    (one,) = mutants_of("module", "x = 1")
    (moved,) = mutants_of("module", "\n\nx = 1")
    (other,) = mutants_of("module", "y = 1")
    assert one.rank("seed") == moved.rank("seed") != other.rank("seed")
    assert one.rank("seed") != one.rank("another")
