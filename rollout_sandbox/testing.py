"""The sandbox as pytest fixtures, for tests of your own inventory.

They are asked for by name, `pytest_plugins = ["rollout_sandbox.testing"]`, so that test runs without them load nothing
of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rollout.api.environment import EnvironmentRollout
from rollout.inventory import file as config
from rollout.inventory.quantities import Percent
from rollout.migration.events import Event
from rollout_sandbox import Call, daemon
from rollout_sandbox.daemon import SandboxInfo
from rollout_sandbox.story import seed

if TYPE_CHECKING:
    from rollout_sandbox.load import Load, Population

FIRST_ACCOUNT = 300_000_000_000
_accounts = itertools.count(FIRST_ACCOUNT)


@dataclass(frozen=True)
class SandboxedEnvironment:
    """An environment of an inventory, in an account of the test's own.

    Attributes:
        name: The environment's.
        root: The folder of the inventory, where its programs are.
        file: A copy of the inventory, into which weights are saved.
        account: Twelve digits.
        aws: The sandbox.
        events: What was told so far.
    """

    name: str
    root: Path
    file: Path
    account: str
    aws: SandboxInfo
    events: list[Event] = field(default_factory=list)

    def open(self) -> EnvironmentRollout:
        """The environment, read anew from the copy of the inventory."""
        found = config.load(self.file).environment(self.name)
        own = {"account": self.account, "project": f"{found.project}-{self.account}", "root": self.root}
        inventory = found.model_copy(update=own)
        return EnvironmentRollout(
            inventory, self.file, sandbox=self.aws, provider="stand-in", on_event=self.events.append
        )

    def calls(self, action: str = "elasticloadbalancing:*Rule") -> tuple[Call, ...]:
        """The API calls of its account so far, by a pattern of IAM actions."""
        return self.aws.calls(action, self.account)

    def load(self, rate: int = 50, *, sticky: Percent | None = None, population: Population | None = None) -> Load:
        """Clients of all its routes, for a `with` block.

        Args:
            rate: Requests a second, above 0.
            sticky: How many requests of a hundred come from users who keep cookies, or how many of a population's
                clients keep them; 50 by default.
            population: Clients that have addresses of their own, of which some are heavy.
        """
        from rollout_sandbox.load import Load, endpoints_of  # noqa: PLC0415 - aiohttp takes a while to import

        endpoints = endpoints_of(self.open().inventory, self.aws)
        return Load(endpoints, rate, sticky=sticky or Percent(500), population=population)


@pytest.fixture(scope="session")
def rollout_stacks(pytestconfig: pytest.Config) -> Path:
    """The inventory; define a fixture of this name where it isn't stacks.toml in pytest's root folder."""
    return pytestconfig.rootpath / "stacks.toml"


@pytest.fixture(scope="session")
def rollout_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxInfo]:
    """An empty AWS in a process of its own, as long as the test run lasts; under pytest-xdist each worker has one."""
    info = daemon.start(tmp_path_factory.mktemp("rollout-aws"))
    yield info
    daemon.stop(info.folder)


@pytest.fixture
def rollout_sandbox(
    rollout_aws: SandboxInfo, rollout_stacks: Path, tmp_path: Path
) -> Iterator[Callable[[str], SandboxedEnvironment]]:
    """Gives an environment by its name, as AWS is before rollout comes: load balancers, legacy stack and its rules.

    Trouble that a test ordered, and the pace of time, end with it.
    """

    def prepared(name: str) -> SandboxedEnvironment:
        account = str(next(_accounts))
        copy = tmp_path / account / rollout_stacks.name
        copy.parent.mkdir()
        copy.write_bytes(rollout_stacks.read_bytes())
        made = SandboxedEnvironment(name, rollout_stacks.resolve().parent, copy, account, rollout_aws)
        seed(made.open().inventory, rollout_aws, made.events.append)
        made.events.clear()
        return made

    yield prepared
    rollout_aws.faults.clear()
    rollout_aws.forget_profiles()
    rollout_aws.clock.run_at(1)
