"""Gathers an overview: the load balancers, Pulumi's history and CloudWatch, in parallel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import chain

from rollout.alb.state import AlbState
from rollout.analysis.cost.ledger import CostLedger
from rollout.analysis.measuring.pools import Pool, by_target_group, told_apart
from rollout.analysis.ports import Metrics
from rollout.errors import AwsError, EngineError, RolloutError
from rollout.guard.record import Firing
from rollout.inventory.model import Environment
from rollout.inventory.stacks import ROUTING
from rollout.migration.checks.status import EnvironmentStatus
from rollout.ramp.decide import bake_end
from rollout.ramp.looks import LocalLook
from rollout.ramp.sentence import has_ramp, ramp_sentence
from rollout.ramp.view import RampView
from rollout.reports.fitting import fitted
from rollout.reports.overview import Overview
from rollout.reports.timeseries import TimeSeries, course, frame, parts_of, wanted
from rollout.state.history.audit import changes_of
from rollout.state.history.entries import Update
from rollout.state.history.firings import changes, merged
from rollout.state.history.reading import read_histories
from rollout.state.ports import States
from rollout.state.ramp_journal import entries

Histories = Mapping[str, Sequence[Update]]


def read_overview(
    environment: Environment,
    status: Callable[[], EnvironmentStatus],
    live: Callable[[], AlbState],
    *,
    states: Callable[[], States],
    firings: Callable[[], Sequence[Firing]] = tuple,
    look: Callable[[], LocalLook | None] = lambda: None,
    ramp: Callable[[], RampView] = RampView,
    costs: Callable[[], CostLedger] | None = None,
    metrics: Metrics,
    now: datetime,
    since: timedelta | None,
) -> Overview:
    """Read an overview. Only the load balancers are required; anything else that can't be read becomes a note.

    Args:
        firings: Reads what the guard did.
        look: Reads what a ramp on this machine left of its last look.
        ramp: Reads what the ramp's next look would do.
        costs: Reads what the functions cost; None leaves it.
        now: AWS's time.
        since: How far back; None for what fits the changes.

    Raises:
        AwsError: The load balancers can't be read.
    """
    with ThreadPoolExecutor(7) as pool:
        guarded = pool.submit(firings)
        stands, read = pool.submit(status), pool.submit(live)
        past, asked = pool.submit(lambda: read_histories(states())), pool.submit(_view, ramp)
        paid = pool.submit(_costs, costs) if costs else None
        rules = read.result()
        histories, trouble = _histories(past.result)
        history = merged(changes_of(histories), changes(guarded.result()))
        span = since or fitted(history, now)
        whole, courses, notes = _courses(environment, rules, metrics, now, span)
        is_sound = not environment.faults.get("ramp")
        updates, view = histories.get(ROUTING, ()), asked.result()
        return Overview(
            at=now,
            since=span,
            is_fitted=since is None,
            status=stands.result(),
            ramp=f"Not known: {trouble}." if trouble else ramp_sentence(environment, rules, updates, view.decision),
            view=view,
            look=look(),
            bakes_until=bake_end(environment.ramp, view.standing) if view.standing and is_sound else None,
            steps=environment.ramp.steps if has_ramp(updates) else (),
            history=history,
            whole=whole,
            courses=courses,
            notes=(*notes, *([f"the history can't be read: {trouble}"] if trouble else [])),
            analysis=None if environment.faults.get("analysis") else environment.analysis,
            parity={kept.route: (entry, kept) for entry in entries(updates) for kept in entry.compared},
            costs=paid.result() if paid else None,
        )


def _view(ramp: Callable[[], RampView]) -> RampView:
    try:
        return ramp()
    except RolloutError as error:
        return RampView(trouble=_message(error))


def _costs(costs: Callable[[], CostLedger]) -> CostLedger | str:
    try:
        return costs()
    except RolloutError as error:
        return _message(error)


def _histories(read: Callable[[], Histories]) -> tuple[Histories, str | None]:
    try:
        return read(), None
    except EngineError as error:
        return {}, _message(error)


def _courses(
    environment: Environment, live: AlbState, metrics: Metrics, now: datetime, since: timedelta
) -> tuple[TimeSeries | None, tuple[TimeSeries, ...], tuple[str, ...]]:
    pools, framed = told_apart(environment, live), frame(now, since)
    every = Pool(
        tuple(environment.routes),
        tuple(dict.fromkeys(chain.from_iterable(pool.legacy for pool in pools))),
        tuple(dict.fromkeys(chain.from_iterable(pool.candidate for pool in pools))),
    )
    times, period = framed
    try:
        read = metrics.read(wanted((*every.legacy, *every.candidate), period), times[0], times[-1] + period)
    except AwsError as error:
        return None, (), (f"{environment.analysis.source_name} can't be read: {_message(error)}",)

    parts = parts_of((*every.legacy, *every.candidate), period, read)

    courses = tuple(course(pool, framed, parts) for pool in pools)
    whole = courses[0] if len(courses) == 1 else course(every, framed, parts)
    return whole, courses, by_target_group(environment, live).notes


def _message(error: RolloutError) -> str:
    return f"{error.what}; {error.hint}" if error.hint else error.what
