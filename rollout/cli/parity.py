"""`rollout parity ENV`, and what goes with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from rollout.base.output_file import require_writable, write_output
from rollout.cli.options import EnvironmentName, Overwrite, Routes
from rollout.cli.session import Session, command, group

if TYPE_CHECKING:
    from rollout.api.parity import Sources

Since = Annotated[str, typer.Option(help="How far back access logs are read: 5m to 7d.")]
Requests = Annotated[int, typer.Option(help="The maximum of different requests for each route.")]
Files = Annotated[
    list[Path] | None,
    typer.Option("--from", metavar="FILE", help="A HAR file, JSON lines, or a gzipped access log; repeatable."),
]
KeepHeaders = Annotated[
    list[str] | None,
    typer.Option("--keep-header", metavar="NAME", help="A header with credentials to keep in requests of HAR files."),
]
Rate = Annotated[float, typer.Option(help="Requests per second; each is three invocations.")]


_HELP = {"-h", "--help"}


class _Comparing(TyperGroup):
    """A group of which a first word that is no command of its own is the environment to compare."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """See Click's."""
        if args and (args[0] not in {*self.commands, *_HELP} or self._lacks_environment(args)):
            args = ["compare", *args]
        return super().parse_args(ctx, args)

    def _lacks_environment(self, args: list[str]) -> bool:
        """Whether a command's name stands without an environment: then it is the name of one."""
        command = self.commands.get(args[0])
        if command is None or _HELP & set(args):
            return False
        context = typer.Context(command, resilient_parsing=True)
        found, *_ = command.make_parser(context).parse_args(args[1:])
        return found.get("environment") is None

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """See Click's."""
        return super().get_command(ctx, cmd_name) or super().get_command(ctx, "compare")


parity = group(
    "Compare both implementations' answers: `rollout parity ENV` is `rollout parity compare ENV`.", cls=_Comparing
)


@parity.command()
@command()
def compare(
    run: Session,
    environment: EnvironmentName,
    routes: Routes = None,
    since: Since = "6h",
    requests: Requests = 100,
    files: Files = None,
    keep_headers: KeepHeaders = None,
    rate: Rate = 5.0,
    at_once: Annotated[int, typer.Option(help="Requests at a time.")] = 2,
    coverage: Annotated[bool, typer.Option("--coverage", help="Show what the requests cover, and send none.")] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Ignore earlier results, and send all requests again.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page with the differences side by side.", show_default=False)
    ] = None,
    force: Overwrite = False,
) -> None:
    """Send the same requests to both functions of each route, and compare the answers. It moves no traffic.

    Requests come from access logs, samples and files. Exit code 8: answers differ, or too few were compared to know.

    Example: rollout parity production --since 1d --requests 300
    """
    from rollout.api.parity import Sources

    if html:
        from rollout.reports import require_extra

        require_extra()
        require_writable(html, overwrite=force)
    sources = Sources(routes or (), since, requests, files or (), keep_headers or ())
    target = run.environment(environment).parity
    if coverage:
        run.render(target.coverage(sources))
        return
    report = target.compare(sources, rate=rate, at_once=at_once, restart=restart)
    run.render(report)
    if html:
        from rollout.reports.parity_page import parity_page

        write_output(html, parity_page(report, target.explain((), sources, rate=rate)).encode(), overwrite=force)
        run.render.say(f"wrote {html}: the answers of {environment} side by side, without secrets")
    report.require()


@parity.command()
@command()
def explain(
    run: Session,
    environment: EnvironmentName,
    groups: Annotated[
        list[str] | None, typer.Argument(metavar="[GROUP]...", help="Routes, or groups such as stamp-score:1.")
    ] = None,
    since: Since = "6h",
    requests: Requests = 100,
    files: Files = None,
    keep_headers: KeepHeaders = None,
    rate: Rate = 5.0,
    pairs: Annotated[int, typer.Option(help="How many pairs of each group: 1 to 10.")] = 2,
) -> None:
    """Show differing answers of the groups in the report of `rollout parity ENV` side by side, without secrets.

    It sends their requests again. Use the same options as for `rollout parity`.

    Example: rollout parity explain production stamp-score:1
    """
    from rollout.api.parity import Sources

    sources = Sources((), since, requests, files or (), keep_headers or ())
    run.render(run.environment(environment).parity.explain(groups or (), sources, pairs=pairs, rate=rate))


To = Annotated[
    Path | None, typer.Option("--to", help="Write the requests as JSON lines, for --from.", show_default=False)
]


@parity.command()
@command()
def record(
    run: Session,
    environment: EnvironmentName,
    routes: Routes = None,
    since: Since = "6h",
    requests: Requests = 100,
    to: To = None,
    force: Overwrite = False,
) -> None:
    """Show what requests of access logs and samples cover. It sends none; --to saves them.

    Example: rollout parity record production --since 1d --to requests.jsonl
    """
    from rollout.api.parity import Sources

    _gather(run, environment, Sources(routes or (), since, requests), to, force=force)


@parity.command("import")
@command()
def import_(
    run: Session,
    environment: EnvironmentName,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="HAR files, JSON lines, access logs.")],
    requests: Requests = 100,
    keep_headers: KeepHeaders = None,
    to: To = None,
    force: Overwrite = False,
) -> None:
    """Show what requests of files cover. It sends none; --to saves them.

    Example: rollout parity import production browser.har --to requests.jsonl
    """
    from rollout.api.parity import Sources

    sources = Sources((), requests=requests, files=files, keep_headers=keep_headers or (), only_files=True)
    _gather(run, environment, sources, to, force=force)


@parity.command()
@command()
def traffic(run: Session, environment: EnvironmentName, routes: Routes = None, since: Since = "6h") -> None:
    """Compare the exact status codes that clients got from both implementations, by access logs.

    Example: rollout parity traffic production --since 1d
    """
    run.render(run.environment(environment).parity.traffic(routes or (), since))


def _gather(run: Session, environment: str, sources: Sources, to: Path | None, *, force: bool) -> None:
    from rollout.base.formatting import count_of
    from rollout.parity.sources.json_lines import line_of

    if to:
        require_writable(to, overwrite=force)
    target = run.environment(environment).parity
    run.render(target.coverage(sources))
    if to:
        lines = [line_of(each) for each in target.requests(sources)]
        write_output(to, b"".join(line + b"\n" for line in lines), overwrite=force)
        run.render.say(f"wrote {to}: {count_of(len(lines), 'request')}")
