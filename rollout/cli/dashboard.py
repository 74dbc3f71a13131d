"""`rollout dashboard`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.session import Session, command


@command(json=False)
def dashboard(
    run: Session,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The port; 0 for a free one.")] = 8470,
    no_open: Annotated[bool, typer.Option("--no-open", help="Print the address, but don't open a browser.")] = False,
) -> None:
    """Show all environments on a local web page that updates itself.

    It listens only on 127.0.0.1, is read-only, and ends with Ctrl-C.

    Example: rollout dashboard --no-open
    """
    from rollout.reports import require_extra

    require_extra()
    import webbrowser
    from datetime import timedelta

    from rollout.base.clock import SystemClock
    from rollout.reports import server
    from rollout.reports.readings import Readings

    names = run.rollout().environments
    # opened anew each time, since the file's weights change
    readings = Readings(lambda name, since: run.environment(name).reports.overview(since=since), SystemClock())
    costs = Readings(
        lambda name, _: run.environment(name).cost(logs=False), SystemClock(), timedelta(0), server.COSTS_KEEP
    )

    def ready(url: str) -> None:
        run.render.say(f"the dashboard is at {url} until Ctrl-C")
        if not no_open:
            webbrowser.open(url)

    server.run(server.Dashboard(names, readings, costs), port, ready)
