"""A listener's default action as a route: its rule is made before it, moved, and deleted; the action is never written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from rollout.alb.extras import Extras
from rollout.alb.state import LiveRule
from rollout.alb.weights import ForwardAction
from rollout.errors import ConfigError, Drift, PolicyViolation, PreflightFailed
from rollout.fakes.world import World
from rollout.inventory.conditions import Request, for_endpoint
from rollout.inventory.marks import mark_of
from rollout.inventory.model import CANDIDATE_ONLY, LEGACY_ONLY, PREPARED, Arn, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.quotas import MAX_PRIORITY, RULES
from rollout.inventory.stacks import LEGACY, ROUTING
from rollout.state.plan import LISTENER_RULE, Op
from tests.behaviour.team import InMemoryTeam
from tests.behaviour.test_extras import LOGIN, TOKEN, extras
from tests.codes import raises

ROUTE = "stamp-score"
TEN = Split.at(Percent.of(10))
EVERYTHING = for_endpoint("/*", ())
OTHERS = ("ceramic-score", "embed-score")


def as_default(text: str) -> str:
    """An inventory whose route is the listener's default action, and not a rule."""
    return re.sub(r'(\[routes\.stamp-score\]\n.*\n)path = .*\nmethods = .*\npriority = .*\n', r'\1priority = "default"\n', text)


@pytest.fixture
def site(team: InMemoryTeam) -> InMemoryTeam:
    """A team one of whose functions gets what no rule takes; others' stacks hold the listener."""
    team.file.write_text(as_default(team.file.read_text()))
    team.world = World.legacy(team.inventory)
    default_of(team, ForwardAction({group(team, team.inventory.routes[ROUTE].legacy): 1}))
    return team


@pytest.fixture
def moved(site: InMemoryTeam) -> InMemoryTeam:
    """The same after phase 2, and at 10 %."""
    site.open().phase1(approve=True)
    site.open().phase2(approve=True)
    site.open().set_weight(10, approve=True)
    return site


def group(team: InMemoryTeam, name: str) -> Arn:
    found = team.aws.group_named(name)
    assert found
    return found.arn


def listener(team: InMemoryTeam) -> Arn:
    return team.aws.listener_of("passport-public")


def default_of(team: InMemoryTeam, forward: ForwardAction | None = None, action: str = "forward") -> None:
    team.aws.set_default_action(listener(team), forward, action)


def default(team: InMemoryTeam) -> LiveRule:
    (found,) = (r for r in team.aws.rules.values() if r.is_default and r.listener == listener(team))
    return found


def made(team: InMemoryTeam) -> LiveRule | None:
    return team.aws.rule_at("passport-public", MAX_PRIORITY)


def there(team: InMemoryTeam) -> LiveRule:
    found = made(team)
    assert found
    return found


def codes(team: InMemoryTeam) -> set[str]:
    return {problem.code for problem in team.open().preflight().problems}


def changes(team: InMemoryTeam) -> dict[str, list[str]]:
    """What was done to the listener and the rule before its default action."""
    return {
        call.action: [] for call in team.aws.log if call.resource == listener(team) or call.resource == there(team).arn
    }


def test_the_whole_way_and_back_never_writes_the_default_action(site: InMemoryTeam) -> None:
    team, before = site, default(site)
    assert not codes(team)
    team.open().phase1(approve=True)
    assert made(team) is None
    assert team.splits()[ROUTE] == LEGACY_ONLY

    gate = team.open().phase2(approve=True).gate
    ops = {change.name: change.op for preview in gate.previews if preview.stack == ROUTING for change in preview.changes}
    assert ops[ROUTE] is Op.CREATE
    assert any("default action" in warning for warning in gate.warnings)
    assert team.splits() == dict.fromkeys((ROUTE, *OTHERS), PREPARED)
    assert (there(team).asks, there(team).tags) == (EVERYTHING, mark_of(team.inventory, ROUTING).tags)
    assert not team.open().phase2(approve=True).changed
    assert team.open().status().next_step is None
    assert {route.owners for route in team.open().status().routes} == {("routing",)}

    assert team.open().set_weight(10, approve=True).changed
    assert set(team.splits().values()) == {TEN}
    team.open().drift().require()
    kept = there(team)
    assert team.open().rollback().reconciled
    assert set(team.splits().values()) == {LEGACY_ONLY}
    assert replace(there(team), forward=kept.forward, tags=kept.tags) == kept

    done = team.open().undo("phase2", approve=True)
    (routing,) = (preview for preview in done.gate.previews if preview.stack == ROUTING)
    assert {change.name: change.op for change in routing.changes} == {
        ROUTE: Op.DELETE,
        **dict.fromkeys(OTHERS, Op.RELEASE),
    }
    assert made(team) is None
    assert set(team.splits().values()) == {LEGACY_ONLY}
    assert {state.name for state in held(team, LEGACY)} >= set(OTHERS)
    assert not held(team, ROUTING)
    team.open().undo("phase1", approve=True)
    assert default(team) == before
    assert "ModifyListener" not in [call.action for call in team.aws.log[1:] if call.resource != listener(team)]


def held(team: InMemoryTeam, stack: str) -> list[LiveRule]:
    resources = team.world.actor().stacks(team.inventory).resources(stack) or ()
    return [state for state in resources if state.type == LISTENER_RULE]  # type: ignore[misc] # they have names, too
