"""Everybody at once: rollbacks, weights, ramps, phases, people with the console, faults and kills, in any order.

The promise of docs/decisions/0019 is checked after each step: a rollback that ended well leaves no rule of these
listeners forwarding to a candidate, unless somebody raised after it. A raise is after it if it made its first call once
the rollback had begun to say so, by a mark or in the history.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from rollout.alb.weights import ForwardAction
from rollout.analysis.verdicts import AnalysisResult, Verdict
from rollout.api.ramp_actions import EnvironmentRampActions
from rollout.errors import AnalysisFailed, AwsError, EngineError
from rollout.fakes.calls import ApiCall
from rollout.inventory.conditions import for_endpoint
from rollout.inventory.model import Arn
from rollout.migration import events
from tests.unit.rollback.schedule import Outcome, Schedule, Task, pool_of
from tests.unit.rollback.shop import ROUTES, SHOP, at_risk, cut_over, group, rule_of, stage

OUTCOMES = st.sampled_from([*[Outcome.GO] * 20, *[Outcome.REFUSE] * 3, Outcome.LOSE, Outcome.KILL, Outcome.KILL_AFTER])
STEPS = st.integers(1, 60)
WEIGHTS = (None, 10, 50)
"""What the shop may begin at."""
NAMES = st.sampled_from(sorted(ROUTES))
AGED = 8
"""How many actors a run may have."""
TALLY: Counter[str] = Counter()
"""How often whose run came to what, so that one can see that the model does what it is for."""


def _came_to(task: Task) -> str:
    code = getattr(task.error, "code", "")
    return code or type(task.error).__name__ if task.error else "done"


@dataclass
class Claim:
    """A rollback, and what it says when it has ended well.

    Attributes:
        routes: Which it was for.
        is_told: Whether it has begun to say so, by a mark or in the history.
        is_made: Whether it has ended well.
        is_over: Whether somebody raised after it.
    """

    routes: tuple[str, ...]
    is_told: bool = False
    is_made: bool = False
    is_over: bool = False


class WayBack(RuleBasedStateMachine):
    """The model."""

    def __init__(self) -> None:
        super().__init__()
        for weight in WEIGHTS:  # before anything is scheduled
            stage(weight)
        self.claims: dict[str, Claim] = {}
        self.verdict = Verdict.PASS
        self.count = self.edits = 0
        self.patches = ExitStack()

    @initialize(weight=st.sampled_from(WEIGHTS), edits=st.sampled_from([0, 0, 0, 1, 3]))
    def begin(self, weight: int | None, edits: int) -> None:
        """The shop, and how often somebody may use the console."""
        logging.disable(logging.CRITICAL)  # of broken listeners
        self.edits = edits
        self.world = cut_over(weight)
        self.aws = self.world.aws(SHOP)
        self.arns: Mapping[str, Arn] = {name: rule_of(self.world, name).arn for name in ROUTES}
        self.schedule = Schedule(self.world.clock)
        self.patches.enter_context(patch("rollout.base.threads.DaemonPool", pool_of(self.schedule)))
        self.patches.enter_context(patch.object(EnvironmentRampActions, "judge", self._judge))

    def _judge(self, *_: object) -> AnalysisResult:
        return AnalysisResult(self.verdict, (), f"it is {self.verdict}")

    # who begins

    def _begin(self, kind: str, act: Callable[[Any], Any], *, on_event: events.Listener = lambda _: None) -> str:
        self.count += 1
        name = f"{kind} {self.count}"
        actor = self.world.actor(name)
        for call in ("AddTags", "up"):  # before it is stopped there
            actor.calls.before(partial(self._see_word, name), call)
        self.schedule.watch(actor.calls)
        actor.calls.before(partial(self._see_start, name), times=1)
        self.schedule.begin(name, partial(act, actor.open(SHOP, on_event=on_event))).is_main = True
        return name

    def _see_word(self, name: str, call: ApiCall) -> None:
        """A rollback says so, by a mark or in the history; a ramp's own raises are none."""
        if name in self.claims and (call.action == "AddTags" or self.claims[name].is_told or name.startswith("roll")):
            self.claims[name].is_told = True

    def _see_start(self, name: str, _: ApiCall) -> None:
        """Whoever raises from here on does so after the rollbacks that have said so by now."""
        if not name.startswith("rollback"):
            for claim in self.claims.values():
                claim.is_over |= claim.is_made or claim.is_told

    @rule(route=st.sampled_from(["", *ROUTES]), broken=st.booleans(), may_mark=st.booleans(), engine=st.booleans())
    @precondition(lambda self: self.count < AGED)
    def roll_back(self, route: str, broken: bool, may_mark: bool, engine: bool) -> None:
        """Somebody rolls back, perhaps without a screen, a right, or an engine."""
        routes = (route,) if route else ()

        def listener(_: events.Event) -> None:
            if broken:
                raise BrokenPipeError

        name = self._begin("rollback", lambda door: door.rollback(routes=routes, save=False), on_event=listener)
        self.claims[name] = Claim(routes or tuple(ROUTES))
        if not may_mark:
            self.world.actor(name).calls.refuse("AddTags", times=None, error=AwsError("AddTags: AccessDenied"))
        if not engine:
            self.world.actor(name).calls.refuse("preview", times=None, error=EngineError("no engine"))

    @rule(weight=st.sampled_from([10, 50, 100]), route=st.sampled_from(["", *ROUTES]), accept_live=st.booleans())
    @precondition(lambda self: self.count < AGED)
    def raise_weight(self, weight: int, route: str, accept_live: bool) -> None:
        routes = (route,) if route else ()
        self._begin(
            "weight",
            lambda door: door.set_weight(weight, routes=routes, approve=True, save=False, accept_live=accept_live),
        )

    @rule(verdict=st.sampled_from([Verdict.PASS, Verdict.FAIL]))
    @precondition(lambda self: self.count < AGED)
    def ramp(self, verdict: Verdict) -> None:
        self.verdict = verdict
        name = self._begin("ramp", lambda door: door.ramp(approve=True, once=True, save=False))
        self.claims[name] = Claim(tuple(ROUTES))  # if it fails

    @rule()
    @precondition(lambda self: self.count < AGED)
    def phase2(self) -> None:
        """Somebody runs phase 2 again."""
        self._begin("phase2", lambda door: door.phase2(approve=True))

    def _raised_by_hand(self) -> None:
        for claim in self.claims.values():
            claim.is_over = True

    @rule(what=st.sampled_from(["forward", "renumber", "edit", "copy"]), route=NAMES, number=st.integers(30, 99))
    @precondition(lambda self: self.edits)
    def edit_by_hand(self, what: str, route: str, number: int) -> None:
        """Somebody uses the console."""
        aws, rule = self.aws, self.aws.rules[self.arns[route]]
        self.edits -= 1
        is_free = not aws.rule_at(ROUTES[route].load_balancer, number)
        match what:
            case "forward":
                legacy, candidate = group(self.world, ROUTES[route].legacy), group(self.world, ROUTES[route].candidate)
                self._raised_by_hand()
                aws.modify_rule(rule.arn, forward=ForwardAction({legacy: 100 - number, candidate: number}))
            case "renumber" if is_free:
                aws.set_rule_priority(rule.arn, number)
            case "edit":
                aws.modify_rule(rule.arn, asks=for_endpoint(f"/{route}/{number}", ("GET",)))
            case "copy" if is_free:
                if rule.arn in self._risky_arns():
                    self._raised_by_hand()
                aws.create_rule(rule.listener, number, for_endpoint(f"/copy/{number}", ()), rule.forward)

    # time

    @rule(seconds=st.integers(1, 30))
    def wait(self, seconds: int) -> None:
        """Nothing happens."""
        self.world.clock.advance(timedelta(seconds=seconds))

    @rule(number=st.integers(0, 7), steps=STEPS)
    @precondition(lambda self: self.schedule.tasks)
    def go_on(self, number: int, steps: int) -> None:
        self._go(number, steps, Outcome.GO)

    @rule(number=st.integers(0, 7), steps=STEPS, outcome=OUTCOMES)
    @precondition(lambda self: self.schedule.tasks)
    def go_on_to(self, number: int, steps: int, outcome: Outcome) -> None:
        self._go(number, steps, outcome)

    @rule(number=st.integers(0, 7))
    @precondition(lambda self: self.schedule.tasks)
    def kill(self, number: int) -> None:
        self.schedule.kill(self.schedule.tasks[number % len(self.schedule.tasks)].actor)
        self._look_at_the_ended()

    def _go(self, number: int, steps: int, last: Outcome) -> None:
        """Let an actor make some calls, the last of which may fail."""
        ready = self.schedule.ready()
        if not ready:
            return
        actor = ready[number % len(ready)].actor
        for step in range(steps):
            mine = [task for task in self.schedule.ready() if task.actor == actor]
            if not mine:
                break
            self._step(mine[0], last if step == steps - 1 else Outcome.GO)

    def _step(self, task: Task, outcome: Outcome) -> None:
        self.schedule.step(task, outcome)
        if task.is_done:
            self._ended(task)
        self._look_at_the_ended()

    def _look_at_the_ended(self) -> None:
        self.holds_what_it_promised()

    def _ended(self, task: Task) -> None:
        TALLY[f"{task.actor.split()[0]}: {_came_to(task)}"] += task.is_main
        claim = self.claims.get(task.actor)
        if claim is None or not task.is_main:
            return
        if task.actor.startswith("ramp"):
            claim.is_made = isinstance(task.error, AnalysisFailed) and task.error.what.endswith("; rolled back")
        elif task.error is None and hasattr(task.result, "moved"):
            claim.is_made = True

    def holds_what_it_promised(self) -> None:
        risky = at_risk(self.aws)
        if not risky:
            return
        for name, claim in self.claims.items():
            if claim.is_made and not claim.is_over:
                if len(claim.routes) == len(ROUTES):
                    raise AssertionError(f"{name} has ended well, and a candidate gets requests of {sorted(risky)}")
                arns = {self.arns[route] for route in claim.routes}
                bad = {arn for arn in arns if arn in self.aws.rules} & self._risky_arns()
                assert not bad, f"{name} has ended well, and a candidate gets requests of {bad}"

    def _risky_arns(self) -> set[Arn]:
        candidates = {group(self.world, route.candidate) for route in ROUTES.values()}
        return {
            rule.arn
            for rule in self.aws.rules.values()
            if rule.forward and any(w for arn, w in rule.forward.weights.items() if arn in candidates)
        }

    def teardown(self) -> None:
        try:
            while self.schedule.tasks:
                ready = self.schedule.ready()
                assert ready, f"stuck: {[(task.actor, task.at) for task in self.schedule.tasks]}"
                for task in ready:
                    if not task.is_done:
                        self._step(task, Outcome.GO)
        finally:
            for task in list(self.schedule.tasks):
                self.schedule.kill(task.actor)
            self.patches.close()
            logging.disable(logging.NOTSET)
