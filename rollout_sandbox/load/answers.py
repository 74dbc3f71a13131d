"""The answer of each request, and their totals. Pure.

A request is *lost* if it got no answer, or a 5xx. It is *wrong* if somebody answered who doesn't serve its route, or
answered something else than was asked: the load balancer's own 404 too, as where a rule is missing. One that a rule
before the route's own has taken is neither: that is how the rules are, and only counted as *others'*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from itertools import accumulate
from math import exp, lgamma, log, log1p

from rollout.inventory.quantities import ALL_TENTHS, WHOLE, ZERO, Percent

SERVER_ERRORS = 500


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A request, and the functions that may answer it.

    Attributes:
        route: Its name in the inventory.
        load_balancer: The load balancer's name; a user's cookies are kept for each.
        url: Where it listens, without the path: `http://127.0.0.1:PORT`.
        method: The HTTP method.
        path: A pattern; a word stands for each of its wildcards in a request.
        legacy: Who answers today.
        candidate: Who may answer from phase 3 on; None for a route that is kept.
        others: Who answers for rules that have a higher precedence and may take such a request; empty for the load
            balancer itself.
    """

    route: str
    load_balancer: str
    url: str
    method: str
    path: str
    legacy: str
    candidate: str | None = None
    others: frozenset[str] = frozenset()
    query: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def answerers(self) -> frozenset[str]:
        """Who may answer."""
        return frozenset(filter(None, (self.legacy, self.candidate)))


class Verdict(StrEnum):
    """What an answer is."""

    FINE = "fine"
    LOST = "lost"
    WRONG = "wrong"
    OTHERS = "others'"


def judge(endpoint: Endpoint, status: int, by: str, *, echoed: bool = True) -> Verdict:
    """What an answer is.

    Args:
        endpoint: What was asked for.
        status: The HTTP status; 0 where there is no answer.
        by: Who says to have answered.
        echoed: Whether the answer was to this very request, as far as it says.
    """
    if not 0 < status < SERVER_ERRORS:
        return Verdict.LOST
    if by in endpoint.answerers and echoed:
        return Verdict.FINE
    return Verdict.OTHERS if by in endpoint.others and (echoed or not by) else Verdict.WRONG


@dataclass(frozen=True, slots=True)
class Answer:
    """One request and its answer.

    Attributes:
        endpoint: What was asked for.
        user: Who asked, from 1 on; None for somebody who keeps no cookies and never comes again.
        started: When, since the load began.
        latency: Until the answer, or until it was given up.
        status: The HTTP status; 0 where there is no answer.
        by: Who answered; empty where nobody said.
        cookie: Whether it was sent with a load balancer's stickiness cookie.
        verdict: What it is.
        error: Why there is no answer.
    """

    endpoint: Endpoint
    user: int | None
    started: timedelta
    latency: timedelta
    status: int
    by: str
    cookie: bool
    verdict: Verdict
    error: str = ""

    @property
    def on_candidate(self) -> bool:
        """Whether the candidate answered."""
        return self.by == self.endpoint.candidate

    @property
    def ended(self) -> timedelta:
        """When it was answered, since the load began."""
        return self.started + self.latency


@dataclass(slots=True)
class Tally:
    """The totals of answers.

    Attributes:
        requests: How many were sent.
        lost: How many of them were lost.
        wrong: How many were answered wrongly.
        others: How many a rule before the route's own has taken.
        statuses: How many by HTTP status; 0 where there is no answer.
        by: How many by who answered; empty where nobody said.
        fresh: How many came without a cookie on routes that have a candidate: those that weights divide.
        fresh_on_candidate: How many of those the candidate answered.
    """

    requests: int = 0
    lost: int = 0
    wrong: int = 0
    others: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    by: Counter[str] = field(default_factory=Counter)
    fresh: int = 0
    fresh_on_candidate: int = 0

    def add(self, answer: Answer) -> None:
        """Count one more."""
        self.requests += 1
        self.lost += answer.verdict is Verdict.LOST
        self.wrong += answer.verdict is Verdict.WRONG
        self.others += answer.verdict is Verdict.OTHERS
        self.statuses[answer.status] += 1
        self.by[answer.by] += 1
        taken = answer.verdict is Verdict.OTHERS
        if answer.endpoint.candidate is not None and not answer.cookie and not taken:
            self.fresh += 1
            self.fresh_on_candidate += answer.on_candidate


def tally(answers: Iterable[Answer]) -> Tally:
    """What answers come to, all routes together."""
    found = Tally()
    for answer in answers:
        found.add(answer)
    return found


def by_route(answers: Iterable[Answer]) -> dict[str, Tally]:
    """What answers come to, by route."""
    found: dict[str, Tally] = {}
    for answer in answers:
        found.setdefault(answer.endpoint.route, Tally()).add(answer)
    return found


def binomial_interval(trials: int, share: Percent, outside: float = 1e-6) -> range:
    """How many of so many trials may come out for a share, exactly.

    Args:
        trials: How many, 1 or more.
        share: The chance of each.
        outside: The chance to be outside the interval although all is well, above 0 and below 1.
    """
    if share in (ZERO, WHOLE):
        sure = trials * share.tenths // ALL_TENTHS
        return range(sure, sure + 1)
    chance = share.share

    def likelihood(count: int) -> float:
        ways = lgamma(trials + 1) - lgamma(count + 1) - lgamma(trials - count + 1)
        return exp(ways + count * log(chance) + (trials - count) * log1p(-chance))

    def bound(counts: range) -> int:
        tail = accumulate(map(likelihood, counts))
        return next(count for count, so_far in zip(counts, tail, strict=True) if so_far > outside / 2)

    return range(bound(range(trials + 1)), bound(range(trials, -1, -1)) + 1)
