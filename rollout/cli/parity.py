"""`rollout parity ENV`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rollout.cli.options import EnvironmentName, Routes
from rollout.cli.session import Session, command


@command()
def parity(
    run: Session,
    environment: EnvironmentName,
    routes: Routes = None,
    since: Annotated[str, typer.Option(help="How far back access logs are read: 5m to 7d.")] = "6h",
    requests: Annotated[int, typer.Option(help="How many different requests are asked of each route at most.")] = 100,
    files: Annotated[
        list[Path] | None,
        typer.Option("--from", help="A HAR file, lines of JSON, or a gzipped access log; may be repeated."),
    ] = None,
    keep_headers: Annotated[
        list[str] | None,
        typer.Option("--keep-header", help="A header with credentials that stays in requests of HAR files."),
    ] = None,
    rate: Annotated[float, typer.Option(help="Requests a second; each is three invocations.")] = 5.0,
    at_once: Annotated[int, typer.Option(help="Requests at a time.")] = 2,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Show what the requests cover, and ask nothing.")
    ] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Ask again what was asked before.")] = False,
) -> None:
    """Ask both functions of each route the same requests, and compare the answers; no traffic is moved.

    Requests are from access logs, samples and files. It ends with exit code 8 if answers differ, or if too little was
    compared to know.

    Example: rollout parity production --since 1d --requests 300
    """
    from rollout.api.parity import Sources

    sources = Sources(routes or (), since, requests, files or (), keep_headers or ())
    target = run.environment(environment).parity
    if coverage:
        run.render(target.coverage(sources))
        return
    report = target.compare(sources, rate=rate, at_once=at_once, restart=restart)
    run.render(report)
    report.require()
