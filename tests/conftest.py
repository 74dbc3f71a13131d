"""One AWS for all tests of a worker, an account of its own for each that asks, and the real engine.

How AWS and the states are after a phase is made once a run, by the engine, and then given to each test by a snapshot.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

from rollout import EnvironmentRollout, Event, Rollout
from rollout.alb.weights import ForwardAction
from rollout.api.backend import CI_VARIABLES
from rollout.base.log import flush
from rollout_sandbox import Call, daemon
from rollout_sandbox.daemon import SandboxInfo
from rollout_sandbox.snapshots import Snapshot, add, take
from rollout_sandbox.story import answer, seed
from tests.checkout import Checkout

ROOT = Path(__file__).parent.parent
FAST = 60.0
"""How many times as fast as the wall's time goes by in `fast_aws`."""

pytest_plugins = (
    "tests.plugins.changed",
    "tests.plugins.logs",
    "tests.plugins.nightly",
    "tests.plugins.seconds",
    "tests.plugins.order",
    "tests.plugins.unit",
)

# another worker may have the processor for a while, so an example's time says nothing
settings.register_profile("workers", deadline=None)
settings.load_profile("workers")


@pytest.fixture(autouse=True, scope="session")
def _nothing_of_the_caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No credentials, profile, backend, sandbox, terminal's width or CI of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("AWS_", "COLUMNS", "PULUMI_", "ROLLOUT_")) and name != "ROLLOUT_PULUMI":
                patch.delenv(name)
        for name in CI_VARIABLES:
            patch.delenv(name, raising=False)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)  # or each child process compiles the SDKs anew
        # a shell's background job ignores Ctrl-C, and would have its children ignore it
        signal.signal(signal.SIGINT, signal.default_int_handler)
        yield


