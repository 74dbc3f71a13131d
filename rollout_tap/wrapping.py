"""A handler with the tap around it: it gives and raises what the handler does, whatever happens here."""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable
from typing import Any

from rollout_tap.recorder import Recorder, say
from rollout_tap.settings import Settings

Handler = Callable[[Any, Any], Any]

HANDLER = "ROLLOUT_TAP_HANDLER"


def tap(**given: Any) -> Callable[[Handler], Handler]:
    """Decorate a handler.

    Without a sink it does nothing. With a setting that can't be, it does nothing and says so in the log.

    Args:
        given: What counts before the environment's variables; see `Settings`.
    """

    def wrap(handler: Handler) -> Handler:
        try:
            settings = Settings.of(given, os.environ)
            if settings.sink is None:
                return handler
            recorder = Recorder(settings)
        except Exception as error:  # noqa: BLE001 - a tap that can't be is none
            say({"off": str(error)})
            return handler
        return wrapped(handler, recorder)

    return wrap


def wrapped(handler: Handler, recorder: Recorder) -> Handler:
    """A handler whose calls a recorder sees, both of whose methods never raise."""

    @functools.wraps(handler)
    def tapped(event: Any, context: Any) -> Any:
        taken = recorder.began(event)
        try:
            answer = handler(event, context)
        except BaseException:
            recorder.ended(taken, None)
            raise
        recorder.ended(taken, answer)
        return answer

    return tapped


def named_handler() -> Handler:
    """The handler that the environment names as Lambda does, `module.function`, with the tap around it.

    Raises:
        RuntimeError: It names none. What the module raises, it raises, as it would without the tap.
    """
    name = os.environ.get(HANDLER, "")
    module, dot, function = name.rpartition(".")
    if not dot:
        raise RuntimeError(f"{HANDLER} is {name!r}: give the function's own handler, such as app.handler")
    found: Handler = getattr(importlib.import_module(module.replace("/", ".")), function)
    return tap()(found)
