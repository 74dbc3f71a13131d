"""An engine that starts before its program's input is known: its start takes as long as reading AWS does.

Its program waits for the input. The engine plans nothing before, and without the input it ends with a failure.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures import wait as wait_for
from pathlib import Path
from typing import NamedTuple

from rollout.adapters.pulumi.process import PulumiCli
from rollout.base.threads import DaemonPool
from rollout.errors import RolloutError
from rollout.inventory.model import ProgramInput
from rollout.state.plan import StackPreview

Given = Callable[[], ProgramInput]


class Asked(NamedTuple):
    """Which preview it is."""

    stack: str
    plan: Path
    create: bool


class Early:
    """A preview that has begun in a thread of its own.

    Args:
        preview: Runs it; its program calls its argument for the input.
        engine: What `preview` starts.
    """

    def __init__(self, preview: Callable[[Given], StackPreview | None], engine: PulumiCli) -> None:
        self._engine = engine
        self._given: Future[ProgramInput] = Future()
        self._result = DaemonPool(1, "preview").submit(preview, self._wait)

    def wait_for_start(self) -> None:
        """Wait until the engine runs: what this process imports meanwhile would only keep it from starting."""
        self._result.add_done_callback(lambda _: self._engine.started.set())
        self._engine.started.wait()

    def finish(self, given: ProgramInput) -> Future[StackPreview | None] | None:
        """Go on with the input; None if it has ended without: the caller starts another one, which tells why."""
        if self._result.done():
            return None
        self._given.set_result(given)
        return self._result

    def end(self) -> None:
        """Stop it, and wait until the engine has ended."""
        self._given.cancel()
        if not self._result.done():
            self._engine.stop(lambda patience: DaemonPool.wait([self._result], patience.total_seconds()))
            wait_for([self._result])

    def _wait(self) -> ProgramInput:
        try:
            return self._given.result()
        except CancelledError:
            raise RolloutError("the preview isn't needed") from None
