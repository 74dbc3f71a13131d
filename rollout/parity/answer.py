"""A function's answer as it is compared: as the load balancer reads it, its body decoded."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field, replace
from datetime import timedelta

from rollout.alb.alb_event import MAX_BYTES, Malformed, checked
from rollout.alb.invocation import Invocation

MAX_DECODED = 16 * MAX_BYTES
_TYPE = re.compile(r"[A-Za-z_][\w.]{0,63}", re.ASCII)
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


@dataclass(frozen=True, slots=True)
class FunctionAnswer:
    """What a function answered.

    Attributes:
        status: 0 where there is no answer.
        headers: As the function gave them, without those that the load balancer sets.
        body: Without its content encoding, where that is gzip or deflate.
        failure: Why there is no answer, without the function's own words, which may quote a request; empty otherwise.
        took: How long it was waited for.
        is_cold: Whether an environment was started for it.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    failure: str = ""
    took: timedelta = timedelta(0)
    is_cold: bool = False

    def header(self, name: str) -> str:
        """A header's last value; empty where there is none."""
        return next((value for key, value in reversed(self.headers) if key.lower() == name), "")


def answer_of(went: Invocation, *, multi_value: bool) -> FunctionAnswer:
    """What an invocation comes to for clients.

    Args:
        multi_value: Whether the target group takes headers as lists.
    """
    if went.error is not None:
        kind = went.error.partition(":")[0]
        failure = f"the function failed: {kind}" if _TYPE.fullmatch(kind) else "the function failed"
        return FunctionAnswer(0, failure=failure, took=went.took)
    try:
        answer = checked(went.said, multi_value=multi_value)
    except Malformed as error:
        return FunctionAnswer(0, failure=f"the load balancer can't read it: {error}", took=went.took)
    whole = FunctionAnswer(answer.status, answer.headers, answer.body, took=went.took, is_cold=went.is_cold)
    return replace(whole, body=_decoded(whole))


def _decoded(answer: FunctionAnswer) -> bytes:
    """What can't be decoded, or would become very large, is compared as it is."""
    window = _WINDOWS.get(answer.header("content-encoding").strip().lower())
    if window is None:
        return answer.body
    unzip = zlib.decompressobj(window)
    try:
        body = unzip.decompress(answer.body, MAX_DECODED)
    except zlib.error:
        return answer.body
    return body if unzip.eof else answer.body
