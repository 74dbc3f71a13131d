"""Five situations of a ramp that people must tell apart at a glance: for tests, and for the docs' pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from rollout.analysis.verdicts import AnalysisResult, MetricResult, Verdict
from rollout.guard.record import Decision, Firing, Moved
from rollout.inventory.quantities import ZERO, Percent
from rollout.inventory.ramp_settings import Ramp
from rollout.migration.checks.guard_status import GuardStatus
from rollout.ramp.decide import decide
from rollout.ramp.looks import LocalLook
from rollout.ramp.state import RampState
from rollout.ramp.view import RampView
from rollout.reports.overview import Overview
from rollout.state.ramp_journal import JournalEntry, Kind
from tests.unit.dashboard.world import HISTORY as CHANGES
from tests.unit.dashboard.world import NOW, RAMP, SHARES, Counted, Histories, compared, costs, entry, overview, shop
from tests.unit.test_measure import on_aws

ROUTES = ("score", "history", "stamps")
AT = Percent.of(25)
SHOP = shop(names=ROUTES)
HISTORY = (
    compared(ROUTES[1:], 29),
    compared(
        ROUTES[:1], 29, different=4, groups=["body $.stamps[*].expires (text's form)", "header cache-control (missing)"]
    ),
    *CHANGES,
)
STANDS = RampState(ROUTES, AT, NOW - timedelta(hours=10), began=NOW - timedelta(hours=18), is_new=False)
ARMED = GuardStatus("production", "armed", watches="ada@laptop")
LOOK = LocalLook("ada@laptop", NOW - timedelta(seconds=22), NOW + timedelta(seconds=30))
FIRED_AT = NOW - timedelta(minutes=11)
FIRED = replace(
    ARMED,
    watches="",
    fired="the guard took traffic back at 2026-11-25 11:49 UTC, alarm review-score-5xx: 41 errors in 1 minute",
    fired_at=FIRED_AT,
)
FIRING = Firing(
    "1",
    FIRED_AT,
    "review-score-5xx",
    "41 errors in 1 minute",
    Decision.FIRE,
    {name: Moved((75, 25), (100, 0)) for name in ROUTES},
    back=True,
)


def judged(verdict: Verdict, sentence: str, *, needs: int | None = None) -> AnalysisResult:
    """What the judge says of the first route; the others pass."""
    first = MetricResult("server-errors", ROUTES[:1], verdict, (89, 81_000), (32, 27_000), sentence, needs, pace=5.0)
    fine = "5xx 0.12 % of 27,000 against legacy's 0.11 % of 81,000: as good"
    others = [
        MetricResult("server-errors", (name,), Verdict.PASS, (89, 81_000), (32, 27_000), fine) for name in ROUTES[1:]
    ]
    return AnalysisResult(verdict, (first, *others), f"{ROUTES[0]}: {sentence}")


def seen(judgement: AnalysisResult, *, ramp: Ramp = RAMP, stands: RampState = STANDS) -> RampView:
    """What the ramp would do."""
    return RampView(stands, judgement, decide(ramp, stands, judgement, NOW))


ALIKE = {"old": 0.001, "new": 0.0011}
PASS = judged(Verdict.PASS, "5xx 0.12 % of 27,000 against legacy's 0.11 % of 81,000: as good")
JUST_PASSED = judged(Verdict.PASS, "5xx 0.12 % of 3,280 against legacy's 0.11 % of 9,850: as good")
NEEDS = judged(
    Verdict.INCONCLUSIVE,
    "5xx 0.13 % of 2,400 against legacy's 0.11 % of 7,200: may still be worse than 0.6 %; "
    "needs about 412 more requests",
    needs=412,
)
WORSE = judged(
    Verdict.FAIL, "5xx 1.2 % of 27,000 against legacy's 0.11 % of 81,000: at least 6 times worse (99 % sure)"
)
JUST_RAISED = replace(STANDS, since=NOW - timedelta(minutes=73))
APPROVED_RAMP = RAMP.model_copy(update={"approve_before": (Percent.of(50),)})
ASKED = JournalEntry(kind=Kind.ASKED, at=NOW - timedelta(hours=1), by="ada@laptop", weight=Percent.of(50))


def fine() -> Overview:
    """In the middle of a bake."""
    raised = (
        *HISTORY[:-1],
        entry(Kind.RAISED, 73 / 60, "5xx 0.11 % of 9,000 against legacy's 0.11 % of 172,000: as good", weight=AT),
    )
    counts = Counted(180, errors=ALIKE, shares=((73 / 60, 0.25), *SHARES[1:]))
    stacks = Histories(raised)
    return overview(
        SHOP,
        ramp=seen(JUST_PASSED, stands=JUST_RAISED),
        guard=ARMED,
        look=LOOK,
        metrics=counts,
        stacks=stacks,
        since=None,
    )


def waiting() -> Overview:
    """The bake is over, and requests are missing."""
    counts, stacks = Counted(16, errors=ALIKE), Histories(HISTORY)
    return overview(SHOP, ramp=seen(NEEDS), guard=ARMED, look=LOOK, metrics=counts, stacks=stacks, since=None)


def person() -> Overview:
    """The next step needs an approval."""
    view = seen(PASS, ramp=APPROVED_RAMP, stands=replace(STANDS, asked=ASKED))
    history = Histories((*HISTORY, entry(Kind.ASKED, 1, "50 % waits for an approval", weight=Percent.of(50))))
    return overview(
        SHOP, ramp=view, guard=ARMED, look=LOOK, metrics=Counted(180, errors=ALIKE), stacks=history, since=None
    )


def failing() -> Overview:
    """The candidate is worse, and the next look takes traffic back."""
    worse = Counted(180, errors={"old": 0.001, "new": 0.011}, times={"old": 0.08, "new": 0.11})
    return overview(
        SHOP, ramp=seen(WORSE), guard=ARMED, look=LOOK, metrics=worse, stacks=Histories(HISTORY), since=None
    )


def guard_fired() -> Overview:
    """The guard took traffic back some minutes ago."""
    worse = Counted(180, errors={"old": 0.001, "new": 0.03}, shares=((11 / 60, 0.0), *SHARES))
    live = on_aws(SHOP, **dict.fromkeys(ROUTES, 0))
    ended = replace(
        STANDS, ended=STANDS.asked or ASKED, is_by_hand=True, weight=ZERO, note="all routes were moved back"
    )
    return overview(
        SHOP,
        live=live,
        ramp=RampView(ended),
        guard=FIRED,
        firings=(FIRING,),
        metrics=worse,
        stacks=Histories(HISTORY),
        since=None,
    )


def _named(environment: str, found: Overview) -> Overview:
    status = replace(found.status, environment=environment, phase="phase3", next_step=None)
    return replace(found, status=status, costs=costs(SHOP.model_copy(update={"name": environment})))


SITUATIONS: Mapping[str, Callable[[], Overview]] = {
    "fine": lambda: _named("production", fine()),
    "waiting": lambda: _named("staging", waiting()),
    "person": lambda: _named("europe", person()),
    "failing": lambda: _named("asia", failing()),
    "guard-fired": lambda: _named("review", guard_fired()),
}
"""Five environments."""
