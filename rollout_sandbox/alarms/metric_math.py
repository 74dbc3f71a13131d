"""CloudWatch's metric math, for one period at a time: arithmetic, comparisons, and the functions that alarms use.

An expression is parsed as Python's, whose operators and precedence it shares, and nothing of it is executed. Without a
value there is none of what is worked out from it, except by FILL, and by functions of lists, which pass it over.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from functools import cache

Value = float | None
Lookup = Callable[[str], Value]
Compiled = Callable[[Lookup], Value]

_WORDS = {"AND": " and ", "OR": " or ", "&&": " and ", "||": " or ", "^": "**"}
_OPERATORS: Mapping[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.And: lambda one, other: bool(one) and bool(other),
    ast.Or: lambda one, other: bool(one) or bool(other),
}
_OF_ONE: Mapping[str, Callable[[float], float]] = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}
_OF_LISTS: Mapping[str, Callable[[list[float]], float]] = {
    "AVG": lambda values: math.fsum(values) / len(values),
    "MAX": max,
    "MIN": min,
    "SUM": math.fsum,
}


class NotUnderstoodError(ValueError):
    """The expression isn't metric math, or has what the sandbox doesn't work out."""


@cache
def compiled(expression: str) -> Compiled:
    """What works out an expression, given each id's value.

    Raises:
        NotUnderstoodError: It can't be worked out here.
    """
    text = re.sub(r"\bAND\b|\bOR\b|&&|\|\||\^", lambda found: _WORDS[found[0]], expression)
    try:
        return _node(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise NotUnderstoodError(f"{expression}: {error}") from error


def _node(node: ast.expr) -> Compiled:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return lambda _: float(number)
        case ast.Name(id=name):
            return lambda look: look(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            negated = _node(operand)
            return lambda look: None if (value := negated(look)) is None else -value
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _worked_out(_OPERATORS[type(op)], _node(left), _node(right))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPERATORS:
            return _worked_out(_OPERATORS[type(op)], _node(left), _node(right))
        case ast.BoolOp(op=op, values=[first, *rest]):
            found = _node(first)
            for each in rest:
                found = _worked_out(_OPERATORS[type(op)], found, _node(each))
            return found
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            return _call(name, args)
    raise NotUnderstoodError(f"the sandbox doesn't work out {ast.unparse(node)}")


def _worked_out(work: Callable[[float, float], float], one: Compiled, other: Compiled) -> Compiled:
    def of(look: Lookup) -> Value:
        left, right = one(look), other(look)
        if left is None or right is None:
            return None
        try:
            value = work(left, right)
            return None if isinstance(value, complex) or math.isnan(value) else float(value)
        except (ZeroDivisionError, OverflowError):  # AWS has no point there
            return None

    return of


def _call(name: str, args: list[ast.expr]) -> Compiled:
    match name, args:
        case "IF", [condition, *rest] if len(rest) in {1, 2}:
            chosen, then = _node(condition), [_node(each) for each in rest]
            return lambda look: _chosen(chosen(look), [each(look) for each in then])
        case "FILL", [ast.Name() | ast.Call() | ast.BinOp() as series, filling]:
            found, instead = _node(series), _node(filling)
            return lambda look: instead(look) if (value := found(look)) is None else value
        case _, [ast.List(elts=listed)] if name in _OF_LISTS:
            return _of_list(_OF_LISTS[name], [_node(each) for each in listed])
        case _, [single] if name in _OF_ONE:
            work, operand = _OF_ONE[name], _node(single)
            return lambda look: None if (value := operand(look)) is None else float(work(value))
    raise NotUnderstoodError(f"the sandbox doesn't work out {name} of this")


def _chosen(condition: Value, then: list[Value]) -> Value:
    if condition is None:
        return None
    return then[0] if condition else next(iter(then[1:]), None)


def _of_list(work: Callable[[list[float]], float], nodes: list[Compiled]) -> Compiled:
    def of(look: Lookup) -> Value:
        there = [value for value in (node(look) for node in nodes) if value is not None]
        return float(work(there)) if there else None

    return of
