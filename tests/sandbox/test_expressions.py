"""Which regular expressions a load balancer takes, and what they mean."""

from __future__ import annotations

import pytest

from rollout_sandbox.expressions import compiled


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
