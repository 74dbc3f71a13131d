"""The function's entry point: `rollout.guard.handler.handle`."""

from __future__ import annotations

import json
import logging
from functools import cache
from pathlib import Path
from typing import Any

from rollout.guard import firing
from rollout.guard.alarm import LOOK, read_event
from rollout.guard.aws import Context, parts_for, some_together, unheard
from rollout.guard.config import FILE, GuardConfig, read_config
from rollout.guard.plain import dumps
from rollout.guard.record import Firing

_LOG = logging.getLogger()
_LOG.setLevel(logging.INFO)


def handle(event: object, context: Context) -> Any:
    """Handle an event of CloudWatch's, or look for what went off without one that fired.

    Raises:
        NotBack: Lambda has to invoke the function again.
    """
    config = _config()
    if event == LOOK:
        alarms = unheard(config)
        done = firing.handle_all(alarms, lambda alarm: parts_for(config, alarm, context), some_together)
        return [_told(each) for each in done]
    alarm = read_event(event)
    if alarm is None:
        _LOG.warning("not an alarm's event")
        return None
    return _told(firing.handle(alarm, parts_for(config, alarm, context)))


def _told(done: Firing) -> Any:
    said = dumps(done)
    _LOG.info("%s", said)
    return json.loads(said)


@cache
def _config() -> GuardConfig:
    return read_config((Path(__file__).parents[2] / FILE).read_text("utf-8"))
