"""Which requests and members are alike."""

from __future__ import annotations

import pytest

from rollout.inventory.conditions import Request
from rollout.parity.coverage import MAX_SHAPES, Collected
from rollout.parity.request import ParityRequest
from rollout.parity.shapes import shape_of


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("", ""),
        ("12", "{int}"),
        ("-1.5e7", "{number}"),
        ("0xAbC", "{hex}"),
        ("deadbeef01", "{hex}"),
        ("decade", "{text}"),
        ("9b2d6f0e-7d0d-4b0e-9c6a-0c8b7e0c6f11", "{uuid}"),
        ("2026-11-28T10:00:00Z", "{date}"),
        ("did:pkh:eip155:1:0x0", "{text}"),
        ("01HF7YAT31JZHSMW1CG6Q6MHB7", "{id}"),
        ("the-name-of-a-stamp-provider", "{text}"),
        ("\u0661\u0662", "{text}"),
    ],
)
def test_a_text_has_a_shape(text: str, shape: str) -> None:
    assert shape_of(text) == shape


def asked(target: str) -> ParityRequest:
    return ParityRequest("score", Request.of("GET", target))


def test_requests_of_one_shape_differ_in_values_alone() -> None:
    assert asked("/v2/7/score/0xA?b=2&a=x").shape == asked("/v2/12/score/0xB?a=yy&b=3").shape
    assert asked("/v2/7").shape != asked("/v2/7?page=1").shape
    assert asked("/v2/7").digest != asked("/v2/8").digest


def test_each_shape_is_asked_though_one_has_most_requests() -> None:
    collected = Collected(("score",), 10)
    for n in range(1000):
        collected.add(asked(f"/v2/{n}"))
    collected.add(asked("/v2/7?page=1"))
    collected.add(asked("/rare/7"))
    shapes = [request.shape for request in collected.chosen()]
    assert (len(shapes), len(set(shapes))) == (10, 3)


def test_the_same_requests_are_chosen_whatever_their_order() -> None:
    one, other = Collected(("score",), 5), Collected(("score",), 5)
    for n in range(100):
        one.add(asked(f"/v2/{n}"))
        other.add(asked(f"/v2/{99 - n}"))
    assert {request.digest for request in one.chosen()} == {request.digest for request in other.chosen()}


def test_however_many_shapes_there_are_memory_is_bounded() -> None:
    collected = Collected(("score",), 2)
    for n in range(3 * MAX_SHAPES):
        collected.add(asked(f"/word{'x' * (n % 25)}{chr(97 + n % 26)}{chr(97 + n // 26)}"))
    (coverage,) = collected.coverage()
    assert len(coverage.shapes) <= MAX_SHAPES + 1
    assert coverage.requests == 3 * MAX_SHAPES
