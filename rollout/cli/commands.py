"""All commands, by purpose; each is imported and created only when needed.

Creating all of them, with their options, takes longer than everything else in `rollout --help`. The group is
Click's pattern of a LazyGroup: https://click.palletsprojects.com/en/stable/complex/#lazily-loading-subcommands
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import typer
from typer.core import TyperGroup

from rollout.base.printable import one_line
from rollout.errors import UsageError

if TYPE_CHECKING:
    from rollout.errors import RolloutError

SECTIONS: Mapping[str, Mapping[str, str]] = {
    "Begin": {
        "init": "Write a first stacks.toml from an account",
        "doctor": "Check this machine and the credentials",
        "preflight": "Check that AWS matches the inventory and is ready for a phase",
    },
    "Move": {
        "phase1": "Build the candidate: functions and target groups, no rules",
        "phase2": "Cut over: adopt the live rules in place, as weighted rules",
        "release": "Remove the rules from the state of Terraform or another stack",
        "phase3": "Set the weights of stacks.toml",
        "weight": "Set a weight, and save it in stacks.toml",
        "rollback": "Send all traffic back to legacy at once, without asking",
        "deploy": "Point the functions' aliases to a new build, or back",
        "override": "Let a request header select the implementation, at any weight",
        "smoke": "Test the candidate's functions before they get traffic",
        "parity": "Compare both implementations' answers; exit code 8 if they differ",
        "complete": "Retire legacy when it is idle",
        "undo": "Undo phase 2 or phase 1, at weight 0",
        "adopt": "Mark resources of an earlier version of rollout",
    },
    "Ramp": {
        "ramp": "Raise the weight step by step, each after a Pass",
        "pause": "Pause the ramp: no raise",
        "resume": "Resume a paused ramp",
        "skip-wait": "End this step's bake; it still needs a Pass",
        "approve": "Approve a step that waits for approval",
        "freeze": "Freeze the ramp: no raise until a time",
        "guard": "Take traffic back on alarms, also when rollout does not run",
        "fleet": "Ramp many environments by their controllers, wave by wave",
        "controller": "Run the ramp in the account, without a terminal",
        "plan-ramp": "Estimate how long each step takes",
        "calibrate": "Measure on past requests how often a good candidate fails",
    },
    "Look": {
        "status": "Show wanted, live and measured weights; --watch repeats it",
        "preview": "Show what a phase would do",
        "explain": "Show which rule matches a request, and where it goes",
        "drift": "Compare file, state and load balancer; exit code 7 if they differ",
        "history": "Show who changed what, when and why",
        "show": "Show one change in full",
        "cost": "Compare what both implementations' functions cost",
        "report": "Write state, charts and history into one HTML file",
        "dashboard": "Show a local web page that updates itself",
        "monitoring": "Create alarms and a dashboard in CloudWatch",
    },
    "Keep": {
        "iam-policy": "Print the least IAM policy for a role",
        "unlock": "Remove stale locks",
        "setup": "Find the Pulumi engine, or install it",
        "sandbox": "Run a local AWS for trials and tests",
        "demo": "Play a whole migration in the sandbox",
    },
}
_ELSEWHERE = {
    **dict.fromkeys(("phase1", "phase2", "phase3"), "phases"),
    **dict.fromkeys(("pause", "resume", "skip-wait", "approve", "freeze"), "ramp_controls"),
    "show": "history",
}
_BROUGHT = ("sandbox", "demo")
"""Those that another package has, which may be missing; see `extras`."""
_SETTINGS: Mapping[str, dict[str, Any]] = {
    "weight": {"ignore_unknown_options": True},  # so that -1 is a weight, and a bad one
}
_ANYTHING = {"ignore_unknown_options": True, "allow_extra_args": True}


class LazyGroup(TyperGroup):
    """The root of the command line."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._names = [name for section in SECTIONS.values() for name in section]
        self._is_json = False
        self.commands = cast("Any", dict.fromkeys(self._names))  # among their keys it looks for what was meant

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - Click's
        """Import and make a command at the first look at it; None if there is none of the name."""
        if cmd_name in self._names and self.commands[cmd_name] is None:
            self.commands[cmd_name] = _load(cmd_name)
        return self.commands.get(cmd_name)

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **given: Any) -> Any:
        """See Click's."""
        self._is_json = "--json" in args
        with _told(is_json=self._is_json):
            return super().make_context(info_name, args, *more, **given)

    def invoke(self, ctx: Any) -> Any:
        """See Click's."""
        with _told(is_json=self._is_json):
            return super().invoke(ctx)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Click's
        """Write the commands section by section."""
        for title, section in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:<10}", said) for name, said in section.items()])


@contextmanager
def _told(*, is_json: bool) -> Iterator[None]:
    """Click quotes arguments in its errors, and a script may have got them from anywhere; one that reads gets JSON."""
    try:
        yield
    except Exception as error:
        is_help = type(error).__name__ == "NoArgsIsHelpError"  # with help for its message; Typer's own, in private
        if isinstance(said := getattr(error, "message", None), str) and not is_help:
            error.message = one_line(said)  # type: ignore[attr-defined]
            if is_json and getattr(error, "exit_code", None) == UsageError.exit_code:
                _tell_as_json(error)
                raise typer.Exit(UsageError.exit_code) from None
        raise


def _tell_as_json(error: Any) -> None:
    from rollout.cli.render import renderer

    context = error.ctx
    hint = f"see `{context.command_path} -h`" if context else None
    renderer(json=True)(UsageError(one_line(error.format_message()), hint=hint))


def _load(name: str) -> Any:
    settings = _SETTINGS.get(name)
    if name in _BROUGHT:
        from rollout.cli.extras import COMMANDS, brought
        from rollout.errors import SandboxError

        try:
            app = brought(COMMANDS, name)
        except SandboxError as missing:
            app, settings = _ending_in(missing), _ANYTHING
    else:
        plain = name.replace("-", "_")
        module = import_module(f"rollout.cli.{_ELSEWHERE.get(name, plain)}")
        app = getattr(module, plain)
    if not isinstance(app, typer.Typer):  # which is a command that has commands
        command, app = app, typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
        app.command(name, context_settings=settings)(command)
    made = typer.main.get_command(app)
    made.name = name
    return made


def _ending_in(error: RolloutError) -> Callable[[typer.Context], None]:
    """A command that says what is missing, whatever it is asked."""

    def missing(context: typer.Context) -> None:
        from rollout.cli.session import session

        with session(json="--json" in context.args):
            raise error

    missing.__doc__ = f"{error.what}. {error.hint}"
    return missing
