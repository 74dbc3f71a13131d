"""A query: the selector of counters or of a histogram's buckets, with placeholders in the values of its labels. Pure.

Only a selector is allowed, no expression: rollout counts by raw samples, and an average or a rate can't be counted.
https://prometheus.io/docs/prometheus/latest/querying/basics/#time-series-selectors
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rollout.adapters.sources import filled

_STRING = r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`[^`]*`'
_MATCHER = re.compile(rf"\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*({_STRING})\s*")
_SELECTOR = re.compile(
    rf"([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*(?:\{{((?:{_MATCHER.pattern},)*(?:{_MATCHER.pattern})?)\s*\}})?"
)


def check(text: str) -> None:
    """Make sure that a text is a selector.

    Raises:
        ValueError: It isn't, or a placeholder is in the wrong place.
    """
    found = _SELECTOR.fullmatch(text.strip())
    if not found or not (found[1] or found[2]):
        raise ValueError('is not a selector, such as requests_total{service="$name"}; functions are not allowed')
    inside = [string for _, _, string in _MATCHER.findall(found[2] or "") if not string.startswith("`")]
    if text.count("$") > sum(string.count("$") for string in inside):
        raise ValueError("placeholders are only for the values of labels, in \"\" or ''")


def rendered(text: str, values: Mapping[str, str]) -> str:
    """A selector with the values of its placeholders, quoted as its labels need it."""

    def matcher(found: re.Match[str]) -> str:
        label, operator, string = found.groups()

        def escaped(value: str) -> str:
            return in_string(re.escape(value) if "~" in operator else value, string[0])

        return f"{label}{operator}{string if string[0] == '`' else filled(string, values, escaped)}"

    name, brace, matchers = text.strip().partition("{")
    return name.strip() + brace + _MATCHER.sub(matcher, matchers)


def in_string(value: str, quote: str = '"') -> str:
    """A value as it is written between quotes."""
    return value.replace("\\", "\\\\").replace(quote, "\\" + quote).replace("\n", "\\n")


def any_of(label: str, values: Iterable[str]) -> str:
    """A matcher of a label that has one of some values."""
    return f'{label}=~"{"|".join(in_string(re.escape(value)) for value in values)}"'
