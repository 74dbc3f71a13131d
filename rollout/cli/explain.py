"""`rollout explain METHOD PATH ENV`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import EnvironmentName
from rollout.cli.session import Session, command


@command()
def explain(
    run: Session,
    method: Annotated[str, typer.Argument(metavar="METHOD", help="The method in capitals, such as GET.")],
    path: Annotated[str, typer.Argument(metavar="PATH", help="The path, with the query string if there is one.")],
    environment: EnvironmentName,
    header: Annotated[
        list[str] | None,
        typer.Option(
            "--header", "-H", metavar="NAME:VALUE", help="A header of the request; repeatable.", show_default=False
        ),
    ] = None,
    cookie: Annotated[
        str | None,
        typer.Option(
            help="The target group that the client's stickiness cookie names: legacy, candidate or a group's name.",
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="The request's host, without a port.")] = "",
    source: Annotated[str, typer.Option("--from", help="The client's IP address.")] = "",
    load_balancer: Annotated[
        str | None, typer.Option("--load-balancer", "-l", help="Only this one of [load-balancers].")
    ] = None,
    after: Annotated[
        str | None,
        typer.Option(help="Use the rules as after phase2, phase3, override, or a weight such as 10."),
    ] = None,
) -> None:
    """Show which rule matches a request, and where it goes.

    It lists the rules of higher precedence, the matching rule, and the share of each target group.

    Example: rollout explain GET /v2/stamps/1/score/2 production --header X-Rollout:candidate
    """
    from rollout.cli.screens.explain import Explained
    from rollout.errors import UsageError
    from rollout.inventory.conditions import Request

    headers = [(name.strip(), value.strip()) for text in header or () for name, _, value in [text.partition(":")]]
    if not path.startswith("/") or not all(name and value for name, value in headers):
        raise UsageError("a path starts with /, and a header is NAME:VALUE", code="invalid-request")
    try:
        request = Request.of(method, path, headers, host, source)
    except ValueError as error:
        raise UsageError(str(error), code="invalid-request") from None
    opened = run.environment(environment)
    explained = opened.traffic.explain(request, load_balancer=load_balancer, cookie=cookie, after=after)
    run.render(Explained(explained))
