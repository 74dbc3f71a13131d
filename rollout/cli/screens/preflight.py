"""What checks found, of AWS before the phases and of this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from rollout.cli.console import indented
from rollout.cli.people import People
from rollout.cli.screens import show
from rollout.cli.screens.layout import code
from rollout.migration.checks.report import Check, PreflightReport


@dataclass(frozen=True, slots=True)
class Doctor:
    """What this machine and its credentials are like."""

    checks: Sequence[Check]


@show.register
def _preflight(report: PreflightReport, to: People) -> None:
    to.draw(_checks(f"preflight {report.environment}", report.checks))


@show.register
def _doctor(found: Doctor, to: People) -> None:
    to.draw(_checks("doctor", found.checks))


def _checks(title: str, found: Sequence[Check]) -> RenderableType:
    """Each check with its evidence, and under it what has to be put right and what to know."""
    rows = [Text(title, style="bold")]
    width = max(len(check.name) for check in found)
    for check in found:
        mark, style = ("✗", "bold red") if check.problems else ("✓", "green")
        rows.append(Text(f"  {mark} ", style=style).append(f"{check.name:<{width}}  {check.evidence}", style="default"))
        for sign, colour, problems in (("✗", "red", check.problems), ("!", "yellow", check.notes)):
            rows += [Text.assemble((f"    {sign} ", colour), str(problem), code(problem)) for problem in problems]
    return Group(*map(indented, rows), Text())
