"""The alarms' metric math worked out by hand, their names, and the dashboard by AWS's rules."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from rollout.analysis.metrics import Series
from rollout.inventory.functions import Function
from rollout.inventory.model import Environment, LoadBalancer
from rollout.programs.alarms import dashboard
from rollout.programs.alarms.alarms import Alarm, JointAlarm, Thresholds, alarms, names, title
from rollout.programs.alarms.pools import Places, watched
from tests.unit.builders import environment
from tests.unit.watched_pools import places, route, shared

Values = Mapping[tuple[str, str], float]
"""A minute's values by metric and target group's or function's name; what isn't there has no point."""


def value(alarm: Alarm, values: Values) -> float | None:
    """What an alarm watches in a minute, as CloudWatch works it out; None where there is no point."""
    known: dict[str, float | None] = {}
    functions = {
        "FILL": lambda each, filling: filling if each is None else each,
        "IF": lambda condition, one, other: one if condition else other,
        "MAX": max,
    }
    for query in alarm.queries:
        if query.series:
            known[query.id] = values.get((query.series.name, what(query.series)))
        else:
            text = query.expression.replace(" AND ", " and ")
            try:
                known[query.id] = eval(text, {"__builtins__": {}}, {**functions, **known})  # noqa: S307 - our own text
            except (ZeroDivisionError, TypeError):
                known[query.id] = None
    return known[alarm.queries[-1].id]


def what(series: Series) -> str:
    return series.dimensions[-1][1].removeprefix("targetgroup/").removesuffix("/1")


def rings(inventory: Environment, values: Values) -> list[str]:
    """What goes off if each minute is like this one."""
    every = alarms(inventory, places(inventory))
    loud = {
        each.name
        for each in every
        if isinstance(each, Alarm) and (found := value(each, values)) is not None and found > each.threshold
    }
    loud |= {each.name for each in every if isinstance(each, JointAlarm) and set(each.parts) <= loud}
    return [name.removeprefix(f"{title(inventory)}-") for name in names(inventory) if name in loud]


def minute(*rows: tuple[str, float, float, float, float]) -> dict[tuple[str, str], float]:
    """Group, requests, 5xx, crashes, and p99 in seconds; zeros have no point."""
    words = ("RequestCount", "HTTPCode_Target_5XX_Count", "LambdaUserError", "TargetResponseTime")
    return {(word, row[0]): number for row in rows for word, number in zip(words, row[1:], strict=True) if number}


@pytest.mark.parametrize(
    ("legacy", "candidate", "said"),
    [
        ((1000, 1, 0, 0.1), (100, 0, 0, 0.1), []),
        ((1000, 1, 0, 0.1), (100, 3, 0, 0.1), ["errors-above-legacy"]),
        ((1000, 1, 0, 0.1), (100, 0, 3, 0.1), ["errors-above-legacy"]),  # a crash counts like an answer of 500
        ((1000, 50, 0, 0.1), (100, 6, 0, 0.1), ["errors"]),
        ((1000, 1, 0, 0.1), (100, 0, 100, 0.1), ["errors-above-legacy", "errors"]),
        ((1000, 1, 0, 0.1), (100, 0, 0, 0.21), ["latency-above-legacy"]),
        ((1000, 1, 0, 0.1), (100, 0, 0, 0.19), []),
        ((1000, 1, 0, 0.1), (49, 49, 0, 9.0), []),  # too few to say
        ((49, 0, 0, 0.1), (1000, 30, 0, 9.0), []),
        ((0, 0, 0, 0), (1000, 60, 0, 9.0), ["errors"]),  # at 100 % nothing is left to compare with
        ((0, 0, 0, 0), (0, 0, 0, 0), []),
        ((1000, 900, 0, 9.0), (100, 0, 0, 0.1), []),  # legacy's trouble is no reason against the candidate
    ],
)
def test_an_alarm_goes_off_for_a_worse_candidate_alone(
    legacy: tuple[float, float, float, float], candidate: tuple[float, float, float, float], said: list[str]
) -> None:
    assert rings(environment(), minute(("old", *legacy), ("new", *candidate))) == [f"new-{what}" for what in said]


def test_throttles_of_a_function_go_off_by_its_name_on_aws() -> None:
    named = environment().functions["new"].model_copy(update={"name": "on-aws"})
    inventory = environment(functions={"key": named})
    assert rings(inventory, {("Throttles", "on-aws"): 1}) == ["key-throttles"]
    assert rings(inventory, {("Throttles", "key"): 1}) == []


def test_the_thresholds_are_the_programs_to_set() -> None:
    found = alarms(environment(), Places(), Thresholds(requests=7, slower=1.5))
    assert [each.threshold for each in found if isinstance(each, Alarm)] == [2.0, 1.5, 5.0, 0]
    assert all("7" in each.queries[-1].expression for each in found[:3] if isinstance(each, Alarm))


def test_a_pool_of_many_routes_is_worse_only_if_it_is_worse_than_each_part() -> None:
    five = shared(5)
    joint = next(each for each in alarms(five) if isinstance(each, JointAlarm))
    assert joint.rule.split(" AND ") == [f'ALARM("{joint.name}-{n}")' for n in (1, 2, 3)]
    good = [(f"old-{n}", 1000, 1, 0, 0.1) for n in range(5)]
    bad = ("new-0", 500, 20, 0, 0.5)
    assert rings(five, minute(*good, bad)) == ["new-0-errors-above-legacy", "new-0-latency-above-legacy"]
    for n in range(5):  # the two counted with a route as bad and slow as the candidate say nothing
        as_bad = [*good[:n], (f"old-{n}", 100_000, 4000, 0, 0.5), *good[n + 1 :]]
        assert rings(five, minute(*as_bad, bad)) == []


def test_every_legacy_group_of_a_pool_is_compared() -> None:
    for count in range(1, 12):
        parts = [each for each in alarms(shared(count)) if "errors-above-legacy" in each.name]
        labels = [
            query.label
            for each in parts
            if isinstance(each, Alarm)
            for query in each.queries
            if query.id.startswith("legacy_handled")
        ]
        assert sorted(labels) == sorted(f"old-{n}" for n in range(count))


def test_names_stay_within_what_aws_takes_however_long_the_inventorys_are() -> None:
    long = "x" * 63
    routes = {f"r{n}": route(f"{n}{'o' * 31}", "n" * 32, n + 1) for n in range(9)}
    function = Function(runtime="r", handler="h", target_groups={"public": ("n" * 32,)})
    inventory = environment(name=long, project=long, routes=routes, functions={long: function})
    assert max(len(each.name) for each in alarms(inventory)) <= 255


def test_a_pool_whose_sides_cannot_be_told_apart_is_left_out() -> None:
    routes = {"a": route("one", "two", 1), "b": route("two", "three", 2), "c": route("old", "new", 3)}
    assert [pool.name for pool in watched(environment(routes=routes))] == ["new"]


def test_the_dashboard_has_both_sides_in_each_graph_of_a_pool() -> None:
    body = dashboard.body(shared(2), places(shared(2)), ["one"])
    graphs = [widget["properties"] for widget in body["widgets"] if widget["type"] == "metric"]
    shown = [{line[-1]["label"] for line in graph["metrics"] if line[-1]["visible"]} for graph in graphs[:3]]
    assert shown == [
        {"legacy", "candidate", "candidate, %"},
        {"legacy", "candidate"},
        {"legacy p50", "legacy p99", "candidate p50", "candidate p99"},
    ]
    (alarm,) = (widget["properties"] for widget in body["widgets"] if widget["type"] == "alarm")
    assert alarm["alarms"] == ["arn:aws:cloudwatch:us-west-2:123456789012:alarm:one"]


def test_no_two_widgets_overlap() -> None:
    inventory = environment(
        load_balancers={"public": LoadBalancer(name="public"), "internal": LoadBalancer(name="internal")}
    )
    taken = [
        (column, row)
        for widget in dashboard.body(inventory, places(inventory), ["one"])["widgets"]
        for column in range(widget["x"], widget["x"] + widget["width"])
        for row in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(taken) == len(set(taken))


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-west-2", "us-west-2.console.aws.amazon.com"),
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_the_dashboard_is_linked_in_its_partitions_console(region: str, host: str) -> None:
    assert dashboard.link(environment(region=region), "it") == (
        f"https://{host}/cloudwatch/home?region={region}#dashboards/dashboard/it"
    )
