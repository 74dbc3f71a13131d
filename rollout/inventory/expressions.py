r"""Regular expressions as a load balancer takes them, in conditions and in transforms: RE2's, on Python's engine.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
AWS has no lookaheads, lookbehinds, backreferences, atomic groups, possessive quantifiers, subroutines, recursion or
classes of Unicode (https://github.com/google/re2/wiki/Syntax). What's left means the same to both engines, with `\d`,
`\s` and `\w` of ASCII alone. Refused here, though RE2 knows them: `\C`, `\Q…\E`, `\z`, POSIX's classes, and flags
in the middle. An expression fits if a part of the text does: `^` and `$` are for who wants all of it. RE2 takes linear
time, which Python's engine doesn't promise: `fits` doesn't begin what could take long.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache

_TOKEN = re.compile(
    r"(?P<escape>\\.)|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<group>\(\?(?P<known>P<|[ims]*-?[ims]*[:)])?)"
    r"|(?P<possessive>[*+?}]\+)|.",
    re.DOTALL,
)
_NOT_ESCAPES = frozenset("123456789NUZu")
_MAX_REPEAT = 1000
_MOST_STEPS = 10**7


@lru_cache(maxsize=4096)
def compiled(expression: str, flags: int = 0) -> re.Pattern[str]:
    """An expression, ready to be searched for.

    Args:
        expression: As it was written.
        flags: Python's, beside those that the expression has.

    Raises:
        ValueError: A load balancer wouldn't take it.
    """
    for token in _TOKEN.finditer(expression):
        of_python = (
            (token["escape"] and token[0][1] in _NOT_ESCAPES)
            or (token["group"] and token["known"] is None)
            or (token["set"] and re.search(r"\[[:.=]", token[0][1:]))
            or token["possessive"]
        )
        if of_python:
            raise ValueError(f"{token[0]} is not supported")
    if any(int(count) > _MAX_REPEAT for count in re.findall(r"(?<=[{,])\d+(?=[,}])", expression)):
        raise ValueError("too many repetitions")
    with warnings.catch_warnings(action="ignore"):  # of sets that a later Python may read otherwise
        try:
            return re.compile(expression, flags | re.ASCII)
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(str(error)) from None


def fits(expression: str, text: str) -> bool | None:
    """Whether a load balancer finds an expression in a text; None where that can't be decided here.

    That is where a load balancer wouldn't take the expression, where the case of letters would decide (AWS doesn't say
    whether it counts), for other texts than ASCII, and where Python's engine could take long.
    """
    if not text.isascii() or _steps(expression, text) > _MOST_STEPS:
        return None
    try:
        found = {compiled(expression, flags).search(text) is not None for flags in (0, re.IGNORECASE)}
    except ValueError:
        return None
    return found.pop() if len(found) == 1 else None


def _steps(expression: str, text: str) -> int:
    """At most so many steps does backtracking take, roughly."""
    length = len(text) + 1
    repeats = len(re.findall(r"[*+{]", expression)) + (not expression.startswith("^"))  # it begins anywhere
    choices = len(re.findall(r"(?<![(*+?}])\?|\|", expression))
    each_time = (1 + repeats + choices) ** length if re.search(r"\)[*+{]", expression) else 0
    return int(max(length**repeats * 2**choices, each_time))
