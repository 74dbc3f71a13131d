"""Two ways to do a thing, timed alternately; and a checkout with an environment that is cut over, to do it on."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from landed import Figure

if TYPE_CHECKING:
    from rollout.api.environment import EnvironmentRollout
    from rollout.migration.events import Listener
    from rollout_sandbox.daemon import SandboxInfo

ROOT = Path(__file__).parent.parent
ENVIRONMENT = "production"
EIGHT, GROUPS = 8, ("old", "new")


@dataclass(frozen=True)
class Checkout:
    """A checkout whose production is on a sandbox."""

    folder: Path
    variables: dict[str, str]
    sandbox: SandboxInfo

    def open(self, on_event: Listener | None = None) -> EnvironmentRollout:
        """Production, by the library."""
        from rollout.api.rollout import Rollout

        return Rollout.load(self.folder / "stacks.toml", sandbox=self.sandbox, on_event=on_event).environment(
            ENVIRONMENT
        )

    def rollout(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line."""
        variables = {**os.environ, **self.variables, "ROLLOUT_SANDBOX": str(self.sandbox.folder)}
        return subprocess.run(
            [sys.executable, "-m", "rollout", *arguments],
            cwd=self.folder,
            env=variables,
            capture_output=True,
            text=True,
            check=True,
        )

    @property
    def for_engine(self) -> dict[str, str]:
        """The variables for a bare script: the same engine, and the same backend."""
        from rollout.adapters.pulumi.install.locate import require

        return {
            **os.environ,
            **self.variables,
            "PATH": os.pathsep.join([str(require().path.parent), os.environ["PATH"]]),
            "PULUMI_BACKEND_URL": (self.sandbox.folder / "state").resolve().as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "",
        }


@contextmanager
def seeded() -> Iterator[Checkout]:
    """Start a sandbox, and bring up production's legacy stack."""
    from rollout.api.rollout import Rollout
    from rollout_sandbox import daemon
    from rollout_sandbox.story import seed

    with tempfile.TemporaryDirectory(prefix="rollout-bench-") as name:
        folder = Path(name)
        shutil.copy(ROOT / "stacks.toml", folder)
        shutil.copytree(ROOT / "programs", folder / "programs")
        info = daemon.start(folder / ".rollout" / "sandbox")
        try:
            environment = Rollout.load(folder / "stacks.toml", sandbox=info).environment(ENVIRONMENT)
            print("bringing up the legacy stack …", flush=True)
            seed(environment.inventory, info, lambda _: None)
            inventory = environment.inventory
            variables = info.environ(inventory.account, inventory.region, roots=[inventory.root])
            yield Checkout(folder, dict(variables), info)
        finally:
            daemon.stop(info.folder)


@contextmanager
def cut_over() -> Iterator[Checkout]:
    """Start a sandbox, and take production through phases 1 and 2."""
    with seeded() as checkout:
        print("phases 1 and 2 …", flush=True)
        checkout.open().phase1(approve=True)
        checkout.open().phase2(approve=True)
        yield checkout


MANY = """
[project]
name = "many"
[programs]
routing = "rollout.programs.routing:program"
[load-balancers.public]
name = "public"
[environments.production]
account = "123456789012"
region = "us-west-2"
"""
ROUTE = """
[routes.r{0}]
load-balancer = "public"
path = "/r{0}/*"
priority = {0}
legacy = "old"
candidate = {{ target-group = "new" }}
"""


@contextmanager
def many(count: int) -> Iterator[Checkout]:
    """Start a sandbox with so many rules, whose target groups others have, and take them through phase 2."""
    from rollout.api.rollout import Rollout
    from rollout_sandbox import daemon
    from rollout_sandbox.landscape import Balancer, prepare

    with tempfile.TemporaryDirectory(prefix="rollout-bench-") as name:
        folder = Path(name)
        (folder / "stacks.toml").write_text(MANY + "".join(map(ROUTE.format, range(1, count + 1))), "utf-8")
        shutil.copytree(ROOT / "programs", folder / "programs")
        info = daemon.start(folder / ".rollout" / "sandbox")
        try:
            environment = Rollout.load(folder / "stacks.toml", sandbox=info).environment(ENVIRONMENT)
            account, region = environment.inventory.account, environment.inventory.region
            there = prepare(partial(info.client, account=account, region=region), account, [Balancer("public")], GROUPS)
            elb, listener = info.client("elbv2", account, region), there.listeners["public"]
            actions = [{"Type": "forward", "TargetGroupArn": there.target_groups["old"]}]
            for number in range(1, count + 1):
                asks = [{"Field": "path-pattern", "PathPatternConfig": {"Values": [f"/r{number}/*"]}}]
                elb.create_rule(ListenerArn=listener, Priority=number, Conditions=asks, Actions=actions)
            environment.phase2(approve=True)
            yield Checkout(folder, dict(info.environ(account, region, roots=[folder])), info)
        finally:
            daemon.stop(info.folder)


COUNT = int(next((each for each in sys.argv[1:] if each.isdigit()), "8"))
"""How many routes are measured: eight, or the number that a script is given."""


def asked() -> AbstractContextManager[Checkout]:
    """This repository's eight routes, cut over, or as many as were asked for."""
    return cut_over() if COUNT == EIGHT else many(COUNT)


def compare(
    what: str,
    ours: Callable[[], float],
    beside: str,
    bare: Callable[[], float],
    limit: float,
    times: int = 7,
    *,
    in_seconds: bool = False,
) -> None:
    """Time both, alternately; report the ratio of the least times, which others' work disturbs least.

    Args:
        what: Ours in words.
        ours: Gives seconds.
        beside: The baseline in words.
        bare: Gives seconds.
        limit: The ratio aimed at.
        times: How often each.
        in_seconds: Whether `limit` is of our seconds instead.
    """
    print(f"{what}: once to warm up, then {times} times …", flush=True)
    ours(), bare()
    pairs = []
    for number in range(1, times + 1):
        pairs.append((ours(), bare()))
        print("  {} of {}: {:.3f} s, beside {:.3f} s".format(number, times, *pairs[-1]), flush=True)
    (mine, median), (its, other) = ((min(each), statistics.median(each)) for each in zip(*pairs, strict=True))
    print(f"{what}: {mine:.3f} s, median {median:.3f}\n{beside}: {its:.3f} s, median {other:.3f}", flush=True)
    if in_seconds:
        Figure(what, mine, limit, {"beside": its}, mine / its).report()
    else:
        Figure(what, mine / its, limit, {"seconds": mine, "beside": its}).report()


def seconds(run: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
