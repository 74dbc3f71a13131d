"""Which state an alarm is in: AWS's own tables, and what holds for any datapoints."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout_sandbox.alarms.composites import holds, named_in
from rollout_sandbox.alarms.evaluation import LOOKED_BACK, Datapoint, Missing, Verdict, evaluated
from rollout_sandbox.alarms.metric_math import NotUnderstoodError, compiled
from rollout_sandbox.alarms.reasons import Rule, reason, reason_data

EVERY: tuple[Missing, ...] = get_args(Missing)  # missing, ignore, breaching, notBreaching
THREE = Rule("GreaterThanThreshold", 5.0, 60, 3, "Sum")


def points(text: str) -> list[Datapoint | None]:
    """Datapoints as AWS's page draws them, the newest last: `0` is well, `X` breaches, `-` is missing."""
    marks = text.split()[::-1]
    return [None if mark == "-" else Datapoint(-60 * age, 9.0, mark == "X") for age, mark in enumerate(marks)]


def state(text: str, to_alarm: int, missing: Missing) -> str:
    return evaluated(points(text), 3, to_alarm, missing).state or "retained"


@pytest.mark.parametrize(
    ("text", "to_alarm", "states"),
    [
        ("0 - X - X", 3, ("OK", "OK", "OK", "OK")),
        ("0 - - - -", 3, ("OK", "OK", "OK", "OK")),
        ("- - - - -", 3, ("INSUFFICIENT_DATA", "retained", "ALARM", "OK")),
        ("0 X X - X", 3, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("- - X - -", 3, ("ALARM", "retained", "ALARM", "OK")),
        ("0 - X - X", 2, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("0 0 X 0 X", 2, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("0 - X - -", 2, ("OK", "OK", "ALARM", "OK")),
        ("- - - - 0", 2, ("OK", "OK", "ALARM", "OK")),
        ("- - - X -", 2, ("ALARM", "retained", "ALARM", "OK")),
        ("- - - - X", 3, ("retained", "retained", "ALARM", "OK")),  # the next one may be well
        ("- - - X -", 3, ("retained", "retained", "ALARM", "OK")),
    ],
)
def test_missing_data_counts_as_awss_tables_have_it(text: str, to_alarm: int, states: tuple[str, ...]) -> None:
    assert (
        tuple(state(text, to_alarm, missing) for missing in ("missing", "ignore", "breaching", "notBreaching"))
        == states
    )


drawn = st.lists(st.sampled_from("0X-"), min_size=3 + LOOKED_BACK, max_size=3 + LOOKED_BACK).map(" ".join)


@given(drawn, st.integers(1, 3), st.sampled_from(EVERY))
def test_what_goes_off_without_missing_data_goes_off_with_it(text: str, to_alarm: int, missing: Missing) -> None:
    if state(text, to_alarm, "notBreaching") == "ALARM":
        assert state(text, to_alarm, missing) == "ALARM"
    if state(text, to_alarm, "breaching") == "OK":
        assert state(text, to_alarm, missing) in {"OK", "retained"}


@given(drawn, st.integers(1, 3), st.sampled_from(EVERY))
def test_of_three_real_points_the_setting_says_nothing(text: str, to_alarm: int, missing: Missing) -> None:
    real = [mark for mark in text.split() if mark != "-"][-3:]
    if len(real) == 3:
        assert state(text, to_alarm, missing) == ("ALARM" if real.count("X") >= to_alarm else "OK")


@given(drawn, st.integers(2, 3), st.sampled_from(EVERY))
def test_fewer_points_that_have_to_breach_never_calm_an_alarm(text: str, to_alarm: int, missing: Missing) -> None:
    if state(text, to_alarm, missing) == "ALARM":
        assert state(text, to_alarm - 1, missing) == "ALARM"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("a + b * 2", 12),
        ("100 * (a + b) / a", 350),
        ("-a + 5", 3),
        ("a ^ 2", 4),
        ("a / zero", None),
        ("a + none", None),
        ("FILL(none, 0) + a", 2),
        ("FILL(none + a, 1)", 1),
        ("IF(a >= 2 AND b >= 50, a, 0)", 0),
        ("IF(a >= 2 OR b >= 50, a - b, 0)", -3),
        ("IF(a == 2 && b != 2, b)", 7 - 2),
        ("IF(a > 2 || b < 2, b)", None),
        ("IF(zero, a / zero, 0)", 0),
        ("IF(none, a, b)", None),
        ("MAX([a, b, none])", 5),
        ("MIN([FILL(none, 1), a])", 1),
        ("SUM([a, b])", 7),
        ("AVG([none])", None),
        ("CEIL(a / b) + FLOOR(a / b) + ABS(-a)", 3),
    ],
)
def test_metric_math(expression: str, value: float | None) -> None:
    values = {"a": 2.0, "b": 5.0, "zero": 0.0, "none": None}
    assert compiled(expression)(values.__getitem__) == value


@pytest.mark.parametrize(
    "expression",
    [
        "a +",
        "METRICS()",
        "RATE(a)",
        "open('os')",
        "a.b",
        "a[0]",
        "1 < a < 2",
        "FILL(1, 0)",
        "lambda: a",
        "'text'",
    ],
)
def test_what_is_no_metric_math_is_refused(expression: str) -> None:
    with pytest.raises(NotUnderstoodError):
        compiled(expression)


@pytest.mark.parametrize(
    ("rule", "held"),
    [
        ('ALARM("a") AND OK(b)', True),
        ("NOT ALARM(a) OR INSUFFICIENT_DATA('c')", True),
        ("ALARM(b) OR (ALARM(c) AND TRUE)", False),
        ("ALARM(arn:aws:cloudwatch:r:1:alarm:a)", True),
        ("OK(gone)", False),
    ],
)
def test_a_composite_alarms_rule(rule: str, held: bool) -> None:
    assert holds(rule, {"a": "ALARM", "b": "OK", "c": "INSUFFICIENT_DATA"}) is held
    assert named_in(rule) <= {"a", "b", "c", "gone"}


@pytest.mark.parametrize("rule", ["", "ALARM(a) BUT OK(b)", "AND", "True", "ALARM(a) ALARM(b)"])
def test_what_is_no_rule(rule: str) -> None:
    with pytest.raises(SyntaxError):
        holds(rule, {})


def verdict(text: str, missing: Missing = "missing") -> Verdict:
    return evaluated(points(text), 3, 3, missing)


@pytest.mark.parametrize(
    ("text", "missing", "after", "said"),
    [
        (
            "0 0 X X X",
            "missing",
            "ALARM",
            (
                "of the last 3 datapoints [9.0 (01/01/70 00:00:00), 9.0 (31/12/69 23:59:00), 9.0 (31/12/69 23:58:00)]"
                " were greater than the threshold (5.0) (minimum 3 datapoints for OK -> ALARM transition)."
            ),
        ),
        (
            "- - - - -",
            "breaching",
            "ALARM",
            "3 periods and 3 missing datapoints were treated as [Breaching].",
        ),
        ("- - - - -", "missing", "INSUFFICIENT_DATA", "Insufficient Data: 3 datapoints were unknown."),
        (
            "0 X X 0 X",
            "missing",
            "OK",
            (
                "1 out of the last 3 datapoints [9.0 (31/12/69 23:59:00)] was not greater than the threshold (5.0)"
                " (minimum 1 datapoint for OK -> OK transition)."
            ),
        ),
    ],
)
def test_a_reason_is_worded_as_aws_does(text: str, missing: Missing, after: Any, said: str) -> None:
    found = verdict(text, missing)
    assert found.state == after
    assert reason(THREE, "OK", after, found).endswith(said)


def test_without_a_number_of_datapoints_the_reason_is_the_older_one() -> None:
    rule = Rule("LessThanOrEqualToThreshold", 1.0, 60, None)
    one = Verdict("ALARM", (Datapoint(0, 1.0, breaches=True),))
    assert reason(rule, "OK", "ALARM", one) == (
        "Threshold Crossed: 1 datapoint [1.0 (01/01/70 00:00:00)] was less than or equal to the threshold (1.0)."
    )


def test_the_reasons_data_is_json() -> None:
    assert reason_data(THREE, verdict("- - - - X"), datetime(1970, 1, 1, 0, 1, 5, tzinfo=UTC)) == (
        '{"version":"1.0","queryDate":"1970-01-01T00:01:05.000+0000","startDate":"1970-01-01T00:00:00.000+0000",'
        '"statistic":"Sum","period":60,"recentDatapoints":[9.0],"threshold":5.0,'
        '"evaluatedDatapoints":[{"timestamp":"1970-01-01T00:00:00.000+0000","value":9.0}]}'
    )
