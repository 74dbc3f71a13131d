"""An environment's status: wanted, live and measured weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from rollout.analysis.measuring.split import Measured, SplitVerdict
from rollout.base.formatting import count_of
from rollout.cli.people import People
from rollout.cli.screens import show
from rollout.cli.screens.controller_status import controller_line
from rollout.cli.screens.guard_status import guard_line
from rollout.cli.screens.layout import Hanging, block, table, warning
from rollout.migration.checks.parity_status import RouteParityStatus, parity_sentence
from rollout.migration.checks.status import EnvironmentStatus, HeaderRuleStatus, RouteStatus

CROWDED = 140
"""Below so many columns what was measured takes the place of the rules."""


@show.register
def _show(found: EnvironmentStatus, to: People) -> None:
    to.draw(status(found, to.out.width))
    if found.unreleased and found.ownership:
        to.commands(tuple(map(str, found.ownership.commands)))


def status(found: EnvironmentStatus, width: int) -> RenderableType:
    """An environment's table: wanted, live and measured weights."""
    head = Text(found.environment, style="bold")
    head.append(f"  account {found.account}, {found.region}", style="dim")
    head.append(f"  {found.phase or 'phase unknown without an engine'}")
    routes = table("route")
    routes.add_column("want", justify="right", no_wrap=True)
    routes.add_column("live", justify="right", no_wrap=True)
    measured = any(route.measured for route in found.routes)
    crowded = measured and width < CROWDED
    if measured:
        routes.add_column("measured", overflow="fold")
    if not crowded:
        routes.add_column("rule", justify="right", no_wrap=True)
    routes.add_column("managed by", no_wrap=True)
    if not crowded:
        routes.add_column("forwards to", overflow="fold", style="dim")
    for route in found.routes:
        live = "?" if route.live is None else str(route.live)
        routes.add_row(
            route.route,
            f"{route.want} %",
            Text(live, style="" if route.agrees else "yellow"),
            *([_measured(route)] if measured else []),
            *([] if crowded else [str(route.priority)]),
            _owners(route),
            *([] if crowded else [route.forwards]),
        )
    rows: list[RenderableType] = []
    for each in dict.fromkeys(route.measured for route in found.routes if route.measured):
        rows.extend(_unlike(each))
    if found.not_measured:
        rows.append(Hanging(Text(f"not measured: {found.not_measured}", style="dim")))
    rows.extend(_header_rules(found.header_rules))
    rows.extend(_tables(found))
    rows.extend(warning(str(problem)) for problem in found.problems)
    rows.extend(warning(line) for line in _ownership(found))
    if found.next_step:
        urgency = f" ({found.urgency})" if found.urgency else ""
        rows.append(Hanging(Text(f"next: {found.next_step}{urgency}", style="default" if urgency else "dim")))
    return block(head, routes, *rows)


def _tables(found: EnvironmentStatus) -> Iterator[RenderableType]:
    """How each thing stands that the inventory has a table for."""
    if found.controller:
        yield controller_line(found.controller)
    if found.guard:
        yield guard_line(found.guard)
    if found.parity is not None:
        yield _parity(found.parity)


def _parity(found: Sequence[RouteParityStatus] | str) -> RenderableType:
    """What is known of the answers; yellow where a first raise would be refused."""
    quiet = not isinstance(found, str) and all(each.passed for each in found)
    return Hanging(Text(f"parity: {parity_sentence(found)}", style="dim" if quiet else "yellow"))


def _ownership(found: EnvironmentStatus) -> Iterator[str]:
    """What to know of another owner of the legacy rules."""
    owner = found.ownership
    if owner is None:
        return
    who = owner.who
    if owner.held is None:
        yield f"it is not known whether {who} manages these rules: {owner.reason}"
    elif found.unreleased:
        count = count_of(len(found.unreleased), "rule")
        yield (
            f"{who} still manages {count} that routing adopted: its next `{owner.update}` sends their traffic to "
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
        else "the measured share can't be compared:"
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
