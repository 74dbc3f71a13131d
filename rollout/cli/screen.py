"""What is drawn: the gate's traffic and resources, property diffs, and the status table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rollout.alb.explain import Explanation, Share
from rollout.analysis.measuring.split import Measured, SplitVerdict
from rollout.base.formatting import count_of
from rollout.cli.console import indented
from rollout.errors import Problem, RolloutError
from rollout.migration.checks.report import Check
from rollout.migration.checks.status import EnvironmentStatus, HeaderRuleStatus, RouteStatus
from rollout.migration.events import LeftoversSettled, LockCleared
from rollout.migration.gates import Gate, TrafficLine
from rollout.state.plan import LISTENER_RULE, Change, Op, StackPreview, forward_in, without_header_values

SYMBOLS: Mapping[Op, tuple[str, str, str]] = {
    Op.CREATE: ("+", "green", "create"),
    Op.UPDATE: ("~", "yellow", "change in place"),
    Op.IMPORT: ("=", "cyan", "adopt"),
    Op.RELEASE: ("o", "cyan", "let go of, left on AWS"),
    Op.STATE: ("·", "dim", "mark in the state"),
    Op.REPLACE: ("±", "bold red", "replace"),
    Op.DELETE: ("-", "bold red", "delete"),
    Op.OTHER: ("?", "bold red", "unknown"),
    Op.SAME: (" ", "dim", "leave"),
}
NARROW, CROWDED = 100, 140


@dataclass(frozen=True, slots=True)
class Indented:
    """Lines set off a little: folded in a terminal, and whole in a pipe, which has no width."""

    rows: Sequence[Text]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """See Rich's protocol."""
        if options.no_wrap:
            yield Group(Text(), *(indented(Text("  ").append_text(row)) for row in self.rows), Text())
        else:
            yield Padding(Group(*self.rows), (1, 0, 1, 2))


def code(of: RolloutError | Problem) -> Text:
    """The code at the end of an error's or a problem's line, to search for."""
    return Text(f" [{of.code}]", style="dim not bold")


def counts(preview: StackPreview) -> str:
    """How many of each operation, in words."""
    found = Counter(change.op for change in preview.changes)
    parts = [f"{count} to {SYMBOLS[op][2]}" for op, count in found.items()]
    return ", ".join([*parts, f"{preview.unchanged} unchanged"])


def aftermath(event: LockCleared | LeftoversSettled) -> Iterator[str]:
    """What was done about what a run that was cut off left behind."""
    if isinstance(event, LockCleared):
        why = ": that process is dead" if event.state == "dead" else ""
        yield f"the lock that {event.holder} left on {event.stack} was taken away{why}"
        return
    for names, word in ((event.adopted, "adopted as AWS has it"), (event.gone, "not on AWS, so made anew")):
        yield from (f"{event.stack}: {name} was begun by a run that was cut off: {word}" for name in names)


def change(step: Change, *, adopted: bool = False) -> Text:
    """One resource's change on a line.

    Args:
        step: The change.
        adopted: Whether the resource is adopted just before.
    """
    symbol, style, words = SYMBOLS[step.op]
    if adopted:
        symbol, style = "=~", "cyan"
    line = Text().append(f"{symbol} ", style=style).append(f"{step.type.rsplit(':', 1)[-1]} ", style="dim")
    line.append(step.name)
    what = ", ".join(step.properties) or ("" if step.op in (Op.CREATE, Op.UPDATE) else words)
    if adopted and step.op is Op.UPDATE:
        what = f"adopted as it is, then changed in place: {what}"
    return line.append(f"  {what}", style="dim") if what else line


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
        agreed = "no drift: rules, state and file agree on all that isn't changed here"
        yield Padding(Text(agreed, style="dim"), (1, 0, 0, 2), expand=False)


