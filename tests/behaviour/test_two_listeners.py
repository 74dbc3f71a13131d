"""The same rules on two listeners of one load balancer: one candidate group serves both, and weights go to both."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollout import Rollout
from rollout.alb.weights import ForwardAction
from rollout.errors import ConfigError, Drift, RollbackIncomplete
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


ONE_ROUTE = """
[routes.ingest]
load-balancer = "secure"
listeners = [80, 443]
path = "/ingest/*"
priority = 1
legacy = "ingest"
candidate = "ingest-new"
"""
TWO_ROUTES = INVENTORY[INVENTORY.index("[routes.ingest-80]") : INVENTORY.index("[environments")]


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


@pytest.fixture
def one(both: InMemoryTeam) -> InMemoryTeam:
    """The same as one route, whose load balancer has a table for one of its two listeners."""
    both.edit(TWO_ROUTES, ONE_ROUTE)
    both.edit('[load-balancers.plain]\nname = "shop-both"\nlistener-port = 80\n', "")
    both.edit("{ plain =", "{ secure =")
    return both


def at_half(team: InMemoryTeam) -> None:
    team.open().phase1(approve=True)
    team.open().phase2(approve=True)
    team.open().set_weight(50, approve=True)


def test_a_default_action_of_both_listeners_has_one_weight(one: InMemoryTeam) -> None:
    aws = one.aws
    for rule in [rule for rule in aws.rules.values() if not rule.is_default]:
        aws.delete_rule(rule.arn)
        aws.set_default_action(rule.listener, rule.forward)
    one.edit('path = "/ingest/*"\npriority = 1', 'priority = "default"')
    one.open().phase1(approve=True)
    gate = one.open().phase2(approve=True).gate
    assert not any("must release" in warning for warning in gate.warnings)
    one.open().set_weight(50, approve=True)
    assert set(one.splits().values()) == {Split.at(Percent.of(50))}
    one.open().rollback()
    one.open().undo("phase2", approve=True)
    assert all(rule.is_default for rule in aws.rules.values())


@pytest.mark.parametrize("name", ["ingest", "ingest-80"])
def test_a_route_of_two_listeners_has_one_weight(one: InMemoryTeam, name: str) -> None:
    assert not one.open().preflight().problems
    one.open().phase1(approve=True)
    one.open().phase2(approve=True)
    moved = one.open().set_weight(20, routes=[name], approve=True)
    assert [(line.route, line.after) for line in moved.gate.traffic] == [
        ("ingest-80", Split.at(Percent.of(20))),
        ("ingest-443", Split.at(Percent.of(20))),
    ]
    assert one.splits() == dict.fromkeys(["ingest-80", "ingest-443"], Split.at(Percent.of(20)))
    assert "route-weights = { ingest = 20 }" in one.file.read_text()
    assert not one.open().drift().problems
    one.open().rollback(routes=[name])
    assert set(one.splits().values()) == {LEGACY_ONLY}
    assert "route-weights = { ingest = 0 }" in one.file.read_text()
    one.open().undo("phase2", approve=True)
    one.open().undo("phase1", approve=True)
    assert one.aws.group_named("ingest-new") is None


def test_drift_says_which_listener_differs(one: InMemoryTeam) -> None:
    at_half(one)
    live = one.open().traffic.alb_state()
    plain = live.rule_of(one.inventory.routes["ingest-80"])
    assert plain
    one.aws.modify_rule(plain.arn, forward=ForwardAction({live.group_arn("ingest"): 1}))
    assert {problem.where for problem in one.open().drift().problems} == {"routes.ingest-80"}
    with pytest.raises(Drift) as drift:
        one.open().set_weight(60, approve=True)
    assert {problem.where for problem in drift.value.problems} == {"routes.ingest-80"}
    one.open().set_weight(60, approve=True, accept_live=True)
    assert set(one.splits().values()) == {Split.at(Percent.of(60))}


def test_each_listener_can_have_its_own_priority(one: InMemoryTeam) -> None:
    plain = one.open().traffic.alb_state().rule_of(one.inventory.routes["ingest-80"])
    assert plain
    one.aws.set_rule_priority(plain.arn, 7)
    done = one.run("preflight", "production")
    assert "priority 7, not 1" in done.stdout
    one.edit("listeners = [80, 443]\n", "")
    one.edit("priority = 1\n", "priority = { 80 = 7, 443 = 1 }\n")
    at_half(one)
    assert {name: route.priority for name, route in one.inventory.routes.items()} == {"ingest-80": 7, "ingest-443": 1}
    assert set(one.splits().values()) == {Split.at(Percent.of(50))}


def test_two_routes_that_become_one_stay_managed(both: InMemoryTeam) -> None:
    at_half(both)
    both.edit(TWO_ROUTES, ONE_ROUTE)
    assert not both.open().drift().problems
    both.open().set_weight(60, approve=True)
    assert set(both.splits().values()) == {Split.at(Percent.of(60))}


def test_a_sample_is_for_each_listener(one: InMemoryTeam) -> None:
    one.open().phase1(approve=True)
    samples = one.folder / "samples"
    samples.mkdir()
    (samples / "ingest.json").write_text('{"request": {"method": "POST", "path": "/ingest/1"}}')
    report = one.open().smoke(samples=samples)
    assert [(each.route, each.request) for each in report.routes] == [
        ("ingest-80", "POST /ingest/1"),
        ("ingest-443", "POST /ingest/1"),
    ]


@pytest.mark.parametrize(
    ("listeners", "priority", "code"),
    [
        ("[80, 443]", "{ 80 = 1, 443 = 1 }", "conflicting-keys"),
        ("[80, 80]", "1", "invalid-value"),
        ("[0]", "1", "invalid-value"),
        ('["80"]', "1", "wrong-type"),
        ("80", "1", "wrong-type"),
        ("[]", "{}", "empty-value"),
        ("[]", "{ http = 1 }", "invalid-value"),
        ("[]", "{ 80 = 0 }", "invalid-value"),
    ],
)
def test_listeners_that_make_no_sense_are_refused(one: InMemoryTeam, listeners: str, priority: str, code: str) -> None:
    one.edit("listeners = [80, 443]", f"listeners = {listeners}")
    one.edit("priority = 1\n", f"priority = {priority}\n")
    done = one.run("status", "production")
    assert (done.returncode, f"({code})" in done.stderr or code in done.stderr) == (2, True), done.stderr


def test_a_clash_on_one_of_the_listeners_is_found_at_the_route(both: InMemoryTeam) -> None:
    both.edit("[routes.ingest-443]", ONE_ROUTE.replace("ingest]", "all]") + "[routes.ingest-443]")
    with pytest.raises(ConfigError) as refused:
        both.open()
    assert {(problem.code, (problem.where or "").partition(": ")[2]) for problem in refused.value.problems} == {
        ("duplicate-priority", "routes.all.priority"),
        ("duplicate-endpoint", "routes.all.path"),
        ("duplicate-priority", "routes.ingest-443.priority"),
        ("duplicate-endpoint", "routes.ingest-443.path"),
    }
    both.edit("routes.all]", "routes.ingest]")
    with pytest.raises(ConfigError) as refused:
        both.open()
    assert "invalid-name" in {problem.code for problem in refused.value.problems}


def test_the_default_actions_of_both_listeners_are_one_route(one: InMemoryTeam) -> None:
    group = one.aws.group_named("ingest")
    assert group
    for listener in one.open().traffic.alb_state().listeners.values():
        for rule in one.aws.rules_of(listener)[:-1]:
            one.aws.delete_rule(rule.arn)
        one.aws.set_default_action(listener, ForwardAction({group.arn: 1}))
    one.edit('path = "/ingest/*"\npriority = 1', 'priority = "default"')
    at_half(one)
    assert one.splits() == dict.fromkeys(["ingest-80", "ingest-443"], Split.at(Percent.of(50)))
    one.open().rollback()
    assert set(one.splits().values()) == {LEGACY_ONLY}


def test_a_rollback_that_one_listener_refuses_names_that_one(one: InMemoryTeam) -> None:
    at_half(one)
    plain = one.open().traffic.alb_state().rule_of(one.inventory.routes["ingest-80"])
    assert plain
    one.meets.refuse("ModifyRule", plain.arn, times=None)
    with pytest.raises(RollbackIncomplete) as left:
        one.open().rollback()
    assert {problem.where for problem in left.value.problems} == {"routes.ingest-80"}
    assert one.splits()["ingest-443"] == LEGACY_ONLY
    one.meets.forget_orders()
    one.open().rollback(routes=["ingest"])
    assert set(one.splits().values()) == {LEGACY_ONLY}


ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/app/shop-both/0123456789abcdef"


@pytest.mark.parametrize("names", ["", f'name = "shop-both"\narn = "{ARN}"\n'])
def test_what_is_wrong_with_a_load_balancer_is_told_once_by_its_name_in_the_file(one: InMemoryTeam, names: str) -> None:
    one.edit("listeners = [80, 443]", "listeners = [443, 8080, 8443]")
    one.edit('[load-balancers.secure]\nname = "shop-both"\n', f"[load-balancers.secure]\n{names}")
    with pytest.raises(ConfigError) as refused:
        one.open()
    wheres = [(problem.where or "").partition(": ")[2] for problem in refused.value.problems]
    assert wheres.count("load-balancers.secure") == 1
    assert not any(":" in where for where in wheres)
