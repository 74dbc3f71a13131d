"""What the operate role may not do with rights that it has: held by the sandbox's own reading of its policy."""

from __future__ import annotations

import pytest

from rollout.adapters.aws.iam import policy
from rollout.inventory.functions import Function
from rollout.inventory.model import Environment
from rollout_sandbox.policies import Asked, Policy
from tests.unit.builders import environment

BALANCER = "elasticloadbalancing.amazonaws.com"
FUNCTION = "arn:aws:lambda:us-west-2:123456789012:function:new"
LOGS = "arn:aws:logs:us-west-2:123456789012:log-group:/aws/lambda/new"
ROLE = "arn:aws:iam::123456789012:role/new"
BOUNDARY = "arn:aws:iam::123456789012:policy/bounds"


def may(asked: Asked, inventory: Environment | None = None) -> bool:
    return Policy.parse(policy(inventory or environment(), "operate")).refusal(asked) is None


def with_functions(**functions: Function) -> Environment:
    return environment(functions=functions)


@pytest.mark.parametrize(
    ("principal", "allowed"), [(BALANCER, True), ("*", False), ("210987654321", False), ("s3.amazonaws.com", False)]
)
def test_the_load_balancer_alone_may_be_let_in(principal: str, allowed: bool) -> None:
    assert may(Asked("lambda:AddPermission", FUNCTION, {"lambda:principal": (principal,)})) is allowed
    assert not may(Asked("lambda:AddPermission", FUNCTION, {}))


@pytest.mark.parametrize(
    ("resource", "allowed"),
    [(LOGS, True), (f"{LOGS}:log-stream:", True), (f"{LOGS}er", False), (f"{LOGS}-staging:log-stream:", False)],
)
def test_a_log_group_is_that_of_the_name_and_no_longer_one(resource: str, allowed: bool) -> None:
    assert may(Asked("logs:CreateLogGroup", resource, {})) is allowed
    assert may(Asked("logs:TagResource", resource, {})) is allowed


def test_no_role_is_made_without_the_boundary_that_the_file_names() -> None:
    function = environment().functions["new"]
    bounded = function.model_copy(update={"permissions_boundary": BOUNDARY})
    made, free = Asked("iam:CreateRole", ROLE, {"iam:permissionsboundary": (BOUNDARY,)}), Asked("iam:CreateRole", ROLE)
    other = Asked("iam:CreateRole", ROLE, {"iam:permissionsboundary": ("arn:aws:iam::aws:policy/AdministratorAccess",)})
    inventory = with_functions(new=bounded)
    assert [may(each, inventory) for each in (made, free, other)] == [True, False, False]
    assert may(free)


@pytest.mark.parametrize(
    "action", ["iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePermissionsBoundary"]
)
def test_a_role_that_is_there_keeps_its_trust_policy_and_its_bounds(action: str) -> None:
    assert not may(Asked(action, ROLE))


def test_a_roles_own_name_is_the_one_that_may_be_made() -> None:
    named = with_functions(new=environment().functions["new"].model_copy(update={"role_name": "other"}))
    assert may(Asked("iam:CreateRole", ROLE.replace("new", "other")), named)
    assert not may(Asked("iam:CreateRole", ROLE), named)
