"""The same rules on two listeners of one load balancer: one candidate group serves both, and weights go to both."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollout import Rollout
from rollout.alb.weights import ForwardAction
from rollout.fakes.world import World
from rollout.inventory.conditions import Request, for_endpoint
from rollout.inventory.model import LEGACY_ONLY, Split
from rollout.inventory.quantities import Percent
from rollout.state.plan import TARGET_GROUP
from tests.behaviour.team import InMemoryTeam

INVENTORY = """
[project]
name = "both"
[load-balancers.plain]
name = "shop-both"
listener-port = 80
[load-balancers.secure]
name = "shop-both"
[functions.ingest-new]
code = "build"
runtime = "provided.al2023"
handler = "bootstrap"
target-groups = { plain = "ingest-new" }
[routes.ingest-80]
load-balancer = "plain"
path = "/ingest/*"
priority = 1
legacy = "ingest"
candidate = "ingest-new"
[routes.ingest-443]
load-balancer = "secure"
path = "/ingest/*"
priority = 1
legacy = "ingest"
candidate = "ingest-new"
[environments.production]
account = "123456789012"
region = "us-west-2"
"""


@pytest.fixture
def both(tmp_path: Path) -> InMemoryTeam:
    """Two listeners of one load balancer, with a rule for the same requests each."""
    (tmp_path / "build").mkdir()
    file = tmp_path / "stacks.toml"
    file.write_text(INVENTORY)
    world = World()
    aws = world.aws(Rollout.load(file).environment("production").inventory)
    plain = aws.create_load_balancer("shop-both", 80)
    secure = aws.create_listener(aws.load_balancers["shop-both"], 443)
    group = aws.create_answering_group("ingest")
    for listener in (plain, secure):
        aws.create_rule(listener, 1, for_endpoint("/ingest/*", ()), ForwardAction({group: 1}))
    return InMemoryTeam(tmp_path, world)


def test_one_group_serves_both_listeners_through_all_phases(both: InMemoryTeam) -> None:
    assert not both.open().preflight().problems
    built = both.open().phase1(approve=True)
    changes = [change for preview in built.gate.previews for change in preview.changes]
    made = [change.name for change in changes if change.type == TARGET_GROUP]
    assert made == ["ingest-new-plain"]
    both.open().phase2(approve=True)
    both.open().set_weight(20, approve=True)
    assert set(both.splits().values()) == {Split.at(Percent.of(20))}
    explained = both.open().traffic.explain(Request("GET", "/ingest/1"))
    assert [[share.function for share in each.shares] for each in explained] == [[None, "ingest-new"]] * 2
    both.open().rollback()
    assert set(both.splits().values()) == {LEGACY_ONLY}
    both.open().undo("phase2", approve=True)
    both.open().undo("phase1", approve=True)
    assert both.aws.group_named("ingest-new") is None


def test_a_load_balancer_is_the_same_by_its_name_and_by_its_arn(both: InMemoryTeam) -> None:
    arn = both.aws.load_balancers["shop-both"]
    both.edit('name = "shop-both"\nlistener-port = 80', f'arn = "{arn}"\nlistener-port = 80')
    both.open().phase1(approve=True)
    both.open().phase2(approve=True)
    assert not both.open().drift().problems
    both.edit("listener-port = 80", "listener-port = 443")
    done = both.run("status", "production")
    assert (done.returncode, "duplicate-listener" in done.stderr) == (2, True)
