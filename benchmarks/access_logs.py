"""Lines of an access log into evidence by client, beside a bare loop that unzips and splits them; and the peak memory.

50,000 clients, of whom some ask much more than others, ask eight routes 50,000 times a minute. Lines are drawn with a
seed; 1,000,000 of them, or the given number.
"""

from __future__ import annotations

import gzip
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from rollout.analysis.measuring.clients import ClientCounts, LoggedRoute, TimeLimit
from rollout.analysis.streams import Latency
from rollout.base.gzipped import lines_of
from rollout.inventory.ramp_settings import DEFAULT_METRICS

SEED, LIMIT = 1, 2
LINES = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
START = datetime(2026, 11, 28, 10, tzinfo=UTC)
A_MINUTE, CLIENTS, LATER = 50_000, 50_000, 5
GROUP = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup"
ROUTES = [
    LoggedRoute(f"route{n}", f"{10 + n}", (f"{GROUP}/legacy-{n}/73e2d6bc24d8a067", f"{GROUP}/new-{n}/73e2d6bc24d8a067"))
    for n in range(8)
]


def lines() -> Iterator[bytes]:
    """The log."""
    draw = Random(SEED)  # noqa: S311 - traffic is no secret
    agents = [f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/{n}.0.0.0 Safari/537.36" for n in range(300)]
    clients = [f"10.{n >> 8 & 255}.{n & 255}.7 {draw.choice(agents)}".split(" ", 1) for n in range(CLIENTS)]
    answers = (("-", 502, "LambdaUnhandled"), (404, 404, "-"), (200, 200, "-"))
    for number in range(LINES):
        at = (START + timedelta(minutes=number / A_MINUTE)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        address, agent = clients[int(draw.random() ** 2 * CLIENTS)]
        route, new = draw.choice(ROUTES), draw.choices((0, 1), (95, 5))[0]
        status, answered, reason = draw.choices(answers, (1, 20, 979))[0]
        yield (
            f"https {at} app/shop/50dc6c495c0c9188 {address}:{draw.randrange(1024, 65536)} - 0.001 "
            f"{draw.lognormvariate(-3, 0.5):.3f} 0.000 {answered} {status} {draw.randrange(900)} {number % 9000} "
            f'"GET https://shop.example.com:443/api/{route.name}/{number}?page={draw.randrange(9)} HTTP/1.1" "{agent}" '
            f"ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 {route.groups[new]} "
            f'"Root=1-58337281-{draw.getrandbits(96):024x}" "shop.example.com" '
            f'"arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012" {route.rule} '
            f'{at} "forward" "-" "{reason}" "-" "{status}" "-" "-" TID_{draw.getrandbits(128):032x}\n'
        ).encode()


def bare(log: Path) -> None:
    """What any reader does at least."""
    with gzip.open(log) as read:
        for line in read:
            line.split(b" ")


def counted(log: Path) -> None:
    """Evidence, minute by minute."""
    clients = ClientCounts(START, ROUTES, DEFAULT_METRICS)
    median, tail = Latency(0.5, 0.05, 0.053, 0.06), Latency(0.99, 0.16, 0.18, 0.24)
    clients.limit(
        {(route.name, "latency-p50"): [TimeLimit(median)] for route in ROUTES}
        | {(route.name, "latency-p99"): [TimeLimit(tail)] for route in ROUTES}
    )
    with log.open("rb") as read:
        for some in lines_of(iter(lambda: read.read(1 << 16), b"")):
            clients.feed(some)
            while clients.counted(clients.taken + LATER):
                clients.take()
    while clients.counted(clients.taken):
        clients.take()
    streams = clients.windows()[0].streams
    found = sum(int(each.legacy.requests.sum()) for each in streams if each.metric == "server-errors")
    print(f"{found:,} of legacy's clients counted, one of {clients.sampled}")


def took(work: Callable[[Path], None], log: Path) -> float:
    """Seconds of CPU."""
    begin = time.process_time()
    work(log)
    return time.process_time() - begin


with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "access.log.gz"
    with gzip.open(file, "wb", compresslevel=6) as out:
        out.writelines(lines())
    ours, least = took(counted, file), took(bare, file)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(
    f"{LINES:,} lines: {ours:.1f} s, bare {least:.1f} s: {ours / least:.2f} times, at most {LIMIT}; peak {peak:.0f} MB"
)
sys.exit(ours / least > LIMIT)
