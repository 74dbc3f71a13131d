"""`rollout cost ENV`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rollout.base.formatting import count_of
from rollout.base.output_file import require_writable
from rollout.cli.options import EnvironmentName, Overwrite
from rollout.cli.session import Session, command


@command()
def cost(
    run: Session,
    environment: EnvironmentName,
    since: Annotated[str, typer.Option(help="How far back CloudWatch is read: 1h to 30d.")] = "1d",
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Also write a line for each function to this file.", show_default=False)
    ] = None,
    force: Overwrite = False,
) -> None:
    """Compare what the functions cost, legacy and candidate, and estimate what the move saves.

    It only reads CloudWatch. Amounts are estimates from list prices, or the prices in [cost].

    Example: rollout cost production --since 7d --csv cost.csv
    """
    if csv:
        require_writable(csv, overwrite=force)
    found = run.environment(environment).cost(since=since)
    run.render(found)
    if csv:
        from rollout.reports.cost_table import write_costs

        write_costs(found, csv, overwrite=force)
        run.render.say(f"wrote {csv}: {count_of(len(found.functions), 'function')}")
