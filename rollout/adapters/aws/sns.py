"""SNS over botocore; the only module that uses it.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

import json
from dataclasses import replace

from rollout.adapters.aws.session import Access, explained
from rollout.inventory.model import Arn

_SUBJECT = 99  # characters; AWS allows fewer than 100
_RETRIES = 2  # a notification is not worth a long wait


class Sns:
    """The `Topics` port over botocore."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def publish(self, topic: Arn, subject: str, text: str, data: str) -> None:
        region = topic.split(":")[3]  # a topic may be in another region than the load balancers
        client = replace(self._access, region=region).client("sns", retries=_RETRIES)
        message = json.dumps({"default": data, "email": text, "sms": text})
        line = subject.encode("ascii", "replace").decode()[:_SUBJECT]
        explained(lambda: client.publish(TopicArn=topic, Subject=line, Message=message, MessageStructure="json"), topic)
