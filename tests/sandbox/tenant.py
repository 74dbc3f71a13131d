"""One account of a sandbox: a load balancer, and the few calls that tests make again and again."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rollout_sandbox import Sandbox
from rollout_sandbox.daemon import SandboxInfo
from rollout_sandbox.landscape import Balancer, Landscape, prepare

REGION = "us-west-2"


@contextmanager
def refused(code: str, text: str) -> Iterator[None]:
    """AWS's code, and a part of its text."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    assert text in error["Message"], error


class Tenant:
    def __init__(self, sandbox: Sandbox | SandboxInfo, account: str) -> None:
        self.sandbox = sandbox
        self.account = account

    def client(self, service: str) -> Any:
        return self.sandbox.client(service, self.account, REGION)

    @cached_property
    def elb(self) -> Any:
        return self.client("elbv2")

    @cached_property
    def functions(self) -> Any:
        return self.client("lambda")

    @cached_property
    def landscape(self) -> Landscape:
        return prepare(self.client, self.account, [Balancer("public"), Balancer("internal", internal=True, port=80)])

    def url(self, balancer: str) -> str:
        """Where a load balancer answers."""
        arn = self.landscape.listeners[balancer]
        return next(each.url for each in self.sandbox.listeners(self.account, REGION) if each.listener_arn == arn)

    def group(self, name: str) -> str:
        made = self.elb.create_target_group(Name=name, TargetType="lambda")
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    def groups(self, count: int) -> list[str]:
        return [self.group(f"group-{number}") for number in range(count)]

    def rule(
        self,
        actions: Sequence[Mapping[str, Any]],
        *,
        priority: int = 10,
        balancer: str = "public",
        conditions: Sequence[Mapping[str, Any]] | None = None,
    ) -> dict[str, Any]:
        made = self.elb.create_rule(
            ListenerArn=self.landscape.listeners[balancer],
            Priority=priority,
            Conditions=[path("/a")] if conditions is None else conditions,
            Actions=actions,
        )
        return dict(made["Rules"][0])

    def read(self, rule: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self.elb.describe_rules(RuleArns=[rule["RuleArn"]])["Rules"][0])

    def default_rule(self) -> str:
        rules = self.elb.describe_rules(ListenerArn=self.landscape.listeners["public"])["Rules"]
        return next(str(rule["RuleArn"]) for rule in rules if rule["IsDefault"])

    def function(self, name: str) -> str:
        role = f"arn:aws:iam::{self.account}:role/{name}"
        trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}]}
        self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", "handler = None")
        made = self.functions.create_function(
            FunctionName=name, Role=role, Runtime="python3.12", Handler="app.handler", Code={"ZipFile": code.getvalue()}
        )
        return str(made["FunctionArn"])

    def permit(self, function: str, group: str, sid: str = "balancer", **more: str) -> None:
        self.functions.add_permission(
            FunctionName=function,
            StatementId=sid,
            Action="lambda:InvokeFunction",
            Principal="elasticloadbalancing.amazonaws.com",
            SourceArn=group,
            **more,
        )

    def register(self, group: str, *functions: str) -> None:
        self.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": function} for function in functions])

    def health(self, group: str) -> dict[str, Any]:
        described = self.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return dict(described[0]["TargetHealth"])


def path(*values: str) -> dict[str, Any]:
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": list(values)}}


def method(*values: str) -> dict[str, Any]:
    return {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": list(values)}}


def single(group: str) -> list[dict[str, Any]]:
    return [{"Type": "forward", "TargetGroupArn": group}]


def weighted(weights: Mapping[str, int | None], stickiness: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    groups = [
        {"TargetGroupArn": group, **({} if weight is None else {"Weight": weight})} for group, weight in weights.items()
    ]
    more = {} if stickiness is None else {"TargetGroupStickinessConfig": dict(stickiness)}
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups, **more}}]
