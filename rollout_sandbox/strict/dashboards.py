"""What AWS refuses of a dashboard's body, as far as programs here write such. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MAX_WIDGETS, MAX_METRICS, MAX_ALARMS, COLUMNS, MAX_HEIGHT = 500, 500, 100, 24, 1000
KINDS = ("metric", "text", "log", "alarm", "explorer", "custom")
_DIMENSIONS = 30

Problem = tuple[str, str]


def name_problem(name: str) -> str | None:
    """What is wrong with a dashboard's name."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,255}", name):
        return None
    return (
        f"The value {name} for field DashboardName contains invalid characters. "
        "It can only contain alphanumerics, dash (-) and underscore (_)."
    )


def body_problems(text: str) -> Iterator[Problem]:
    """What is wrong with a body: where, and what."""
    try:
        body = json.loads(text)
    except ValueError:
        yield "", "The field DashboardBody must be a valid JSON object"
        return
    if not isinstance(body, dict):
        yield "", "Should be object"
        return
    widgets = body.get("widgets")
    if not isinstance(widgets, list):
        yield "/widgets", "Should be array"
        return
    if len(widgets) > MAX_WIDGETS:
        yield "/widgets", f"Should NOT have more than {MAX_WIDGETS} items"
    if body.get("periodOverride", "auto") not in ("auto", "inherit"):
        yield "/periodOverride", "Should be equal to one of the allowed values"
    for number, widget in enumerate(widgets):
        yield from _widget_problems(f"/widgets/{number}", widget)


def _widget_problems(path: str, widget: Any) -> Iterator[Problem]:
    if not isinstance(widget, dict):
        yield path, "Should be object"
        return
    if widget.get("type") not in KINDS:
        yield f"{path}/type", "Should be equal to one of the allowed values"
    width, height = widget.get("width", 6), widget.get("height", 6)
    ranges = {"x": (0, COLUMNS - 1), "y": (0, None), "width": (1, COLUMNS), "height": (1, MAX_HEIGHT)}
    for key, (low, high) in ranges.items():
        yield from ((f"{path}/{key}", text) for text in _range_problems(widget.get(key, low), low, high))
    if isinstance(width, int) and isinstance(height, int) and widget.get("x", 0) + width > COLUMNS:
        yield f"{path}/width", f"Should fit in {COLUMNS} columns"
    properties = widget.get("properties")
    if not isinstance(properties, dict):
        yield path, "Should have required property 'properties'"
        return
    needed = {"metric": ("region",), "text": ("markdown",), "alarm": ("alarms",)}.get(widget.get("type", ""), ())
    for key in needed:
        if key not in properties:
            yield f"{path}/properties", f"Should have required property '{key}'"
    if widget.get("type") == "metric":
        yield from _graph_problems(f"{path}/properties", properties)
    if len(properties.get("alarms", ())) > MAX_ALARMS:
        yield f"{path}/properties/alarms", f"Should NOT have more than {MAX_ALARMS} items"


def _range_problems(value: Any, low: int, high: int | None) -> Iterator[str]:
    if not isinstance(value, int):
        yield "Should be integer"
    elif value < low:
        yield f"Should be >= {low}"
    elif high is not None and value > high:
        yield f"Should be <= {high}"


def _graph_problems(path: str, properties: Mapping[str, Any]) -> Iterator[Problem]:
    if "metrics" not in properties and "annotations" not in properties:
        yield path, "Should have required property 'metrics'"
    lines = properties.get("metrics", [])
    if len(lines) > MAX_METRICS:
        yield f"{path}/metrics", f"Should NOT have more than {MAX_METRICS} items"
    shown = [line[-1] if line and isinstance(line[-1], dict) else {} for line in lines]
    ids = [each.get("id") for each in shown]
    for number, (line, options) in enumerate(zip(lines, shown, strict=True)):
        at = f"{path}/metrics/{number}"
        if problem := _line_problem(line, options):
            yield at, problem
        if (id_ := options.get("id")) is not None:
            if not re.fullmatch(r"[a-z][a-zA-Z0-9_]*", id_):
                yield f"{at}/id", "Should match pattern ^[a-z][a-zA-Z0-9_]*$"
            if ids.count(id_) > 1:
                yield f"{at}/id", f"{id_} is used more than once"


def _line_problem(line: Sequence[Any], options: Mapping[str, Any]) -> str | None:
    """What is wrong with a line of a graph: a namespace, a name and dimensions, or an expression."""
    names = [part for part in line if isinstance(part, str)]
    if len(names) + bool(options) != len(line):
        return "Should be string"
    if "expression" in options:
        return "Should NOT have more than 1 items" if names else None
    if len(names) < 2 or len(names) % 2:  # noqa: PLR2004 - namespace and name
        return "Should have a namespace, a name, and pairs of dimensions"
    most = 2 + 2 * _DIMENSIONS
    return f"Should NOT have more than {most + 1} items" if len(names) > most else None
