"""A rollback of the rule before a default action keeps all but its weights, and never writes the default action."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.alb.extras import NO_EXTRAS, Extras
from rollout.alb.state import LiveRule
from rollout.alb.weights import ForwardAction
from rollout.fakes.world import World
from rollout.inventory.fields import LAST
from rollout.inventory.model import Environment, Route
from rollout.inventory.quotas import MAX_PRIORITY
from rollout.migration.rollback.last_good import keep, last_good
from tests.behaviour.test_extras import LOGIN, REWRITE, TOKEN, extras
from tests.unit.rollback.shop import ROUTES, SHOP, before_phase1, group

REST = Route(load_balancer="one", priority=LAST, legacy="old-a", candidate="new-one")
SITE: Environment = SHOP.model_copy(update={"routes": {**ROUTES, "rest": REST}})
WEIGHTS = st.tuples(st.integers(0, 999), st.integers(0, 999)).filter(any)
TAGS = st.dictionaries(st.text("abcdef", min_size=1), st.text("xyz/ "), max_size=3)
EXTRAS = st.sampled_from([NO_EXTRAS, extras(LOGIN), extras(TOKEN, REWRITE), extras(REWRITE)])


@cache
def cut_over() -> World:
    world = before_phase1()
    aws = world.aws(SITE)
    aws.set_default_action(aws.listener_of("one"), ForwardAction({group(world, "old-a"): 1}))
    world.open(SITE).phase1(approve=True)
    world.open(SITE).phase2(approve=True)
    return world


def rules(world: World) -> tuple[LiveRule, LiveRule]:
    """The rule and the default one behind it."""
    (*_, made, default) = world.aws(SITE).rules_of(world.aws(SITE).listener_of("one"))
    assert (made.priority, default.is_default) == (MAX_PRIORITY, True)
    return made, default


@pytest.mark.thorough
@settings(max_examples=30)
@given(WEIGHTS, TAGS, EXTRAS, EXTRAS, st.sampled_from(["old-a", "old-b", None]))
def test_all_but_the_weights_is_kept(
    weights: tuple[int, int], tags: dict[str, str], beside: Extras, by_default: Extras, behind: str | None
) -> None:
    world = cut_over().copy()
    aws, (made, default) = world.aws(SITE), rules(world)
    forward = ForwardAction(dict(zip((group(world, "old-a"), group(world, "new-one")), weights, strict=True)))
    aws.rules[made.arn] = replace(made, forward=forward, tags={**made.tags, **tags}, extras=beside)
    does = ForwardAction({group(world, behind): 1}) if behind else None
    aws.rules[default.arn] = replace(default, forward=does, extras=by_default)
    before = rules(world)
    world.open(SITE).rollback()
    now, then = rules(world)
    assert now.forward == ForwardAction({group(world, "old-a"): 1})
    assert {key: value for key, value in now.tags.items() if not key.startswith("rollout:rollback")} == before[0].tags
    assert (replace(now, forward=None, tags={}), then) == (replace(before[0], forward=None, tags={}), before[1])


def test_what_a_rollback_falls_back_on_still_knows_a_default_action(tmp_path: Path) -> None:
    world = cut_over().copy()
    live = world.actor().load_balancers(SITE).read(SITE)
    keep([tmp_path], SITE, live, world.clock.utc)
    found = last_good([tmp_path], SITE.name)
    assert found
    assert {name: route.is_default for name, route in found[0].environment.routes.items()}["rest"]
    assert found[0].rules["rest"] == rules(world)[0].arn
