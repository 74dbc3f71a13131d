"""Overviews as HTML: pages without external resources, for screen readers, in light and dark."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape

from rollout import __version__
from rollout.analysis.cost.ledger import CostLedger
from rollout.analysis.cost.words import dollars, ends
from rollout.base.printable import printable
from rollout.inventory.quantities import format_duration
from rollout.migration.checks.parity_status import parity_sentence
from rollout.migration.checks.status import RouteStatus
from rollout.migration.glance import SHAPES, Mood
from rollout.parity.verdict import sentence as sentence_of_parity
from rollout.reports import words
from rollout.reports.changes import effect_of
from rollout.reports.glance import glance, last_change, moods, runs_it
from rollout.reports.overview import Overview
from rollout.reports.plots import axis, drawn, ranks, rows
from rollout.reports.timeseries import RUNGS, Bucket, Estimate, TimeSeries, ranked
from rollout.state.history import words as history
from rollout.state.history.audit import PastChange
from rollout.state.ramp_journal import KeptVerdict

SPANS = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=7), timedelta(days=14))
MOST_COURSES = 24
"""The number of time series with charts in a report, besides all routes together: nobody would read more."""
MOST_HISTORY = 200
SCRIPTS = ("uplot/uPlot.iife.min.js", "charts.js")
"""What makes charts move, in order. docs/decisions/0043 says why."""
STYLES = ("style.css", "uplot/uPlot.min.css")
"""Those of a live page; others have the first alone."""

_ORDER = tuple(Mood)

_NOTHING: Mapping[str, object] = {
    **dict.fromkeys(("axis", "chart_style", "home", "policy", "script", "trouble", "whole")),
    "every": 0,
    "others": (),
    "scripts": (),
    "spans": (),
}
"""What a template is given where a page has none of it."""


@dataclass(frozen=True, slots=True)
class Links:
    """Where a live page leads.

    Attributes:
        home: The fleet's page.
        environment: An environment's page, by its name, how far back (None for what fits) and, for its page, a route.
        every: In how many seconds a page looks again.
    """

    home: str
    environment: Callable[[str, timedelta | None, str | None], str]
    every: int


@dataclass(frozen=True, slots=True)
class Row:
    """An environment in the fleet's table.

    Attributes:
        overview: As it was read last; None before the first time.
        trouble: Why it couldn't be read the last time.
    """

    name: str
    overview: Overview | None = None
    trouble: str | None = None


def environment_page(
    overview: Overview, links: Links, names: Sequence[str], *, route: str | None = None, trouble: str | None = None
) -> str:
    """The live page of one environment.

    Args:
        names: All environments.
        route: Show the course that this route is in instead of all routes together.
        trouble: Why the last reading failed.
    """
    name, since = overview.environment, None if overview.is_fitted else overview.since
    spans = sorted({*SPANS, overview.since}) if since else SPANS
    overview = overview.with_history_of(route) if route else overview
    course = overview.course_of(route) if route else overview.whole
    return page(
        "route.html" if route else "environment.html",
        **_shown(overview, course) | (_of_route(overview, route) if route else {}),
        **_live(links, names, since),
        axis=axis(overview, course) if course else None,
        chart_style=asset(STYLES[1]),
        scripts=[(f"{links.home}assets/{each}", sha256(each)) for each in SCRIPTS],
        trouble=trouble,
        spans=[
            ("since the ramp began", links.environment(name, None, route), since is None),
            *((format_duration(each), links.environment(name, each, route), each == since) for each in spans),
        ],
        whole=links.environment(name, since, None) if route else None,
        routes=_routes(overview, lambda each: links.environment(name, since, each)),
        more=(),
    )


def report_page(overview: Overview) -> str:
    """One environment as a file: no script, no links, no external resources."""
    courses = overview.courses if len(overview.courses) > 1 else ()
    return page(
        "environment.html",
        **_shown(overview, overview.whole),
        policy=f"default-src 'none'; style-src {digest('style.css')}; img-src data:",
        routes=_routes(overview, lambda _: None),
        more=[
            {"course": each, "drawn": drawn(overview, each, f"course{number}")}
            for number, each in enumerate(courses[:MOST_COURSES], 1)
        ],
    )


def fleet_page(found: Sequence[Row], links: Links) -> str:
    """The live page of all environments.

    Args:
        found: They, in the inventory's order.
    """
    lines = []
    cells: dict[str, dict[str, tuple[str, RouteStatus, Mood | None]]] = {}
    for row in found:
        link, whole = links.environment(row.name, None, None), row.overview.whole if row.overview else None
        now = glance(row.overview) if row.overview else None
        lines.append((row.name, link, row.overview, row.trouble, now, _lately(whole), *_totals(whole)))
        for each in row.overview.status.routes if row.overview else ():
            mood = moods(row.overview.view.judgement if row.overview and row.overview.view else None).get(each.route)
            cells.setdefault(each.route, {})[row.name] = (links.environment(row.name, None, each.route), each, mood)
    lines.sort(key=lambda line: _ORDER.index(line[4].mood) if line[4] else 0 if line[3] else len(_ORDER))
    return page("fleet.html", rows=lines, cells=cells, script=asset("live.js"), every=links.every)


def waiting_page(name: str, links: Links, names: Sequence[str], trouble: str | None = None) -> str:
    """The live page of an environment that is being read for the first time, or couldn't be."""
    return page("waiting.html", name=name, trouble=trouble, **_live(links, names, None))


