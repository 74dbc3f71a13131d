"""What to do about errors of AWS that need no telling: those that pass by themselves, and those of things long gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from botocore.exceptions import ClientError

from rollout.sandbox.provider.aws import code_of

PAUSES = (0.2, 0.8)
"""Seconds between tries; the real provider goes on for minutes, which a sandbox has no need of."""

Answer = TypeVar("Answer")


def trying(call: Callable[[], Answer], *, again: Callable[[ClientError], bool]) -> Answer:
    """Make a call, up to three times within about a second.

    Args:
        call: The call.
        again: Whether an error may pass by itself.

    Raises:
        ClientError: The last try failed, or one failed for good.
    """
    for pause in PAUSES:
        try:
            return call()
        except ClientError as error:
            if not again(error):
                raise
            time.sleep(pause)
    return call()


@contextmanager
def content_if(*codes: str) -> Iterator[None]:
    """Pass over errors with one of these codes: what was to be taken away is gone."""
    try:
        yield
    except ClientError as error:
        if code_of(error) not in codes:
            raise
