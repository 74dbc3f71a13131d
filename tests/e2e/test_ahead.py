"""A preview's engine starts while AWS is read: it is used, or it ends; and what it can't do, another one does."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollout import EnvironmentRollout, Gate
from rollout.adapters.pulumi.backend_files import FolderFiles
from rollout.adapters.pulumi.stored import StoredStack
from rollout.base.log import flush
from rollout.errors import GateRefused, PreflightFailed
from rollout.inventory.model import ProgramInput, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.stacks import ROUTING
from rollout.migration.desired import routing_input
from rollout.state.plan import Op
from tests.conftest import Team

pytestmark = pytest.mark.engine
TEN = Split.at(Percent.of(10))


def engines() -> Iterator[int]:
    """The engines that this process has started and that haven't ended."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue
        state, parent, *_ = rest.split()
        if (name, int(parent)) == ("pulumi", os.getpid()) and state != "Z":
            yield int(folder.name)


def started() -> int:
    """The first one, as soon as there is one."""
    while True:
        for engine in engines():
            return engine
        time.sleep(0.01)


def to_ten(target: EnvironmentRollout) -> ProgramInput:
    live = target.traffic.alb_state()
    return routing_input(target.inventory, live, dict.fromkeys(target.inventory.routes, TEN))


def starts(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What engines were asked, one each."""
    assert flush()
    return [each.getMessage().split(":")[0] for each in caplog.records if each.getMessage().startswith("pulumi ")]


def test_the_engine_that_started_ahead_previews_what_was_read_meanwhile(
    cut_over: Team, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "rollout.pulumi")
    target, plan = cut_over.open(), tmp_path / "routing.json"
    stacks = target._container.stacks
    with stacks.ahead(ROUTING, plan):
        assert any(engines())
        found = stacks.preview(ROUTING, to_ten(target), plan)
    assert found
    assert {change.op for change in found.changes} == {Op.UPDATE}
    assert plan.stat().st_mode & 0o777 == 0o600
    assert starts(caplog) == ["pulumi preview"]


def test_another_engine_previews_if_it_ended_or_is_of_no_use(cut_over: Team, tmp_path: Path) -> None:
    target, plan = cut_over.open(), tmp_path / "routing.json"
    stacks = target._container.stacks
    with stacks.ahead(ROUTING, plan):
        os.killpg(started(), signal.SIGKILL)
        while any(engines()):
            time.sleep(0.01)
        time.sleep(0.1)
        assert stacks.preview(ROUTING, to_ten(target), plan)
    with stacks.ahead(ROUTING, plan):
        other = stacks.preview(ROUTING, to_ten(target), tmp_path / "other.json")
    assert other
    assert other.changes
    assert not any(engines())


def test_an_update_keeps_the_key_of_the_state(cut_over: Team) -> None:
    state = cut_over.aws.folder / "state"
    stored = StoredStack(FolderFiles(state), f"{cut_over.project}-{ROUTING}", "production")
    before = stored.salt
    cut_over.open().set_weight(10, approve=True)
    assert before
    assert stored.salt == before


def test_a_declined_gate_leaves_no_engine_and_no_change(cut_over: Team) -> None:
    before, history = cut_over.forwards(), cut_over.open().history()
    at_the_gate: list[int] = []

    def decline(_: Gate) -> bool:
        at_the_gate.extend(engines())
        return False

    with pytest.raises(GateRefused):
        cut_over.open().set_weight(10, approve=decline)
    assert [*at_the_gate, *engines()] == []
    assert cut_over.forwards() == before
    assert cut_over.open().history() == history


def test_it_ends_if_the_phase_is_refused(cut_over: Team) -> None:
    name, rule = next(iter(cut_over.rules().items()))
    elb = cut_over.aws.client("elbv2", cut_over.account, "us-west-2")
    elb.delete_rule(RuleArn=rule)
    with pytest.raises(PreflightFailed, match=name):
        cut_over.open().set_weight(10, approve=True)
    assert not any(engines())
