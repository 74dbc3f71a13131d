"""What Terraform's and Pulumi's states say of listener rules, and how their tools are run."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rollout.adapters.owners import PulumiStack, Terraform, Tool
from rollout.adapters.owners.pulumi_stack import rules_in as rules_of_pulumi
from rollout.adapters.owners.terraform import rules_in as rules_of_terraform
from rollout.errors import OwnerError
from rollout.inventory.model import Arn
from rollout.migration.checks.ownership import Command, OwnedRule

SOON = timedelta(seconds=30)


def resource(*keys: Any, **given: Any) -> dict[str, Any]:
    """A resource in Terraform's state, an instance a key, each with a rule of its own."""
    instances = [{"index_key": key, "attributes": {"id": f"arn:{number}"}} for number, key in enumerate(keys)]
    if keys == (None,):
        del instances[0]["index_key"]
    return {"mode": "managed", "type": "aws_lb_listener_rule", "name": "r", "instances": instances} | given


def state(*resources: dict[str, Any], version: int = 4) -> str:
    return json.dumps({"version": version, "resources": resources})


@pytest.mark.parametrize(
    ("found", "addresses"),
    [
        (resource(None), ["aws_lb_listener_rule.r"]),
        (resource(0, 1), ["aws_lb_listener_rule.r[0]", "aws_lb_listener_rule.r[1]"]),
        (
            resource("a", 'b"c', "${d", "ü"),
            [f"aws_lb_listener_rule.r{k}" for k in ('["a"]', r'["b\"c"]', '["$${d"]', '["ü"]')],
        ),
        (resource(None, module='module.m["x"].module.n'), ['module.m["x"].module.n.aws_lb_listener_rule.r']),
        (resource(None, type="aws_alb_listener_rule"), ["aws_alb_listener_rule.r"]),
        (resource(None, mode="data"), []),
        (resource(None, type="aws_lb_listener"), []),
        (resource(None, instances=[{"attributes": {"id": "arn:0"}, "deposed": "1234abcd"}]), []),
    ],
)
def test_a_rule_in_terraforms_state_has_the_address_that_its_commands_take(
    found: dict[str, Any], addresses: list[str]
) -> None:
    assert [rule.address for rule in rules_of_terraform(state(found))] == addresses


def test_a_workspace_that_nothing_was_made_in_has_no_rules() -> None:
    assert list(rules_of_terraform("\n")) == []


@pytest.mark.parametrize("text", ["[]", "nonsense", state(version=3)])
def test_what_is_no_state_of_terraforms_is_not_taken_for_an_empty_one(text: str) -> None:
    with pytest.raises(OwnerError) as caught:
        list(rules_of_terraform(text))
    assert caught.value.code == "state-unreadable"


def test_a_rule_in_a_stack_is_found_whatever_type_its_provider_has_for_it() -> None:
    types = ("aws:lb/listenerRule:ListenerRule", "aws:alb/listenerRule:ListenerRule")
    native = "aws-native:elasticloadbalancingv2:ListenerRule"
    resources = [
        {"urn": f"urn:{number}", "type": kind, "id": f"arn:{number}", "custom": True}
        for number, kind in enumerate((*types, native, "aws:lb/listener:Listener"))
    ]
    resources[1]["protect"] = True
    resources += [
        {"urn": "urn:old", "type": types[0], "id": "arn:old", "delete": True},
        {"urn": "urn:part", "type": "acme:index:ListenerRule"},  # a component has no id
    ]
    assert list(rules_of_pulumi(json.dumps({"version": 3, "deployment": {"resources": resources}}))) == [
        OwnedRule(Arn("arn:0"), "urn:0"),
        OwnedRule(Arn("arn:1"), "urn:1", protected=True),
        OwnedRule(Arn("arn:2"), "urn:2"),
    ]
    assert list(rules_of_pulumi('{"version": 3, "deployment": {}}')) == []
    with pytest.raises(OwnerError) as caught:
        list(rules_of_pulumi("[]"))
    assert caught.value.code == "state-unreadable"


RULES = (OwnedRule(Arn("arn:0"), "m.r"), OwnedRule(Arn("arn:1"), 'm.r["a b"]', protected=True))


