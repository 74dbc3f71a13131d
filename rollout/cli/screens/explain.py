"""Where a request goes: the rules in order, and the target groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import RenderableType
from rich.text import Text

from rollout.alb.explain import Explanation, Share
from rollout.cli.people import People
from rollout.cli.screens import show
from rollout.cli.screens.layout import block, table


@dataclass(frozen=True, slots=True)
class Explained:
    """Where a request goes on each load balancer."""

    load_balancers: Sequence[Explanation]


@show.register
def explained(found: Explained, to: People) -> None:
    """The rules in the order in which they are asked, down to the one that takes the request, and who gets it."""
    for each in found.load_balancers:
        to.draw(_explanation(each))


def _explanation(found: Explanation) -> RenderableType:
    rules = table(show_header=False)
    rules.add_column("rule", justify="right", style="dim")
    for column in ("conditions", "inventory", "why"):
        rules.add_column(column, overflow="fold")
    for rule in found.passed:
        rules.add_row(str(rule.priority), rule.conditions, ", ".join(rule.inventory), f"no: {rule.why}", style="dim")
    priority = "default" if found.priority is None else str(found.priority)
    rules.add_row(priority, found.conditions, ", ".join(found.inventory), Text("matches", style="bold green"))
    head = Text(f"{found.request} on {found.load_balancer}", style="bold")
    end = Text(f"  {found.chosen or found.action}", style="dim")
    return block(head, rules, *map(_share, found.shares), end)


def _share(share: Share) -> Text:
    function = share.function and f"function {share.function}"
    notes = ", ".join(filter(None, (share.part, function)))
    return Text(f"  → {share.percent} % to {share.target_group}").append(f"  {notes}", style="dim")
