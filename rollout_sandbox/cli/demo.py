"""`rollout demo`: a whole migration in the sandbox, from today's legacy stack to a rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rollout.base.formatting import count_of
from rollout.cli.options import STACKS_TOML, File, Json, ProviderName, ProviderOption
from rollout.cli.session import session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rollout.api.environment import EnvironmentRollout
    from rollout.cli.session import Session
    from rollout.inventory.model import Environment
    from rollout_sandbox import Sandbox


def demo(
    environment: Annotated[str, typer.Argument(metavar="[ENV]", help="The environment to play.")] = "production",
    weight: Annotated[str, typer.Option(help="The weight to raise to, in per cent.")] = "10",
    file: File = STACKS_TOML,
    json: Json = False,
    provider: ProviderOption = ProviderName.STAND_IN,
) -> None:
    """Play the whole migration in the sandbox.

    stacks.toml stays unchanged; without one, it uses rollout's sample.

    Example: rollout demo
    """
    with session(file, json=json) as run:
        from pathlib import Path
        from tempfile import TemporaryDirectory

        from rollout.adapters.pulumi.install import locate
        from rollout.api.rollout import Rollout
        from rollout_sandbox import Sandbox, extra
        from rollout_sandbox.story import seed

        extra.require()  # before the engine, which may take minutes to get
        locate.require()
        if file == STACKS_TOML and not file.exists():
            file = sample()
            run.render.say("no stacks.toml in this folder: the demo uses a sample with eight routes of a scoring API")
        run.render.chapter("A local AWS, with today's legacy stack")
        with TemporaryDirectory(prefix="rollout-demo-") as folder, Sandbox.start(Path(folder)) as aws:
            opened = Rollout.load(file, sandbox=aws, provider=provider.value, on_event=run.render)
            target = opened.environment(environment)
            seed(target.inventory, aws, run.render, provider=provider.value)
            _show_rules(run, target.inventory, aws)
            for title, act in _acts(target, weight):
                run.render.chapter(title)
                act()
                _show_rules(run, target.inventory, aws)
            run.render(target.status())
            _parity(run, target, aws)
            _ramps(run, target.inventory, file, aws, provider)
            _guard(run, target.inventory, file, aws, provider)
            run.render.say("the demo is over and has removed everything that it created")


def sample() -> Path:
    """The inventory that a wheel has with it; in a checkout it is the checkout's own."""
    from pathlib import Path

    package = Path(__file__).parents[1]
    places = (package / "sample" / STACKS_TOML, package.parent / STACKS_TOML)
    return next((place for place in places if place.exists()), STACKS_TOML)


def _acts(target: EnvironmentRollout, weight: str) -> tuple[tuple[str, Callable[[], object]], ...]:
    name = target.inventory.name
    return (
        (f"rollout phase1 {name}", lambda: target.phase1(approve=True)),
        (f"rollout phase2 {name}", lambda: target.phase2(approve=True)),
        (f"rollout phase3 {name}", lambda: target.phase3(approve=True)),
        (f"rollout weight {name} {weight}", lambda: target.set_weight(weight, approve=True, save=False)),
        (f"rollout rollback {name}", lambda: target.rollback(save=False)),
    )


def _show_rules(run: Session, inventory: Environment, aws: Sandbox) -> None:
    from rollout_sandbox.cli import screen
    from rollout_sandbox.story import rules_as_told_by_boto3

    told = rules_as_told_by_boto3(inventory, aws)
    run.render(screen.LiveRules(told))


def _parity(run: Session, target: EnvironmentRollout, aws: Sandbox) -> None:
    """A candidate that is wrong with status 200, and the same candidate mended, before any request moves."""
    from rollout_sandbox.parity_story import WRONG, ask_legacy, compare, reading_routes

    name, options = target.inventory.name, " ".join(f"--route {each}" for each in reading_routes(target.inventory))
    ask_legacy(target.inventory, aws)
    run.render.chapter(f"rollout parity {name} {options}, with a candidate that is wrong on two routes")
    found = compare(target, aws, WRONG)
    run.render(found)
    different = count_of(sum(route.different for route in found.routes), "wrong answer")
    run.render.say(f"{different} with status 200: no error rate shows them, and the ramp would have gone on to 100 %")
    run.render.chapter(f"rollout parity {name} --restart, with a fixed candidate")
    run.render(compare(target, aws))


def _ramps(run: Session, inventory: Environment, file: Path, aws: Sandbox, provider: ProviderName) -> None:
    """A ramp whose candidate breaks at its first step, and one whose candidate is as good as legacy."""
    from rollout.api.environment import EnvironmentRollout
    from rollout.errors import AnalysisFailed
    from rollout_sandbox.ramp_story import SPEED, Breakage, crowd, shortened

    inventory, name = shortened(inventory), inventory.name
    with crowd(inventory, aws) as load:
        run.render.chapter(
            f"rollout ramp {name}, with a candidate that breaks; AWS's clock runs {SPEED:g} times as fast"
        )
        breakage = Breakage(aws, load, "*rust*", inventory.ramp.steps[0], run.render)
        target = EnvironmentRollout(inventory, file, sandbox=aws, provider=provider.value, on_event=breakage)
        try:
            target.ramp(approve=True, save=False)
        except AnalysisFailed as error:
            minutes = breakage.lasting.total_seconds() / 60 if breakage.lasting else 0
            run.render(error)
            bad, lasted = count_of(breakage.bad, "bad answer"), count_of(round(minutes), "minute")
            run.render.say(f"{bad} until all traffic was back, in {lasted} of AWS's clock")
        aws.forget_profiles()
        run.render.chapter(f"rollout ramp {name} --restart, with a fixed candidate")
        target.ramp(approve=True, save=False, restart=True)


def _guard(run: Session, inventory: Environment, file: Path, aws: Sandbox, provider: ProviderName) -> None:
    """A candidate that breaks while nobody runs rollout."""
    from rollout.api.environment import EnvironmentRollout
    from rollout.inventory.settings import Guard
    from rollout_sandbox.guard_story import SPEED, break_unwatched
    from rollout_sandbox.ramp_story import crowd

    inventory, name = inventory.model_copy(update={"guard": Guard()}), inventory.name
    target = EnvironmentRollout(inventory, file, sandbox=aws, provider=provider.value, on_event=run.render)
    run.render.chapter(f"rollout guard install {name}")
    target.guard.install(approve=True)
    target.set_weight(50, approve=True, save=False)
    run.render.chapter("The candidate breaks at 50 %, while rollout doesn't run")
    with crowd(inventory, aws, SPEED) as load:
        back = break_unwatched(target, load, aws, "*rust*")
    minutes = round(back.lasting.total_seconds() / 60) if back.lasting else 0
    bad, lasted = count_of(back.bad, "bad answer"), count_of(minutes, "minute")
    run.render.say(f"{bad} until the guard had taken all traffic back, in {lasted} of AWS's clock")
    run.render(target.guard.status())
