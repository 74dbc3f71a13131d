"""A fleet's state machine: held to the language's schema, to moto's parser, and to the limits of Step Functions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rollout.errors import UsageError
from rollout.inventory.fleets import FleetPlan, Member
from rollout.programs.fleet_roles import MAX_RIGHTS, MAX_TRUST, answer_role, machine_role, size, template
from rollout.programs.fleet_states import definition
from rollout_sandbox.states.language import InvalidDefinition, check
from tests.states_schema import problems

ANSWER = "arn:aws:iam::123456789012:role/answer"
TOPIC = "arn:aws:sns:us-west-2:123456789012:people"


def member(name: str, account: str = "123456789012") -> Member:
    role = None if account == "123456789012" else f"arn:aws:iam::{account}:role/rollout-shop-{name}-fleet"
    function = f"arn:aws:lambda:us-west-2:{account}:function:rollout-shop-{name}-controller"
    return Member(name, function, 1080, role)


def fleet(*waves: tuple[str, ...], **given: Any) -> FleetPlan:
    return FleetPlan("all", "rollout-shop-all", tuple(tuple(map(member, wave)) for wave in waves), **given)


PLANS = {
    "one": fleet(("a",)),
    "waves": fleet(("a", "b"), ("c", "d"), ("e", "f")),
    "with approval": fleet(("a",), ("b",), topic=TOPIC),
    "of two accounts": FleetPlan(
        "all", "rollout-shop-all", ((member("a"), member("b", "210987654321")),), answer_role=ANSWER
    ),
    "large": fleet(*(tuple(f"env-{wave}-{n}" for n in range(100)) for wave in range(5)), topic=TOPIC),
}


def large(count: int, *accounts: str) -> FleetPlan:
    """A fleet of so many environments in each account, 40 in a wave."""
    members = [member(f"env-{account[-2:]}-{n}", account) for account in accounts for n in range(count)]
    waves = tuple(tuple(members[at : at + 40]) for at in range(0, len(members), 40))
    return FleetPlan("all", "rollout-shop-all", waves, answer_role=ANSWER)


def faulty(made: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The definition with a fault each."""
    changes: tuple[Callable[[Any], Any], ...] = (
        lambda it: it["States"]["Wave 1"].pop("Type"),
        lambda it: it["States"]["Ramp wave 1"].update(Catches=[]),
        lambda it: it["States"]["Ramp wave 1"]["ItemProcessor"]["States"]["Ramp"].update(Heartbeat=5),
        lambda it: it["States"]["The wave failed"].update(Next="Done"),
        lambda it: it.pop("StartAt"),
    )
    for change in changes:
        other = deepcopy(made)
        change(other)
        yield other


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_a_definition_is_of_the_language(plan: FleetPlan) -> None:
    made = definition(plan)
    assert problems(made) == []
    check(made)
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        states = boto3.client("stepfunctions", "us-west-2")
        role = "arn:aws:iam::123456789012:role/fleet"
        states.create_state_machine(name=plan.title, definition=json.dumps(made), roleArn=role)


