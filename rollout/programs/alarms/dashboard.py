"""A CloudWatch dashboard with both implementations side by side, as JSON. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rollout.analysis.metrics import function
from rollout.inventory.model import Environment
from rollout.programs.alarms.pools import AlarmPool, Places, Query, Side, of_others, watched

COLUMNS, MAX_ALARMS = 24, 100
_COLOURS = {"legacy": "#7f7f7f", "candidate": "#1f77b4"}
_PARTITIONS = {
    "cn-": ("aws-cn", "console.amazonaws.cn"),
    "us-gov-": ("aws-us-gov", "console.amazonaws-us-gov.com"),
    "": ("aws", "console.aws.amazon.com"),
}
_OF_FUNCTIONS = {"Throttles": "Sum", "Errors": "Sum", "ConcurrentExecutions": "Maximum"}

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Widget:
    kind: str
    properties: Mapping[str, Any]
    width: int = COLUMNS
    height: int = 1


def link(environment: Environment, name: str) -> str:
    """Where people look at a dashboard."""
    region = environment.region
    _, host = _partition(region)
    return f"https://{region}.{host}/cloudwatch/home?region={region}#dashboards/dashboard/{name}"


def body(environment: Environment, places: Places, alarms: Sequence[str]) -> Body:
    """A dashboard: the alarms, then a row a pool of routes, then one a function of the candidate.

    Args:
        places: What is where on AWS.
        alarms: The names of those whose state to show; AWS shows 100 of them.
    """
    partition, _ = _partition(environment.region)
    owner = f"arn:{partition}:cloudwatch:{environment.region}:{environment.account}"
    shown = {"title": "Alarms", "alarms": [f"{owner}:alarm:{name}" for name in alarms[:MAX_ALARMS]]}
    rows = [[_Widget("alarm", shown, height=3)]]
    for pool in watched(environment):
        routes = (f"`{route}`" for route in environment.routes.values() if route.candidate in pool.candidate)
        rows += [
            [_heading(f"{pool.load_balancer}: {', '.join(dict.fromkeys(routes))}")],
            _pool_graphs(environment.region, pool, places),
        ]
    for group, balancer in of_others(environment).items():
        health = [*Side("candidate", (group,), balancer, places).health()]
        title = "Healthy and unhealthy targets"
        rows += [[_heading(f"Target group {group}")], [_graph(environment.region, title, health, with_series=True)]]
    for key, each in environment.functions.items():
        name = each.name or key
        rows += [[_heading(f"Function {name}")], _function_graphs(environment.region, name)]
    return {"start": "-PT3H", "periodOverride": "inherit", "widgets": list(_laid_out(rows))}


def _partition(region: str) -> tuple[str, str]:
    """A region's part of AWS, and the console of that."""
    return next(found for start, found in _PARTITIONS.items() if region.startswith(start))


def _heading(text: str) -> _Widget:
    return _Widget("text", {"markdown": f"## {text}"})


def _pool_graphs(region: str, pool: AlarmPool, places: Places) -> list[_Widget]:
    legacy = Side("legacy", pool.legacy, pool.load_balancer, places)
    candidate = Side("candidate", pool.candidate, pool.load_balancer, places)
    requests, errors = ([*legacy.requests(), *candidate.requests()], [*legacy.errors(), *candidate.errors()])
    share = Query(
        "share", expression="100 * candidate_requests / (candidate_requests + legacy_requests)", label="candidate, %"
    )
    slow = [query for side in (legacy, candidate) for each in ("p50", "p99") for query in side.latency(each)]
    asked = {query.id for query in requests}
    return [
        _graph(region, "Requests per minute, and the candidate's share", [*requests, share], right="share"),
        _graph(region, "Errors, %", [*requests, *errors], hidden=asked),
        _graph(region, "Response time of the slowest target group, s", slow),
    ]


def _function_graphs(region: str, name: str) -> list[_Widget]:
    watched = {
        metric: Query("watched", function(name).series(metric, statistic), label=name)
        for metric, statistic in _OF_FUNCTIONS.items()
    }
    return [_graph(region, metric, [query], with_series=True) for metric, query in watched.items()]


def _graph(
    region: str,
    title: str,
    queries: Sequence[Query],
    *,
    hidden: Collection[str] = (),
    right: str = "",
    with_series: bool = False,
) -> _Widget:
    """A graph of what is worked out; of what that is worked out from only if asked for."""
    visible = {query.id for query in queries if with_series or (query.label and not query.series)} - set(hidden)
    lines = [_line(query, visible=query.id in visible, right=query.id == right) for query in queries]
    properties = {
        "title": title,
        "region": region,
        "view": "timeSeries",
        "period": 60,
        "metrics": lines,
        "yAxis": {"left": {"min": 0}, **({"right": {"min": 0, "max": 100}} if right else {})},
    }
    return _Widget("metric", properties, COLUMNS // 3, 6)


def _line(query: Query, *, visible: bool, right: bool) -> list[Any]:
    colour = _COLOURS.get(query.id.partition("_")[0])
    shown: dict[str, Any] = {"id": query.id, "visible": visible}
    shown |= {"label": query.label} if query.label else {}
    shown |= {"color": colour} if visible and colour and not query.id.endswith("_p50") else {}
    shown |= {"yAxis": "right"} if right else {}
    if query.series is None:
        return [{"expression": query.expression, **shown}]
    series = query.series
    dimensions = [text for pair in series.dimensions for text in pair]
    return [series.namespace, series.name, *dimensions, {"stat": series.statistic, **shown}]


def _laid_out(rows: Iterable[Sequence[_Widget]]) -> Iterator[dict[str, Any]]:
    """From left to right, then down."""
    y = 0
    for row in rows:
        x = 0
        for widget in row:
            place = {"x": x, "y": y, "width": widget.width, "height": widget.height}
            yield {"type": widget.kind, **place, "properties": dict(widget.properties)}
            x += widget.width
        y += max(widget.height for widget in row)
