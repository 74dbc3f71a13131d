"""The cutover under traffic: requests on all routes, kept ones too, from before phase 1 to after a rollback."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise

import pytest

from rollout import Event, Rollout
from rollout.inventory.quantities import Percent
from rollout.migration import events
from rollout_sandbox.load import Answer, Load, Verdict, binomial_interval, by_route, endpoints_of, tally
from tests.conftest import Team
from tests.sandbox.tenant import method, path, weighted

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]  # long, so begun early

RATE = 100


@contextmanager
def traffic_of(team: Team) -> Iterator[Load]:
    endpoints = endpoints_of(team.open().inventory, team.aws)
    with Load(endpoints, RATE, users=20, visits=200) as load:
        load.wait(RATE)
        yield load


@pytest.fixture
def traffic(legacy: Team) -> Iterator[Load]:
    with traffic_of(legacy) as load:
        yield load


def between(answers: Iterable[Answer], since: timedelta, until: timedelta = timedelta.max) -> list[Answer]:
    return [answer for answer in answers if since <= answer.started and answer.ended <= until]


def strays(answers: Iterable[Answer]) -> list[tuple[Answer, Answer]]:
    """Where a user's cookie was not gone by: one from the candidate holds on all routes, one from legacy on its own."""
    users: defaultdict[tuple[int, str], list[Answer]] = defaultdict(list)
    for answer in sorted(answers, key=lambda answer: answer.started):
        if answer.user is not None and answer.endpoint.candidate:
            users[answer.user, answer.endpoint.load_balancer].append(answer)
    return [
        (one, then)
        for theirs in users.values()
        for one, then in pairwise(theirs)
        if (one.on_candidate or one.endpoint == then.endpoint) and one.on_candidate != then.on_candidate
    ]


def test_no_request_is_lost_or_astray_from_phase_1_to_a_rollback(legacy: Team, traffic: Load) -> None:
    legacy.open().phase1(approve=True)
    legacy.open().phase2(approve=True)
    prepared = traffic.now
    traffic.wait(RATE)
    legacy.open().phase3(approve=True)
    raised = traffic.now
    steady: dict[Percent, list[Answer]] = {}
    for weight in (Percent.of(10), Percent.of(50)):
        legacy.open().set_weight(weight, approve=True)
        since = traffic.now
        traffic.wait(6 * RATE)
        steady[weight] = between(traffic.answers, since, traffic.now)
    falling, back = traffic.now, timedelta.max

    def listen(event: Event) -> None:
        nonlocal back
        if isinstance(event, events.RouteRolledBack):
            back = traffic.now

    target = Rollout.load(legacy.file, sandbox=legacy.aws, on_event=listen).environment("production")
    assert target.rollback().reconciled
    traffic.wait(2 * RATE)
    answers = traffic.answers

    assert [answer for answer in answers if answer.verdict is not Verdict.FINE] == []
    assert set(by_route(answers)["stamp-score-history"].by) == {"targetGroupRegistry"}

    assert not any(answer.on_candidate for answer in between(answers, timedelta(0), raised))
    for weight, theirs in steady.items():
        found = tally(theirs)
        assert found.fresh > RATE
        assert found.fresh_on_candidate in binomial_interval(found.fresh, weight), weight

    kept = between(answers, prepared, falling)
    assert sum(answer.cookie and answer.on_candidate for answer in kept) > RATE  # so that there is something to stray
    assert strays(kept) == []

    after = between(answers, back)
    assert any(answer.cookie for answer in after)
    assert [answer for answer in after if answer.on_candidate] == []


def test_the_naive_way_loses_requests_and_this_traffic_shows_it(built: Team) -> None:
    live, elb = built.open().traffic.alb_state(), built.aws.client("elbv2", built.account, "us-west-2")
    with traffic_of(built) as traffic:
        for route in built.open().inventory.routes.values():
            rule = live.rule_of(route)
            assert rule is not None
            elb.delete_rule(RuleArn=rule.arn)
            traffic.wait(RATE // 4)  # on AWS the gap is as long as the next call takes, or the next update
            elb.create_rule(
                ListenerArn=rule.listener,
                Priority=rule.priority,
                Conditions=[path(*route.path), method(*route.methods)],
                Actions=weighted({live.group_arn(route.legacy): 100, live.group_arn(route.candidate): 0}),
            )
        since = traffic.now
        traffic.wait(RATE)

    bad = {answer.endpoint.route for answer in traffic.answers if answer.verdict is not Verdict.FINE}
    assert bad == set(built.open().inventory.routes)
    assert tally(between(traffic.answers, since)).wrong == 0


def test_the_command_tells_who_answered_and_fails_where_nobody_did(legacy: Team) -> None:
    load = ("sandbox", "load", "production", "--rate", "100", "--for", "1s", "--json")
    done = legacy.run(*load)
    assert done.returncode == 0, done.stderr
    (told,) = map(json.loads, done.stdout.splitlines())
    assert set(told["routes"]) == {*legacy.open().inventory.routes, *legacy.open().inventory.kept_routes}
    assert set(told["routes"]["stamp-score"]["by"]) == {"passport-v2-stamp-score"}

    legacy.aws.client("elbv2", legacy.account, "us-west-2").delete_rule(RuleArn=legacy.rules()["stamp-score"])
    done = legacy.run(*load)
    assert done.returncode == 1
    told, failed = map(json.loads, done.stdout.splitlines())
    assert told["routes"]["stamp-score"]["wrong"] == told["routes"]["stamp-score"]["requests"] > 0
    assert "wrong answer" in failed["what"]
