from __future__ import annotations

import json
from pathlib import Path
from runpy import run_path
from typing import Any

import pulumi
import pytest

from programs.legacy import CODE, FUNCTIONS, program, source_archive
from rollout.inventory.model import Arn, Environment, ProgramInput, RuleOwnership
from tests.programs.recording import ATTACHMENT, FUNCTION, PERMISSION, RULE, TARGET_GROUP, Run, arn, listener, run
from tests.programs.seed import ROUTES

DUAL = {FUNCTIONS[row.legacy].name for row in ROUTES.values()}


def with_rules(environment: Environment, ownership: RuleOwnership) -> Run:
    return run(program, ProgramInput(environment, rules=dict.fromkeys(ROUTES, ownership)))


def described(done: Run) -> dict[str, dict[str, Any]]:
    """What the engine compares, code aside."""
    return {r.urn: {k: v for k, v in r.inputs.items() if k != "code"} for r in done.registrations}


def test_each_dual_route_has_a_function_a_group_and_a_rule_of_its_own(production: Environment) -> None:
    done = run(program, ProgramInput(production))

    rules = done.of(RULE)
    for row in ROUTES.values():
        name = FUNCTIONS[row.legacy].name
        assert rules[name].inputs == {
            "listenerArn": listener(row.load_balancer, row.port),
            "priority": row.priority,
            "conditions": [
                {"pathPattern": {"values": [row.path]}},
                {"httpRequestMethod": {"values": [row.method]}},
            ],
            "actions": [{"type": "forward", "targetGroupArn": arn("TargetGroup", row.legacy)}],
        }
        assert name in done.of(FUNCTION)
    assert {"l-cc-v1-st-bulk-POST-0", "l-cc-v1-st-bulk-PATCH-0", "l-cc-v1-st-bulk-DELETE-0"} <= {
        group.inputs["name"] for group in done.of(TARGET_GROUP).values()
    }


def test_kept_routes_have_one_rule_for_each_priority(production: Environment) -> None:
    rules = [r.inputs for name, r in run(program, ProgramInput(production)).of(RULE).items() if name not in DUAL]

    assert {
        rule["priority"]: (rule["conditions"][0]["pathPattern"]["values"], rule["actions"][0]["targetGroupArn"])
        for rule in rules
    } == {
        1005: (["/ceramic-cache/authenticate"], arn("TargetGroup", "l-cc-auth")),
        2021: (["/v2/models/score/*"], arn("TargetGroup", "l-passport-v2-model-score")),
        2022: (["/v2/stamps/*/score/*/history"], arn("TargetGroup", "targetGroupRegistry")),
        2060: (["/v2/*"], arn("TargetGroup", "targetGroupRegistry")),
    }
    assert len(rules) == 4
    assert [len(rule["conditions"]) for rule in rules if rule["priority"] == 2060] == [1]


def test_a_group_that_is_no_lambda_is_looked_up_not_built(production: Environment) -> None:
    done = run(program, ProgramInput(production))

    assert ("TargetGroup", "targetGroupRegistry") in done.calls
    assert len(done.of(TARGET_GROUP)) == len(done.of(FUNCTION)) == len(done.of(ATTACHMENT)) == len(FUNCTIONS)


def test_retaining_a_rule_changes_its_option_and_nothing_else(production: Environment) -> None:
    owned = run(program, ProgramInput(production))
    retained = with_rules(production, RuleOwnership.RETAINED)

    assert described(retained) == described(owned)
    assert not [r.name for r in owned.registrations if r.request.retainOnDelete]
    assert {r.name for r in retained.registrations if r.request.retainOnDelete} == DUAL
    assert {r.type for r in retained.registrations if r.request.retainOnDelete} == {RULE}


def test_releasing_drops_the_dual_routes_rules_and_nothing_else(production: Environment) -> None:
    before = described(run(program, ProgramInput(production)))
    after = described(with_rules(production, RuleOwnership.RELEASED))

    assert after.items() <= before.items()
    assert {urn.rpartition("$")[2] for urn in before.keys() - after.keys()} == {f"{RULE}::{name}" for name in DUAL}


def test_retiring_drops_the_dual_routes_functions_and_nothing_of_the_kept_ones(production: Environment) -> None:
    before = described(with_rules(production, RuleOwnership.RELEASED))
    after = described(with_rules(production, RuleOwnership.RETIRED))

    assert after.items() <= before.items()
    names = {urn.rpartition("::")[2] for urn in before.keys() - after.keys()}
    assert {next(name for name in DUAL if each.startswith(name)) for each in names} == DUAL
    assert {row.name for row in FUNCTIONS.values()} - DUAL == set(
        with_rules(production, RuleOwnership.RETIRED).of(FUNCTION)
    )


