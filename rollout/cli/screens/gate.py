"""The gate: who gets which requests, what happens to resources, and each change property by property."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from rollout.base.formatting import count_of
from rollout.cli.people import People
from rollout.cli.screens import as_data, show
from rollout.cli.screens.changes import change, counts, folded
from rollout.cli.screens.layout import NARROW, Indented, alike, table
from rollout.migration.gates import Gate, TrafficLine, requests_of
from rollout.state.plan import LISTENER_RULE, Change, Op, StackPreview, forward_in, without_header_values


@dataclass(frozen=True, slots=True)
class Details:
    """A gate's resources property by property; for people, as machines have them with the gate."""

    gate: Gate


as_data.register(Details, lambda _: iter(()))


@show.register
def _details(shown: Details, to: People) -> None:
    to.draw(details(shown.gate, to.out.width))


def gate(opened: Gate, width: int) -> RenderableType:
    """All that somebody approves, but for commands, which must stay whole lines."""
    if opened.previews:
        moving = [traffic(opened, width)] if opened.traffic else []
        return Group(*_drift(opened), *moving, resources(opened))
    return Indented(_warnings(opened))


def _drift(gate: Gate) -> Iterator[RenderableType]:
    """What isn't as rollout left it comes before anything that it would do."""
    if gate.drift:
        yield Padding(Group(Text("Drift", style="bold yellow"), *map(Text, gate.drift)), (1, 0, 0, 2), expand=False)
    elif gate.drift is not None:
        agreed = "no drift: rules, state and file agree on everything else"
        yield Padding(Text(agreed, style="dim"), (1, 0, 0, 2), expand=False)


def traffic(gate: Gate, width: int, *, whole: bool = False) -> RenderableType:
    """Who gets which requests, before and after; routes that nothing happens to are named only.

    Args:
        whole: Whether each route has a row, however many are alike.
    """
    changing = [line for line in gate.traffic if line.changes]
    groups = [*alike(changing, lambda each: (each.before, each.after, each.note), whole=whole)]
    narrow = width < NARROW or all(len(group) > 1 for group in groups)
    rows = table("route", title="Traffic", title_justify="left", title_style="bold")
    if not narrow:
        rows.add_column("endpoint", overflow="fold", style="dim")
        rows.add_column("rule", justify="right", style="dim")
    rows.add_column("now", justify="right", no_wrap=True)
    rows.add_column("", no_wrap=True)
    rows.add_column("then", justify="right", no_wrap=True)
    counted = any(line.volume for line in changing)
    if counted:
        rows.add_column("per minute" if narrow else "requests per minute", justify="right", overflow="fold")
    rows.add_column("", overflow="fold", style="dim")
    below: list[RenderableType] = [rows] if changing else [Text("Traffic", style="bold")]
    for group in groups:
        line, is_one = group[0], len(group) == 1
        rows.add_row(
            line.route if is_one else count_of(len(group), "route"),
            *([] if narrow else [line.endpoint, str(line.priority)] if is_one else ["", ""]),
            *_split_cells(line),
            *([Text(requests_of(group), style="" if line.moves else "dim")] if counted else []),
            line.note,
        )
        if not is_one and len(group) < len(gate.traffic):
            names = ", ".join(each.route for each in group)
            below.append(Text(f"{count_of(len(group), 'route')}: {names}", style="dim"))
    if same := [line.route for line in gate.traffic if not line.changes]:
        below.append(Text(f"unchanged: {', '.join(same)}", style="dim"))
    if gate.uncounted:
        below.append(Text(f"the requests are not counted: {gate.uncounted}", style="dim"))
    return Padding(Group(*below), (1, 0, 0, 2), expand=False)


def _split_cells(line: TrafficLine) -> tuple[Text, str, Text]:
    before = str(line.before) if line.before is not None else "?"
    style = "bold yellow" if line.moves else "dim"
    return Text(before), "→" if line.changes else "=", Text(str(line.after), style=style)


def resources(gate: Gate) -> RenderableType:
    """What happens to each resource, a stack after the other, then what to know and the digest."""
    rows = [Text("Resources", style="bold")]
    for preview in gate.previews:
        rows.append(Text(f"{preview.stack}: {counts(preview)}"))
        rows.extend(_folded(preview))
    rows.extend(_warnings(gate))
    digest = " ".join(preview.digest for preview in gate.previews)
    said = f"policy: allowed; exactly this plan is applied ({digest}); the gate's digest: {gate.digest}"
    rows.append(Text(said, style="dim"))
    return Indented(rows)


def _folded(preview: StackPreview) -> Iterator[Text]:
    """A rule that is adopted and changed at once has one line."""
    updated = {step.urn for step in preview.changes if step.op is Op.UPDATE}
    adopted = {step.urn for step in preview.changes if step.op is Op.IMPORT}

    def line(step: Change, name: str | None) -> Text:
        return Text("  ").append_text(change(step, name, adopted=step.urn in adopted))

    shown = [step for step in preview.changes if step.op is not Op.IMPORT or step.urn not in updated]
    return folded(shown, lambda step: step, line)


def _warnings(gate: Gate) -> list[Text]:
    return [Text("! ", style="yellow").append(warning, style="default") for warning in gate.warnings]


def details(gate: Gate, width: int) -> RenderableType:
    """Each route, and each change, property by property."""
    rows: list[Text] = []
    for preview in gate.previews:
        for step in preview.changes:
            rows.append(change(step))
            rows.extend(_properties(step))
    moving = [traffic(gate, width, whole=True)] if gate.traffic else []
    return Group(*moving, Indented(rows))


def _properties(step: Change) -> list[Text]:
    if step.type == LISTENER_RULE and step.op is Op.UPDATE and step.old and step.new:
        before, after = forward_in(step.old.recorded), forward_in(step.new.inputs)
        return [Text(f"    actions: {before} → {after}", style="dim")]
    new = step.new.inputs if step.new else {}
    old = step.old.inputs if step.old else {}
    names = step.properties or (tuple(new) if step.op is Op.CREATE else ())
    return [Text(f"    {name}: {_shown(old.get(name))} → {_shown(new.get(name))}", style="dim") for name in names]


def _shown(value: Any) -> str:
    """A property in short; what the engine holds secret stays so."""
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(without_header_values(value), default=str)
    return text if len(text) <= NARROW else text[: NARROW - 1] + "…"
