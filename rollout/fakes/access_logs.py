"""Load balancers' access logs in memory, line by line as AWS writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from rollout.analysis.ports import LogFile
from rollout.fakes.calls import ApiCall, ApiCalls
from rollout.inventory.model import Arn

_LINE = (
    "https {at} app/shop/50dc6c495c0c9188 {client}:40000 - 0.000 {seconds} 0.000 {answered} {status} 34 366 "
    '"GET https://shop.test:443/a?b=c HTTP/1.1" "{agent}" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 {group} '
    '"Root=1-58337364-23a8c76965a2ef7629b185e3" "shop.test" "session-reused" {rule} {at} "forward" "-" "{reason}" '
    '"-" "{status}" "-" "-" TID_1234'
)
_BAD_GATEWAY = 502


def log_line(
    at: datetime,
    group: str,
    rule: str | int,
    *,
    client: str = "198.51.100.1",
    agent: str = "curl/8.5.0",
    status: int | None = 200,
    seconds: float = 0.05,
    reason: str = "-",
) -> bytes:
    """A request's line.

    Args:
        at: When it was answered, with a time zone.
        group: The target group's ARN.
        rule: The rule's priority.
        client: Its address.
        status: The target's; None if it didn't answer, so that the load balancer answered 502.
        seconds: How long the target took.
        reason: Why a function didn't answer.
    """
    text = _LINE.format(
        at=at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        client=client,
        agent=agent,
        answered=status or _BAD_GATEWAY,
        status=status or "-",
        seconds=f"{seconds:.3f}" if status else "-1",
        group=group,
        rule=rule,
        reason=reason,
    )
    return text.encode()


@dataclass
class InMemoryAccessLogs:
    """The `AccessLogs` port: files that a test puts there.

    Attributes:
        off: The load balancers that write none.
        written: By load balancer, its files and their lines.
    """

    off: set[Arn] = field(default_factory=set)
    written: dict[Arn, dict[LogFile, tuple[bytes, ...]]] = field(default_factory=dict)
    calls: ApiCalls = field(default_factory=ApiCalls)

    def put(self, load_balancer: Arn, until: datetime, lines: Sequence[bytes]) -> None:
        """Deliver a file."""
        files = self.written.setdefault(load_balancer, {})
        file = LogFile("logs", f"{load_balancer} {len(files)}", until.astimezone(UTC), sum(map(len, lines)))
        files[file] = tuple(lines)

    def put_more(self, load_balancer: Arn, lines: Sequence[bytes]) -> None:
        """Add to the last file, of which there is another version then, as in CloudWatch Logs."""
        files = self.written[load_balancer]
        file, before = files.popitem()
        files[replace(file, version=file.version + 1)] = (*before, *lines)

    def places(self, load_balancers: Sequence[Arn]) -> Mapping[Arn, str | None]:
        return self.calls.make(
            ApiCall("DescribeLoadBalancerAttributes"),
            lambda: {arn: None if arn in self.off else "logs" for arn in load_balancers},
        )

    def files(self, load_balancer: Arn, since: datetime, until: datetime) -> tuple[LogFile, ...]:
        files = sorted(self.written.get(load_balancer, {}), key=lambda file: file.until)
        return self.calls.make(
            ApiCall("ListObjectsV2", load_balancer),
            lambda: tuple(file for file in files if since < file.until < until + timedelta(minutes=5)),
        )

    def lines(self, file: LogFile, seen: set[int] | None = None) -> Iterator[Sequence[bytes]]:
        (lines,) = (files[file] for files in self.written.values() if file in files)
        known = len(seen or ())
        yield self.calls.make(ApiCall("GetObject", file.key), lambda: lines[known : known + 7])
        yield self.calls.make(ApiCall("read", file.key), lambda: lines[known + 7 :])
        if seen is not None:
            seen.update(range(len(lines)))
