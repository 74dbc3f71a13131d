"""Pairs of answers of 4 kB compared, beside deepdiff; and what each finds of the labelled corpus of tests/unit/parity.

10,000 pairs, or the given number; half of them differ. deepdiff is compared where it is installed. Before that, 100,000
lines of an access log are read, counted and chosen from, beside a bare loop that unzips and splits them.
"""

from __future__ import annotations

import gzip
import io
import json
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from random import Random

from rollout.base.gzipped import lines_of
from rollout.fakes.access_logs import log_line
from rollout.parity.answer import FunctionAnswer
from rollout.parity.comparing import compare
from rollout.parity.comparing.places import HARMLESS
from rollout.parity.coverage import Collected
from rollout.parity.sources.access_log import AccessLogSource
from tests.unit.parity.corpus import ALIKE, DIFFERENT

PAIRS = next((int(each) for each in sys.argv[1:] if each.isdigit()), 10_000)
LINES = 100_000
HEADERS = (("content-type", "application/json"),)
Compare = Callable[[FunctionAnswer, FunctionAnswer], bool]


def pairs() -> list[tuple[FunctionAnswer, FunctionAnswer]]:
    """Lists of stamps, with keys in another order; every other answer of the candidate has one wrong score."""
    draw, found = Random(1), []  # noqa: S311 - no secret
    for number in range(PAIRS):
        stamps = [
            {"id": n, "name": f"stamp {n}", "score": draw.random(), "expires": "2027-01-02T03:04:05Z", "ok": True}
            for n in range(40)
        ]
        turned = [dict(reversed(stamp.items())) for stamp in stamps]
        if number % 2:
            turned[20]["score"] = str(turned[20]["score"])
        found.append(tuple(FunctionAnswer(200, HEADERS, json.dumps(each).encode()) for each in (stamps, turned)))
    return found  # type: ignore[return-value]


def ours(legacy: FunctionAnswer, candidate: FunctionAnswer) -> bool:
    """What rollout says."""
    return any(place.kind not in HARMLESS for place in compare(legacy, candidate).places)


def deepdiffs(legacy: FunctionAnswer, candidate: FunctionAnswer) -> bool:
    """What deepdiff says of status, headers as a mapping, and the body's JSON."""
    from deepdiff import DeepDiff  # type: ignore[import-not-found]

    return bool(DeepDiff(_data(legacy), _data(candidate)))


def _data(answer: FunctionAnswer) -> object:
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = answer.body
    return {"status": answer.status, "headers": dict(answer.headers), "body": body}


def log(different: int = LINES) -> bytes:
    """An access log of a route, with so many different requests."""
    now, group = datetime(2026, 11, 28, tzinfo=UTC), "arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/legacy/1"
    line = log_line(now, group, 10)
    return gzip.compress(
        b"\n".join(
            line.replace(b"/a?b=c", b"/v2/stamps/%d/score/0x%040x?page=%d" % (n, n, n % 9))
            for n in (each % different for each in range(LINES))
        )
    )


def bare(zipped: bytes) -> None:
    """What any reader does at least."""
    with gzip.open(io.BytesIO(zipped)) as read:
        for line in read:
            line.split(b" ")


def chosen(zipped: bytes) -> None:
    """Requests, counted and chosen."""
    group = "arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/legacy/1"
    source, collected = AccessLogSource({(group, "10"): "score"}), Collected(("score",), 300)
    for some in lines_of(zipped[n : n + (1 << 16)] for n in range(0, len(zipped), 1 << 16)):
        source.feed(some, collected)
    if len(collected.chosen()) != min(300, LINES):
        raise AssertionError("some are missing")


def logs(different: int) -> None:
    """Measure the reading of logs with so many different requests."""
    zipped, took = log(different), dict[str, float]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, read in (("a bare loop", bare), ("requests", chosen)):
        times = []
        for _ in range(3):
            began = time.process_time()
            read(zipped)
            times.append(time.process_time() - began)
        took[name] = min(times)
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    told = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in took.items())
    ratio = took["requests"] / took["a bare loop"]
    print(f"{LINES:,} lines of a log, {different:,} different: {told}, ratio {ratio:.1f}, {more:.0f} MB more at most")


def main() -> None:
    """Measure."""
    logs(LINES)
    logs(LINES // 50)
    drawn = pairs()
    ways: dict[str, Compare] = {"rollout": ours}
    if find_spec("deepdiff"):
        ways["deepdiff, its defaults"] = deepdiffs
    print(f"| {PAIRS:,} pairs of {len(drawn[0][0].body):,} bytes | µs a pair | found | wrongly found |")
    print("| --- | ---: | ---: | ---: |")
    for name, differ in ways.items():
        some = drawn if name == "rollout" else drawn[: max(PAIRS // 10, 1)]
        began = time.process_time()
        wrong = sum(differ(*pair) is not bool(n % 2) for n, pair in enumerate(some))
        took = (time.process_time() - began) / len(some)
        found = sum(differ(pair.legacy, pair.candidate) for pair in DIFFERENT)
        false = sum(differ(pair.legacy, pair.candidate) for pair in ALIKE)
        print(f"| {name} | {took * 1e6:,.0f} | {found} of {len(DIFFERENT)} | {false} of {len(ALIKE)} |")
        if wrong:
            print(f"{name} was wrong on {wrong} of {len(some):,} pairs")


if __name__ == "__main__":
    main()
