"""The codes in use are the listed ones, each listed once, and docs/errors.md has all of them."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain

import pytest

from docs import reference
from rollout import errors
from rollout.cli.render import renderer
from rollout.errors import Problem, codes
from tests.docs.pages import ROOT

SOURCES = [*ROOT.glob("rollout*/**/*.py"), *ROOT.glob("programs/*.py")]
ERRORS = [
    each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, errors.RolloutError) and "code" in vars(each)
]
OF_CLASSES = [*(error.code for error in ERRORS), Problem("").code]
LISTED = [*chain.from_iterable(codes.AREAS.values())]


def texts(value: ast.expr | None) -> Iterator[str]:
    """What an expression may come to, where it is a text or a choice of texts."""
    if isinstance(value, ast.IfExp):
        yield from chain(texts(value.body), texts(value.orelse))
    elif isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value


def given(source: str) -> Iterator[str]:
    """Each `code="…"`, and each `{"code": "…", "hint": …}`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.keyword) and node.arg == "code":
            yield from texts(node.value)
        elif isinstance(node, ast.Dict):
            items = {name: value for key, value in zip(node.keys, node.values, strict=True) for name in texts(key)}
            if items.keys() == {"code", "hint"}:
                yield from texts(items["code"])


def test_the_codes_that_raise_sites_give_are_the_listed_ones() -> None:
    used = {code for file in SOURCES for code in given(file.read_text("utf-8"))}
    assert {code for code in used if code not in LISTED and code not in OF_CLASSES} == set()
    assert {code for code in LISTED if code not in used} == set()


def test_a_code_means_one_thing() -> None:
    assert [code for code, count in Counter([*LISTED, *OF_CLASSES]).items() if count > 1] == []


@pytest.mark.parametrize("code", [*LISTED, *OF_CLASSES])
def test_a_code_is_small_words_with_hyphens(code: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)


def test_an_error_has_its_class_s_code_unless_it_has_its_own() -> None:
    assert errors.Locked("x").code == "locked"
    assert errors.Drift("x", (), code="rule-changed").code == "rule-changed"
    assert errors.Drift("x", ()).code == "drift"


def test_the_page_has_every_code() -> None:
    page = (ROOT / "docs/errors.md").read_text("utf-8")
    assert page == reference.errors_page()
    assert set(re.findall(r"^\| `([a-z0-9-]+)`", page, re.MULTILINE)) >= {*LISTED, *OF_CLASSES} - {Problem("").code}


DRIFT = errors.Drift("rules were changed", [Problem("it is gone", where="routes.a", code="rule-missing")], hint="look")


def test_json_has_the_codes_of_an_error_and_of_its_problems(capsys: pytest.CaptureFixture[str]) -> None:
    renderer(json=True)(DRIFT)
    told = json.loads(capsys.readouterr().out)
    assert (told["error"], told["code"], told["exit-code"]) == ("Drift", "drift", 7)
    assert told["problems"] == [
        {"what": "it is gone", "where": "routes.a", "then": None, "code": "rule-missing"},
    ]


def test_people_see_the_code_at_the_end_of_the_line_that_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    renderer(json=False)(DRIFT)
    head, problem, step = capsys.readouterr().err.splitlines()
    assert head.endswith(" [drift]")
    assert problem.endswith("routes.a: it is gone [rule-missing]")
    assert "[" not in step
