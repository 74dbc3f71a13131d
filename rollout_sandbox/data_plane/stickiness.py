"""The cookies that keep a client with a target group: AWSALBTG, and AWSALBTGCORS for requests from other sites.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html
A cookie wins over weights, also over a weight of 0. It counts while it is valid and its group is in the action of the
matched rule, and its life starts anew with each answer. One name serves all rules of a host.

AWS encrypts the group's name. Here the value holds the end of its life and a keyed hash of that and of the group, so
that nobody can read or make one either.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from datetime import datetime, timedelta
from email.utils import format_datetime
from hashlib import blake2b

from rollout_sandbox.data_plane.rules import TargetGroup

NAME = "AWSALBTG"
CORS_NAME = "AWSALBTGCORS"
_COOKIE = re.compile(rf"(?:^|;\s*)(?:{NAME}|{CORS_NAME})=\"?([\w-]+)")
_TIME_BYTES = 8


class Cookies:
    """The cookies of one load balancer."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def group(self, header: str, groups: tuple[TargetGroup, ...], now: datetime) -> TargetGroup | None:
        """The group that a valid cookie names, if it is one of these.

        Args:
            header: The request's Cookie header.
            groups: Those of the matched rule's action.
            now: When the request came.
        """
        for value in _COOKIE.findall(header):
            try:
                said = base64.urlsafe_b64decode(f"{value}==")
            except ValueError:
                continue
            end, seal = said[:_TIME_BYTES], said[_TIME_BYTES:]
            if int.from_bytes(end, "big") > _milliseconds(now):
                for group in groups:
                    if hmac.compare_digest(self._seal(end, group), seal):
                        return group
        return None

    def issue(self, group: TargetGroup, life: timedelta, now: datetime) -> tuple[str, str]:
        """The two Set-Cookie headers that keep a client with a group.

        Args:
            group: The group.
            life: The rule's stickiness, 1 second to 7 days.
            now: When the request came.
        """
        until = now + life
        end = _milliseconds(until).to_bytes(_TIME_BYTES, "big")
        value = base64.urlsafe_b64encode(end + self._seal(end, group)).decode().rstrip("=")
        expires = format_datetime(until, usegmt=True)
        return (
            f"{NAME}={value}; Expires={expires}; Path=/",
            f"{CORS_NAME}={value}; Expires={expires}; Path=/; SameSite=None; Secure",
        )

    def _seal(self, end: bytes, group: TargetGroup) -> bytes:
        return blake2b(end + group.arn.encode(), key=self._key, digest_size=32).digest()


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
