"""The load balancers' routing of requests."""

from __future__ import annotations

from dataclasses import replace

from rollout.alb.explain import Explanation, explain, future
from rollout.alb.header_rules import with_overrides
from rollout.alb.state import AlbState
from rollout.api.arguments import read_weight
from rollout.api.opened import Part
from rollout.api.runner import phase_runner
from rollout.errors import PreflightFailed, UsageError
from rollout.inventory.conditions import Request
from rollout.inventory.quantities import Percent
from rollout.migration.checks.preflight import live_problems
from rollout.migration.emitter import emitter
from rollout.migration.phases import PHASES


class Traffic(Part):
    """The live rules, and where they send a request."""

    def alb_state(self) -> AlbState:
        """The live state on AWS."""
        return self._live()

    def explain(
        self,
        request: Request,
        *,
        load_balancer: str | None = None,
        cookie: str | None = None,
        after: str | Percent | float | None = None,
    ) -> tuple[Explanation, ...]:
        """Where a request goes on each load balancer, and why.

        Args:
            request: The request.
            load_balancer: Only this one, by its name in the inventory.
            cookie: The target group that the client's stickiness cookie names, or `legacy` or `candidate`.
            after: Use the rules as after this phase, or as after this weight of all routes, 0 to 100 per cent; by
                default the live rules.

        Raises:
            UsageError: There is no such load balancer, phase or weight.
            PreflightFailed: A load balancer or its listener isn't on AWS.
        """
        environment = self._environment
        known = environment.load_balancers
        if load_balancer is not None and load_balancer not in known:
            raise UsageError(
                f"there is no load balancer {load_balancer!r}",
                hint=f"known: {', '.join(known)}",
                code="unknown-load-balancer",
            )
        phase = str(after) if after in PHASES else "weight"
        weights = None if after is None or phase != "weight" else dict.fromkeys(environment.routes, read_weight(after))
        container = self._container
        live = container.load_balancers.read(environment, tags=False)
        names = (load_balancer,) if load_balancer else tuple(known)
        places = {f"load-balancers.{name}" for name in names}
        if problems := [problem for problem in live_problems(environment, live) if problem.where in places]:
            raise PreflightFailed("a load balancer or its listener is missing", problems)
        if after is not None:
            silent = replace(self._opened, emit=emitter(lambda _: None))
            planned = phase_runner(silent).run(phase, None, weights=weights, preview_only=True)
            live = future(environment, live, planned.after)
        if PHASES[phase].sets_header_rules:
            live = with_overrides(environment, live, PHASES[phase].header_rules(environment, live))
        return tuple(explain(environment, live, name, request, cookie) for name in names)
