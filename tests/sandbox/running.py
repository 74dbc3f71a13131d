"""Functions with code of a test's own, and what waits for what happens beside."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any

from rollout_sandbox import Sandbox
from tests.sandbox.tenant import Tenant

TRUST = {
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]
}
RECORDS = """
import boto3, json
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=QUEUE, MessageBody=json.dumps(event))
"""


def eventually(met: Callable[[], Any], within: float = 20) -> Any:
    """What happens beside may take a moment."""
    end = time.monotonic() + within
    while not (found := met()):
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)
    return found


def pass_minutes(sandbox: Sandbox, count: int) -> None:
    """Go to the tenth second of a later minute."""
    now = sandbox.clock.now()
    sandbox.clock.pass_by(seconds=60 * count - now.second - now.microsecond / 1e6 + 10)


def zipped(source: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("app.py", source)
    return file.getvalue()


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def function(tenant: Tenant, name: str, source: str, *statements: dict[str, Any], **settings: Any) -> str:
    """Make a function that runs, and its role with these rights."""
    iam = tenant.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=policy(*statements))
    made = tenant.functions.create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="app.handler",
        Code={"ZipFile": zipped(source)},
        **{"Timeout": 30, **settings},
    )
    return str(made["FunctionArn"])


def recorder(tenant: Tenant, name: str = "guard") -> tuple[str, Callable[[], list[Any]]]:
    """A function that sends its events to a queue, and what is in that."""
    sqs = tenant.client("sqs")
    queue = sqs.create_queue(QueueName=f"{name}-got")["QueueUrl"]
    arn = function(tenant, name, RECORDS.replace("QUEUE", repr(queue)), allow("sqs:SendMessage"))
    got: list[Any] = []

    def events() -> list[Any]:
        told = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=600)
        got.extend(json.loads(each["Body"]) for each in told.get("Messages", ()))
        return got

    return arn, events


def invoke(tenant: Tenant, name: str, event: Any = None, **more: Any) -> tuple[str | None, Any]:
    """The function's error, and what it said."""
    answer = tenant.functions.invoke(FunctionName=name, Payload=json.dumps(event or {}).encode(), **more)
    said = answer["Payload"].read()
    return answer.get("FunctionError"), json.loads(said) if said else None
