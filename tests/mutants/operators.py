"""What may be wrong with a line of code: a module's source with one small fault in it, each as a mutant.

Conditions, comparisons, numbers, names, tables, calls and returns are changed. What no test is to hold isn't: types,
docstrings, decorators, and texts with a blank in them, which are for people and may be worded anew.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_CALLS = {"any": "all", "all": "any", "min": "max", "max": "min", "sorted": "list"}
_NOT_BEHAVIOUR = {"annotation", "returns", "decorator_list", "bases", "type_comment"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault.

    Attributes:
        module: The module's name.
        lines: The first and the last line that it is on.
        text: The first of them.
        change: What becomes what.
        place: Which node it is, and which of the node's variants.
        at_import: Whether it has its effect when the module is imported, and not in a function.
    """

    module: str
    lines: tuple[int, int]
    text: str
    change: str
    place: tuple[int, int]
    at_import: bool

    def rank(self, seed: str) -> str:
        """Its place in a drawing of lots, the same wherever the line moves to in its module."""
        return hashlib.sha256(repr((seed, self.module, self.text, self.change)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Node:
    """A part of a module that may be changed, and where it hangs."""

    node: ast.AST
    parent: ast.AST
    field: str
    index: int | None
    in_function: bool

    def replace(self, variant: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, variant)
        else:
            getattr(self.parent, self.field)[self.index] = variant


def mutants_of(module: str, source: str) -> Iterator[Mutant]:
    """Every mutant of a module."""
    lines = source.splitlines()
    for number, found in enumerate(_nodes(ast.parse(source))):
        before = found.node
        if not isinstance(before, ast.expr | ast.stmt):  # a part of a comprehension or a match has no lines of its own
            continue
        for variant, after in enumerate(_variants(before)):
            change = f"{_short(before)} → {_short(after)}"
            last = before.end_lineno or before.lineno
            if isinstance(before, ast.If | ast.While):
                last = before.test.end_lineno or last
            text = lines[before.lineno - 1].strip()
            yield Mutant(module, (before.lineno, last), text, change, (number, variant), not found.in_function)


def mutated(source: str, mutant: Mutant) -> ast.Module:
    """The module with the fault in it."""
    tree = ast.parse(source)
    number, variant = mutant.place
    found = list(_nodes(tree))[number]
    after = list(_variants(found.node))[variant]
    found.replace(ast.copy_location(after, found.node))
    return ast.fix_missing_locations(tree)


def _short(node: ast.AST) -> str:
    """Code on one line; of a statement with a body, its head."""
    return ast.unparse(node).splitlines()[0] if not isinstance(node, ast.Pass) else "nothing"


def _nodes(parent: ast.AST, *, in_function: bool = False) -> Iterator[_Node]:
    """All nodes that may be changed, in a fixed order."""
    for field, value in ast.iter_fields(parent):
        if field in _NOT_BEHAVIOUR or (isinstance(parent, ast.Subscript) and field == "slice" and _is_type(parent)):
            continue
        for index, node in enumerate(value) if isinstance(value, list) else ((None, value),):
            if not isinstance(node, ast.AST) or _is_for_people(node, parent) or _is_for_types(node):
                continue
            inside = in_function or (isinstance(parent, _FUNCTIONS) and field == "body")
            yield _Node(node, parent, field, index, inside)
            yield from _nodes(node, in_function=inside)


def _is_type(node: ast.Subscript) -> bool:
    """`Mapping[str, int]` and the like, at an assignment of a type's name."""
    return isinstance(node.value, ast.Name) and node.value.id[0].isupper() and not node.value.id.isupper()


def _is_for_people(node: ast.AST, parent: ast.AST) -> bool:
    """A docstring, or a text in words or a piece of one."""
    match node:
        case ast.Constant(str(text)):
            pieces = parent.values if isinstance(parent, ast.JoinedStr) else [node]
            return " " in text or any(isinstance(each, ast.Constant) and " " in str(each.value) for each in pieces)
        case ast.Expr(ast.Constant()):
            return True
        case _:
            return False


def _is_for_types(node: ast.AST) -> bool:
    match node:
        case ast.If(ast.Name("TYPE_CHECKING")) | ast.Import() | ast.ImportFrom():
            return True
        case ast.keyword("strict"):  # of `zip`, which only tells of a fault elsewhere
            return True
        case _:
            return False


def _variants(node: ast.AST) -> Iterator[ast.AST]:
    """A node with a fault in it."""
    match node:
        case ast.Compare() | ast.BoolOp() | ast.UnaryOp() | ast.BinOp():
            yield from _operators(node)
        case ast.Constant():
            yield from _constants(node)
        case ast.If(test, body, rest) | ast.While(test, body, rest):
            yield type(node)(ast.UnaryOp(ast.Not(), test), body, rest)
        case ast.IfExp(test, body, other):
            yield ast.IfExp(ast.UnaryOp(ast.Not(), test), body, other)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            yield from _unfiltered(node)
        case ast.Call(ast.Name(name), arguments, keywords) if name in _CALLS:
            yield ast.Call(ast.Name(_CALLS[name], ast.Load()), arguments, keywords if name != "sorted" else [])
        case ast.Set() | ast.List() | ast.Tuple() | ast.Dict():
            yield from _shortened(node)
        case _:
            yield from _skipped(node)


def _operators(node: ast.Compare | ast.BoolOp | ast.UnaryOp | ast.BinOp) -> Iterator[ast.expr]:
    """Another operator, or one operand fewer."""
    match node:
        case ast.Compare(left, operators, rights):
            for index, operator in enumerate(operators):
                for other in _COMPARISONS[type(operator)]:
                    yield ast.Compare(left, [*operators[:index], other(), *operators[index + 1 :]], rights)
        case ast.BoolOp(operator, values):
            yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
            for index in range(len(values)):
                rest = [*values[:index], *values[index + 1 :]]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(operator, rest)
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield operand
        case ast.BinOp(left, operator, right) if type(operator) in _ARITHMETIC:
            yield ast.BinOp(left, _ARITHMETIC[type(operator)](), right)


def _shortened(node: ast.Set | ast.List | ast.Tuple | ast.Dict) -> Iterator[ast.expr]:
    """A table without one of its entries."""
    match node:
        case ast.Set(items) | ast.List(items, ast.Load()) if len(items) > 1:
            yield from (type(node)([*items[:n], *items[n + 1 :]], *_context(node)) for n in range(len(items)))
        case ast.Tuple(items, ast.Load()) if len(items) > 1 and all(isinstance(i, ast.Constant) for i in items):
            yield from (ast.Tuple([*items[:n], *items[n + 1 :]], ast.Load()) for n in range(len(items)))
        case ast.Dict(keys, values) if len(keys) > 1:
            yield from (
                ast.Dict([*keys[:n], *keys[n + 1 :]], [*values[:n], *values[n + 1 :]]) for n in range(len(keys))
            )


def _skipped(node: ast.AST) -> Iterator[ast.stmt]:
    """What isn't done, or not to its end."""
    match node:
        case ast.Return(value) if value is not None and not (isinstance(value, ast.Constant) and value.value is None):
            yield ast.Return(ast.Constant(None))
        case ast.Expr(ast.Call() | ast.Yield() | ast.YieldFrom()) | ast.Raise() | ast.AugAssign():
            yield ast.Pass()
        case ast.Continue():
            yield ast.Break()
        case ast.Break():
            yield ast.Continue()


def _context(node: ast.AST) -> tuple[ast.expr_context, ...]:
    return (ast.Load(),) if isinstance(node, ast.List) else ()


def _constants(node: ast.Constant) -> Iterator[ast.Constant]:
    match node.value:
        case bool(value):
            yield ast.Constant(not value)
        case int(value) | float(value):
            yield ast.Constant(value + 1)
        case str(text):
            yield ast.Constant(f"{text}XX")


def _unfiltered(node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> Iterator[ast.AST]:
    """A comprehension without one of its conditions."""
    for index, part in enumerate(node.generators):
        for number in range(len(part.ifs)):
            conditions = [*part.ifs[:number], *part.ifs[number + 1 :]]
            loop = ast.comprehension(part.target, part.iter, conditions, part.is_async)
            parts = [*node.generators[:index], loop, *node.generators[index + 1 :]]
            if isinstance(node, ast.DictComp):
                yield ast.DictComp(node.key, node.value, parts)
            else:
                yield type(node)(node.elt, parts)
