"""Errors of AWS that need no telling: those that pass by themselves, and those that tell of things long gone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import ClientError

from rollout_sandbox.provider.aws import code_of

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


class Ignoring:
    """Passes over AWS's errors with one of these codes, such as that what is to be taken away is gone."""

    def __init__(self, *codes: str) -> None:
        self._codes = codes

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        return isinstance(error, ClientError) and code_of(error) in self._codes
