"""What target groups of others bring with them, and what another kind of target changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from rollout.alb.state import AlbState, LiveTargetGroup
from rollout.inventory.fields import ExistingGroup
from rollout.inventory.model import Environment
from rollout.inventory.settings import Stickiness
from rollout.migration.checks.kinds import ill, kind_warnings, misfits
from tests.unit.builders import CANDIDATE, LEGACY, LEGACY_FORWARD, environment, live

LAMBDA = LiveTargetGroup(LEGACY, "old", "lambda")
HTTP = LiveTargetGroup(CANDIDATE, "new", "ip", protocol="HTTP", version="HTTP1", vpc="vpc-1")
STICKY = {"stickiness.enabled": "true", "stickiness.type": "lb_cookie"}


def theirs() -> Environment:
    """Whose candidates are all of others."""
    given = environment()
    routes = {
        name: route.model_copy(update={"candidate": ExistingGroup(route.candidate)})
        for name, route in given.routes.items()
    }
    return given.model_copy(update={"routes": routes})


def at(old: LiveTargetGroup, new: LiveTargetGroup | None) -> AlbState:
    groups = {"old": replace(old, arn=LEGACY)} | ({"new": replace(new, arn=CANDIDATE)} if new else {})
    return replace(live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD}), target_groups=groups)


@pytest.mark.parametrize(
    ("states", "why"),
    [
        (("healthy", "unhealthy"), None),
        (("unhealthy", "unhealthy", "initial"), "has no healthy target: 1 initial, 2 unhealthy"),
        (("initial",), "has no healthy target: 1 initial"),
        (("unused", "unused"), None),
        (("unavailable",), None),
        ((), None),
    ],
)
def test_a_group_is_ill_where_aws_says_so_of_all_its_targets(states: tuple[str, ...], why: str | None) -> None:
    assert ill(states) == why


@pytest.mark.parametrize(
    ("group", "own", "enabled", "codes"),
    [
        (HTTP, {}, True, []),
        (replace(HTTP, protocol="HTTPS"), STICKY, True, []),
        (HTTP, STICKY, False, ["group-sticky"]),
        (HTTP, STICKY | {"stickiness.type": "app_cookie"}, True, ["group-sticky"]),
        (HTTP, STICKY | {"stickiness.enabled": "false"}, False, []),
        (replace(HTTP, vpc="vpc-2", protocol="TLS"), {}, True, ["wrong-protocol", "other-vpc"]),
        (LAMBDA, {}, True, []),
    ],
)
def test_what_does_not_fit_is_told(
    group: LiveTargetGroup, own: Mapping[str, str], codes: list[str], *, enabled: bool
) -> None:
    given = environment(stickiness=Stickiness(enabled=enabled))
    assert [problem.code for problem in misfits(given, group, own, "vpc-1", "here")] == codes
    assert "other-vpc" not in {problem.code for problem in misfits(given, group, own, "", "here")}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (LAMBDA, LAMBDA, None),
        (LAMBDA, HTTP, "from lambda to HTTP1"),
        (HTTP, LAMBDA, "from HTTP1 to lambda"),
        (HTTP, replace(HTTP, target_type="instance"), None),
        (HTTP, replace(HTTP, version="GRPC"), "from HTTP1 to GRPC"),
    ],
)
def test_a_change_of_kind_is_told_once_with_its_routes(
    old: LiveTargetGroup, new: LiveTargetGroup, said: str | None
) -> None:
    told = list(kind_warnings(theirs(), at(old, new), {}, {}))
    assert len(told) == (said is not None)
    assert all(f"score, bulk: {said}" in text for text in told)


def test_before_phase_1_a_built_candidate_is_a_lambda_to_be() -> None:
    assert "from HTTP1 to lambda" in next(kind_warnings(environment(), at(HTTP, None), {}, {}))
    assert list(kind_warnings(theirs(), at(HTTP, None), {}, {})) == []
    assert list(kind_warnings(environment(), at(LAMBDA, None), {}, {})) == []


def test_what_a_group_of_others_does_of_its_own_is_told() -> None:
    own = STICKY | {"slow_start.duration_seconds": "60", "deregistration_delay.timeout_seconds": "0"}
    usual = {"slow_start.duration_seconds": "0", "deregistration_delay.timeout_seconds": "300"}
    said = list(kind_warnings(theirs(), at(HTTP, HTTP), {CANDIDATE: own}, {CANDIDATE: ("unused",)}))
    assert [word for word in ("health", "stickiness", "60 s", "delay") if not any(word in text for text in said)] == []
    assert list(kind_warnings(theirs(), at(HTTP, HTTP), {CANDIDATE: usual}, {CANDIDATE: ("healthy",)})) == []
    assert list(kind_warnings(environment(), at(HTTP, HTTP), {CANDIDATE: own}, {})) == []
