"""Which regular expressions a load balancer takes, and what they mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.inventory.expressions import compiled, fits


@pytest.mark.parametrize(
    "expression",
    [
        *("a(?=b)", "a(?!b)", "(?<=a)b", "(?<!a)b", r"(a)\1", "(?P<n>a)(?P=n)", "(?>a)", "(a)(?(1)b|c)", "(?#a)"),
        *("a++", "a*+", "a?+", "a{1,2}+", r"\p{L}", r"[\p{L}]", r"a\Z", r"\N{DIGIT ONE}", r"\u0041", "(?R)", "(?1)"),
        *("(", "[a", "a**", "*", "a{2,1}", "a{1001}", "(?x)a", "(?u)a", "[[:alpha:]]", r"\Qa\E", r"a\z", "\\"),
    ],
)
def test_what_re2_has_not_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        compiled(expression)


@pytest.mark.parametrize(
    ("expression", "fitting", "other"),
    [
        ("^/api/(v[0-9]+)/", "/api/v12/x", "/api/vx/"),
        ("b", "abc", "acd"),
        (r"^\d$", "1", "\u0661"),
        (r"\++\\", "++\\", "++"),
        ("[+*]+$", "a+*", "+a"),
        ("[]a]+$", "]a", "b"),
        ("[^]]$", "a", "]"),
        ("[[a]$", "[", "b"),
        ("(?i)^ab$", "AB", "abc"),
        ("(?i:a)b", "Ab", "AB"),
        ("^(?P<n>a|b){2,3}?$", "ab", "a"),
        (r"^a\.b$", "a.b", "aXb"),
        ("^.$", "\u00e4", "ab"),
    ],
)
def test_the_rest_fits_as_there(expression: str, fitting: str, other: str) -> None:
    assert compiled(expression).search(fitting)
    assert not compiled(expression).search(other)


@pytest.mark.parametrize("expression", ["(a+)+$", "(a|aa)+$", "(a*)*b", ".*.*.*.*.*.*.*.*b", "a?" * 40 + "a" * 40])
def test_what_could_take_long_is_left_open(expression: str) -> None:
    assert fits(expression, "a" * 200) is None


@pytest.mark.parametrize("expression", ["(a|a|a)*b", "(a|a)" * 24 + "b", "a?" * 24 + "a" * 24, "(a?a?a?)*b"])
def test_choices_take_long_even_on_short_texts(expression: str) -> None:
    assert fits(expression, "a" * 24) is None


def test_usual_expressions_and_paths_are_decided() -> None:
    path = "/api/v12/customers/0c5b7f6e-6d0a-4a5e-9d55-0f0b8a0d6c11/orders/2026-11-28"
    assert fits(r"^/api/v[0-9]+/customers/[^/]+/orders(/|$)", path) is True
    assert fits(r"^/(admin|internal)/", path) is False
    assert fits("^/\u00fc", "/\u00fc") is None


@given(st.text("ab/", max_size=12), st.sampled_from(["^a", "b$", "[ab]{2}", "a|/b", "(a/)*b", "^$", "(?i)A", r"\W"]))
def test_what_is_decided_is_what_the_engine_finds(text: str, expression: str) -> None:
    assert fits(expression, text) in {None, compiled(expression).search(text) is not None}