@pytest.mark.parametrize(("region", "partition"), [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")])
def test_its_tasks_are_of_its_own_partition(region: str, partition: str) -> None:
    plan = PLANS["with approval"]

    def moved(text: str | None) -> str:
        return str(text).replace("arn:aws:", f"arn:{partition}:").replace("us-west-2", region)

    waves = tuple(tuple(replace(each, function=moved(each.function)) for each in wave) for wave in plan.waves)
    there = definition(replace(plan, waves=waves, topic=moved(plan.topic)))
    assert there == json.loads(moved(json.dumps(definition(plan))))


def test_what_holds_it_sees_faults() -> None:
    for other in faulty(definition(PLANS["waves"])):
        assert problems(other)
        with pytest.raises(InvalidDefinition):
            check(other)


def test_an_environment_of_another_account_is_asked_by_its_role_alone() -> None:
    (wave,) = (state for name, state in definition(PLANS["of two accounts"])["States"].items() if name == "Ramp wave 1")
    asked = {name: "Credentials" in state for name, state in wave["ItemProcessor"]["States"].items()}
    assert asked == {"Whose account?": False, "Ramp": False, "Ramp in its account": True, "Failed": False}


def rights(policy: dict[str, Any]) -> dict[str, list[str]]:
    """What a policy allows, by action."""
    return {action: each["Resource"] for each in policy["Statement"] for action in each["Action"]}


def trusting(account: str, role: str) -> dict[str, Any]:
    """Of one role alone, be it there or not, and of one that is made again."""
    principal = {"AWS": [f"arn:aws:iam::{account}:root"]}
    named = {"ArnEquals": {"aws:PrincipalArn": [f"arn:aws:iam::{account}:role/{role}"]}}
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": named}


def test_another_accounts_controller_is_invoked_by_one_role_and_answers_by_another() -> None:
    plan = PLANS["of two accounts"]
    a, b = plan.members
    home, answer = machine_role(plan, "123456789012"), answer_role(plan)
    assert rights(json.loads(home.policy)) == {"lambda:InvokeFunction": [a.function], "sts:AssumeRole": [b.role]}
    assert answer
    answers = {f"states:SendTask{each}": ["*"] for each in ("Success", "Failure", "Heartbeat")}
    assert (answer.name, rights(json.loads(answer.policy))) == ("answer", answers)
    trusted = json.loads(answer.trusted)["Statement"]
    assert trusted == [trusting("210987654321", "rollout-shop-b-controller")]
    (invoking,) = (each["Properties"] for each in template(plan, "210987654321")["Resources"].values())
    assert invoking["RoleName"] == "rollout-shop-b-fleet"
    assert invoking["AssumeRolePolicyDocument"]["Statement"] == [trusting("123456789012", "rollout-shop-all")]
    assert rights(invoking["Policies"][0]["PolicyDocument"]) == {"lambda:InvokeFunction": [b.function]}
    (event,) = [
        state["Parameters"]["Payload"]
        for state in definition(plan)["States"]["Ramp wave 1"]["ItemProcessor"]["States"].values()
        if "Credentials" in state
    ]
    assert event["role"] == plan.answer_role


@pytest.mark.parametrize(
    "plan",
    [
        fleet(*((f"env-{n}",) for n in range(600))),
        fleet(tuple("long-name-" * 6 + str(n) for n in range(300))),
        large(1, *(f"3{n:011}" for n in range(50))),  # in too many accounts
    ],
    ids=["events", "bytes", "accounts"],
)
def test_a_fleet_that_aws_would_not_take_is_refused_before_it_begins(plan: FleetPlan) -> None:
    with pytest.raises(UsageError) as refused:
        definition(plan)
    assert refused.value.code == "fleet-too-large"


def test_roles_of_a_large_fleet_name_what_they_may_by_patterns_which_iam_takes() -> None:
    plan = large(80, "123456789012", "210987654321", "310987654321")
    home, answer = machine_role(plan, "123456789012"), answer_role(plan)
    assert answer
    assert (size(home.policy) <= MAX_RIGHTS, size(answer.trusted) <= MAX_TRUST) == (True, True)
    given = rights(json.loads(home.policy))
    assert given["lambda:InvokeFunction"] == [
        "arn:aws:lambda:us-west-2:123456789012:function:rollout-shop-env-12-*-controller"
    ]
    assert len(given["sts:AssumeRole"]) == 2
    (trusted,) = json.loads(answer.trusted)["Statement"]
    named = trusted["Condition"]["ArnEquals"]["aws:PrincipalArn"]
    for each in plan.members:
        if each.role:
            assert any(fnmatchcase(each.role, pattern) for pattern in given["sts:AssumeRole"])
            role = each.function.replace(":lambda:us-west-2:", ":iam::").replace(":function:", ":role/")
            assert any(fnmatchcase(role, pattern) for pattern in named)
        else:
            assert fnmatchcase(each.function, given["lambda:InvokeFunction"][0])
