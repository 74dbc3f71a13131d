"""The ramp's actions: phases and rollback, CloudWatch and the judge, notifications."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from rollout.alb.state import AlbState
from rollout.analysis.metrics import AlarmState
from rollout.api.checks import Checks
from rollout.api.health import unhealthy
from rollout.api.opened import Opened
from rollout.api.phases import Phases
from rollout.api.rollback import Rollbacks
from rollout.errors import Problem
from rollout.inventory.quantities import WHOLE, Percent
from rollout.inventory.ramp_settings import NoticeKind
from rollout.inventory.stacks import CANDIDATE
from rollout.migration.ports import Approver
from rollout.ramp.decide import bake_of
from rollout.state.history.record import record_in

if TYPE_CHECKING:
    from rollout.analysis.measuring.evidence import EvidenceReader, Gathered
    from rollout.analysis.verdicts import AnalysisResult
    from rollout.api.cost_judge import CostJudge
    from rollout.migration.rollback.asked import Since
    from rollout.migration.rollback.rollback import RollbackResult
    from rollout.migration.runner.result import PhaseResult
    from rollout.state.history.entries import Update


def _without_costs(judged: AnalysisResult) -> AnalysisResult:
    return replace(judged, notes=(*judged.notes, "costs aren't judged at 100 %, where legacy has no requests"))


class SharedActions:
    """The actions that a ramp of routes and one of builds have in common.

    Args:
        opened: The environment.
        warn: Called with a sentence about a failed notification.
    """

    def __init__(self, opened: Opened, *, warn: Callable[[str], None]) -> None:
        self._opened = opened
        self._parts = opened.container
        self._notifiers = opened.container.notifiers(warn)
        self._notifiers.check()

    def alarms(self, names: Sequence[str]) -> Mapping[str, AlarmState]:
        return self._parts.alarms.states(names)

    def tell(self, kind: NoticeKind, sentence: str, weight: Percent | None, routes: Sequence[str]) -> None:
        from rollout.adapters.notify import Notice  # noqa: PLC0415 - only where somebody is told

        name = self._parts.environment.name
        self._notifiers.send(Notice(kind, name, sentence, weight, self.now(), {"routes": tuple(routes)}))

    def now(self) -> datetime:
        return self._parts.utc

    def wait_until(self, due: datetime) -> None:
        self._parts.wait_until(due)


@dataclass
class Known:
    """What the looks of one process remember, so that the next one asks AWS for less.

    Attributes:
        live: The last reading, for its target groups.
        evidence: By routes, who reads what they are judged by.
        costs: By routes, who judges what they cost, if that is judged.
    """

    live: AlbState | None = None
    evidence: dict[tuple[str, ...], EvidenceReader] = field(default_factory=dict)
    costs: dict[tuple[str, ...], CostJudge] = field(default_factory=dict)


_ALIASES = frozenset({"deploy", "deploy-back"})
_BUILDS = _ALIASES | {"phase1"}
"""The phases that change which builds serve: without aliases each new one does at once."""
_LATEST = 20
"""The number of latest updates in which a change of builds is looked for."""


class EnvironmentRampActions(SharedActions):
    """The `RampActions` of one environment; see there.

    Args:
        opened: The environment.
        save: Whether weights are written into stacks.toml.
        warn: Called with a sentence about a failed notification.
        once: Whether there is no next look, which would read the access logs that are left.
        known: What looks before have read, if there were any.
    """

    def __init__(
        self,
        opened: Opened,
        *,
        save: bool,
        warn: Callable[[str], None],
        once: bool = False,
        known: Known | None = None,
    ) -> None:
        super().__init__(opened, warn=warn)
        self._save, self._once, self._known = save, once, known or Known()
        self._began = self._parts.utc, self._parts.wall
        self._since: Since | None = None

    def read(self, history: tuple[Update, ...] = ()) -> AlbState:
        live = self._parts.load_balancers.read(self._parts.environment, before=self._known.live)
        self._known.live = live
        if self._since is None:
            from rollout.migration.rollback.asked import Since  # noqa: PLC0415 - it takes a while to import

            self._since = Since(*self._began, history, live)
        return live

    def overruled(self) -> tuple[str, ...]:
        return self._since.overruled() if self._since else ()

    def judge(self, routes: Sequence[str], live: AlbState, since: datetime, now: datetime) -> AnalysisResult:
        from rollout.analysis.by_client import judge_clients  # noqa: PLC0415 - numpy takes a while to import
        from rollout.analysis.judge import judge, judge_alone  # noqa: PLC0415 - as above
        from rollout.analysis.verdicts import Verdict, unless_unseen  # noqa: PLC0415 - as above

        environment, names, known = self._parts.environment, tuple(routes), self._known.evidence
        if names not in known:
            known[names] = self._parts.evidence(names, self._opened.file if self._once else None)
        found = known[names].gather(live, since, now)
        while self._once and found.left and not found.unread:
            found = known[names].gather(live, since, now)
        splits = live.splits(environment)
        alone = all(name in splits and splits[name].weight == WHOLE for name in names)
        ramp, analysis, by = environment.ramp, environment.analysis, judge_alone if alone else judge
        if analysis.unit == "clients" and not alone:
            by = partial(judge_clients, found.windows)
        bake = bake_of(ramp, min((splits[name].weight for name in names if name in splits), default=WHOLE))
        judged = by(found.streams, analysis, steps=len(ramp.steps), bake=bake, notes=found.notes)
        if analysis.not_dearer is not None and judged.verdict is not Verdict.FAIL:
            judged = self._with_costs(judged, names, live, found) if not alone else _without_costs(judged)
        if found.unread and judged.verdict is not Verdict.FAIL:  # a crash is one without logs, too
            raise found.unread
        return unless_unseen(judged, found.unseen)

    def _with_costs(
        self, judged: AnalysisResult, names: tuple[str, ...], live: AlbState, found: Gathered
    ) -> AnalysisResult:
        from rollout.analysis.judge import concluded  # noqa: PLC0415 - numpy takes a while to import
        from rollout.api.cost_judge import CostJudge  # noqa: PLC0415 - only where costs are judged

        parts = self._parts
        if names not in self._known.costs:
            some = {name: route for name, route in parts.environment.routes.items() if name in names}
            environment = parts.environment.model_copy(update={"routes": some})
            self._known.costs[names] = CostJudge(parts, environment)
        results = self._known.costs[names].results(live, found.first, found.until, len(parts.environment.ramp.steps))
        return concluded([*judged.findings, *results], judged.notes)

    def renew(self, routes: Sequence[str], now: datetime) -> bool:
        evidence = self._known.evidence.get(tuple(routes))
        return evidence is not None and evidence.renew(now)

    def built(self, since: datetime) -> datetime | None:
        functions = self._parts.environment.functions.values()
        moves = _ALIASES if all(each.alias for each in functions) else _BUILDS
        updates = self._parts.stacks.history(CANDIDATE, _LATEST) if functions else ()
        changes = ((record, each.end or each.start) for each in updates if (record := record_in(each.message)))
        # by the machine's clock when it was done, and by AWS's when its phase began
        times = (max(done, record.at or done) for record, done in changes if record.phase in moves)
        return max((at for at in times if at > since), default=None)

    def unhealthy(self, routes: Sequence[str], live: AlbState) -> tuple[Problem, ...]:
        return tuple(unhealthy(self._opened, live, routes, ("candidate",)))

    def smoke(self) -> tuple[str, ...]:
        report = Checks(self._opened).smoke()
        report.require()
        return tuple(f"smoke test of {route.route} {route.note}" for route in report.routes if route.note)

    def set_weight(
        self, weight: Percent, routes: Sequence[str], approve: Approver | None, said: Callable[[], str]
    ) -> PhaseResult:
        some = self._some(routes)
        since = self._since
        phases = Phases(self._opened)
        result = phases.set_weight(weight, routes=some, approve=approve, save=False, message=said, since=since)
        if self._save:
            Rollbacks(self._opened).remember(weight, some)
        return result

    def rollback(self, routes: Sequence[str], said: str | None) -> RollbackResult:
        return Rollbacks(self._opened).rollback(
            routes=self._some(routes), save=self._save, reconcile=said is not None, message=said
        )

    def _some(self, routes: Sequence[str]) -> tuple[str, ...]:
        """The routes to name; none if they are all, so that stacks.toml gets the one weight."""
        return () if set(routes) == set(self._parts.environment.routes) else tuple(routes)
