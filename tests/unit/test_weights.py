"""Percentages to an ALB's weights and back, exactly."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.alb.forms import AWS, PROGRAM, PULUMI, Form
from rollout.alb.weights import ForwardAction, alb_weights, forward_of, same_forward, split_of
from rollout.inventory.model import CANDIDATE_ONLY, LEGACY_ONLY, PREPARED, Arn, Split
from rollout.inventory.quantities import Percent

LEGACY, CANDIDATE, OTHER = (Arn(f"arn:aws:elasticloadbalancing:r:1:targetgroup/{name}/1") for name in "lco")
HOUR = timedelta(hours=1)
PERCENTS = st.builds(Percent, st.integers(0, 1000))


@given(PERCENTS)
def test_weights_are_exact_and_ones_that_aws_takes(percent: Percent) -> None:
    legacy, candidate = alb_weights(percent)
    assert 0 <= legacy <= 999
    assert 0 <= candidate <= 999
    assert Fraction(candidate, legacy + candidate) == Fraction(percent.tenths, 1000)


@given(PERCENTS, st.booleans())
def test_a_forward_action_says_the_split_that_it_was_made_of(percent: Percent, prepared: bool) -> None:
    split = PREPARED if prepared else Split.at(percent)
    forward = forward_of(split, LEGACY, CANDIDATE, HOUR)
    assert split_of(forward, LEGACY, CANDIDATE) == split
    assert (forward.stickiness == HOUR) is split.attached


FORWARDS = st.builds(
    ForwardAction,
    st.dictionaries(st.sampled_from([LEGACY, CANDIDATE, OTHER]), st.integers(0, 999), min_size=1).map(
        lambda weights: weights if len(weights) > 1 else dict.fromkeys(weights, 1)
    ),
    st.none() | st.integers(1, 604_800).map(lambda seconds: timedelta(seconds=seconds)),
)


@pytest.mark.thorough
@pytest.mark.parametrize("form", [AWS, PULUMI, PROGRAM], ids=["AWS", "Pulumi", "a program"])
@given(FORWARDS)
def test_a_forward_action_is_the_same_after_it_was_written_and_read(form: Form, forward: ForwardAction) -> None:
    assert form.read(form.write(forward)) == forward
    assert form.read({**form.write(forward), form.type: "redirect"}) is None


@given(FORWARDS)
def test_stickiness_that_is_off_is_said_to_aws_and_left_out_for_pulumi(forward: ForwardAction) -> None:
    off = forward.stickiness is None
    assert (AWS.write(forward)["ForwardConfig"]["TargetGroupStickinessConfig"] == {"Enabled": False}) is off
    assert ("stickiness" not in PULUMI.write(forward)["forward"]) is off


@pytest.mark.parametrize(
    ("percent", "weights"),
    [("0", (100, 0)), ("10", (90, 10)), ("33.3", (667, 333)), ("0.1", (999, 1)), ("99.9", (1, 999)), ("100", (0, 100))],
)
def test_weights_read_as_percentages_where_they_can(percent: str, weights: tuple[int, int]) -> None:
    assert alb_weights(Percent.of(percent)) == weights


def test_at_zero_the_candidate_is_taken_out() -> None:
    assert Split.at(Percent(0)) == LEGACY_ONLY
    assert forward_of(LEGACY_ONLY, LEGACY, CANDIDATE, HOUR) == ForwardAction({LEGACY: 1})


@pytest.mark.parametrize(
    "weights",
    [
        {OTHER: 1},
        {LEGACY: 1, OTHER: 1},
        {LEGACY: 1, CANDIDATE: 1, OTHER: 1},
        {LEGACY: 0, CANDIDATE: 0},
        {},
    ],
)
def test_what_only_others_write_is_not_a_split(weights: dict[Arn, int]) -> None:
    assert split_of(ForwardAction(weights), LEGACY, CANDIDATE) is None


def test_the_candidate_alone_is_how_a_migration_ends() -> None:
    assert forward_of(CANDIDATE_ONLY, LEGACY, CANDIDATE, HOUR) == ForwardAction({CANDIDATE: 1})
    assert split_of(ForwardAction({CANDIDATE: 1}), LEGACY, CANDIDATE) == CANDIDATE_ONLY != Split.at(Percent.of(100))
    assert split_of(ForwardAction({CANDIDATE: 1}), Arn(""), CANDIDATE) == CANDIDATE_ONLY  # legacy is gone


def test_another_scale_is_the_same_split() -> None:
    assert split_of(ForwardAction({LEGACY: 9, CANDIDATE: 1}), LEGACY, CANDIDATE) == Split.at(Percent.of(10))


@given(st.integers(0, 999), st.integers(0, 999))
def test_a_live_split_stays_to_the_weight_whoever_wrote_it(mine: int, its: int) -> None:
    forward = ForwardAction({LEGACY: mine, CANDIDATE: its}, HOUR)
    split = split_of(forward, LEGACY, CANDIDATE)
    if not mine + its:
        assert split is None
        return
    assert split is not None
    assert forward_of(split, LEGACY, CANDIDATE, HOUR) == forward
    assert abs(split.weight.tenths - 1000 * its / (mine + its)) <= 1
    assert (split.weight.tenths == 0, split.weight.tenths == 1000) == (its == 0, mine == 0)  # never told as none or all


@pytest.mark.parametrize(("weights", "told"), [((2, 1), "33.3 %"), ((998, 1), "0.1 %"), ((1, 2), "66.7 %")])
def test_a_share_that_is_finer_than_a_tenth_is_told_as_the_nearest(weights: tuple[int, int], told: str) -> None:
    assert str(split_of(ForwardAction(dict(zip((LEGACY, CANDIDATE), weights, strict=True))), LEGACY, CANDIDATE)) == told


@given(st.integers(0, 99), st.integers(1, 99), st.integers(1, 10), st.integers(1, 10))
def test_weights_mean_shares_of_their_sum(mine: int, its: int, scale: int, of_other: int) -> None:
    one, other = (ForwardAction({LEGACY: mine * s, CANDIDATE: its * s}) for s in (scale, of_other))
    assert same_forward(one, other)
    assert not same_forward(one, ForwardAction({LEGACY: mine * of_other + 1, CANDIDATE: its * of_other}))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (ForwardAction({LEGACY: 1}), ForwardAction({LEGACY: 100}), True),
        (ForwardAction({LEGACY: 1}), ForwardAction({LEGACY: 1}, HOUR), False),
        (ForwardAction({LEGACY: 1}), ForwardAction({CANDIDATE: 1}), False),
        (ForwardAction({LEGACY: 90, CANDIDATE: 10}), ForwardAction({CANDIDATE: 10, LEGACY: 90}), True),
        (ForwardAction({LEGACY: 90, CANDIDATE: 10}), ForwardAction({LEGACY: 10, CANDIDATE: 90}), False),
    ],
)
def test_same_forward(one: ForwardAction, other: ForwardAction, *, same: bool) -> None:
    assert same_forward(one, other) is same
    assert same_forward(other, one) is same
