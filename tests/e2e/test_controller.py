"""A controller runs the ramp in the account: a person begins it and leaves, and no process of theirs is alive.

Its function is this package in a process of its own, by the schedule of the sandbox's clock and with its role's rights.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from rollout.inventory.marks import controller_name
from rollout.inventory.quantities import ZERO, Percent
from rollout_sandbox import Call, Profile, daemon
from rollout_sandbox.load import Load, endpoints_of
from rollout_sandbox.story import answer, seed
from tests.conftest import Team, made_team

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

RATE, SPEED = 100, 60
WITHIN = 90
QUARTER, ALL = Percent.of(25), Percent.of(100)
IMAGE = f"123456789012.dkr.ecr.us-west-2.amazonaws.com/rollout/controller@sha256:{'a' * 64}"
SETTINGS = f"""
[controller]
image = "{IMAGE}"

[stickiness]"""
PRODUCTION = """[environments.production]
backend = "s3://acme-state/rollout"
secrets-provider = "awskms://alias/rollout?region=us-west-2&awssdk=v2"
"""
JUDGE = """
[environments.production.analysis]
metrics = ["server-errors", "lambda-errors"]
delay = "1m"
metric.server-errors.harm = { relative = 1, absolute = 5 }
metric.lambda-errors.harm = { relative = 1, absolute = 5 }
"""


_DURATION = re.compile(r"^REPORT .*\tDuration: ([0-9.]+) ms")


@dataclass(frozen=True)
class Controlled:
    """A team with a controller, and what happened so far."""

    team: Team

    def begin(self, *options: str) -> None:
        """Begin a ramp as a person does, and leave as soon as it is said that the controller has it."""
        process = subprocess.Popen(
            self.team.command("ramp", "production", "--yes", *options),
            cwd=self.team.folder,
            env={**os.environ, "ROLLOUT_SANDBOX": str(self.team.aws.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "the controller runs this ramp" in line:
                process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130, "".join(said)

    def weights(self) -> set[Percent]:
        opened = self.team.open()
        return {split.weight for split in opened.traffic.alb_state().splits(opened.inventory).values()}

    def until(self, met: Callable[[], bool]) -> float:
        """The seconds until something is so, with nobody's help."""
        began = time.monotonic()
        while not met():
            assert time.monotonic() < began + WITHIN, self.team.open().controller.status()
            time.sleep(0.5)
        return time.monotonic() - began

    def at(self, weight: Percent) -> float:
        return self.until(lambda: self.weights() == {weight})

    def looks(self, count: int) -> None:
        """Wait for whole looks."""
        first = self.ended()
        for _ in range(count):
            last = self.ended()
            self.until(lambda last=last: self.ended() not in {first, last})  # type: ignore[misc]

    def ended(self) -> object:
        return self.team.open().controller.status().looked_at

    @property
    def routes(self) -> int:
        return len(self.team.open().inventory.routes)

    def seconds(self) -> list[float]:
        """How long each invocation took, from its log, the shortest first."""
        logs = self.team.aws.client("logs", self.team.account, "us-west-2")
        group = f"/aws/lambda/{controller_name(self.team.open().inventory)}"
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern="REPORT")
        texts = [event["message"] for page in pages for event in page["events"]]
        return sorted(float(found[1]) / 1000 for text in texts if (found := _DURATION.search(text)))

    def calls(self, action: str) -> list[Call]:
        return [call for call in self.team.aws.calls(action, self.team.account) if call.by]

    def process(self) -> Path:
        """The function's, as the system has it."""
        name = f"AWS_LAMBDA_FUNCTION_NAME={controller_name(self.team.open().inventory)}".encode()
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                variables = (process / "environ").read_bytes().split(b"\0")
                if name in variables and b"bootstrap" in (process / "cmdline").read_bytes():
                    return process
        raise AssertionError("the function has no process")

    def spent_by_engines(self) -> int:
        """Ticks of the processor that all ended children of the function's process took so far."""
        fields = (self.process() / "stat").read_text().rpartition(")")[2].split()
        return int(fields[13]) + int(fields[14])

    def locks(self) -> list[Call]:
        return [call for call in self.calls("s3:PutObject") if "/.pulumi/locks/" in call.parameters["Key"]]

    def kill_while_it_raises(self) -> None:
        """End the function as Lambda does at its timeout, as soon as its engine has the stack's lock."""
        before = len(self.locks())
        self.until(lambda: len(self.locks()) > before)
        os.killpg(int(self.process().name), signal.SIGKILL)


@pytest.fixture(scope="module")
def controlled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controlled]:
    folder = tmp_path_factory.mktemp("controller")
    info = daemon.start(folder / "aws")
    try:
        team = made_team(info, folder / "checkout", whole=False)
        team.edit("[environments.production]\n", PRODUCTION)
        team.edit('steps = [5, 10, 25, 50, 100], bake = "30m"', 'steps = [25, 50, 100], bake = "5m"')
        team.edit("\n[stickiness]", SETTINGS)
        team.append(JUDGE)
        seed(team.open().inventory, info, lambda _: None)
        answer(team.open().inventory, info)
        team.open().phase1(approve=True)
        team.open().phase2(approve=True)
        team.open().controller.install(approve=True)
        info.clock.run_at(SPEED)
        with Load(endpoints_of(team.open().inventory, info), RATE) as load:
            load.wait(RATE)
            yield Controlled(team)
    finally:
        daemon.stop(info.folder)


def test_it_takes_a_bad_candidate_back_and_a_good_one_to_the_end_though_it_is_killed(controlled: Controlled) -> None:
    team = controlled.team
    controlled.begin()
    raised = controlled.at(QUARTER)
    team.aws.behave(Profile("rust-scorer*", account=team.account, server_errors=Percent.of(100)))
    back = controlled.at(ZERO)
    print(f"\nto 25 %: {raised:.1f} s; taken back after {back:.1f} s, that is {back * SPEED / 60:.1f} min of AWS")  # noqa: T201
    team.aws.forget_profiles()
    controlled.looks(1)

    controlled.begin("--restart")
    controlled.at(QUARTER)
    team.open().ramp.pause()
    controlled.looks(3)
    before = controlled.spent_by_engines()
    assert before > 0  # by the raise
    controlled.looks(3)
    assert controlled.weights() == {QUARTER}
    assert controlled.spent_by_engines() == before  # no engine was started
    team.open().ramp.resume()
    controlled.kill_while_it_raises()
    took = controlled.at(ALL)
    print(f"from 25 to 100 %, with a killed look: {took:.1f} s, that is {took * SPEED / 60:.1f} min of AWS")  # noqa: T201
    controlled.looks(1)
    keys = team.aws.client("s3", team.account, "us-west-2").list_objects_v2(Bucket="acme-state")["Contents"]
    assert [each["Key"] for each in keys if "/.pulumi/locks/" in each["Key"]] == []
    calls = controlled.calls("*")
    assert [call for call in calls if "AccessDenied" in (call.error or "")] == []
    moved = team.aws.calls("elasticloadbalancing:ModifyRule", team.account)
    assert {call.by for call in moved[-controlled.routes :]} == {calls[-1].by}  # its role's, and nobody else's
    seconds = controlled.seconds()
    idle, raising = seconds[len(seconds) // 2], seconds[-3:]
    print(f"{len(seconds)} looks: half of them below {idle:.2f} s; the longest {raising}")  # noqa: T201