@pytest.mark.parametrize(
    ("owner", "commands"),
    [
        (
            Terraform(Tool("terraform", Path()), Path("infra")),
            ["""terraform -chdir=infra state rm m.r 'm.r["a b"]'"""],
        ),
        (
            Terraform(Tool("terraform", Path()), Path("my infra"), "prod"),
            ["""TF_WORKSPACE=prod terraform '-chdir=my infra' state rm m.r 'm.r["a b"]'"""],
        ),
        (
            Terraform(Tool("terraform", Path()), state=Path("x.tfstate")),
            ["""terraform state rm -state=x.tfstate m.r 'm.r["a b"]'"""],
        ),
        (
            PulumiStack(Tool("pulumi", Path()), "o/p/s"),
            [
                "pulumi state delete m.r --stack o/p/s --yes",
                """pulumi state delete 'm.r["a b"]' --stack o/p/s --yes --force""",
            ],
        ),
        (
            PulumiStack(Tool("pulumi", Path()), "o/p/s", "s3://b?region=x"),
            [
                "PULUMI_BACKEND_URL='s3://b?region=x' pulumi state delete m.r --stack o/p/s --yes",
                """PULUMI_BACKEND_URL='s3://b?region=x' pulumi state delete 'm.r["a b"]' --stack o/p/s --yes --force""",
            ],
        ),
    ],
)
def test_the_commands_are_what_a_shell_takes(owner: Terraform | PulumiStack, commands: list[str]) -> None:
    assert [str(command) for command in owner.letting_go(RULES)] == commands


@pytest.mark.parametrize(
    ("owner", "command"),
    [
        (
            Terraform(Tool("terraform", Path()), Path("infra"), "prod"),
            "TF_WORKSPACE=prod terraform -chdir=infra import ADDRESS arn:0",
        ),
        (Terraform(Tool("terraform", Path()), state=Path("x")), "terraform import -state=x ADDRESS arn:0"),
        (
            PulumiStack(Tool("pulumi", Path()), "o/p/s"),
            "pulumi import aws:lb/listenerRule:ListenerRule NAME arn:0 --stack o/p/s --yes",
        ),
    ],
)
def test_a_rule_is_taken_back_by_its_arn(owner: Terraform | PulumiStack, command: str) -> None:
    assert str(owner.taking_back(Arn("arn:0"))) == command


def test_a_local_state_file_is_read_without_terraform(tmp_path: Path) -> None:
    (tmp_path / "x.tfstate").write_text(state(resource(None)), "utf-8")
    owner = Terraform(Tool("no-such-tool", tmp_path), state=Path("x.tfstate"))
    assert owner.rules(SOON) == (OwnedRule(Arn("arn:0"), "aws_lb_listener_rule.r"),)
    with pytest.raises(OwnerError) as caught:
        Terraform(Tool("no-such-tool", tmp_path), state=Path("y.tfstate")).rules(SOON)
    assert caught.value.code == "state-unreadable"


def python(code: str) -> tuple[str, ...]:
    return ("python", "-c", code)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; sys.exit('\\033[31m│ \\033[0mError: no backend\\n│ and more')", "failed: no backend"),
        ("import sys; sys.exit('error: no stack named x')", "failed: no stack named x"),
        ("raise SystemExit(3)", "it gave no reason"),
    ],
)
def test_a_failure_is_told_by_the_tools_own_error(tmp_path: Path, code: str, said: str) -> None:
    with pytest.raises(OwnerError, match=said) as caught:
        Tool("tool", tmp_path, Path(sys.executable)).output(python(code), SOON)
    assert caught.value.code == "tool-failed"


def test_a_tool_that_is_silent_is_killed(tmp_path: Path) -> None:
    forever = "import signal; signal.pause()"
    with pytest.raises(OwnerError) as caught:
        Tool("tool", tmp_path, Path(sys.executable)).output(python(forever), timedelta(seconds=0.1))
    assert caught.value.code == "tool-timeout"


def test_a_tool_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OwnerError, match="no-such-tool") as caught:
        Tool("no-such-tool", tmp_path).output(("no-such-tool",), SOON)
    assert caught.value.code == "tool-missing"
    with pytest.raises(OwnerError) as caught:
        Tool("tool", tmp_path, tmp_path / "tool").output(("tool",), SOON)
    assert (caught.value.code, caught.value.where) == ("tool-failed", str(tmp_path / "tool"))


