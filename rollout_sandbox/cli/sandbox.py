"""`rollout sandbox start|stop|status|save|restore|speed|behave|load`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.base.formatting import count_of
from rollout.cli.options import STACKS_TOML, EnvironmentName, File, Json
from rollout.cli.session import Session, sandbox_folder, session

if TYPE_CHECKING:
    from rollout.inventory.model import Environment
    from rollout_sandbox.daemon import SandboxInfo

app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="A local AWS for trials and tests.",
    no_args_is_help=True,
    add_completion=False,
)

NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Create everything from scratch, without the cache of an earlier start.")
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Letters, digits, dots and hyphens.")]
Bare = Annotated[bool, typer.Option("--bare", help="Start empty: no load balancers, no legacy stack.")]


def _say_listeners(run: Session, info: SandboxInfo) -> None:
    for each in info.listeners():
        account = each.load_balancer_arn.split(":")[4]
        run.render.say(f"port {each.port} of {each.load_balancer} in {account} answers at {each.url}")


def _folder(file: Path) -> Path:
    folder = sandbox_folder(file, asked=True)
    assert folder is not None  # noqa: S101 - asked for
    return folder


def _inventories(file: Path) -> list[Environment]:
    from rollout.inventory import file as config

    found = config.load(file)
    return [found.environment(name) for name in found.environments]


@app.command()
def start(file: File = STACKS_TOML, bare: Bare = False, no_cache: NoCache = False, json: Json = False) -> None:
    """Start it, as AWS is before rollout comes.

    Each environment has its load balancers and its legacy stack with rules of its own. What a first start of the
    same file and programs made is kept in the user's cache folder for the next one.

    Example: rollout sandbox start
    """
    with session(file, json=json, sandbox=True) as run:
        from rollout_sandbox import daemon, story

        folder = _folder(file)
        if bare:
            info = daemon.start(folder)
        else:
            info = story.begin(folder, _inventories(file), run.render, use_cache=not no_cache)
        run.render.say(f"the sandbox answers at {info.endpoint}, its folder is {info.folder}")
        if info.skipped:
            listed = ", ".join(sorted(set(info.skipped)))
            run.render.say(
                f"{count_of(len(info.skipped), 'recorded change')} could not be repeated and is missing: {listed}"
            )
        _say_listeners(run, info)


@app.command()
def save(
    name: Name,
    file: File = STACKS_TOML,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a snapshot of this name.")] = False,
    json: Json = False,
) -> None:
    """Save what it holds, AWS and Pulumi's states, so that `restore` can go back to it.

    Example: rollout sandbox save before-phase2
    """
    with session(file, json=json) as run:
        from rollout_sandbox import snapshots

        run.render.say(f"saved as {snapshots.save(_folder(file), name, replace=replace)}")


@app.command()
def restore(name: Name, file: File = STACKS_TOML, json: Json = False) -> None:
    """Go back to a saved snapshot; what changed since is lost, and load balancers get new addresses.

    Example: rollout sandbox restore before-phase2
    """
    with session(file, json=json, sandbox=True) as run:
        from rollout_sandbox import snapshots, story

        inventories = _inventories(file)
        info = snapshots.restore(_folder(file), name)
        for inventory in inventories:
            story.answer(inventory, info)
        run.render.say(f"restored {name}; the sandbox answers at {info.endpoint}")
        _say_listeners(run, info)


@app.command()
def stop(file: File = STACKS_TOML, json: Json = False) -> None:
    """Stop it; the next start gives back the same AWS.

    Example: rollout sandbox stop
    """
    with session(file, json=json) as run:
        from rollout_sandbox import daemon

        run.render.say("the sandbox is stopped" if daemon.stop(_folder(file)) else "no sandbox is running")


@app.command()
def status(file: File = STACKS_TOML, json: Json = False) -> None:
    """Say whether it runs, and where.

    Example: rollout sandbox status
    """
    with session(file, json=json) as run:
        from rollout_sandbox import daemon

        info = daemon.status(_folder(file))
        run.render.say(f"the sandbox answers at {info.endpoint} (pid {info.pid})" if info else "no sandbox is running")
        if info:
            _say_listeners(run, info)


@app.command()
def speed(
    factor: Annotated[float, typer.Argument(metavar="N", min=0.1, max=600, help="1 is real time.")],
    file: File = STACKS_TOML,
    json: Json = False,
) -> None:
    """Let its clock run N times as fast, so that a ramp of hours takes minutes.

    CloudWatch's minutes, cookies and waits go by it.

    Example: rollout sandbox speed 60
    """
    with session(file, json=json) as run:
        from rollout_sandbox import daemon

        clock = daemon.connect(_folder(file)).clock
        clock.run_at(factor)
        run.render.say(f"its clock runs {factor:g} times as fast as real time: {clock.now():%Y-%m-%d %H:%M:%S} UTC")


@app.command()
def behave(
    function: Annotated[str, typer.Argument(metavar="FUNCTION", help="A pattern of functions' names: 'rust-*'.")] = "*",
    differs: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND[:PATH]",
            help="How answers differ, of all paths or of a pattern's: number-as-text, missing-key, forbidden, "
            "header-case, date-form, unordered-list, random-id. May be repeated.",
        ),
    ] = None,
    server_errors: Annotated[str, typer.Option(help="The percentage of answers with status 500.")] = "0",
    latency: Annotated[str, typer.Option(metavar="DURATION", help="How long answers take, such as 1s.")] = "0s",
    forget: Annotated[bool, typer.Option("--forget", help="Let all functions behave well again.")] = False,
    file: File = STACKS_TOML,
    json: Json = False,
) -> None:
    """Let functions answer wrongly or slowly, to see what rollout finds; of several settings the last counts.

    Example: rollout sandbox behave 'rust-*' --differs 'number-as-text:/v2/*'
    """
    with session(file, json=json, sandbox=True) as run:
        from rollout.api.arguments import read_duration, read_weight
        from rollout.errors import UsageError
        from rollout_sandbox import Profile, daemon
        from rollout_sandbox.data_plane.differences import KINDS, Difference

        aws = daemon.connect(_folder(file))
        if forget:
            aws.forget_profiles()
            run.render.say("all functions behave well")
            return
        try:
            ways = tuple(map(Difference.of, differs or ()))
        except ValueError as error:
            raise UsageError(str(error), hint=f"give one of {', '.join(KINDS)}", code="out-of-range") from None
        errors, wait = read_weight(server_errors), read_duration(latency)
        aws.behave(Profile(function, differs=ways, server_errors=errors, latency=wait))
        run.render.say(f"functions of the name {function} behave so until `rollout sandbox behave --forget`")


@app.command()
def load(
    environment: EnvironmentName,
    rate: Annotated[int, typer.Option(min=1, help="Requests per second.")] = 50,
    lasting: Annotated[str, typer.Option("--for", metavar="DURATION", help="How long, such as 30s or 5m.")] = "1m",
    sticky: Annotated[str, typer.Option(help="The percentage of requests from users with cookies.")] = "50",
    clients: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            max=4_000_000,
            help="Send from N clients, each with its own address; 1 % of them make half of the requests.",
        ),
    ] = 0,
    retries: Annotated[int, typer.Option(min=0, help="With --clients: send a failed request again, so often.")] = 0,
    file: File = STACKS_TOML,
    json: Json = False,
) -> None:
    """Send requests to all routes of an environment, and say who answered; access logs are there at once.

    Ends with exit code 1 if a request was lost or answered wrongly.

    Example: rollout sandbox load production --rate 50 --for 1m
    """
    with session(file, json=json, sandbox=True) as run:
        from rollout.api.arguments import read_duration, read_weight
        from rollout.errors import SandboxError
        from rollout_sandbox import daemon
        from rollout_sandbox.cli import screen
        from rollout_sandbox.load import Load, Population, by_route, endpoints_of, tally

        population = Population(clients, retries=retries) if clients else None
        until, share = read_duration(lasting), read_weight(sticky)
        aws = daemon.connect(_folder(file))
        endpoints = endpoints_of(run.rollout().environment(environment).inventory, aws)
        with Load(endpoints, rate, sticky=share, population=population) as traffic:
            try:
                while traffic.now < until:
                    traffic.wait(rate)
                    so_far = tally(traffic.answers)
                    run.render.busy(f"{count_of(so_far.requests, 'request')}, {so_far.lost} lost, {so_far.wrong} wrong")
            except KeyboardInterrupt:
                run.render.say("stopped")
        aws.deliver_logs()
        run.render(screen.LoadResult(by_route(traffic.answers)))
        found = tally(traffic.answers)
        if found.lost or found.wrong:
            raise SandboxError(
                f"{found.lost} of {count_of(found.requests, 'request')} were lost, {found.wrong} got a wrong answer",
                code="requests-lost",
            )
