"""A fleet's state machine: held to the language's schema, to moto's parser, and to the limits of Step Functions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rollout.errors import UsageError
from rollout.inventory.fleets import FleetPlan, Member
from rollout.programs.fleet_states import definition
from rollout.programs.fleet_template import template
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


def test_what_holds_it_sees_faults() -> None:
    for other in faulty(definition(PLANS["waves"])):
        assert problems(other)
        with pytest.raises(InvalidDefinition):
            check(other)


def test_an_environment_of_another_account_is_asked_by_its_role_alone() -> None:
    (wave,) = (state for name, state in definition(PLANS["of two accounts"])["States"].items() if name == "Ramp wave 1")
    asked = {name: "Credentials" in state for name, state in wave["ItemProcessor"]["States"].items()}
    assert asked == {"Whose account?": False, "Ramp": False, "Ramp in its account": True, "Failed": False}


def rights(made: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    """What each role of a template may do, by its name."""
    found = {}
    for each in made["Resources"].values():
        properties = each["Properties"]
        for policy in properties.get("Policies", [properties] if "PolicyDocument" in properties else []):
            statements = policy["PolicyDocument"]["Statement"]
            name = properties.get("RoleName") or properties["Roles"][0]
            found[name] = {action: statement["Resource"] for statement in statements for action in statement["Action"]}
    return found


def test_a_templates_roles_may_do_what_the_fleet_needs_and_nothing_else() -> None:
    plan = PLANS["with approval"]
    made = template(plan, "123456789012")
    functions = [each.function for each in plan.members]
    expected = {"lambda:InvokeFunction": functions, "sns:Publish": [TOPIC]}
    assert rights(made) == {plan.title: expected}
    assert json.loads(made["Resources"]["StateMachine"]["Properties"]["DefinitionString"]) == definition(plan)


def test_another_accounts_controller_is_invoked_by_one_role_and_answers_by_another() -> None:
    plan = PLANS["of two accounts"]
    a, b = plan.members
    home, there = template(plan, "123456789012"), template(plan, "210987654321")
    answers = {f"states:SendTask{each}": ["*"] for each in ("Success", "Failure", "Heartbeat")}
    assert rights(home) == {
        plan.title: {"lambda:InvokeFunction": [a.function], "sts:AssumeRole": [b.role]},
        "answer": answers,
    }
    trusted = home["Resources"]["AnswerRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
    assert trusted == {"AWS": ["arn:aws:iam::210987654321:role/rollout-shop-b-controller"]}
    assert rights(there) == {
        "rollout-shop-b-fleet": {"lambda:InvokeFunction": [b.function]},
        "rollout-shop-b-controller": {"sts:AssumeRole": [plan.answer_role]},
    }
    (event,) = [
        state["Parameters"]["Payload"]
        for state in definition(plan)["States"]["Ramp wave 1"]["ItemProcessor"]["States"].values()
        if "Credentials" in state
    ]
    assert event["role"] == plan.answer_role


@pytest.mark.parametrize(
    "plan", [fleet(*((f"env-{n}",) for n in range(600))), fleet(tuple("long-name-" * 6 + str(n) for n in range(300)))]
)
def test_a_fleet_that_step_functions_would_not_take_is_refused_before_it_begins(plan: FleetPlan) -> None:
    with pytest.raises(UsageError) as refused:
        definition(plan)
    assert refused.value.code == "fleet-too-large"
