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
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from landed import Figure

if TYPE_CHECKING:
    from rollout.api.environment import EnvironmentRollout
    from rollout.migration.events import Listener
    from rollout_sandbox.daemon import SandboxInfo

ROOT = Path(__file__).parent.parent
ENVIRONMENT = "production"


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


def compare(
    what: str, ours: Callable[[], float], beside: str, bare: Callable[[], float], limit: float, times: int = 7
) -> None:
    """Time both, alternately; report the ratio of the least times, which others' work disturbs least.

    Args:
        what: Ours in words.
        ours: Gives seconds.
        beside: The baseline in words.
        bare: Gives seconds.
        limit: The ratio aimed at.
        times: How often each.
    """
    ours(), bare()
    pairs = [(ours(), bare()) for _ in range(times)]
    (mine, median), (its, other) = ((min(each), statistics.median(each)) for each in zip(*pairs, strict=True))
    print(f"{what}: {mine:.3f} s, median {median:.3f}\n{beside}: {its:.3f} s, median {other:.3f}", flush=True)
    Figure(what, mine / its, limit, {"seconds": round(mine, 3), "beside": round(its, 3)}).report()


def seconds(run: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