def test_a_tool_gets_its_variables_and_those_of_the_command(tmp_path: Path) -> None:
    tool = Tool("tool", tmp_path, Path(sys.executable), {"ONE": "1", "TWO": "1"})
    command = Command(python("import os; print(os.environ['ONE'], os.environ['TWO'], os.getcwd())"), {"TWO": "2"})
    assert tool.output(command.argv, SOON, command.variables).split() == ["1", "2", str(tmp_path)]


RULE = {"mode": "managed", "type": "aws_lb_listener_rule", "name": "a", "instances": [{"attributes": {"id": "arn:r"}}]}
ODD_STATES: dict[str, object] = {
    "null": None,
    "a list": [],
    "a number": 5,
    "resources of another type": {"version": 4, "resources": 5},
    "a resource of another type": {"version": 4, "resources": ["x"]},
    "no name": {"version": 4, "resources": [{**RULE, "name": None}]},
    "a name of another type": {"version": 4, "resources": [{**RULE, "name": ["x"]}]},
    "instances of another type": {"version": 4, "resources": [{**RULE, "instances": 5}]},
    "an instance of another type": {"version": 4, "resources": [{**RULE, "instances": ["x"]}]},
    "attributes of another type": {"version": 4, "resources": [{**RULE, "instances": [{"attributes": ["x"]}]}]},
    "an id of another type": {"version": 4, "resources": [{**RULE, "instances": [{"attributes": {"id": 5}}]}]},
    "a key of another type": {
        "version": 4,
        "resources": [{**RULE, "instances": [{"attributes": {"id": "arn:r"}, "index_key": {"x": 1}}]}],
    },
    "a version of another type": {"version": "4", "resources": []},
}
EXPORTED = {"urn": "urn:r", "type": "aws:lb/listenerRule:ListenerRule", "id": "arn:r"}
ODD_STACKS: dict[str, object] = {
    "null": None,
    "a list": [],
    "no deployment": {"version": 3},
    "a deployment of another type": {"deployment": [5]},
    "resources of another type": {"deployment": {"resources": {"x": 5}}},
    "a resource of another type": {"deployment": {"resources": [5]}},
    "no urn": {"deployment": {"resources": [{**EXPORTED, "urn": None}]}},
    "an id of another type": {"deployment": {"resources": [{**EXPORTED, "id": 5}]}},
    "delete of another type": {"deployment": {"resources": [{**EXPORTED, "delete": "x"}]}},
}
NO_JSON = ("[" * 100_000, '{"version": 4, "resources": ' + "[" * 5000, "{", "\x00", '"\\ud800"', "9" * 5000, "nan")


NUMBERS = [str(number) for number in range(len(NO_JSON))]


@pytest.mark.parametrize("state", [*map(json.dumps, ODD_STATES.values()), *NO_JSON], ids=[*ODD_STATES, *NUMBERS])
def test_an_odd_state_of_terraform_is_one_error(state: str) -> None:
    """C10: KeyError, TypeError, RecursionError."""
    with pytest.raises(OwnerError) as caught:
        tuple(rules_of_terraform(state))
    assert caught.value.code == "state-unreadable"


@pytest.mark.parametrize("stack", [*map(json.dumps, ODD_STACKS.values()), *NO_JSON], ids=[*ODD_STACKS, *NUMBERS])
def test_an_odd_stack_of_pulumi_is_one_error(stack: str) -> None:
    with pytest.raises(OwnerError) as caught:
        tuple(rules_of_pulumi(stack))
    assert caught.value.code == "state-unreadable"


def test_what_is_no_rule_may_have_any_shape() -> None:
    """Other resources are none of our business."""
    state = {"version": 4, "resources": [{"mode": "data", "type": 5, "instances": 5}, RULE]}
    stack = {"deployment": {"resources": [{"type": 5, "urn": None}, {"x": []}, EXPORTED]}}
    assert [rule.arn for rule in rules_of_terraform(json.dumps(state))] == ["arn:r"]
    assert [rule.arn for rule in rules_of_pulumi(json.dumps(stack))] == ["arn:r"]