def traffic(gate: Gate, width: int) -> RenderableType:
    """Who gets which requests, before and after; routes that nothing happens to are named only."""
    table = Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), title="Traffic", title_justify="left", title_style="bold"
    )
    narrow, changing = width < NARROW, [line for line in gate.traffic if line.changes]
    table.add_column("route", overflow="fold")
    if not narrow:
        table.add_column("endpoint", overflow="fold", style="dim")
        table.add_column("rule", justify="right", style="dim")
    table.add_column("now", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("then", justify="right", no_wrap=True)
    counted = any(line.volume for line in changing)
    if counted:
        table.add_column("a minute" if narrow else "requests a minute", justify="right", overflow="fold")
    table.add_column("", overflow="fold", style="dim")
    for line in changing:
        cells: list[str | Text] = [
            line.route,
            *([] if narrow else [line.endpoint, str(line.priority)]),
            *_split_cells(line),
            *([Text(line.requests, style="" if line.moves else "dim")] if counted else []),
            line.note,
        ]
        table.add_row(*cells)
    rows: list[RenderableType] = [table] if changing else [Text("Traffic", style="bold")]
    if same := [line.route for line in gate.traffic if not line.changes]:
        rows.append(Text(f"unchanged: {', '.join(same)}", style="dim"))
    if gate.uncounted:
        rows.append(Text(f"nobody knows how many requests that is: {gate.uncounted}", style="dim"))
    return Padding(Group(*rows), (1, 0, 0, 2), expand=False)


def _split_cells(line: TrafficLine) -> tuple[Text, str, Text]:
    before = str(line.before) if line.before is not None else "?"
    style = "bold yellow" if line.moves else "dim"
    return Text(before), "→" if line.changes else "=", Text(str(line.after), style=style)


def resources(gate: Gate) -> RenderableType:
    """What happens to each resource, a stack after the other, then what to know and the digest."""
    rows = [Text("Resources", style="bold")]
    for preview in gate.previews:
        rows.append(Text(f"{preview.stack}: {counts(preview)}"))
        updated = {step.urn for step in preview.changes if step.op is Op.UPDATE}
        adopted = {step.urn for step in preview.changes if step.op is Op.IMPORT}
        rows.extend(
            Text("  ").append_text(change(step, adopted=step.urn in adopted))
            for step in preview.changes
            if step.op is not Op.IMPORT or step.urn not in updated
        )
    rows.extend(_warnings(gate))
    digest = " ".join(preview.digest for preview in gate.previews)
    rows.append(Text(f"policy: allowed; exactly this is applied (plan {digest})", style="dim"))
    return Indented(rows)


def _warnings(gate: Gate) -> list[Text]:
    return [Text("! ", style="yellow").append(warning, style="default") for warning in gate.warnings]


def details(gate: Gate) -> RenderableType:
    """Each change, property by property."""
    rows: list[Text] = []
    for preview in gate.previews:
        for step in preview.changes:
            rows.append(change(step))
            rows.extend(_properties(step))
    return Indented(rows)


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


def status(found: EnvironmentStatus, width: int) -> RenderableType:
    """An environment's table: what the file wants beside what is live, and beside what was measured."""
    head = Text(found.environment, style="bold")
    head.append(f"  account {found.account}, {found.region}", style="dim")
    head.append(f"  {found.phase or 'phase unknown without an engine'}")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("route", overflow="fold")
    table.add_column("want", justify="right", no_wrap=True)
    table.add_column("live", justify="right", no_wrap=True)
    measured = any(route.measured for route in found.routes)
    crowded = measured and width < CROWDED
    if measured:
        table.add_column("measured", overflow="fold")
    if not crowded:
        table.add_column("rule", justify="right", no_wrap=True)
    table.add_column("held by", no_wrap=True)
    if not crowded:
        table.add_column("forwards to", overflow="fold", style="dim")
    for route in found.routes:
        live = "?" if route.live is None else str(route.live)
        table.add_row(
            route.route,
            f"{route.want} %",
            Text(live, style="" if route.agrees else "yellow"),
            *([_measured(route)] if measured else []),
            *([] if crowded else [str(route.priority)]),
            _owners(route),
            *([] if crowded else [route.forwards]),
        )
    rows: list[RenderableType] = [head, Padding(table, (0, 0, 0, 2))]
    for each in dict.fromkeys(route.measured for route in found.routes if route.measured):
        rows.extend(_unlike(each))
    if found.not_measured:
        rows.append(indented(Text(f"  not measured: {found.not_measured}", style="dim")))
    rows.extend(_header_rules(found.header_rules))
    rows.extend(indented(Text("  ! ", style="yellow").append(str(problem))) for problem in found.problems)
    rows.extend(indented(Text("  ! ", style="yellow").append(line, style="default")) for line in _ownership(found))
    if found.next_step:
        rows.append(Text(f"  next: {found.next_step}", style="dim"))
    return Group(*rows, Text())


def checks(title: str, found: Sequence[Check]) -> RenderableType:
    """Each check with its evidence, and under it what has to be put right and what to know."""
    rows = [Text(title, style="bold")]
    width = max(len(check.name) for check in found)
    for check in found:
        mark, style = ("✗", "bold red") if check.problems else ("✓", "green")
        rows.append(Text(f"  {mark} ", style=style).append(f"{check.name:<{width}}  {check.evidence}", style="default"))
        for sign, colour, problems in (("✗", "red", check.problems), ("!", "yellow", check.notes)):
            rows += [Text.assemble((f"    {sign} ", colour), str(problem), code(problem)) for problem in problems]
    return Group(*map(indented, rows), Text())


def _ownership(found: EnvironmentStatus) -> Iterator[str]:
    """What to know of another owner of the legacy rules."""
    owner = found.ownership
    if owner is None:
        return
    who = owner.who
    if owner.held is None:
        yield f"whether {who} holds these rules is not known: {owner.reason}"
    elif found.unreleased:
        count = count_of(len(found.unreleased), "rule")
        yield (
            f"{who} still holds {count} that routing has: its next `{owner.update}` takes their traffic back to "
            f"legacy; run `rollout release {found.environment}`, or the commands below"
        )


def _measured(route: RouteStatus) -> Text:
    """`10.2 % (9.6 to 10.9, 3,410 requests)`, once for routes that are counted together."""
    found = route.measured
    if found is None or found.routes[0] != route.route:
        return Text(f"with {found.routes[0]}" if found else "", style="dim")
    together = f"{count_of(len(found.routes), 'route')}: " if len(found.routes) > 1 else ""
    if not found.requests:
        return Text(f"{together}no requests", style="dim")
    few = ": too few" if found.verdict is SplitVerdict.TOO_FEW else ""
    count = count_of(found.requests, "request") + few
    style = {SplitVerdict.AGREES: "", SplitVerdict.DISAGREES: "yellow"}.get(found.verdict, "dim")
    return Text(f"{together}{found.share} % ({found.low} to {found.high}, {count})", style=style)


def _unlike(found: Measured) -> Iterator[RenderableType]:
    """Why what was measured isn't what is live, or can't be held against it."""
    rest = f" and {len(found.routes) - 1} more" if len(found.routes) > 1 else ""
    said = (
        f"measured {found.share} %, but live {found.expected} %; likely:"
        if found.verdict is SplitVerdict.DISAGREES
        else "can't be told whether measured is as live:"
    )
    if found.why:
        yield Text("  ≠ ", style="yellow").append(f"{found.routes[0]}{rest}: {said}", style="default")
    yield from (Padding(Text(reason), (0, 0, 0, 4), expand=False) for reason in found.why)


def _header_rules(found: Sequence[HeaderRuleStatus]) -> list[Text]:
    """A line for each header and what it leads to, with the routes that it is for."""
    routes: dict[tuple[str, str], list[str]] = {}
    for rule in found:
        routes.setdefault((rule.header, rule.forwards), []).append(rule.route.partition(".")[2])
    return [Text(f"  {header} → {to}", style="dim").append(f"  {', '.join(on)}") for (header, to), on in routes.items()]


def _owners(route: RouteStatus) -> str:
    if route.owners is None:
        return "?"
    return " and ".join(route.owners) or "someone else"


def explanation(found: Explanation) -> RenderableType:
    """The rules in the order in which they are asked, down to the one that takes the request, and who gets it."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column("rule", justify="right", style="dim")
    for column in ("conditions", "inventory", "why"):
        table.add_column(column, overflow="fold")
    for rule in found.passed:
        table.add_row(str(rule.priority), rule.conditions, ", ".join(rule.inventory), f"no: {rule.why}", style="dim")
    priority = "default" if found.priority is None else str(found.priority)
    table.add_row(priority, found.conditions, ", ".join(found.inventory), Text("takes it", style="bold green"))
    rows: list[RenderableType] = [Text(f"{found.request} on {found.load_balancer}", style="bold")]
    rows.append(Padding(table, (0, 0, 0, 2)))
    rows.extend(_share(share) for share in found.shares)
    rows.append(Text(f"  {found.chosen or found.action}", style="dim"))
    return Group(*rows, Text())


def _share(share: Share) -> Text:
    function = share.function and f"function {share.function}"
    notes = ", ".join(filter(None, (share.part, function)))
    return Text(f"  → {share.percent} % to {share.target_group}").append(f"  {notes}", style="dim")