@pytest.fixture
def caplog(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What is logged from here on: lines are written by a thread, which may still be at those of a test before."""
    flush()
    caplog.clear()
    return caplog


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxInfo]:
    """An empty AWS, in a process of its own, so that the library and the command line meet on it."""
    info = daemon.start(tmp_path_factory.mktemp("aws"))
    yield info
    daemon.stop(info.folder)


@pytest.fixture(scope="session")
def fast_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxInfo]:
    """Another one, where an AWS minute takes a second."""
    info = daemon.start(tmp_path_factory.mktemp("fast"))
    info.clock.run_at(FAST)
    yield info
    daemon.stop(info.folder)


@dataclass
class Team(Checkout):
    """A team's checkout, and its environment in an account that nobody else has.

    Attributes:
        target: The environment as the library opens it.
        events: What was told so far.
    """

    account: str
    aws: SandboxInfo
    events: list[Event] = field(default_factory=list)

    @property
    def project(self) -> str:
        """Its project in the sandbox's one backend."""
        return f"team-{self.account}"

    def open(self, environment: str = "production") -> EnvironmentRollout:
        """An environment, read anew from the file."""
        rollout = Rollout.load(self.file, sandbox=self.aws, on_event=self.events.append)
        return rollout.environment(environment)

    def forwards(self) -> dict[str, ForwardAction | None]:
        """What each route's rule forwards to now."""
        target = self.open()
        live = target.traffic.alb_state()
        found = {name: live.rule_of(route) for name, route in target.inventory.routes.items()}
        return {name: rule.forward if rule else None for name, rule in found.items()}

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the command line in the checkout, without a terminal."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env={**os.environ, "ROLLOUT_SANDBOX": str(self.aws.folder), **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def command(self, *arguments: str) -> list[str]:
        """A command line, to run in the checkout."""
        return [sys.executable, "-m", "rollout", *arguments]

    def rules(self) -> dict[str, str]:
        """Each route's rule."""
        return {route.route: route.rule or "" for route in self.open().status().routes}

    def calls(self, action: str = "elasticloadbalancing:*Rule") -> list[str]:
        """The changing calls so far, reads left out."""
        calls: tuple[Call, ...] = self.aws.calls(action, self.account)
        return [call.action.split(":")[1] for call in calls if not call.action.split(":")[1].startswith("Describe")]


accounts = itertools.count(100_000_000_000)


KEPT_IN_SMALL = ("stamp-score", "ceramic-score", "embed-score", "stamp-score-history")


def made_team(aws: SandboxInfo, folder: Path, *, whole: bool) -> Team:
    """A team with a checkout in a folder that isn't there yet, and nothing on AWS."""
    folder.mkdir()
    text = (ROOT / "stacks.toml").read_text()
    shutil.copytree(ROOT / "programs", folder / "programs", ignore=shutil.ignore_patterns("__pycache__"))
    if not whole:  # the tables of all other routes are left out, which makes the engine several times faster
        sections = re.split(r"(?m)^(?=\[)", text)
        routes = re.compile(r"\[(?:kept-)?routes\.([\w-]+)\]")
        text = "".join(s for s in sections if not (m := routes.match(s)) or m[1] in KEPT_IN_SMALL)
    (folder / "stacks.toml").write_text(text)
    made = Team(folder, str(next(accounts)), aws)
    made.edit('account = "123456789012"', f'account = "{made.account}"')
    made.edit('name = "passport-scorer"', f'name = "{made.project}"')  # and stacks that nobody else has
    return made


STAGES: dict[str, Callable[[Team], object]] = {
    "legacy": lambda team: seed(team.open().inventory, team.aws, lambda _: None),
    "phase1": lambda team: team.open().phase1(approve=True),
    "phase2": lambda team: team.open().phase2(approve=True),
}
"""What brings a team from each stage to the next one."""


@dataclass(frozen=True)
class Prepared:
    """Teams at a stage, made by the engine once a run.

    Attributes:
        folder: Where all workers of a run find the snapshots.
        aws: Where teams are made.
    """

    folder: Path
    aws: SandboxInfo

    def team(self, checkout: Path, stage: str, *, whole: bool = False, aws: SandboxInfo | None = None) -> Team:
        """A team at a stage, in a folder that isn't there yet."""
        team = made_team(aws or self.aws, checkout, whole=whole)
        snapshot = self._snapshot(stage, whole=whole)
        add(team.aws, snapshot.renamed({"<account>": team.account, "<checkout>": str(team.folder)}))
        answer(team.open().inventory, team.aws)
        return team

    def _snapshot(self, stage: str, *, whole: bool) -> Snapshot:
        checkout, before = self.folder / f"{stage}-{whole}", list(STAGES).index(stage)
        file = checkout.with_suffix(".json")
        with FileLock(checkout.with_suffix(".lock")):
            if not file.exists():
                if before:
                    team = self.team(checkout, list(STAGES)[before - 1], whole=whole)
                else:
                    team = made_team(self.aws, checkout, whole=whole)
                STAGES[stage](team)
                names = {team.account: "<account>", str(team.folder): "<checkout>"}
                take(team.aws, team.account, team.project).renamed(names).write(file)
        return Snapshot.read(file)


@pytest.fixture(scope="session")
def prepared(aws: SandboxInfo, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """What gives teams at a stage."""
    run = tmp_path_factory.getbasetemp()
    folder = (run.parent if "PYTEST_XDIST_WORKER" in os.environ else run) / "stages"
    folder.mkdir(exist_ok=True)
    return Prepared(folder, aws)


@pytest.fixture
def team(aws: SandboxInfo, tmp_path: Path) -> Team:
    """A team with three dual routes and one kept, and nothing on AWS yet."""
    return made_team(aws, tmp_path / "checkout", whole=False)


@pytest.fixture
def whole(prepared: Prepared, tmp_path: Path) -> Team:
    """A team with the whole inventory of the seed, and its legacy stack up."""
    return prepared.team(tmp_path / "checkout", "legacy", whole=True)


@pytest.fixture
def legacy(prepared: Prepared, tmp_path: Path) -> Team:
    """A team with its legacy stack up, as it is before rollout comes."""
    return prepared.team(tmp_path / "checkout", "legacy")


@pytest.fixture
def built(prepared: Prepared, tmp_path: Path) -> Team:
    """A team after phase 1."""
    return prepared.team(tmp_path / "checkout", "phase1")


@pytest.fixture
def cut_over(prepared: Prepared, tmp_path: Path) -> Team:
    """A team after phase 2."""
    return prepared.team(tmp_path / "checkout", "phase2")


@pytest.fixture
def no() -> Callable[[object], bool]:
    """Somebody who declines."""
    return lambda _gate: False
