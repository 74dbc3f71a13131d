"""Requests to every route of the whole inventory through phases 1 to 3, weights and a rollback; then the naive way.

`python benchmarks/traffic.py 20000` sends 20,000 requests instead of 100,000. The naive way deletes each rule and makes
it anew, by bare calls in a row, which here take milliseconds and on AWS a good part of a second.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from side_by_side import Checkout, seeded

from rollout import Event
from rollout.inventory.quantities import Percent
from rollout.migration import events
from rollout_sandbox.load import Answer, Load, Verdict, binomial_interval, endpoints_of, tally

REQUESTS = int(sys.argv[1]) if sys.argv[1:] else 100_000
RATE, USERS, VISITS = 200, 100, 400
FINE = Verdict.FINE
WEIGHTS = (10, 25, 50, 10)
ROW = "{:<34}{:>9}{:>6}{:>7}  {:<18}{}"


def row(name: str, weight: Percent | None, answers: list[Answer], settled: timedelta) -> str:
    """A step's line: all its requests, and where new clients came once it was done."""
    found, fresh = tally(answers), tally(answer for answer in answers if answer.started >= settled)
    share = fair = ""
    if weight is not None and fresh.fresh:
        interval = binomial_interval(fresh.fresh, weight)
        share = f"{fresh.fresh_on_candidate / fresh.fresh:.2%} of {fresh.fresh:,}"
        fair = f"{interval.start / fresh.fresh:.2%} to {(interval.stop - 1) / fresh.fresh:.2%}"
    return ROW.format(name, f"{found.requests:,}", found.lost, found.wrong, share, fair)


def naive(checkout: Checkout, *, all_first: bool) -> None:
    """Delete rules and make them anew: one after the other, or all of them first."""
    target = checkout.open()
    elb = checkout.sandbox.client("elbv2", target.inventory.account, target.inventory.region)
    live = target.traffic.alb_state()
    makings: list[Callable[[], Any]] = []
    for route in target.inventory.routes.values():
        rule = live.rule_of(route)
        assert rule is not None  # noqa: S101 - for mypy
        (told,) = elb.describe_rules(RuleArns=[rule.arn])["Rules"]
        conditions = [{key: of[key] for key in of if key != "Values"} for of in told["Conditions"]]
        actions = [{"Type": "forward", "TargetGroupArn": live.group_arn(route.legacy)}]
        elb.delete_rule(RuleArn=rule.arn)
        making = partial(elb.create_rule, ListenerArn=rule.listener, Priority=rule.priority)
        makings.append(partial(making, Conditions=conditions, Actions=actions))
        if not all_first:
            makings.pop()()
    for make in makings:
        make()


with seeded() as checkout:
    back = timedelta.max

    def listen(event: Event) -> None:
        """Note when the last route was read back."""
        global back  # noqa: PLW0603 - a script's
        if isinstance(event, events.RouteRolledBack):
            back = traffic.now

    def rollback() -> None:
        """All the way."""
        checkout.open(listen).rollback(save=False)

    def weigh(percent: int) -> Callable[[], object]:
        """Set all routes' weight."""
        return lambda: checkout.open().set_weight(percent, approve=True, save=False)

    zero = Percent(0)
    acts: list[tuple[str, Percent | None, Callable[[], object]]] = [
        ("legacy alone", zero, lambda: None),
        ("phase1", zero, lambda: checkout.open().phase1(approve=True)),
        ("phase2", zero, lambda: checkout.open().phase2(approve=True)),
        ("phase3", zero, lambda: checkout.open().phase3(approve=True)),
        *((f"weight {percent}", Percent.of(percent), weigh(percent)) for percent in WEIGHTS),
        ("rollback", zero, rollback),
    ]
    ways: list[tuple[str, Percent | None, Callable[[], object]]] = [
        ("naive: delete, create, rule by rule", None, lambda: naive(checkout, all_first=False)),
        ("naive: delete all, create all", None, lambda: naive(checkout, all_first=True)),
    ]
    endpoints = endpoints_of(checkout.open().inventory, checkout.sandbox)
    print(ROW.format("step", "requests", "lost", "wrong", "new: candidate", "fair for that weight"), flush=True)
    ours: list[Answer] = []
    counted = 0
    with Load(endpoints, RATE, users=USERS, visits=VISITS) as traffic:
        for number, (name, weight, act) in enumerate([*acts, *ways], 1):
            act()
            settled = back if act is rollback else traffic.now
            due = REQUESTS * min(number, len(acts)) // len(acts) - len(traffic.answers)
            traffic.wait(max(REQUESTS // 20, due) if weight is not None else RATE)
            answers = list(traffic.answers[counted:])
            counted += len(answers)
            print(row(name, weight, answers, settled), flush=True)
            why = Counter(f"HTTP {a.status} by {a.by or 'nobody'} {a.error}" for a in answers if a.verdict is not FINE)
            for what, count in why.items():
                print(f"    {count} {what}", flush=True)
            if weight is not None:
                ours += answers
            if act is rollback:
                stuck = sum(answer.on_candidate for answer in ours if answer.started >= back)
                print(f"on the candidate after the rollback's read-back, cookies or not: {stuck}", flush=True)
    found = tally(ours)
    print(f"{found.requests:,} requests over phases, weights and a rollback: {found.lost} lost, {found.wrong} wrong")
