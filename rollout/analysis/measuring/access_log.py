"""The lines of a load balancer's access log, as the few fields that evidence needs. Pure.

A busy load balancer writes tens of millions of lines in a step, so this works on bytes: one split at the quotes and
one at the first part's spaces.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

NONE = b"-"
"""What the log has for a field without a value."""

# AWS encodes quotes in what a client sends. Where it doesn't, the request is what comes before the user agent.
_QUOTED = re.compile(
    rb'(?P<head>[^"]*)"(?P<request>.*)" "(?P<agent>[^"]*)"(?P<target> [^ "]+ [^ "]+ [^ "]+ )"[^"]*" "[^"]*" "[^"]*"'
    rb'(?P<rule> [^ "]+ [^ "]+ )"[^"]*" "[^"]*" "(?P<reason>[^"]*)"'
)
_SPACES = 4
_KEPT_MINUTES = 4096


class Entry(NamedTuple):
    """One request.

    Attributes:
        time: When it was answered, such as `2026-11-28T22:23:00.186641Z`.
        address: The client's.
        agent: The client's User-Agent, `-` without one.
        answered: The status that the client got.
        status: The target's status, `-` if it didn't answer.
        seconds: How long the target took, -1 if it didn't answer.
        group: The target group's ARN, `-` if none was chosen.
        rule: The rule's priority, 0 for the default rule, below 0 or `-` if no rule was found.
        reason: The error's code, such as `LambdaUnhandled`, or `-`.
    """

    time: bytes
    address: bytes
    agent: bytes
    answered: bytes
    status: bytes
    seconds: bytes
    group: bytes
    rule: bytes
    reason: bytes


def entry_of(line: bytes) -> Entry:
    """One line of a log; fields that AWS adds at its end later are ignored.

    Raises:
        ValueError: It was cut off, or has another form.
    """
    try:
        head, _, between, agent, target, _, _, _, _, _, rule, _, _, _, before, reason, _ = line.split(b'"', 16)
    except ValueError:
        return _quoted(line)
    if between != b" " or before != b" " or target.count(b" ") != _SPACES:
        return _quoted(line)
    return _entry(head, agent, target, rule, reason)


def _quoted(line: bytes) -> Entry:
    if found := _QUOTED.match(line):
        return _entry(*found.group("head", "agent", "target", "rule", "reason"))
    raise ValueError(line)


def _entry(head: bytes, agent: bytes, target: bytes, rule: bytes, reason: bytes) -> Entry:
    _, time, _, client, _, _, seconds, _, answered, status, _, _, _ = head.split(b" ")
    return Entry(
        time,
        client[: client.rindex(b":")],
        agent,
        answered,
        status,
        seconds,
        target[target.rindex(b" ", 0, -1) + 1 : -1],
        rule[1 : rule.index(b" ", 1)],
        reason,
    )


class Minutes(dict[bytes, int]):
    """The minute of a line's time, since 1970, by the first 16 bytes; each is parsed once."""

    def __missing__(self, text: bytes) -> int:
        minute = int(datetime.strptime(text.decode("ascii"), "%Y-%m-%dT%H:%M").replace(tzinfo=UTC).timestamp()) // 60
        if len(self) >= _KEPT_MINUTES:
            self.clear()
        self[text] = minute
        return minute