def test_routes_are_released_one_by_one(production: Environment) -> None:
    done = run(program, ProgramInput(production, rules={"embed-score": RuleOwnership.RELEASED}))

    assert DUAL - done.of(RULE).keys() == {"embed-gs-lambda"}


def test_a_rule_is_taken_back_by_import_with_its_tags(production: Environment) -> None:
    done = run(
        program,
        ProgramInput(production, adopt={"embed-score": Arn("arn:live")}, tags={"embed-score": {"team": "embed"}}),
    )

    rules = done.of(RULE)
    assert {name for name, rule in rules.items() if rule.request.importId} == {"embed-gs-lambda"}
    assert rules["embed-gs-lambda"].request.importId == "arn:live"
    assert {name for name, rule in rules.items() if "tags" in rule.inputs} == {"embed-gs-lambda"}


def test_a_rule_is_found_again_by_its_urn(production: Environment) -> None:
    rule = run(program, ProgramInput(production)).of(RULE)["passport-v2-stamp-score"]

    assert rule.urn.endswith(f"::rollout:index:HttpLambda${RULE}::passport-v2-stamp-score")


def test_a_group_gets_its_function_after_the_permission(production: Environment) -> None:
    done = run(program, ProgramInput(production))

    for name, attachment in done.of(ATTACHMENT).items():
        assert done.of(PERMISSION)[name].urn in attachment.request.dependencies


def test_no_change_is_ever_ignored(production: Environment) -> None:
    assert not [r.name for r in run(program, ProgramInput(production)).registrations if r.request.ignoreChanges]


def test_a_route_that_no_python_function_serves_is_an_error(production: Environment) -> None:
    routes = {"new": production.routes["embed-score"].model_copy(update={"legacy": "unheard-of"})}

    with pytest.raises(pulumi.RunError, match=r"target group unheard-of: .* has no function for it"):
        run(program, ProgramInput(production.model_copy(update={"routes": routes})))


def test_the_archive_holds_source_files_only(tmp_path: Path) -> None:
    for name in ("one.py", "two.py", "__pycache__/one.cpython-312.pyc"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.touch()

    assert source_archive(tmp_path).assets.keys() == {"one.py", "two.py"}


SCORED = {"address": "0xA", "score": 66, "at": "2026-11-01T12:00:00Z", "stamps": ["Ens", "Github", "Google"]}


@pytest.mark.parametrize(
    ("group", "method", "path", "content"),
    [
        ("l-passport-v2-stamp-score", "GET", "/v2/stamps/335/score/0xA", {"scorer": "335", **SCORED}),
        ("l-passport-v2-model-score", "GET", "/v2/models/score/0xA", SCORED),
        ("l-cc-v1-st-bulk-POST-0", "POST", "/ceramic-cache/stamps/bulk", {"stamps": []}),
        ("l-cc-v1-st-bulk-PATCH-0", "PATCH", "/ceramic-cache/stamps/bulk", {"stamps": []}),
        ("l-cc-v1-st-bulk-DELETE-0", "DELETE", "/ceramic-cache/stamps/bulk", {"stamps": []}),
        ("l-cc-v1-score-POST-0", "POST", "/ceramic-cache/score/0xA", SCORED),
        ("l-cc-auth", "POST", "/ceramic-cache/authenticate", {}),
        ("embed-st-lambda-target-group", "POST", "/internal/embed/stamps/0xA", {"address": "0xA", "stamps": []}),
        ("embed-rl-lambda-target-group", "GET", "/internal/embed/validate-api-key", {}),
        ("embed-gs-lambda-target-group", "GET", "/internal/embed/score/335/0xA", {"scorer": "335", **SCORED}),
    ],
)
def test_every_handler_answers_a_load_balancer(group: str, method: str, path: str, content: dict[str, Any]) -> None:
    module, _, handler = FUNCTIONS[group].handler.partition(".")
    event = {"httpMethod": method, "path": path, "headers": {}, "body": "", "isBase64Encoded": False}

    answer = run_path(str(CODE / f"{module}.py"))[handler](event, None)

    body = json.loads(answer.pop("body"))
    assert body == {"method": method, "path": path, **content}
    assert answer == {
        "statusCode": 200,
        "statusDescription": "200 OK",
        "isBase64Encoded": False,
        "headers": {"Content-Type": "application/json"},
    }
