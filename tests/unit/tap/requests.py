"""Events as a load balancer sends them, and a sink that keeps what it gets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

Data = dict[str, Any]


def event(path: str = "/v2/stamps/7", method: str = "GET", body: str = "", **more: Any) -> Data:
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x:1:targetgroup/legacy/1"}},
        "httpMethod": method,
        "path": path,
        "queryStringParameters": {},
        "headers": {"host": "api.example.com", "user-agent": "curl/8"},
        "body": body,
        "isBase64Encoded": False,
        **more,
    }


def answer(body: Any = None, status: int = 200) -> Data:
    headers = {"Content-Type": "application/json", "Set-Cookie": "id=canary"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


class Kept:
    """Keeps lines."""

    def __init__(self) -> None:
        self.batches: list[list[Data]] = []

    def write(self, lines: Sequence[bytes]) -> int:
        assert all(each.endswith(b"\n") and each.count(b"\n") == 1 for each in lines)
        self.batches.append([json.loads(each) for each in lines])
        return len(lines)

    @property
    def lines(self) -> list[Data]:
        return [line for batch in self.batches for line in batch]
