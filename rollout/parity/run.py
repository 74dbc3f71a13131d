"""Asks both functions of each route, side by side, and compares what they answer.

Legacy is asked twice, for what it has as noise with itself; every other request asks the candidate first. There are
few invocations at once, and so many a second: this is live code, though no client's request.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from rollout.alb.alb_event import added_headers, event
from rollout.base.clock import Clock
from rollout.errors import AwsError
from rollout.inventory.parity import Replay, RouteParity
from rollout.parity.answer import FunctionAnswer, answer_of
from rollout.parity.comparing.shown import Shown
from rollout.parity.journal import Journal
from rollout.parity.outcome import Answers, Outcome, outcome_of, skipped
from rollout.parity.pairs import AnswerPair, pair_of
from rollout.parity.ports import AskedFunctions, FunctionCode
from rollout.parity.request import ParityRequest
from rollout.parity.rules import Rules
from rollout.parity.tally import Tally

SEEDED = 3
"""Into the first answers of each route faults are put, to see that they are found."""
INVOCATIONS = 3
"""Of each request: legacy twice, the candidate once."""
SANDBOXED = ("x-rollout-parity", "1")
"""The header by which functions know a request that must change nothing that counts."""
_BEYOND = timedelta(seconds=10)  # for a cold start, which isn't part of a function's own time-out
_PER_INVOCATION, _PER_GB_SECOND = 0.2e-6, 16.7e-6  # dollars, x86 in us-east-1: https://aws.amazon.com/lambda/pricing/


@dataclass(frozen=True, slots=True)
class Side:
    """One of a route's functions.

    Attributes:
        function: Its ARN, or an alias's, as the target group has it.
        group: The target group's ARN.
        multi_value: Whether that sends headers as lists.
        code: What it runs.
    """

    function: str
    group: str
    multi_value: bool
    code: FunctionCode


@dataclass(frozen=True, slots=True)
class Compared:
    """A route that can be compared.

    Attributes:
        legacy: Its legacy function.
        candidate: The new one.
        port: The listener's.
        parity: What the inventory says of comparing it.
    """

    legacy: Side
    candidate: Side
    port: int
    parity: RouteParity

    def key(self, today: date) -> str:
        """What its outcomes hold for: both functions' code, and the rules that count today."""
        known_by = (self.legacy.code.digest, self.candidate.code.digest, Rules.of(self.parity, today).digest)
        return hashlib.sha256(json.dumps(known_by).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast functions are asked.

    Attributes:
        rate: The most requests a second, each of which is three invocations.
        at_once: The most requests at a time.
    """

    rate: float
    at_once: int


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run will take, told before it begins.

    Attributes:
        requests: How many are asked.
        done: How many were asked before.
        invocations: How many that are.
        at_least: How long it takes, if functions answer at once.
        dollars: What they cost if each takes a second.
        at_once: The most requests at a time.
        concurrency: How many invocations at once Lambda lets the functions have, by the one that has the fewest.
    """

    requests: int
    done: int
    invocations: int
    at_least: timedelta
    dollars: float
    at_once: int
    concurrency: int


class Run:
    """Asks and compares.

    Args:
        functions: Where functions are invoked.
        routes: Those that can be compared, by name.
        journal: What was asked before.
        pace: How fast to ask.
        now: The time that the events are of.
    """

    def __init__(
        self,
        functions: AskedFunctions,
        routes: Mapping[str, Compared],
        journal: Journal,
        pace: Pace,
        now: datetime,
    ) -> None:
        self._functions, self._routes, self._journal, self._now = functions, routes, journal, now
        every = (side for each in routes.values() for side in (each.legacy, each.candidate))
        self._concurrency = min((side.code.concurrency for side in every), default=0)
        self._pace = replace(pace, at_once=max(1, min(pace.at_once, self._concurrency // 10)))
        self._rules = {name: Rules.of(route.parity, now.date()) for name, route in routes.items()}
        self._shown, self._seeded = Shown(), Counter[str]()

    def budget(self, requests: Iterable[ParityRequest]) -> Budget:
        """What asking these takes."""
        asked = [request for request in requests if self._refusal(request) is None]
        left = self._left(asked)
        memory = (
            self._routes[each.route].candidate.code.memory + 2 * self._routes[each.route].legacy.code.memory
            for each in left
        )
        invocations = INVOCATIONS * len(left)
        dollars = invocations * _PER_INVOCATION + sum(memory) / 1024 * _PER_GB_SECOND
        at_least = timedelta(seconds=len(left) / self._pace.rate)
        return Budget(
            len(left), len(asked) - len(left), invocations, at_least, dollars, self._pace.at_once, self._concurrency
        )

    def ask(self, requests: Iterable[ParityRequest], clock: Clock, done: Callable[[int], None]) -> dict[str, Tally]:
        """Ask what wasn't asked before, and count all of it, by route.

        Args:
            done: Called with the number of those that were asked.

        Raises:
            AwsError: AWS refused, throttles, or can't be reached; the journal has what was asked until then.
        """
        asked = list(requests)
        refused = [skipped(each, reason) for each in asked if (reason := self._refusal(each))]
        return self._tallies(asked, [*refused, *self._ask(self._left(asked), clock, done)])

    def known(self, requests: Iterable[ParityRequest]) -> dict[str, Tally]:
        """What is known of these from before, by route; nothing is asked."""
        return self._tallies(requests, ())

    def _tallies(self, requests: Iterable[ParityRequest], others: Iterable[Outcome]) -> dict[str, Tally]:
        tallies = {name: Tally() for name in self._routes}
        digests = {each.digest for each in requests}
        for outcome in (*self._journal.outcomes.values(), *others):
            if outcome.request in digests and outcome.route in tallies:
                tallies[outcome.route].add(outcome)
        return tallies

    def pair(self, request: ParityRequest) -> AnswerPair | None:
        """Both answers to a request, asked once more; None if it isn't to be asked, or there was no answer in time.

        Raises:
            AwsError: AWS refused, throttles, or can't be reached.
        """
        if self._refusal(request) is not None:
            return None
        route = self._routes[request.route]
        try:
            legacy, candidate = (self._answer(request, route, side) for side in (route.legacy, route.candidate))
        except AwsError as error:
            if error.code != "aws-unreachable":
                raise
            return None
        return pair_of(request, legacy, candidate, self._shown)

    def _left(self, requests: Iterable[ParityRequest]) -> list[ParityRequest]:
        outcomes = self._journal.outcomes
        return [each for each in requests if self._refusal(each) is None and each.digest not in outcomes]

    def _ask(self, left: list[ParityRequest], clock: Clock, done: Callable[[int], None]) -> list[Outcome]:
        failed, waiting, number = list[Outcome](), set[Future[Outcome]](), 0
        with ThreadPoolExecutor(self._pace.at_once) as pool:
            try:
                for n, request in enumerate(left):
                    if n:
                        clock.sleep(1 / self._pace.rate)
                    if len(waiting) >= self._pace.at_once:
                        finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                        number += self._keep(finished, failed)
                        done(number)
                    waiting.add(self._submit(pool, request, n))
                self._keep(waiting, failed)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                self._keep((each for each in waiting if not each.cancelled() and not each.exception()), failed)
                raise
        done(len(left))
        return failed

    def _submit(self, pool: ThreadPoolExecutor, request: ParityRequest, number: int) -> Future[Outcome]:
        seeded = self._seeded[request.route] < SEEDED
        self._seeded[request.route] += 1
        if not request.is_read:
            self._journal.begin(request.digest, request.route)
        return pool.submit(self._outcome, request, candidate_first=bool(number % 2), seeded=seeded)

    def _keep(self, finished: Iterable[Future[Outcome]], failed: list[Outcome]) -> int:
        number = 0
        for each in finished:
            outcome = each.result()
            number += 1
            if outcome.skipped:
                failed.append(outcome)
            else:
                self._journal.add(outcome)
        return number

    def _refusal(self, request: ParityRequest) -> str | None:
        """Why a request isn't asked."""
        route = self._routes.get(request.route)
        if route is None:
            return "a function is missing on one side"
        if request.is_read:
            return None
        replay: Replay = route.parity.replay
        if replay == "never":
            return f"{request.request.method} may change something, and the route's parity.replay is never"
        if request.digest in self._journal.begun and request.digest not in self._journal.outcomes:
            return "it was sent before, and its answer is unknown"
        return None

    def _outcome(self, request: ParityRequest, *, candidate_first: bool, seeded: bool) -> Outcome:
        route = self._routes[request.route]
        order = (route.candidate, route.legacy) if candidate_first else (route.legacy, route.candidate)
        try:
            first, second = (self._answer(request, route, side) for side in order)
            again = self._answer(request, route, route.legacy)
        except AwsError as error:
            if error.code != "aws-unreachable":
                raise
            return skipped(request, "there was no answer in time")
        legacy, candidate = (second, first) if candidate_first else (first, second)
        answers = Answers(legacy, again, candidate)
        return outcome_of(request, answers, self._rules[request.route], self._shown, seeded=seeded)

    def _answer(self, request: ParityRequest, route: Compared, side: Side) -> FunctionAnswer:
        asked = request.request
        if not request.is_read and route.parity.replay == "sandboxed":
            asked = replace(asked, headers=(*asked.headers, SANDBOXED))
        added = added_headers(route.port, self._now, secrets.token_hex(12))
        said = event(asked, request.body, added, side.group, multi_value=side.multi_value)
        went = self._functions.invoke(side.function, said, side.code.timeout + _BEYOND)
        return answer_of(went, multi_value=side.multi_value)
