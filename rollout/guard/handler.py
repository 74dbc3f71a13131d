"""The function's entry point: `rollout.guard.handler.handle`."""

from __future__ import annotations

import json
import logging
from functools import cache
from pathlib import Path
from typing import Any

from rollout.guard import firing
from rollout.guard.alarm import LOOK, AlarmEvent, read_event
from rollout.guard.aws import Context, parts_for, unheard
from rollout.guard.config import FILE, GuardConfig, read_config
from rollout.guard.plain import dumps

_LOG = logging.getLogger()
_LOG.setLevel(logging.INFO)


def handle(event: object, context: Context) -> Any:
    """Handle an event of CloudWatch's, or look for what went off without one that fired.

    Raises:
        NotBack: Lambda has to invoke the function again.
    """
    if event == LOOK:
        return [_handled(alarm, context) for alarm in unheard(_config())]
    alarm = read_event(event)
    if alarm is None:
        _LOG.warning("not an alarm's event")
        return None
    return _handled(alarm, context)


def _handled(alarm: AlarmEvent, context: Context) -> Any:
    done = dumps(firing.handle(alarm, parts_for(_config(), alarm, context)))
    _LOG.info("%s", done)
    return json.loads(done)


@cache
def _config() -> GuardConfig:
    return read_config((Path(__file__).parents[2] / FILE).read_text("utf-8"))
