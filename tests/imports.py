"""What a file of ours imports, and what it needs through that: the layers' test and `--changed` go by it."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, pairwise
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("rollout", "rollout_sandbox", "rollout_tap")
"""What is installed."""
FOLDERS = (*PACKAGES, "packages", "programs", "scripts", "examples", "benchmarks", "docs", "tests")


@cache
def imports(file: Path) -> tuple[str, ...]:
    """The modules that a file imports anywhere in it, and `module.name` for each name from one."""
    return tuple(_imports(ast.walk(_tree(file))))


def module(file: Path) -> str:
    """The name that a file is imported by; packages/ has packages with folders `src` and `tests`."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[3:] if parts[0] == "packages" else parts).removesuffix(".__init__")


@cache
def modules() -> dict[str, Path]:
    """Our files by the names that they are imported by."""
    return {module(file): file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))}


@cache
def installed() -> tuple[Path, ...]:
    """The files of our packages."""
    return tuple(file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py")))


def for_people() -> tuple[Path, ...]:
    """Those whose texts are for people: what the sandbox says, its commands left out, is in AWS's own words."""
    aws, commands = ROOT / "rollout_sandbox", ROOT / "rollout_sandbox" / "cli"
    return tuple(file for file in installed() if not file.is_relative_to(aws) or file.is_relative_to(commands))


@cache
def needed(file: Path) -> frozenset[Path]:
    """The files that are imported when a file's code runs, itself among them."""
    found, ahead = {file}, [file]
    while ahead:
        more = _direct(ahead.pop()) - found
        found |= more
        ahead += more
    return frozenset(found)


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def _imports(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            origin = "." * node.level + node.module
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)


@cache
def _direct(file: Path) -> frozenset[Path]:
    package = module(file if file.name == "__init__.py" else file.parent / "__init__.py")
    names = {_absolute(name, package) for name in _imports(_run(_tree(file)))}
    names |= {*_started(_tree(file)), *_brought(_tree(file))}
    names |= {_public().get(name, name) for name in names}
    parents = {".".join(name.split(".")[:length]) for name in names for length in range(1, name.count(".") + 2)}
    ours = modules()
    found = {ours[name] for name in parents if name in ours} | _fixtures(file)
    prefixes = tuple(_dynamic(_tree(file)))
    return frozenset(found | {path for name, path in ours.items() if prefixes and name.startswith(prefixes)})


def _absolute(name: str, package: str) -> str:
    level = len(name) - len(name.lstrip("."))
    parents = package.split(".")
    return ".".join([*parents[: len(parents) - level + 1], name.lstrip(".")]) if level else name


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those that only type checkers read."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"):
            yield child
            yield from _run(child)


def _started(tree: ast.Module) -> Iterator[str]:
    """What a file starts as `python -m`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.List | ast.Tuple | ast.Call):
            each = node.args if isinstance(node, ast.Call) else node.elts
            values = [item.value if isinstance(item, ast.Constant) else None for item in each]
            for option, name in pairwise(values):
                if option == "-m" and isinstance(name, str):
                    yield from (name, f"{name}.__main__")


def _brought(tree: ast.Module) -> Iterator[str]:
    """What a file finds by an entry point of ours, whose group it names."""
    groups = _entry_points()
    strings = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return chain.from_iterable(groups.get(each, ()) for each in strings)


@cache
def _entry_points() -> dict[str, list[str]]:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    return {group: [value.partition(":")[0] for value in points.values()] for group, points in groups.items()}


def _dynamic(tree: ast.Module) -> Iterator[str]:
    """The packages of ours whose modules a file imports by names that it makes: `rollout.cli.`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
            prefix = str(node.values[0].value)
            if prefix.count(".") > 1 and prefix.endswith(".") and prefix.removesuffix(".") in modules():
                yield prefix


@cache
def _public() -> dict[str, str]:
    """Where what our packages export is at home: they import each when it is first asked for."""
    return {
        f"{package}.{alias.name}": f"{node.module}"
        for package in PACKAGES
        for node in ast.walk(_tree(ROOT / package / "__init__.py"))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _fixtures(file: Path) -> set[Path]:
    """The conftest.py files some of whose fixtures a test asks for."""
    if "tests" not in file.parts:
        return set()
    asked = {
        arg.arg
        for function in _functions(_tree(file))
        if function.name.startswith("test_") or _is_fixture(function)
        for arg in function.args.args
    }
    files = (folder / "conftest.py" for folder in file.parents if folder.is_relative_to(ROOT))
    return {conftest for conftest in files if conftest != file and conftest.exists() and asked & _made_by(conftest)}


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _is_fixture(function: ast.FunctionDef) -> bool:
    return any("fixture" in ast.unparse(decorator) for decorator in function.decorator_list)


@cache
def _made_by(conftest: Path) -> frozenset[str]:
    return frozenset(function.name for function in _functions(_tree(conftest)) if _is_fixture(function))
