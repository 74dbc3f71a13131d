"""What a sandbox has recorded and can't make again is left out and told; everything else comes back."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from rollout_sandbox import Sandbox
from rollout_sandbox.tape import Entry
from tests.sandbox.tenant import REGION

ACCOUNT = "111122223333"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:ramps"


def entry(service: str, **parameters: str) -> dict[str, Any]:
    """A recorded call of a query API."""
    return {
        "seed": "s",
        "credential": f"{ACCOUNT}/20000101/{REGION}/{service}",
        "method": "POST",
        "path": "/",
        "headers": {"CONTENT_TYPE": "application/x-www-form-urlencoded"},
        "body": base64.b64encode(urlencode(parameters).encode()).decode(),
    }


TOPICS = entry("sns", Action="CreateTopic", Name="ramps", Version="2010-03-31")
SUBSCRIPTION = entry(
    "sns", Action="Subscribe", TopicArn=TOPIC, Protocol="http", Endpoint="http://127.0.0.1:1/", Version="2010-03-31"
)
SERVER = entry("ec2", Action="RunInstances", MinCount="1", MaxCount="1", ImageId="ami-1", Version="2016-11-15")
DATABASE = entry("rds", Action="CreateDBInstance", DBInstanceIdentifier="x", Version="2014-10-31")


@pytest.mark.parametrize(
    ("cannot", "told"),
    [
        (SUBSCRIPTION, "sns:Subscribe"),
        (DATABASE, "rds:CreateDBInstance"),
        ({**SUBSCRIPTION, "body": "no base64"}, ""),
        ({"credential": "nonsense"}, "nonsense"),
    ],
)
def test_what_cannot_be_made_again_is_left_out_and_told(tmp_path: Path, cannot: Entry, told: str) -> None:
    (tmp_path / "changes.jsonl").write_text("".join(json.dumps(each) + "\n" for each in (cannot, TOPICS)))
    with Sandbox.start(tmp_path) as sandbox:
        (skipped,) = sandbox.skipped
        assert told in skipped
        topics = sandbox.client("sns", ACCOUNT, REGION).list_topics()["Topics"]
    assert topics == [{"TopicArn": TOPIC}]
