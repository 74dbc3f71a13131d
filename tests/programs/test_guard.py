"""What the guard's program registers, and what the function goes by."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from programs.guard import program
from rollout.alb.state import AlbState
from rollout.fakes.world import World
from rollout.guard.alarm import LOOK
from rollout.guard.config import FILE, read_config
from rollout.inventory.marks import guard_name
from rollout.inventory.model import Environment, ProgramInput
from rollout.inventory.ramp_settings import Notification
from rollout.inventory.settings import Guard
from rollout.programs.alarms.alarms import names
from rollout.programs.guarding import guard_config, guard_digest, guard_files
from tests.programs.recording import FUNCTION, LOG_GROUP, PERMISSION, ROLE, ROLE_POLICY, Run, run

TABLE = "aws:dynamodb/table:Table"
RETRIES = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
SCHEDULE = "aws:scheduler/schedule:Schedule"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
JOINT = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
MARK = {"rollout:project": "passport-scorer", "rollout:environment": "production"}
ON_CALL = "arn:aws:sns:us-west-2:123456789012:on-call"
TITLE = "rollout-passport-scorer-production"


@pytest.fixture(scope="module")
def live(production: Environment) -> AlbState:
    return World.cut_over(production).open(production).traffic.alb_state()


def installed(environment: Environment, live: AlbState, guard: Guard | None = None) -> Run:
    asked = environment.model_copy(update={"guard": guard or Guard()})
    return run(program, ProgramInput(asked, guard=guard_config(asked, live), mark=MARK))


def test_it_makes_a_function_and_what_that_needs(production: Environment, live: AlbState) -> None:
    done = installed(production, live)
    kinds = {TABLE, LOG_GROUP, ROLE, ROLE_POLICY, FUNCTION, PERMISSION, RETRIES, ALARM}
    assert done.counts == dict.fromkeys(kinds, 1) | {ROLE: 2, ROLE_POLICY: 2, SCHEDULE: 1}
    (made,) = done.of(FUNCTION).values()
    assert (made.inputs["runtime"], made.inputs["architectures"]) == ("python3.13", ["arm64"])
    assert made.inputs["reservedConcurrentExecutions"] > 1
    assert made.inputs["tags"].items() > MARK.items()
    for each in done.registrations:
        if each.type in {TABLE, LOG_GROUP, ROLE, ALARM}:
            assert each.inputs["tags"] == MARK


def test_asked_for_none_it_declares_nothing(production: Environment) -> None:
    done = run(program, ProgramInput(production.model_copy(update={"guard": Guard()})))
    assert (done.registrations, done.calls) == ([], [])


def test_it_may_do_exactly_what_it_does(production: Environment, live: AlbState) -> None:
    told = {"on-call": Notification(sns=ON_CALL), "chat": Notification(webhook="https://example.com/hook")}
    done = installed(production.model_copy(update={"notifications": told}), live)
    policy = done.of(ROLE_POLICY)["guard"]
    granted = {
        action: statement["Resource"]
        for statement in json.loads(policy.inputs["policy"])["Statement"]
        for action in statement["Action"]
    }
    rules = {rule.arn for route in production.routes.values() if (rule := live.own_rule_of(route))}
    assert set(granted.pop("elasticloadbalancing:ModifyRule")) == rules
    assert granted.pop("sns:Publish") == [ON_CALL]
    table = granted.pop("dynamodb:PutItem")
    assert table == granted.pop("dynamodb:GetItem")
    assert table[0].endswith(f"{TITLE}-guard")
    assert granted.pop("elasticloadbalancing:DescribeRules") == granted.pop("cloudwatch:DescribeAlarms") == ["*"]
    assert granted.keys() == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert {len(resources) for resources in granted.values()} == {1}


def test_without_topics_it_may_tell_nobody(production: Environment, live: AlbState) -> None:
    policy = installed(production.model_copy(update={"notifications": {}}), live).of(ROLE_POLICY)["guard"]
    assert "sns:" not in policy.inputs["policy"]


def test_only_this_environments_alarms_may_invoke_it(production: Environment, live: AlbState) -> None:
    (permission,) = installed(production, live).of(PERMISSION).values()
    assert permission.inputs["principal"] == "lambda.alarms.cloudwatch.amazonaws.com"
    assert permission.inputs["sourceAccount"] == production.account
    assert permission.inputs["sourceArn"].endswith(f":cloudwatch:us-west-2:{production.account}:alarm:{TITLE}-*")


def test_a_schedule_looks_for_what_went_off_unheard(production: Environment, live: AlbState) -> None:
    done = installed(production, live)
    (schedule,) = done.of(SCHEDULE).values()
    assert schedule.inputs["scheduleExpression"] == "rate(5 minutes)"
    assert json.loads(schedule.inputs["target"]["input"]) == LOOK
    invoker = json.loads(done.of(ROLE_POLICY)["guard-schedule"].inputs["policy"])
    assert [statement["Action"] for statement in invoker["Statement"]] == [["lambda:InvokeFunction"]]


def test_silence_is_minutes_without_a_heartbeat(production: Environment, live: AlbState) -> None:
    guard = Guard.model_validate({"heartbeat": "7m"})
    (alarm,) = installed(production, live, guard).of(ALARM).values()
    inputs = alarm.inputs
    assert (inputs["namespace"], inputs["metricName"], inputs["dimensions"]) == (
        "rollout",
        "Heartbeat",
        {"Environment": TITLE},
    )
    assert (inputs["period"], inputs["evaluationPeriods"], inputs["datapointsToAlarm"]) == (60, 7, 7)
    assert inputs["treatMissingData"] == "breaching"
    assert len(inputs["alarmActions"]) == 1


def test_an_alarm_of_others_gets_a_composite_one_that_waits_for_the_permission(
    production: Environment, live: AlbState
) -> None:
    done = installed(production, live, Guard(alarms=("checkout-errors", "x" * 255)))
    short, long = sorted(done.of(JOINT).values(), key=lambda made: len(made.inputs["alarmName"]))
    assert (short.inputs["alarmName"], short.inputs["alarmRule"]) == (
        f"{TITLE}-on-checkout-errors",
        'ALARM("checkout-errors")',
    )
    assert len(long.inputs["alarmName"]) == 255
    (permission,) = done.of(PERMISSION).values()
    assert permission.urn in short.request.dependencies


@pytest.mark.parametrize("takes", ["all", "alarm"])
def test_an_alarm_takes_back_every_route_or_those_that_it_watches(
    production: Environment, live: AlbState, takes: str
) -> None:
    asked = production.model_copy(
        update={"guard": Guard.model_validate({"takes": takes, "alarms": ["checkout-errors"]})}
    )
    config = guard_config(asked, live)
    assert config.alarms.keys() == {*names(production), f"{TITLE}-on-checkout-errors"}
    every = set(production.routes)
    assert set(config.alarms[f"{TITLE}-on-checkout-errors"]) == set(config.routes_of(config.silence.alarm)) == every
    by_pool = [set(config.alarms[name]) for name in names(production)]
    assert set().union(*by_pool) == every
    assert all(each == every for each in by_pool) is (takes == "all")


def test_what_is_installed_is_told_by_its_digest(production: Environment, live: AlbState) -> None:
    asked = production.model_copy(update={"guard": Guard()})
    config = guard_config(asked, live)
    assert guard_digest(config) == guard_digest(guard_config(asked, live))
    assert read_config(guard_files(config)[FILE]) == config
    assert all(guard_files(config).values())  # an asset without text is none to the engine
    (rule, *others) = live.rules
    moved = replace(live, rules=(*others, replace(rule, forward=None)))  # what it does is no matter
    assert guard_digest(guard_config(asked, moved)) == guard_digest(config)
    guarded = {route.rule for route in config.routes.values()}
    narrowed = tuple(replace(each, asks=each.asks[:1]) if each.arn in guarded else each for each in live.rules)
    assert guard_digest(guard_config(asked, replace(live, rules=narrowed))) != guard_digest(config)
    (function,) = installed(production, live).of(FUNCTION).values()
    assert function.inputs["tags"]["rollout:guard"] == guard_digest(config)


def test_a_long_name_is_cut_and_stays_different(production: Environment) -> None:
    long, other = (production.model_copy(update={"project": "p" * 60, "name": f"n{end}"}) for end in "ab")
    assert len(guard_name(long)) == 64
    assert guard_name(long) != guard_name(other)
    assert guard_name(production) == f"{TITLE}-guard"
