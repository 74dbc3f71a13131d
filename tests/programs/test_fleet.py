"""What the fleet's program registers, and what its role may do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from programs.fleet import program
from rollout.inventory.fleets import fleet_environment
from rollout.inventory.model import Environment, ProgramInput
from rollout.programs.fleet_states import definition
from tests.programs.recording import ROLE, ROLE_POLICY, Run, run
from tests.sandbox.test_fleet_states import PLANS, TOPIC

MACHINE = "aws:sfn/stateMachine:StateMachine"
MARK = {"rollout:project": "passport-scorer", "rollout:environment": "all", "rollout:stack": "fleet"}


@pytest.fixture
def environment(production: Environment) -> Environment:
    return fleet_environment(production, "all")


def installed(environment: Environment, plan: str) -> Run:
    return run(program, ProgramInput(environment, fleet=PLANS[plan], mark=MARK))


def test_it_makes_a_state_machine_with_a_role(environment: Environment) -> None:
    done = installed(environment, "waves")
    assert done.counts == {MACHINE: 1, ROLE: 1, ROLE_POLICY: 1}
    (machine,) = done.of(MACHINE).values()
    assert json.loads(machine.inputs["definition"]) == definition(PLANS["waves"])
    assert {each.inputs.get("name") for each in (machine, *done.of(ROLE).values())} == {PLANS["waves"].title}
    assert all(each.inputs["tags"] == MARK for each in (machine, *done.of(ROLE).values()))


def test_asked_for_none_it_declares_nothing(environment: Environment) -> None:
    done = run(program, ProgramInput(environment))
    assert (done.registrations, done.calls) == ([], [])


def document(done: Run, type_: str, key: str) -> dict[str, Any]:
    (found,) = done.of(type_).values()
    return dict(json.loads(found.inputs[key]))


def test_its_role_invokes_the_controllers_tells_the_topic_and_does_nothing_else(environment: Environment) -> None:
    done = installed(environment, "with approval")
    rights = {each["Action"][0]: each["Resource"] for each in document(done, ROLE_POLICY, "policy")["Statement"]}
    functions = [each.function for each in PLANS["with approval"].members]
    assert rights == {"lambda:InvokeFunction": functions, "sns:Publish": [TOPIC]}
    (trust,) = document(done, ROLE, "assumeRolePolicy")["Statement"]
    assert trust["Principal"] == {"Service": "states.amazonaws.com"}
    assert trust["Condition"]["StringEquals"]["aws:SourceAccount"] == environment.account


def test_controllers_of_other_accounts_answer_by_a_role_of_their_own(environment: Environment) -> None:
    done = installed(environment, "of two accounts")
    assert done.counts == {MACHINE: 1, ROLE: 2, ROLE_POLICY: 2}
    assert done.of(ROLE)["fleet-answer"].inputs["name"] == "answer"
