"""Routes whose rules ask for more than a path: adopted, weighted and taken back with every condition as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rollout.alb.weights import ForwardAction
from rollout.fakes.world import World
from rollout.inventory.conditions import Condition, ConditionField, Conditions, for_endpoint, meaning_of
from rollout.inventory.model import Arn
from rollout.state.plan import ResourceState
from tests.behaviour.conftest import made_team
from tests.behaviour.team import InMemoryTeam

SECRET = "s3cr3t-of-the-cdn"
CDN = Condition.on_header("X-Origin-Verify", [SECRET])
HOST = Condition(ConditionField.HOST, ("api.example.com", "*.example.com"))
PATHS = Condition(ConditionField.PATH, ("/login", "/login/*"))
QUERY = Condition(ConditionField.QUERY, ("version=2", "=beta"))
SOURCE = Condition(ConditionField.SOURCE, ("10.0.0.0/8",))
REGEX = Condition(ConditionField.HOST, (r"^api-\d+\.example\.com$",), regex=True)
MATCH = """match = [
    { source-ip = "10.0.0.0/8", host = ["*.example.com", "API.example.com"], path = "/score" }, { methods = ["POST"] },
]"""
ASKED: dict[str, tuple[Conditions, str]] = {
    "stamp-score": ((PATHS, CDN), 'match = "as-is"'),
    "ceramic-score": (
        (HOST, SOURCE, *for_endpoint("/score", ("POST",))),
        MATCH,
    ),
    "embed-score": ((QUERY, REGEX), f"match = {{ host-regex = '{REGEX.values[0]}', query = ['version=2', 'beta'] }}"),
}


@pytest.fixture
def rich(checkout: Path) -> InMemoryTeam:
    """A team whose three rules ask for things of all kinds, and that nobody of ours holds."""
    team = made_team(checkout, World.landscape)
    text = team.file.read_text().replace('legacy = "programs.legacy:program"\n', "")
    for name, (_, said) in ASKED.items():
        head, found, rest = text.partition(f"[routes.{name}]\n")
        lines = rest.split("\n")
        kept = [line for line in lines[: lines.index("")] if not line.startswith(("path", "methods"))]
        text = "\n".join([head + found.rstrip("\n"), said, *kept, *lines[lines.index("") :]])
    team.file.write_text(text)
    aws = team.aws
    for name, route in team.inventory.routes.items():
        group = aws.create_answering_group(route.legacy)
        listener = aws.listener_of(team.inventory.load_balancers[route.load_balancer].name or "")
        aws.create_rule(listener, route.priority, ASKED[name][0], ForwardAction({group: 1}))
    for kept_route in team.inventory.kept_routes.values():
        listener = aws.listener_of(team.inventory.load_balancers[kept_route.load_balancer].name or "")
        there = aws.group_named(kept_route.legacy)
        forward = ForwardAction({there.arn if there else aws.create_answering_group(kept_route.legacy): 1})
        aws.create_rule(listener, kept_route.priority, kept_route.rule_conditions or (), forward)
    return team


def asks(team: InMemoryTeam) -> dict[str, Conditions]:
    live = team.open().traffic.alb_state()
    return {name: rule.asks for name, route in team.inventory.routes.items() if (rule := live.rule_of(route))}


def done(team: InMemoryTeam, *arguments: str) -> str:
    result = team.run(*arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def cut_over(team: InMemoryTeam) -> str:
    return "".join(done(team, phase, "production", "--yes") for phase in ("phase1", "phase2"))


def test_every_condition_stays_through_adoption_weights_and_rollback_and_no_header_is_shown(
    rich: InMemoryTeam,
) -> None:
    before = asks(rich)
    said = done(rich, "preflight", "production") + cut_over(rich)
    said += done(rich, "weight", "production", "50", "--yes") + done(rich, "status", "production")
    said += done(rich, "drift", "production") + done(rich, "rollback", "production", "--yes")
    said += done(rich, "undo", "phase2", "production", "--yes") + done(rich, "history", "production", "--json")
    assert asks(rich) == before == {name: conditions for name, (conditions, _) in ASKED.items()}
    assert "/login|/login/*" in said
    assert SECRET not in said


def test_neither_files_nor_states_nor_events_have_a_headers_value(rich: InMemoryTeam) -> None:
    cut_over(rich)
    rich.open().set_weight(50, approve=True)
    assert any("rollout:index:WeightedRule" in each.type for each in held(rich))
    kept = [repr(rich.events), *(json.dumps([dict(each.inputs), dict(each.outputs)]) for each in held(rich))]
    kept += [file.read_text("utf-8", "replace") for file in rich.folder.rglob("*") if file.is_file()]
    assert not [each for each in kept if SECRET in each]


def held(team: InMemoryTeam) -> list[ResourceState]:
    states = team.world.actor().stacks(team.inventory)
    return [each for stack in ("candidate", "routing") for each in states.resources(stack) or ()]


def changed(team: InMemoryTeam, route: str, change: Callable[[Condition], Condition]) -> None:
    rule = team.open().traffic.alb_state().rule_of(team.inventory.routes[route])
    assert rule is not None
    team.aws.modify_rule(Arn(rule.arn), asks=tuple(map(change, rule.asks)))


@pytest.mark.parametrize(
    "now",
    [Condition(ConditionField.PATH, ("/login", "/signin")), Condition.on_header("X-Origin-Verify", ["rotated"])],
    ids=["path", "header"],
)
def test_an_as_is_rule_that_somebody_changed_is_drift_that_can_be_adopted(rich: InMemoryTeam, now: Condition) -> None:
    cut_over(rich)
    done(rich, "drift", "production")
    changed(rich, "stamp-score", lambda condition: now if condition.field == now.field else condition)
    found = rich.run("drift", "production", "--json")
    assert found.returncode == 7
    report = json.loads(found.stdout.splitlines()[0])
    codes = {route["route"]: [each["code"] for each in route["problems"]] for route in report["routes"]}
    assert codes == {"stamp-score": ["conditions-changed"], "ceramic-score": [], "embed-score": []}
    assert rich.run("weight", "production", "10", "--yes").returncode == 7
    done(rich, "drift", "production", "--adopt", "--yes")
    done(rich, "drift", "production")
    done(rich, "weight", "production", "10", "--yes")
    assert now in asks(rich)["stamp-score"]


@pytest.mark.parametrize("is_taken", [False, True])
def test_an_as_is_rule_that_somebody_renumbered_is_found_by_what_the_state_holds(
    rich: InMemoryTeam, *, is_taken: bool
) -> None:
    cut_over(rich)
    route, live = rich.inventory.routes["stamp-score"], rich.open().traffic.alb_state()
    rule = live.rule_of(route)
    assert rule is not None
    rich.aws.set_rule_priority(rule.arn, 77)
    if is_taken:
        group = live.group_arn(route.legacy)
        rich.aws.create_rule(rule.listener, route.priority, for_endpoint("/other", ()), ForwardAction({group: 1}))
    for command in (("drift", "production"), ("weight", "production", "10", "--yes")):
        refused = rich.run(*command)
        said = " ".join((refused.stdout + refused.stderr).split())
        assert refused.returncode != 0
        assert "rule-renumbered" in said
        assert "set priority = 77 in the inventory" in said
    rich.edit(f"priority = {route.priority}\n", "priority = 77\n")
    done(rich, "weight", "production", "10", "--yes")


def test_a_rule_that_the_file_describes_and_somebody_changed_is_told_with_what_to_write(rich: InMemoryTeam) -> None:
    cut_over(rich)
    other = Condition(ConditionField.HOST, ("www.example.com",))
    changed(rich, "ceramic-score", lambda condition: other if condition == HOST else condition)
    found = rich.run("preflight", "production")
    assert found.returncode != 0
    told = 'match = { host = "www.example.com", source-ip = "10.0.0.0/8", methods = ["POST"], path = "/score" }'
    assert told in " ".join((found.stdout + found.stderr).split())
    rich.edit(ASKED["ceramic-score"][1], told)
    done(rich, "weight", "production", "10", "--yes")


def test_a_header_rule_asks_for_all_that_its_route_does_and_for_the_header(rich: InMemoryTeam) -> None:
    cut_over(rich)
    rich.file.write_text(rich.file.read_text() + "\n[header-override]\npriority-base = 100\n")
    said = done(rich, "override", "production", "--yes")
    live = rich.open().traffic.alb_state()
    headed = [rule.asks for rule in live.rules if any(c.name == "X-Rollout" for c in rule.headers)]
    mine = Condition.on_header("X-Rollout", ["candidate"])
    score = (SOURCE, *for_endpoint("/score", ("POST",)))
    by_host = [(replace(HOST, values=(host,)), *score) for host in HOST.values]  # a rule has five values at most
    assert {meaning_of(each) for each in headed} == {
        meaning_of((*asked, mine)) for asked in [(PATHS, CDN), *by_host, (QUERY, REGEX)]
    }
    assert SECRET not in said
    done(rich, "drift", "production")
    done(rich, "override", "production", "--remove", "--yes")
    assert asks(rich)["stamp-score"] == ASKED["stamp-score"][0]


def test_a_legacy_program_of_ours_keeps_what_an_as_is_rule_asks(checkout: Path) -> None:
    team = made_team(checkout, World.legacy)
    before = asks(team)
    team.edit('path = "/v2/stamps/*/score/*"\nmethods = ["GET"]\npriority = 2023', 'match = "as-is"\npriority = 2023')
    cut_over(team)
    done(team, "weight", "production", "10", "--yes")
    done(team, "rollback", "production", "--yes")
    done(team, "undo", "phase2", "production", "--yes")
    assert asks(team) == before
    done(team, "drift", "production")


def test_explain_reads_all_kinds_of_conditions(rich: InMemoryTeam) -> None:
    told = json.loads(
        done(rich, "explain", "GET", "/login/x", "production", "--header", f"x-origin-verify: {SECRET}", "--json")
    )
    assert SECRET not in json.dumps(told)
    assert "routes.stamp-score" in json.dumps(told)
