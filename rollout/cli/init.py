"""`rollout init`: a first stacks.toml from an account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.base.formatting import count_of
from rollout.cli.options import Overwrite
from rollout.cli.session import Session, command

if TYPE_CHECKING:
    from rollout.alb.discovered import Endpoint, Found, Listener
    from rollout.api.init.answers import Answers
    from rollout.api.init.draft import Draft
    from rollout.api.ports import Sandbox

Balancers = Annotated[
    list[str] | None,
    typer.Option(
        "--load-balancer",
        "-l",
        metavar="NAME[:PORT]",
        help="A load balancer whose rules move; repeatable.",
        show_default=False,
    ),
]
Moving = Annotated[
    list[str] | None,
    typer.Option(
        "--route",
        "-r",
        metavar="'METHOD PATH'",
        help="A rule that moves, also by its path or priority; repeatable.",
        show_default=False,
    ),
]


@command(json=False, provider=False, changes=True)
def init(
    run: Session,
    load_balancers: Balancers = None,
    routes: Moving = None,
    every: Annotated[bool, typer.Option("--all", help="All rules that can move.")] = False,
    region: Annotated[str | None, typer.Option(help="The region; by default the profile's.")] = None,
    account: Annotated[str | None, typer.Option(help="The account; stop if the credentials are for another.")] = None,
    environment: Annotated[str | None, typer.Option(help="The first environment; by default production.")] = None,
    project: Annotated[str | None, typer.Option(help="Pulumi's project name; by default the folder's name.")] = None,
    function: Annotated[str | None, typer.Option(help="The function; by default PROJECT-candidate.")] = None,
    suffix: Annotated[
        str | None, typer.Option("--candidate-suffix", help="Its target groups' suffix; by default -candidate.")
    ] = None,
    code: Annotated[str | None, typer.Option(help="Its zip file or folder; by default candidate.zip.")] = None,
    runtime: Annotated[str | None, typer.Option(help="Its Lambda runtime; by default provided.al2023.")] = None,
    handler: Annotated[str | None, typer.Option(help="Its handler; by default bootstrap.")] = None,
    shared: Annotated[
        bool, typer.Option("--shared-groups", help="One candidate target group per legacy group, not per route.")
    ] = False,
    candidate: Annotated[
        str | None, typer.Option(help="An existing target group that no rule uses, as the candidate of all routes.")
    ] = None,
    force: Overwrite = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the text, write nothing.")] = False,
) -> None:
    """Write a first stacks.toml from an account's load balancers.

    In a terminal it asks for missing options. If options name the rules, it uses defaults for the rest and doesn't ask.
    It only reads AWS.

    Example: rollout init --load-balancer shop-public:443 --route 'GET /score/*'
    """
    import os
    from pathlib import Path

    from rollout.api.init import answers, writing
    from rollout.api.init.draft import drafted
    from rollout.api.init.text import text_of
    from rollout.cli.questions import is_terminal
    from rollout.inventory.file.reading import parse

    if not (dry_run or force):
        writing.refuse_existing(run.file)
    given = {"project": project, "environment": environment, "function": function, "suffix": suffix}
    given |= {"code": code, "runtime": runtime, "handler": handler}
    answers.refuse_unreadable({**given, "account": account, "region": region})
    found = _look(run.connect(), _region(region, _missing(load_balancers, routes, every=every)), account)
    endpoints = _moving(found, _listeners(found, load_balancers or ()), routes or (), every=every)
    asking = is_terminal() and not (routes or every)
    said = _answers(given, Path(os.path.realpath(run.file)).parent.name, asking=asking, builds=candidate is None)
    draft = drafted(found, endpoints, said, shared_groups=shared, candidate=candidate)
    text = text_of(draft)
    parse(text, run.file).check()
    if dry_run:
        run.print(text.removesuffix("\n"))
        return
    writing.write_new(run.file, text, force=force)
    _summarize(run, draft)


def _summarize(run: Session, draft: Draft) -> None:
    from rollout.base.files import is_there

    counts = f"{count_of(len(draft.routes), 'route')} to move, {len(draft.kept)} kept, {len(draft.unfit)} not usable"
    run.render.say(f"wrote {run.file}: {counts}")
    if draft.groups and not is_there(run.file.parent / draft.answers.code):
        run.render.say(f"put the candidate's code at {draft.answers.code} before phase 1")
    run.render.say(f"read it, then run: rollout preflight {draft.answers.environment}")


def _missing(balancers: Sequence[str] | None, routes: Sequence[str] | None, *, every: bool) -> list[str]:
    """The flags that nobody can be asked for."""
    from rollout.cli.questions import is_terminal

    if is_terminal() or routes or every:
        return []
    return [*(() if balancers else ("--load-balancer",)), "--route or --all"]


def _region(given: str | None, missing: list[str]) -> str:
    from functools import partial

    from rollout.adapters.aws.session import usual_region
    from rollout.api.init.answers import readable
    from rollout.cli.questions import ask, is_terminal
    from rollout.errors import UsageError

    region = given or usual_region()
    if not region and is_terminal():
        region = ask("Which region?", partial(readable, "region"))
    if not region:
        missing = [*missing, "--region"]
    if missing:
        raise UsageError(
            f"this is not a terminal, so these options are required: {', '.join(missing)}", code="missing-argument"
        )
    return region or ""


def _look(aws: Sandbox | None, region: str, account: str | None) -> Found:
    from rollout.api.access import account as account_of
    from rollout.errors import AwsError, WrongAccount

    found = account_of(region, aws, account).find()
    if account and found.account != account:
        raise WrongAccount(
            f"the credentials are for account {found.account}, not {account}",
            hint="use credentials of that account, for example with AWS_PROFILE",
        )
    if not found.listeners:
        raise AwsError(
            f"account {found.account} has no Application Load Balancer with a listener in {region}",
            hint="name another --region, or use credentials of another account",
            code="no-load-balancer",
        )
    return found


def _listeners(found: Found, names: Sequence[str]) -> tuple[Listener, ...]:
    from rollout.api.init.selection import listeners_named, numbers, with_rules
    from rollout.cli.questions import ask, is_terminal, show_choices
    from rollout.errors import UsageError

    if names:
        return listeners_named(found, names)
    several = with_rules(found.listeners)
    if len(several) > 1 and not is_terminal():
        raise UsageError(
            f"there are several listeners: {', '.join(map(str, several))}",
            hint="select them with --load-balancer",
            code="ambiguous-listener",
        )
    if len(several) == 1:
        return tuple(several)
    show_choices("Listeners", [f"{each}  {count_of(len(each.rules), 'rule')}" for each in several])
    chosen = ask(
        "Which listeners have rules that move? Numbers, or all", lambda text: numbers(text, len(several)), default="all"
    )
    return tuple(several[index] for index in chosen)


def _moving(found: Found, listeners: Sequence[Listener], names: Sequence[str], *, every: bool) -> tuple[Endpoint, ...]:
    from rollout.alb.discovered import Endpoint, Unfit, no_rules, sorted_out
    from rollout.api.init.selection import endpoints_named, numbers
    from rollout.cli.questions import ask, read_yes_or_no, show_choices, show_lines
    from rollout.errors import AwsError, GateRefused

    judged = tuple(sorted_out(listeners, found.target_groups))
    movable = [each for each in judged if isinstance(each, Endpoint)]
    unfit = [str(each) for each in judged if isinstance(each, Unfit)]
    if not movable:
        where = ", ".join(map(str, listeners))
        reasons = Counter((each.why, each.hint) for each in judged if isinstance(each, Unfit))
        told = "; ".join(f"{count_of(count, 'rule')}: {why}; {hint}" for (why, hint), count in reasons.most_common())
        raise AwsError(
            f"no rule of {where} can move",
            hint=told or "; ".join(map(no_rules, listeners)),
            code="no-movable-rule",
        )
    if every or names:
        return tuple(movable) if every else endpoints_named(movable, names)
    if unfit:
        show_lines("Rules that can't move", unfit)
    lines = [f"{e.listener} {e.priority!s:>7}  {e} → {e.target_group} ({e.target_type})" for e in movable]
    if len(movable) == 1:
        show_lines("The rule that can move", lines)
        if not ask("Should it move? yes or no", read_yes_or_no, default="yes"):
            raise GateRefused("no rule moves; nothing was written")
        return (movable[0],)
    show_choices("Rules that can move", lines)
    functions = [str(number) for number, each in enumerate(movable, 1) if each.target_type == "lambda"]
    proposal = ",".join(functions) or None
    chosen = ask("Which rules move? Numbers, or all", lambda text: numbers(text, len(movable)), default=proposal)
    return tuple(movable[index] for index in chosen)


def _answers(given: Mapping[str, str | None], folder: str, *, asking: bool, builds: bool) -> Answers:
    from functools import partial

    from rollout.api.init.answers import Answers, proposed, readable
    from rollout.cli.questions import ask

    said = dict(given)
    questions = {
        "project": "What is the project's name?",
        "environment": "What is this environment's name?",
    }
    if builds:
        questions |= {
            "function": "What is the candidate function's name?",
            "code": "Where is its code, a zip file or a folder?",
        }
    for key, question in questions.items():
        if asking and said[key] is None:
            said[key] = ask(question, partial(readable, key), default=proposed(said, folder)[key])
    return Answers(**proposed(said, folder))
