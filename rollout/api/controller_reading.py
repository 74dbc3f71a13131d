"""How the controller of an environment stands, read beside whatever else is read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from rollout import __version__
from rollout.api.opened import Part
from rollout.errors import AwsError, ConfigError
from rollout.migration.checks.controller_status import ControllerStatus

if TYPE_CHECKING:
    from rollout.ramp.controlled import Controlled


class ControllerReading(Part):
    """Reads the controller's record; nothing where the inventory has no controller."""

    def status(self) -> ControllerStatus | None:
        """How it stands; what can't be read is part of it."""
        if self._environment.controller is None:
            return None
        name = self._environment.name
        try:
            record = self._container.controller.read()
        except AwsError as error:
            return ControllerStatus(name, "unknown", why=error.what)
        found = controller_status(name, record, self._container.utc)
        return replace(found, outdated=self._outdated(record)) if record and record.installed else found

    def _outdated(self, record: Controlled) -> str:
        """What the last look had that is another one here."""
        settings, here = self._environment.controller, record.installed
        if settings is None or here is None:
            return ""
        if here.rollout != __version__:
            return f"its image has rollout {here.rollout}, this is {__version__}"
        from rollout.programs.controlling import project_archive  # noqa: PLC0415 - most commands need none

        try:
            archive = project_archive(self._environment, self._file, settings.files)
        except ConfigError:  # which preflight says
            return ""
        then = f"`rollout controller install {self._environment.name}` updates it"
        return "" if archive.version == here.project else f"its stacks.toml or programs differ from those here: {then}"


def controller_status(environment: str, record: Controlled | None, now: datetime) -> ControllerStatus:
    """The status by what was read.

    Args:
        record: None where no controller is installed.
        now: AWS's time.
    """
    if record is None:
        return ControllerStatus(environment, "missing")
    here, looking, last, killed = record.installed, record.looking(now), record.last, record.killed
    if here is None:
        return ControllerStatus(environment, "new")
    if looking is None and record.lease:  # it ran out
        killed = record.lease
    return ControllerStatus(
        environment,
        "looking" if looking else "late" if record.is_late(now) else "waiting",
        function=here.by.rpartition(":")[2],
        image=here.image,
        rollout=here.rollout,
        looking_since=looking.since if looking else None,
        looked_at=last.began if last else None,
        said=last.state if last else "",
        because=last.sentence if last else "",
        next_at=record.next_at,
        killed_at=killed.since if killed and not (last and last.began > killed.since) else None,
    )
