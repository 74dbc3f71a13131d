"""Check: defaults and names that stick, and refusals in Terraform's words."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.sandbox.provider.engine import (
    FUNCTION,
    GROUP,
    LOGS,
    PERMISSION,
    POLICY,
    ROLE,
    RULE,
    UNKNOWN,
    Engine,
    Naming,
    without,
)
from tests.sandbox.provider.samples import LOGGING, PATHS, TRUST, code, forward

BALANCING = "arn:aws:elasticloadbalancing:us-west-2:123456789012"
LISTENER = f"{BALANCING}:listener/app/public/1/2"
ONE, OTHER = (f"{BALANCING}:targetgroup/{name}/3" for name in ("one", "other"))
RULE_INPUTS = {"listenerArn": LISTENER, "actions": forward({ONE: 100, OTHER: 0}), "conditions": PATHS}
GROUP_INPUTS = {"name": "scorer", "targetType": "lambda"}
FUNCTION_INPUTS: dict[str, Any] = {
    "name": "scorer",
    "role": "arn:aws:iam::123456789012:role/runner",
    "code": code("handler = None"),
    "runtime": "python3.12",
    "handler": "app.handler",
}
NAMED = {
    GROUP: ("name", GROUP_INPUTS),
    FUNCTION: ("name", FUNCTION_INPUTS),
    ROLE: ("name", {"name": "runner", "assumeRolePolicy": json.dumps(TRUST)}),
    POLICY: ("name", {"name": "logging", "role": "runner", "policy": json.dumps(LOGGING)}),
    LOGS: ("name", {"name": "/aws/lambda/scorer"}),
    PERMISSION: (
        "statementId",
        {"statementId": "s", "function": "scorer", "action": "lambda:InvokeFunction", "principal": "*"},
    ),
}
named = pytest.mark.parametrize(("type_", "key", "inputs"), [(type_, *pair) for type_, pair in NAMED.items()])


def test_defaults_are_filled_in_at_all_levels_and_noted(engine: Engine) -> None:
    groups = [{"arn": ONE}, {"arn": OTHER, "weight": 0}]
    inputs = engine.checked(
        RULE, {**RULE_INPUTS, "actions": [{"type": "forward", "forward": {"targetGroups": groups}}]}
    )
    assert inputs["__defaults"] == []
    (action,) = inputs["actions"]
    assert action["__defaults"] == []
    assert action["forward"]["targetGroups"] == [
        {"arn": ONE, "weight": 1, "__defaults": ["weight"]},
        {"arn": OTHER, "weight": 0, "__defaults": []},
    ]


@pytest.mark.parametrize(
    ("type_", "inputs", "defaults"),
    [
        (GROUP, {"name": "scorer"}, {"targetType": "instance", "deregistrationDelay": 300}),
        (
            FUNCTION,
            FUNCTION_INPUTS,
            {"memorySize": 128, "timeout": 3, "packageType": "Zip", "reservedConcurrentExecutions": -1},
        ),
        (ROLE, NAMED[ROLE][1], {"path": "/", "maxSessionDuration": 3600}),
        (LOGS, NAMED[LOGS][1], {}),
    ],
)
def test_defaults_that_say_nothing_are_left_out(
    engine: Engine, type_: str, inputs: dict[str, Any], defaults: dict[str, Any]
) -> None:
    found = engine.checked(type_, inputs)
    assert found["__defaults"] == sorted(defaults)
    assert {key: found[key] for key in defaults} == defaults
    assert set(found) - set(defaults) - set(inputs) <= {"__defaults", "region", "tagsAll"}


def test_a_health_check_has_defaults_of_its_own(engine: Engine) -> None:
    found = engine.checked(GROUP, {**GROUP_INPUTS, "healthCheck": {"path": "/health"}})["healthCheck"]
    assert found.pop("__defaults") == [
        *("enabled", "healthyThreshold", "interval"),
        *("port", "protocol", "unhealthyThreshold"),
    ]
    assert found == {
        "path": "/health",
        "enabled": True,
        "healthyThreshold": 3,
        "interval": 30,
        "port": "traffic-port",
        "protocol": "HTTP",
        "unhealthyThreshold": 3,
    }


@named
def test_a_made_up_name_sticks(engine: Engine, type_: str, key: str, inputs: dict[str, Any]) -> None:
    unnamed = without(inputs, key)
    first = engine.checked(type_, unnamed)
    assert re.fullmatch(r"it-[0-9a-f]{7}", first[key])
    assert key in first["__defaults"]
    assert engine.checked(type_, unnamed, old=first)[key] == first[key]


@named
def test_a_name_that_the_program_drops_is_not_kept(
    engine: Engine, type_: str, key: str, inputs: dict[str, Any]
) -> None:
    first = engine.checked(type_, inputs)
    assert engine.checked(type_, without(inputs, key), old=first)[key] != first[key]
    old_notes_missing = without(first, "__defaults")
    assert engine.checked(type_, without(inputs, key), old=old_notes_missing)[key] == first[key]


@pytest.mark.parametrize(
    ("type_", "longest"), [(GROUP, 32), (FUNCTION, 64), (ROLE, 64), (PERMISSION, 100), (LOGS, 255)]
)
def test_a_proposed_name_is_refused_where_it_is_too_long(engine: Engine, type_: str, longest: int) -> None:
    key, inputs = NAMED[type_]
    for length in (longest, longest + 1):
        naming = Naming(proposed_name="x" * length, mode=Naming.PROPOSE)
        found, failures = engine.check(type_, without(inputs, key), autonaming=naming)
        assert found[key] == "x" * length
        assert [f"longer than maximum length {longest}" in text for text in failures] == [True] * (length - longest)


def test_naming_may_be_enforced_or_forbidden(engine: Engine) -> None:
    enforced = Naming(proposed_name="chosen", mode=Naming.ENFORCE)
    assert engine.checked(GROUP, {}, autonaming=enforced)["name"] == "chosen"
    _, failures = engine.check(GROUP, {}, autonaming=Naming(mode=Naming.DISABLE))
    assert failures[0] == "automatic naming is disabled but no explicit name was provided"


def test_tags_stay_and_all_tags_are_told_unless_one_is_unknown(engine: Engine) -> None:
    found = engine.checked(GROUP, {**GROUP_INPUTS, "tags": {"a": "b"}})
    assert (found["tags"], found["tagsAll"]) == ({"a": "b"}, {"a": "b"})
    assert engine.checked(GROUP, {**GROUP_INPUTS, "tags": {"a": UNKNOWN}})["tagsAll"] == UNKNOWN


def test_what_cannot_be_known_yet_is_not_refused(engine: Engine) -> None:
    actions = [{"type": "forward", "forward": {"targetGroups": [{"arn": UNKNOWN, "weight": UNKNOWN}]}}]
    found = engine.checked(RULE, {"listenerArn": UNKNOWN, "priority": UNKNOWN, "actions": actions, "conditions": PATHS})
    assert (found["listenerArn"], found["priority"]) == (UNKNOWN, UNKNOWN)
    assert engine.checked(GROUP, {"name": UNKNOWN})["name"] == UNKNOWN


def _weights(*weights: int) -> dict[str, Any]:
    return {"actions": forward(dict(zip((ONE, OTHER), weights, strict=False)))}


def _sticky(**stickiness: Any) -> dict[str, Any]:
    return {"actions": forward({ONE: 1}, stickiness)}


AT = "action.0.forward.0"
PRIORITY = '"priority" must be in the range 1-50000 for normal rule or 99999 for the default rule'
MISSING = 'Missing required argument. The argument "{}" is required, but no definition was found.'


@pytest.mark.parametrize(
    ("type_", "change", "text", "place"),
    [
        (
            RULE,
            _weights(1000),
            f"expected {AT}.target_group.0.weight to be in the range (0 - 999), got 1000",
            "actions[0].forward.targetGroups",
        ),
        (
            RULE,
            _weights(1, -1),
            f"expected {AT}.target_group.1.weight to be in the range (0 - 999), got -1",
            "actions[0].forward.targetGroups",
        ),
        (
            RULE,
            _sticky(enabled=True, duration=604_801),
            f"expected {AT}.stickiness.0.duration to be in the range (1 - 604800), got 604801",
            "actions[0].forward.stickiness.duration",
        ),
        (
            RULE,
            _sticky(enabled=True),
            MISSING.format(f"{AT}.stickiness.0.duration"),
            "actions[0].forward.stickiness.duration",
        ),
        (
            RULE,
            {"actions": forward({f"{ONE}{number}": 1 for number in range(6)})},
            f"Too many list items. Attribute {AT}.target_group supports 5 item maximum, but config has 6 declared.",
            "actions[0].forward.targetGroups",
        ),
        (RULE, {"actions": forward({})}, MISSING.format(f"{AT}.target_group"), "actions[0].forward.targetGroups"),
        (RULE, {"priority": 0}, PRIORITY, "priority"),
        (RULE, {"priority": 50_001}, PRIORITY, "priority"),
        (RULE, {"actions": []}, MISSING.format("action"), "actions"),
        (RULE, {"actions": None}, MISSING.format("action"), "actions"),
        (RULE, {"conditions": []}, MISSING.format("condition"), "conditions"),
        (RULE, {"listenerArn": None}, MISSING.format("listener_arn"), "listenerArn"),
        (RULE, {"priorty": 3}, "unknown property 'priorty'", "priorty"),
        (RULE, _sticky(duration=1, enable=True), "unknown property 'enable'", "actions[0].forward.stickiness.enable"),
        (GROUP, {"name": "x" * 33}, '"name" cannot be longer than 32 characters', "name"),
        (GROUP, {"name": "a_b"}, 'only alphanumeric characters and hyphens allowed in "name"', "name"),
        (GROUP, {"name": "-a"}, '"name" cannot begin with a hyphen', "name"),
        (GROUP, {"name": "a-"}, '"name" cannot end with a hyphen', "name"),
        (GROUP, {"arn": ONE}, "unknown property 'arn'", "arn"),
        (FUNCTION, {"memorySize": 127}, "expected memory_size to be in the range (128 - 10240), got 127", "memorySize"),
        (FUNCTION, {"timeout": 901}, "expected timeout to be in the range (1 - 900), got 901", "timeout"),
        (FUNCTION, {"role": None}, MISSING.format("role"), "role"),
        (
            ROLE,
            {"assumeRolePolicy": "x"},
            '"assume_role_policy" contains an invalid JSON policy: not a JSON object',
            "assumeRolePolicy",
        ),
        (LOGS, {"retentionInDays": 15}, "expected retention_in_days to be one of [0 1 3 5 7 14 30", "retentionInDays"),
    ],
)
def test_refusals_name_terraforms_path_and_pulumis(
    engine: Engine, type_: str, change: dict[str, Any], text: str, place: str
) -> None:
    inputs = RULE_INPUTS if type_ == RULE else NAMED[type_][1]
    wrong = {key: value for key, value in {**inputs, **change}.items() if value is not None}
    _, failures = engine.check(type_, wrong)
    assert len(failures) == 1
    assert failures[0].startswith(text)
    assert failures[0].endswith(f"Examine values at 'it.{place}'.")


@pytest.mark.parametrize(
    ("type_", "inputs"),
    [
        (RULE, {**RULE_INPUTS, "priority": 1}),
        (RULE, {**RULE_INPUTS, "priority": 50_000}),
        (RULE, {**RULE_INPUTS, "priority": "20"}),
        (RULE, {**RULE_INPUTS, **_weights(0, 999)}),
        (RULE, {**RULE_INPUTS, **_sticky(enabled=False, duration=604_800)}),
        (GROUP, {"name": "x" * 32}),
        (FUNCTION, {**FUNCTION_INPUTS, "memorySize": 10_240, "timeout": 900}),
        (LOGS, {"name": "x", "retentionInDays": 0}),
    ],
)
def test_the_ends_of_ranges_are_allowed(engine: Engine, type_: str, inputs: dict[str, Any]) -> None:
    engine.checked(type_, inputs)


@pytest.mark.parametrize(
    "sources", [{}, {"code": code("x"), "imageUri": "repository:tag"}, {"s3Bucket": "b", "s3Key": "k", "imageUri": "i"}]
)
def test_code_comes_from_one_place(engine: Engine, sources: dict[str, Any]) -> None:
    inputs = {**without(FUNCTION_INPUTS, "code"), **sources}
    _, failures = engine.check(FUNCTION, inputs)
    assert any("Invalid combination of arguments" in text for text in failures)


@pytest.mark.parametrize(
    ("arn", "problem"),
    [
        ("runner", "arn: invalid prefix"),
        ("arn:aws:iam", "arn: not enough sections"),
        ("arn::iam::123456789012:role/runner", "missing partition value"),
        ("arn:azure:iam::123456789012:role/runner", "invalid partition value (expecting to match regular expression: "),
        ("arn:aws:iam:west:123456789012:role/runner", "invalid region value"),
        ("arn:aws:iam::1234:role/runner", "invalid account ID value (expecting to match regular expression: "),
        ("arn:aws:iam::123456789012:", "missing resource value"),
    ],
)
def test_an_arn_is_refused_by_each_of_its_sections(engine: Engine, arn: str, problem: str) -> None:
    _, failures = engine.check(FUNCTION, {**FUNCTION_INPUTS, "role": arn})
    assert len(failures) == 1
    assert failures[0].startswith(f'"role" ({arn}) is an invalid ARN: {problem}')


@pytest.mark.parametrize("arn", ["arn:aws:iam::aws:policy/x", "arn:aws-cn:iam:cn-north-1:123456789012:role/runner"])
def test_an_arn_may_have_no_region_and_be_awss_own(engine: Engine, arn: str) -> None:
    engine.checked(FUNCTION, {**FUNCTION_INPUTS, "role": arn})
