"""Paths into JSON, payload templates with them, and intrinsic functions: of each what `language` needs, and no more.

https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html
https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_STEP = re.compile(r"\.(?P<key>\w[\w-]*)|\[(?P<index>\d+)\]|\[\?\(@\.(?P<has>\w[\w-]*)\)\]")
_CALL = re.compile(r"States\.(?P<name>\w+)\((?P<given>.*)\)$", re.DOTALL)
_ARGUMENT = re.compile(r"\s*('(?:[^'\\]|\\.)*'|States\.\w+\([^()]*\)|\$[^,]*)\s*(?:,|$)")


class PathFailure(Exception):
    """A path that leads nowhere, or isn't known here: AWS's States.Runtime."""


def evaluated(text: str, data: Any, context: Mapping[str, Any]) -> Any:
    """A path's value, or an intrinsic function's.

    Raises:
        PathFailure: It leads nowhere, or is of a kind that isn't known here.
    """
    if call := _CALL.match(text):
        return _called(call["name"], [_argument(each, data, context) for each in _arguments(call["given"])])
    if text.startswith("$$"):
        return _followed(text[1:], context)
    return _followed(text, data)


def leads_somewhere(path: str, data: Any) -> bool:
    """Whether there is something at a path."""
    try:
        _followed(path, data)
    except PathFailure:
        return False
    return True


def filled(template: Any, data: Any, context: Mapping[str, Any]) -> Any:
    """A payload template with values in place of paths."""
    if isinstance(template, list):
        return [filled(each, data, context) for each in template]
    if not isinstance(template, Mapping):
        return template
    return {
        key.removesuffix(".$"): evaluated(value, data, context) if key.endswith(".$") else filled(value, data, context)
        for key, value in template.items()
    }


def placed(data: Any, path: str | None, result: Any) -> Any:
    """A state's input with its result at a ResultPath, which is the input alone at None."""
    if path is None:
        return data
    if path == "$":
        return result
    steps = _steps(path)
    if not isinstance(data, Mapping) or len(steps) != 1 or not isinstance(steps[0], str):
        raise PathFailure(f"{path} can't be set")
    return {**data, steps[0]: result}


def _steps(path: str) -> list[str | int | tuple[str]]:
    """What leads to a value: keys, indexes, and in a tuple the key that elements are chosen by."""
    steps: list[str | int | tuple[str]] = []
    at = 1
    while at < len(path):
        found = _STEP.match(path, at)
        if not path.startswith("$") or found is None:
            raise PathFailure(f"{path} isn't known here")
        key, index, has = found.group("key", "index", "has")
        steps.append(key or (int(index) if index else (has,)))
        at = found.end()
    return steps


def _followed(path: str, data: Any) -> Any:
    found, many = [data], False
    for step in _steps(path):
        if isinstance(step, tuple):
            many = True
            found = [each for value in found if isinstance(value, list) for each in value if step[0] in each]
        else:
            found = [each for value in found for each in _child(value, step)]
    if many:
        return found
    if not found:
        raise PathFailure(f"The JSONPath '{path}' could not be found in the input '{json.dumps(data)}'")
    return found[0]


def _child(value: Any, step: str | int) -> Iterator[Any]:
    fits = isinstance(value, Mapping) if isinstance(step, str) else isinstance(value, list)
    if fits and (step in value if isinstance(step, str) else step < len(value)):
        yield value[step]


def _arguments(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        found = _ARGUMENT.match(text, at)
        if found is None:
            raise PathFailure(f"{text[at:]} isn't known here")
        yield found[1].strip()
        at = found.end()


def _argument(text: str, data: Any, context: Mapping[str, Any]) -> Any:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith("'") else evaluated(text, data, context)


def _called(name: str, given: list[Any]) -> str:
    if name == "JsonToString" and len(given) == 1:
        return json.dumps(given[0], separators=(",", ":"), ensure_ascii=False)
    if name == "Format" and given:
        parts = str(given[0]).split("{}")
        values = [each if isinstance(each, str) else json.dumps(each) for each in given[1:]]
        if len(parts) == len(given):
            return "".join(part + value for part, value in zip(parts, [*values, ""], strict=True))
    raise PathFailure(f"States.{name} isn't known here, or not with these arguments")
