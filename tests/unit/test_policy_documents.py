"""When two policy documents say the same."""

from __future__ import annotations

import json

import pytest

from rollout.base.policy_documents import same_documents

ONE = {"Effect": "Allow", "Action": ["a:B", "a:C"], "Resource": ["*"]}


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"Resource": "*", "Action": ["a:C", "a:B"], "Effect": "Allow"}, True),
        ({**ONE, "Action": ["a:B"]}, False),
        ({**ONE, "Effect": "Deny"}, False),
        ({**ONE, "Condition": {}}, False),
    ],
)
def test_orders_and_lists_of_one_do_not_matter(other: dict[str, object], *, same: bool) -> None:
    documents = (json.dumps({"Statement": each}, indent=indent) for each, indent in (([ONE], 1), (other, None)))
    assert same_documents(*documents) is same