def _live(links: Links, names: Sequence[str], since: timedelta | None) -> dict[str, Any]:
    """What an environment's live page has around its content."""
    return {
        "script": asset("live.js"),
        "every": links.every,
        "home": links.home,
        "others": [(each, links.environment(each, since, None)) for each in names],
    }


@cache
def asset(name: str) -> str:
    """A template's neighbour as text, the same each time."""
    return files("rollout.reports").joinpath("templates", name).read_text("utf-8")


@cache
def sha256(name: str) -> str:
    """An asset's digest, as a page names it: whatever else is sent in its place isn't run.

    https://developer.mozilla.org/docs/Web/Security/Subresource_Integrity
    """
    return f"sha256-{base64.b64encode(hashlib.sha256(asset(name).encode()).digest()).decode()}"


def digest(name: str) -> str:
    """What a Content-Security-Policy allows an asset by, inline or with this digest beside its address.

    https://www.w3.org/TR/CSP3/#external-hash
    """
    return f"'{sha256(name)}'"


def _shown(overview: Overview, course: TimeSeries | None) -> dict[str, Any]:
    return {
        "it": overview,
        "now": glance(overview),
        "shown": course,
        "drawn": drawn(overview, course, "all") if course else (),
        "costs": overview.costs,
        "history": [(each, effect_of(each)) for each in reversed(overview.history[-MOST_HISTORY:])],
    }


def _of_route(overview: Overview, route: str) -> dict[str, Any]:
    """What a route's page has: its rule, and what is judged of it."""
    judgement, course = overview.view.judgement if overview.view else None, overview.course_of(route)
    old, new = _totals(course)
    old_times, new_times = (ranked(each) for each in (course.legacy, course.candidate)) if course else ((), ())
    compared = overview.parity.get(route)
    return {
        "costs": overview.costs.of_route(route) if isinstance(overview.costs, CostLedger) else overview.costs,
        "parity": compared,
        "newer": next((each for each in overview.history if compared and _is_newer_build(each, compared[0].at)), None),
        "ranks": ranks(old_times, new_times),
        "sides": (old, new),
        "times": [
            (words.rung(rung), *(None if each is None else Estimate(each) for each in both), words.times(*both))
            for rung, *both in zip(RUNGS, old_times, new_times, strict=False)
        ],
        "route": next(each for each in overview.status.routes if each.route == route),
        "mood": moods(judgement).get(route, Mood.IDLE),
        "findings": [each for each in judgement.findings if route in each.routes] if judgement else (),
    }


def _is_newer_build(change: PastChange, than: datetime) -> bool:
    return change.at > than and change.what.startswith(("phase1", "deploy")) and not change.failure


def _kept(verdict: KeptVerdict) -> str:
    """A verdict on answers, in a sentence."""
    said = sentence_of_parity(verdict.different, verdict.requests) if verdict.requests else "no request was compared"
    return f"{verdict.result.capitalize()}: {said}; {verdict.covered:.0f} % of the requests' shapes were compared"


def _routes(overview: Overview, link: Callable[[str], str | None]) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for route in overview.status.routes:
        course = overview.course_of(route.route)
        found.append((route, link(route.route) if course else None, _lately(course), *_totals(course)))
    return found


def _totals(course: TimeSeries | None) -> tuple[Bucket, Bucket]:
    return course.totals if course else (Bucket(), Bucket())


def _lately(course: TimeSeries | None) -> tuple[datetime, Estimate] | None:
    """The last share that is known, and since when: that of the whole range has earlier weights in it."""
    shares = zip(course.times, course.shares, strict=True) if course else ()
    return next(((time, share) for time, share in reversed([*shares]) if share is not None), None)


def page(template: str, **given: object) -> str:
    """A template with what it is given."""
    return _templates().get_template(template).render({**_NOTHING, **given})


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FunctionLoader(asset),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if type(value) is str else value,  # markupsafe's type is ours
    )
    templates.globals |= {"style": asset("style.css"), "version": __version__}
    templates.filters |= {
        "about": words.about,
        "ago": words.ago,
        "count": words.count,
        "dollars": dollars,
        "duration": format_duration,
        "ends": ends,
        "guard": words.guard,
        "interval": words.interval,
        "kept": _kept,
        "last_change": last_change,
        "moment": words.moment,
        "moves": history.moves,
        "parity": parity_sentence,
        "per_cent": words.per_cent,
        "rows": rows,
        "runs_it": runs_it,
        "seconds": words.seconds,
        "shape": SHAPES.get,
        "phase": words.phase,
        "steps": words.steps,
        "weight": words.weight,
        "what": history.what,
        "why": history.why,
    }
    return templates
