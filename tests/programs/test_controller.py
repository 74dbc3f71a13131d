"""What the controller's program registers, and what its function may do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from programs.controller import program
from rollout.adapters.aws.iam.policies import function_statements
from rollout.alb.state import AlbState
from rollout.fakes.world import World
from rollout.inventory.controller import ControllerConfig
from rollout.inventory.model import Environment, ProgramInput
from rollout.inventory.settings import Controller, Guard
from rollout.programs.controlling import controller_config
from tests.programs.recording import FUNCTION, LOG_GROUP, ROLE, ROLE_POLICY, Run, run

TABLE = "aws:dynamodb/table:Table"
RETRIES = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
SCHEDULE = "aws:scheduler/schedule:Schedule"
MARK = {"rollout:project": "passport-scorer", "rollout:environment": "production"}
NAME = "rollout-passport-scorer-production-controller"
IMAGE = f"123456789012.dkr.ecr.us-west-2.amazonaws.com/rollout@sha256:{'0' * 64}"


@pytest.fixture
def environment(production: Environment, tmp_path: Path) -> Environment:
    stacks = (production.root / "stacks.toml").read_bytes()
    (tmp_path / "stacks.toml").write_bytes(stacks)
    state = {"backend": "s3://state", "secrets_provider": "awskms://alias/rollout"}
    return production.model_copy(update={"root": tmp_path, "controller": Controller(image=IMAGE), **state})


def config_of(environment: Environment) -> ControllerConfig:
    assert environment.controller
    statements = function_statements(environment, None)
    return controller_config(environment, environment.controller, environment.root / "stacks.toml", statements)


def installed(environment: Environment) -> Run:
    return run(program, ProgramInput(environment, controller=config_of(environment), mark=MARK))


def test_it_makes_a_function_of_the_image_and_what_that_needs(environment: Environment) -> None:
    done = installed(environment)
    ones = {TABLE, LOG_GROUP, FUNCTION, RETRIES, OBJECT, SCHEDULE}
    assert done.counts == {**dict.fromkeys(ones, 1), ROLE: 2, ROLE_POLICY: 2}
    (made,) = done.of(FUNCTION).values()
    wanted = {"packageType": "Image", "imageUri": IMAGE, "timeout": 900, "reservedConcurrentExecutions": 1}
    assert made.inputs.items() >= wanted.items()
    assert made.inputs["tags"].items() > MARK.items()
    for each in done.registrations:
        if each.type in {TABLE, LOG_GROUP, ROLE, OBJECT}:
            assert each.inputs["tags"] == MARK


def test_asked_for_none_it_declares_nothing(environment: Environment) -> None:
    done = run(program, ProgramInput(environment))
    assert (done.registrations, done.calls) == ([], [])


@pytest.mark.parametrize(("pace", "rate"), [("1m", "1 minute"), ("5m", "5 minutes"), ("1h", "60 minutes")])
def test_it_is_looked_at_its_pace_and_nothing_is_tried_again(environment: Environment, pace: str, rate: str) -> None:
    settings = Controller.model_validate({"image": IMAGE, "pace": pace})
    done = installed(environment.model_copy(update={"controller": settings}))
    (schedule,), (retries,) = done.of(SCHEDULE).values(), done.of(RETRIES).values()
    assert (schedule.inputs["scheduleExpression"], schedule.inputs["name"]) == (f"rate({rate})", NAME)
    assert json.loads(schedule.inputs["target"]["input"]) == {"act": "look"}
    policy = schedule.inputs["target"]["retryPolicy"]
    assert (policy["maximumRetryAttempts"], policy["maximumEventAgeInSeconds"]) == (0, 60)
    assert (retries.inputs["maximumRetryAttempts"], retries.inputs["maximumEventAgeInSeconds"]) == (0, 60)


def test_the_function_gets_the_project_that_is_uploaded(environment: Environment) -> None:
    done = installed(environment)
    (made,), (uploaded,) = done.of(FUNCTION).values(), done.of(OBJECT).values()
    variables = made.inputs["environment"]["variables"]
    assert variables["ROLLOUT_PROJECT"] == f"s3://{uploaded.inputs['bucket']}/{uploaded.inputs['key']}"
    assert variables["ROLLOUT_PROJECT_SHA256"][:16] in uploaded.inputs["key"]
    assert variables["ROLLOUT_CONTROLLED"] == "production"


def policies(done: Run) -> dict[str, list[dict[str, Any]]]:
    return {name: json.loads(each.inputs["policy"])["Statement"] for name, each in done.of(ROLE_POLICY).items()}


def test_the_scheduler_may_invoke_it_and_do_nothing_else(environment: Environment) -> None:
    done = installed(environment)
    (statement,) = policies(done)["controller-schedule"]
    assert statement["Action"] == ["lambda:InvokeFunction"]
    assert [resource.endswith(NAME) for resource in statement["Resource"]] == [True]
    trust = json.loads(done.of(ROLE)["controller-schedule"].inputs["assumeRolePolicy"])["Statement"][0]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"]["StringEquals"]["aws:SourceAccount"] == environment.account


def actions(statements: list[dict[str, Any]]) -> Iterator[str]:
    return (action for each in statements for action in each["Action"])


def test_it_may_run_a_ramp_and_build_nothing(environment: Environment) -> None:
    granted = set(actions(policies(installed(environment))["controller"]))
    assert {"elasticloadbalancing:ModifyRule", "dynamodb:PutItem", "s3:PutObject", "logs:PutLogEvents"} <= granted
    making = ("Create", "Delete", "Pass", "Attach", "Register", "Update")
    assert {each for each in granted if each.partition(":")[2].startswith(making)} == {
        "logs:CreateLogStream",
        "s3:DeleteObject",
    }


@pytest.mark.parametrize(
    ("guard", "sids"),
    [(None, set()), (Guard(), {"GuardState", "Heartbeat", "WhoseGuard"})],
    ids=["without a guard", "with one"],
)
def test_it_works_beside_a_guard_where_there_is_one(
    environment: Environment, guard: Guard | None, sids: set[str]
) -> None:
    statements = policies(installed(environment.model_copy(update={"guard": guard})))["controller"]
    of_guard = {"GuardState", "Heartbeat", "WhoseGuard"}
    assert {each["Sid"] for each in statements if "Sid" in each} & of_guard == sids


def moved(environment: Environment, live: AlbState) -> tuple[set[str], int]:
    """The rules that it may change, and the length of its policy."""
    statements = function_statements(environment, live)
    (move,) = (each["Resource"] for each in statements if each["Sid"] == "MoveTraffic")
    return set([move] if isinstance(move, str) else move), len(json.dumps(statements, separators=(",", ":")))


def test_it_may_change_the_routes_rules_alone_or_by_a_pattern_where_they_are_too_many(
    environment: Environment, production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = World.legacy(production).open(production).traffic.alb_state()
    rules = {rule.arn for route in environment.routes.values() if (rule := live.own_rule_of(route))}
    exact, length = moved(environment, live)
    assert (exact, length < 10_240) == (rules, True)
    monkeypatch.setattr("rollout.adapters.aws.iam.policies.MAX_INLINE", length - 1)
    patterns, shorter = moved(environment, live)
    assert (all(each.endswith("/*") for each in patterns), shorter < length) == (True, True)
