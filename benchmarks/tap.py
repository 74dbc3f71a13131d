"""What the tap takes of a handler's time: the same handler bare and tapped, in turns.

The handler reads a body of JSON and answers with another. The tap writes into a file, by its thread, meanwhile.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rollout_tap import Handler, tap

CALLS, TURN = 10_000, 1_000
EVENT = {
    "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/legacy/1"}},
    "httpMethod": "POST",
    "path": "/v2/stamps/7/score/0xabc",
    "queryStringParameters": {"page": "1"},
    "headers": {f"x-header-{n}": "v" * 40 for n in range(12)} | {"content-type": "application/json"},
    "body": json.dumps({"stamps": [{"provider": f"p{n}", "score": n / 7, "token": "secret"} for n in range(40)]}),
    "isBase64Encoded": False,
}


def handler(event: Any, _context: Any) -> Any:
    """A function that does a little."""
    stamps = json.loads(event["body"])["stamps"]
    body = json.dumps({"score": sum(each["score"] for each in stamps), "stamps": stamps})
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": body}


@dataclass
class Taken:
    """How long calls took, in µs: by the wall's clock, and of the processor alone, whatever else runs here."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def times(handlers: dict[str, Handler]) -> dict[str, Taken]:
    """They take turns of calls, so that what else runs here meets all alike."""
    found = {name: Taken() for name in handlers}
    for _ in range(CALLS // TURN):
        for name, called in handlers.items():
            for _ in range(TURN):
                began, used = time.perf_counter_ns(), time.thread_time_ns()
                called(EVENT, None)
                found[name].cpu.append((time.thread_time_ns() - used) / 1000)
                found[name].wall.append((time.perf_counter_ns() - began) / 1000)
    return found


def main() -> None:
    """Measure."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = (Path(folder) / "requests.jsonl").as_uri()
        tapped = {f"tapped, {percent} %": tap(sink=file, percent=percent)(handler) for percent in (0, 1, 10, 100)}
        print("| handler | median, µs | p99, µs | p99 of the processor's time, µs |")
        print("| --- | ---: | ---: | ---: |")
        for name, took in times({"bare": handler, **tapped}).items():
            ends = (statistics.quantiles(each, n=100)[98] for each in (took.wall, took.cpu))
            print(f"| {name} | {statistics.median(took.wall):.1f} | {' | '.join(f'{end:.1f}' for end in ends)} |")


if __name__ == "__main__":
    main()
