"""The function's entry point: `rollout.controller.handler.handle`.

An answer is for who invoked it and for the log. An error of rollout's that a look has is an answer, too: nobody is to
invoke the function again, since the next look comes soon. A defect is raised, and Lambda counts it as an error.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Protocol

from rollout.api.controller_acts import LOOK, Invocation
from rollout.api.environment import EnvironmentRollout
from rollout.api.rollout import Rollout
from rollout.controller.project import from_s3, unpacked
from rollout.errors import RolloutError
from rollout.migration.events import Event, as_json

_LOG = logging.getLogger("rollout.controller")
_LOG.setLevel(logging.INFO)


class Context(Protocol):
    """What Lambda gives the function beside the event."""

    aws_request_id: str
    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int:
        """Until it is ended."""


def handle(event: object, context: Context) -> dict[str, Any]:
    """Handle an event: `{"act": "look"}`, or what a fleet asks for.

    Raises:
        RolloutError: Of what somebody asked for and waits for.
    """
    asked: Mapping[str, Any] = event if isinstance(event, Mapping) else {}
    said = {"state": "error"}
    try:
        said = answer(asked, context, _project())
    except RolloutError as error:
        if asked.get("act") != LOOK:
            raise
        said = {"act": LOOK, "state": "error", "sentence": str(error), "code": error.code}
    finally:
        if said["state"] == "error":  # whatever was kept may be why
            _opened.cache_clear()
    _LOG.info("%s", json.dumps(said))
    return said


def answer(event: Mapping[str, Any], context: Context, environment: EnvironmentRollout) -> dict[str, Any]:
    """What an opened environment's controller answers."""
    left = timedelta(milliseconds=context.get_remaining_time_in_millis())
    project = os.environ.get("ROLLOUT_PROJECT_VERSION", "")
    invocation = Invocation(context.aws_request_id, context.invoked_function_arn, left, project)
    return environment.controller.answer(event, invocation)


def _project() -> EnvironmentRollout:
    """The environment, of the project that the controller was installed with."""
    names = ("ROLLOUT_PROJECT", "ROLLOUT_PROJECT_SHA256", "AWS_REGION", "ROLLOUT_CONTROLLED")
    return _opened(*(os.environ[name] for name in names))


@cache
def _opened(url: str, digest: str, region: str, environment: str) -> EnvironmentRollout:
    """Kept from look to look, as long as Lambda keeps the process: the next one asks AWS for less."""
    file = unpacked(url, digest, Path(gettempdir()) / "rollout-project", from_s3(region))
    return Rollout.load(file, on_event=_tell).environment(environment)


def _tell(event: Event) -> None:
    _LOG.info("%s", json.dumps(as_json(event)))
