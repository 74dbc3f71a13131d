"""The lines of a load balancer's access log, as the few fields that evidence needs. Pure.

A busy load balancer writes tens of millions of lines in a step, so this works on bytes, and reads how a request
was answered only if that counts.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

NONE = b"-"
"""What the log has for a field without a value."""

# AWS encodes quotes in what a client sends. Where it doesn't, the request is what comes before the user agent.
_QUOTED = re.compile(
    rb'[^"]*"(?P<request>.*"[^"]*)" "[^"]*" [^ "]+ [^ "]+ [^ "]+ "[^"]*" "[^"]*" "[^"]*" [^ "]+ [^ "]+ '
    rb'"[^"]*" "[^"]*" "[^"]*"'
)
_SPACES = 4
_KEPT_MINUTES = 4096

Asked = tuple[bytes, bytes, bytes, bytes, bytes, tuple[bytes, bytes]]
"""When a request was answered, such as `2026-11-28T22:23:00.186641Z`; the client's address and User-Agent; the ARN of
the target group and the priority of the rule, `-` if there is none, 0 for the default rule; and what `answer_of` takes.
"""
Answer = tuple[bytes, bytes, bytes, bytes]
"""The status that the client got, and the target's; how many seconds the target took; the error's code, such as
`LambdaUnhandled`. `-` if there is none, and -1 seconds.
"""


def asked_of(line: bytes) -> Asked:
    """Who asked, and where the request went; fields that AWS adds at a line's end later are ignored.

    Raises:
        ValueError: The line was cut off, or has another form: see `without_quotes`.
    """
    head, _, between, agent, target, _, _, _, _, _, rule, rest = line.split(b'"', 11)
    _, time, _, client, answer = head.split(b" ", 4)
    if between != b" " or target.count(b" ") != _SPACES:
        raise ValueError(line)
    return (
        time,
        client[: client.rindex(b":")],
        agent,
        target[target.rindex(b" ", 0, -1) + 1 : -1],
        rule[1 : rule.index(b" ", 1)],
        (answer, rest),
    )


def request_of(line: bytes) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    """Where a request went and what it was: target group, priority of the rule, request, User-Agent, client's status.

    Raises:
        ValueError: As `asked_of`.
    """
    head, request, between, agent, target, _, _, _, _, _, rule, _ = line.split(b'"', 11)
    if between != b" " or target.count(b" ") != _SPACES:
        raise ValueError(line)
    group = target[target.rindex(b" ", 0, -1) + 1 : -1]
    return group, rule[1 : rule.index(b" ", 1)], request, agent, head.split(b" ", 9)[8]


def without_quotes(line: bytes) -> bytes:
    """A line without its request, if that has quotes of its own.

    Raises:
        ValueError: It has none, or the line has another form.
    """
    if found := _QUOTED.match(line):
        return line[: found.start("request")] + line[found.end("request") :]
    raise ValueError(line)


def answer_of(rest: tuple[bytes, bytes]) -> Answer:
    """How it was answered.

    Args:
        rest: What `asked_of` left.

    Raises:
        ValueError: The line has another form.
    """
    head, tail = rest
    _, _, seconds, _, answered, status, _, _, _ = head.split(b" ")
    _, _, _, _, reason, _ = tail.split(b'"', 5)
    return answered, status, seconds, reason


class Minutes(dict[bytes, int]):
    """The minute of a line's time, since 1970, by the first 16 bytes; each is parsed once."""

    def __missing__(self, text: bytes) -> int:
        minute = int(datetime.strptime(text.decode("ascii"), "%Y-%m-%dT%H:%M").replace(tzinfo=UTC).timestamp()) // 60
        if len(self) >= _KEPT_MINUTES:
            self.clear()
        self[text] = minute
        return minute
