"""Each route's candidate function is invoked with the event that its load balancer would send; no traffic is moved."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from rollout.alb.alb_event import Event, added_headers, event
from rollout.alb.state import AlbState
from rollout.errors import AwsError, Problem
from rollout.inventory.conditions import ConditionField, values_of
from rollout.inventory.functions import Function
from rollout.inventory.model import Arn, Environment, Route
from rollout.migration.ports import Functions
from rollout.migration.smoke.report import Smoked, SmokeReport, judge
from rollout.migration.smoke.samples import Sample, made_up

AT_ONCE = 8
MAX_WARM = 100
_BEYOND = timedelta(seconds=10)  # for a cold start, which isn't part of a function's own time-out


class Smoke:
    """Asks the candidate of an environment.

    Args:
        live: Its target groups, read by credentials of the right account.
        functions: Where functions are invoked.
        now: The time that the events are of.
        multi_value: The target groups that send headers as lists.
    """

    def __init__(
        self,
        environment: Environment,
        live: AlbState,
        functions: Functions,
        now: datetime,
        multi_value: Collection[Arn] = (),
    ) -> None:
        self._environment, self._live = live.resolved(environment), live
        self._functions, self._now = functions, now
        self._multi_value = multi_value

    def run(self, samples: Mapping[str, Sample], routes: Sequence[str], warm: int) -> SmokeReport:
        """Test all routes in parallel.

        Args:
            samples: By route; others are asked what is made up from their path.
            warm: How many environments of each function to start first, 1 to 100.
        """
        built = [name for name in routes if self._environment.routes[name].is_built]
        chosen = {name: samples.get(name) or made_up(self._environment.routes[name]) for name in built}
        with ThreadPoolExecutor(max(AT_ONCE, warm)) as pool:
            warmed = self._warm(pool, chosen, warm) if warm > 1 else {}
            asked = dict(zip(built, pool.map(lambda name: self._ask(name, chosen[name]), built), strict=True))
            found = tuple(asked.get(name) or self._skipped(name) for name in routes)
            return SmokeReport(self._environment.name, found, warmed)

    def _skipped(self, name: str) -> Smoked:
        group = self._environment.routes[name].candidate
        return Smoked(name, "", note=f"skipped, since {group} is an external candidate: test its targets directly")

    def _warm(self, pool: ThreadPoolExecutor, chosen: Mapping[str, Sample | None], count: int) -> dict[str, int]:
        """Invoke each function so often at once, by a request that changes nothing; give back how often it answered."""
        reads: dict[str, str] = {}
        for name, sample in chosen.items():
            if sample and sample.request.method in ("GET", "HEAD"):
                reads.setdefault(self._function(name)[0], name)
        waiting = {
            function: [pool.submit(self._ask, name, chosen[name]) for _ in range(count)]
            for function, name in reads.items()
        }
        return {
            function: sum(asked.result().status is not None for asked in several)
            for function, several in waiting.items()
        }

    def _ask(self, name: str, sample: Sample | None) -> Smoked:
        route, (function, settings) = self._environment.routes[name], self._function(name)
        place = f"{name} ({function})"
        if sample is None:
            methods = "|".join(values_of(route.conditions or (), ConditionField.METHOD))
            note = f"skipped, since a generated {methods} might change data; write {self._file(name)}.json"
            return Smoked(name, function, note=note)
        request = str(sample.request)
        if not self._live.group_arn(route.candidate):
            missing = Problem(
                f"{route.candidate} doesn't exist",
                place,
                f"run `rollout phase1 {self._environment.name}`",
                code="candidate-missing",
            )
            return Smoked(name, function, request, problems=(missing,))
        try:
            went = self._functions.invoke(function, self._event(route, sample), settings.timeout + _BEYOND)
        except AwsError as error:
            return Smoked(name, function, request, problems=(Problem(error.what, place, error.hint, code=error.code),))
        lists = self._live.group_arn(route.candidate) in self._multi_value
        status, wrong = judge(went, sample.expect.status, sample.expect.schema_, multi_value=lists)
        problems = tuple(Problem(f"{request}: {what}", place, code="unexpected-response") for what in wrong)
        return Smoked(name, function, request, status, went.took, problems)

    def _file(self, name: str) -> str:
        return self._environment.in_file.get(name, name)

    def _function(self, name: str) -> tuple[str, Function]:
        route = self._environment.routes[name]
        return next(
            (":".join(filter(None, (function.name or key, function.alias))), function)
            for key, function in self._environment.functions.items()
            if route.candidate in function.groups
        )

    def _event(self, route: Route, sample: Sample) -> Event:
        port = self._environment.load_balancers[route.load_balancer].listener_port
        added = added_headers(port, self._now, secrets.token_hex(12))
        group = self._live.group_arn(route.candidate)
        return event(sample.asked, sample.body, added, group, multi_value=group in self._multi_value)
