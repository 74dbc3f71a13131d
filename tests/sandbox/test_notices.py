"""A notice by a topic, as it comes to a queue that subscribed to it."""

from __future__ import annotations

import json

import pytest

from rollout.api.container import Container
from rollout.inventory.ramp_settings import Notification
from rollout.ramp.notice import as_json
from rollout_sandbox import Sandbox
from tests.sandbox.tenant import REGION, Tenant
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
