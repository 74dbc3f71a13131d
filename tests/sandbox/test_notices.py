"""A notice by a topic or an event bus, as it comes to a queue that asked for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import jsonschema
import pytest

from rollout.adapters.aws.iam import policy
from rollout.api.container import Container
from rollout.inventory.ramp_settings import NoticeKind, Notification
from rollout.ramp.notice import as_json, json_schema
from rollout_sandbox import Sandbox
from tests.docs.pages import blocks
from tests.sandbox.tenant import REGION, Tenant, refused
from tests.unit.builders import environment
from tests.unit.test_notify import NOTICE


@pytest.mark.parametrize("region", [REGION, "eu-central-1"])
def test_a_topics_queue_gets_the_notice(sandbox: Sandbox, tenant: Tenant, region: str) -> None:
    topics, queues = (sandbox.client(service, tenant.account, region) for service in ("sns", "sqs"))
    topic = topics.create_topic(Name="ramps")["TopicArn"]
    queue = queues.create_queue(QueueName="ramps")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    failures: list[str] = []
    inventory = environment(account=tenant.account, region=REGION, notifications={"ops": Notification(sns=topic)})
    Container(inventory, sandbox).notifiers(failures.append).send(NOTICE)
    assert failures == []
    (message,) = queues.receive_message(QueueUrl=queue)["Messages"]
    said = json.loads(message["Body"])
    assert (said["Subject"], json.loads(said["Message"])) == ("production: verdict", as_json(NOTICE))


def test_a_topic_that_is_not_there_is_told(sandbox: Sandbox, tenant: Tenant) -> None:
    topic = f"arn:aws:sns:{REGION}:{tenant.account}:none"
    failures: list[str] = []
    inventory = environment(account=tenant.account, notifications={"ops": Notification(sns=topic)})
    Container(inventory, sandbox).notifiers(failures.append).send(NOTICE)
    (failure,) = failures
    assert failure.startswith(f"notification ops ({topic}) failed for the event verdict: Publish: NotFound: ")


PATTERN = next(
    block.code for block in blocks("json") if block.page == "docs/notifications.md" and "detail-type" in block.code
)
"""Of a rule, as docs/notifications.md shows it."""


def listened(sandbox: Sandbox, tenant: Tenant, region: str) -> tuple[str, Callable[[], list[Any]]]:
    """A bus with the page's rule, and the events that its queue has."""
    events, queues = (sandbox.client(service, tenant.account, region) for service in ("events", "sqs"))
    bus = events.create_event_bus(Name="ramps")["EventBusArn"]
    queue = queues.create_queue(QueueName="events")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="failed", EventBusName="ramps", EventPattern=PATTERN)
    events.put_targets(Rule="failed", EventBusName="ramps", Targets=[{"Id": "queue", "Arn": arn}])

    def came() -> list[Any]:
        messages = queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", ())
        return [json.loads(each["Body"]) for each in messages]

    return bus, came


@pytest.mark.parametrize("region", [REGION, "eu-central-1"])
def test_the_pages_rule_gets_what_it_asks_for_and_no_more(sandbox: Sandbox, tenant: Tenant, region: str) -> None:
    bus, came = listened(sandbox, tenant, region)
    failures: list[str] = []
    inventory = environment(account=tenant.account, region=REGION, notifications={"ops": Notification(eventbridge=bus)})
    notifiers = Container(inventory, sandbox).notifiers(failures.append)
    for kind in get_args(NoticeKind):
        notifiers.send(replace(NOTICE, kind=kind))
    assert failures == []
    told = came()
    assert {event["detail"]["notice"] for event in told} == {"verdict", "rollback"}
    for event in told:
        jsonschema.validate(event["detail"], json_schema())
        assert (event["source"], event["detail-type"]) == ("rollout", "rollout notice v1")


def test_the_roles_policy_has_the_right_to_the_bus_and_to_no_other(sandbox: Sandbox, tenant: Tenant) -> None:
    bus, came = listened(sandbox, tenant, REGION)
    other = f"{bus}-of-others"
    named = {name: Notification(eventbridge=each) for name, each in (("ops", bus), ("others", other))}
    inventory = environment(account=tenant.account, region=REGION, notifications=named)
    mine = inventory.model_copy(update={"notifications": {"ops": named["ops"]}})
    failures: list[str] = []
    for granted in (mine, environment(account=tenant.account)):
        sandbox.enforce(tenant.account, policy(granted, "operate"))
        Container(inventory, sandbox).notifiers(failures.append).send(NOTICE)
    sandbox.enforce(tenant.account, None)
    assert len(came()) == 1
    assert [failure.split()[1] for failure in sorted(failures)] == ["ops", "others", "others"]
    assert all("events:PutEvents" in failure for failure in failures)


def test_a_bus_that_is_not_there_is_told(sandbox: Sandbox, tenant: Tenant) -> None:
    bus = f"arn:aws:events:{REGION}:{tenant.account}:event-bus/none"
    failures: list[str] = []
    inventory = environment(account=tenant.account, notifications={"ops": Notification(eventbridge=bus)})
    Container(inventory, sandbox).notifiers(failures.append).send(NOTICE)
    (failure,) = failures
    assert failure.startswith(f"notification ops ({bus}) failed for the event verdict: PutEvents: ResourceNotFound")


def test_an_event_bus_reaches_nobody_outside(tenant: Tenant) -> None:
    events = tenant.client("events")
    events.put_rule(Name="all", EventPattern=json.dumps({"source": ["rollout"]}))
    with refused("ValidationException", "only to queues"):
        events.put_targets(
            Rule="all", Targets=[{"Id": "1", "Arn": "arn:aws:lambda:us-west-2:111122223333:function:any"}]
        )
