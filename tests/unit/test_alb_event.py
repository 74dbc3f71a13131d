"""What a load balancer takes as a function's answer: nulls are no answer, and what is left out is."""

from __future__ import annotations

from typing import Any

import pytest

from rollout.rules.alb_event import Malformed, checked

OK: dict[str, Any] = {"statusCode": 200}


@pytest.mark.parametrize("wrong", ["headers", "body", "isBase64Encoded", "statusCode"])
def test_null_is_no_answer(wrong: str) -> None:
    with pytest.raises(Malformed):
        checked({**OK, "headers": {}, "body": "", wrong: None}, multi_value=False)


def test_null_is_no_answer_with_lists_of_headers_either() -> None:
    with pytest.raises(Malformed):
        checked({**OK, "multiValueHeaders": None}, multi_value=True)
    assert checked({**OK, "headers": None}, multi_value=True).headers == ()  # which isn't looked at then


def test_what_is_left_out_is_empty() -> None:
    found = checked(OK, multi_value=False)
    assert (found.status, found.headers, found.body) == (200, (), b"")


@pytest.mark.parametrize(("bound", "is_taken"), [(1024, False), (4096, True)])
def test_the_size_is_the_callers(bound: int, *, is_taken: bool) -> None:
    said = {**OK, "body": "x" * 2000}
    if is_taken:
        assert checked(said, multi_value=False, max_bytes=bound).status == 200
        return
    with pytest.raises(Malformed):
        checked(said, multi_value=False, max_bytes=bound)
