"""A composite alarm's rule: which alarms it names, and whether it holds. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

_NAMED = re.compile(r"\b(ALARM|OK|INSUFFICIENT_DATA)\(\s*(?:\"([^\"]+)\"|'([^']+)'|([^\s()\"']+))\s*\)")
_WORDS = {"AND": "and", "OR": "or", "NOT": "not", "TRUE": "True", "FALSE": "False"}


def named_in(rule: str) -> set[str]:
    """The alarms that a rule names, by name or ARN."""
    return {_name(match) for match in _NAMED.finditer(rule)}


def holds(rule: str, states: Mapping[str, str]) -> bool:
    """Whether a rule holds; what it says of an alarm that isn't there doesn't.

    Args:
        rule: The rule.
        states: The alarms' states, by name.

    Raises:
        SyntaxError: It is no rule.
    """
    text = _NAMED.sub(lambda match: str(states.get(_name(match)) == match[1]).upper(), rule)
    if set(re.findall(r"[^\s()]+", text)) - _WORDS.keys():
        raise SyntaxError(rule)
    text = " ".join(re.sub(r"\b[A-Z]+\b", lambda word: _WORDS[word[0]], text).split())
    return _value(ast.parse(text, mode="eval").body)


def _name(match: re.Match[str]) -> str:
    return str(next(filter(None, match.groups()[1:]))).rpartition(":alarm:")[2]


def _value(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=bool() as value):
            return value
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand)
        case ast.BoolOp(op=op, values=values):
            return (all if isinstance(op, ast.And) else any)(map(_value, values))
    raise SyntaxError(ast.unparse(node))
