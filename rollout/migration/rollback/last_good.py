"""What a rollback falls back on: the last inventory that AWS was like, and the ARNs of what it names.

It is kept whenever rules were read back as wanted, beside the states and in the user's state folder, so that a
stacks.toml that a colleague broke, a load balancer that can't be looked up and a rule that was renumbered stop no way
back. It holds no secrets: no variables of functions, no addresses of notifications, no header's value. What can't be
kept or read is as if it weren't there.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import AwareDatetime

from rollout.alb.state import AlbState
from rollout.base.files import write_whole
from rollout.base.log import note
from rollout.base.private import HOME, private_folder
from rollout.inventory.fields import KEPT, Frozen
from rollout.inventory.model import Arn, Environment
from rollout.migration.rollback.targets import NOTHING_KNOWN, KnownArns, known_from

_LOG = logging.getLogger(__name__)
FOLDER, _LARGEST = "last-good", 1_000_000


class LastGood(Frozen):
    """What is kept.

    Attributes:
        at: When, by AWS's time.
        environment: The inventory.
        listeners: ARNs by load balancer.
        rules: ARNs by route.
        groups: ARNs by target group.
        extras: The routes whose rules do more than forward.
    """

    at: AwareDatetime
    environment: Environment
    listeners: Mapping[str, str] = {}
    rules: Mapping[str, str] = {}
    groups: Mapping[str, str] = {}
    extras: tuple[str, ...] = ()

    @property
    def known(self) -> KnownArns:
        """The ARNs."""
        named = (self.listeners, self.rules, self.groups)
        listeners, rules, groups = ({name: Arn(arn) for name, arn in each.items()} for each in named)
        return KnownArns(listeners, rules, groups, self.extras)


def keep(homes: Sequence[Path], environment: Environment, live: AlbState, now: datetime) -> None:
    """Keep an inventory, if AWS is like it.

    Args:
        homes: Where, each by itself; see `homes`.
        now: AWS's time.
    """
    from rollout.migration.checks.preflight import live_problems  # noqa: PLC0415 - reading needs none of it

    if not any(live_problems(environment, live)):
        _keep(homes, environment, known_from(environment, live), now)


def _keep(homes: Sequence[Path], environment: Environment, known: KnownArns, now: datetime) -> None:
    functions = {name: each.model_copy(update={"environment": {}}) for name, each in environment.functions.items()}
    bare = {"functions": functions, "notifications": {}, "header_override": None, "faults": {}}
    kept = LastGood(
        at=now,
        environment=environment.model_copy(update=bare),
        listeners=known.listeners,
        rules=known.rules,
        groups=known.groups,
        extras=tuple(known.extras),
    ).model_dump(mode="json")
    for place in (_in(home, environment.name) for home in homes):
        try:
            if _without_time(_read(place)) != _without_time(kept):
                private_folder(place.parent)
                write_whole(place, json.dumps(kept).encode())
        except Exception:  # noqa: BLE001 - nothing depends on it
            note(_LOG, "the last good inventory can't be kept in %s", place, failed=True)


def last_good(homes: Sequence[Path], environment: str) -> tuple[LastGood, Path] | None:
    """The latest inventory that was kept, and where it is; None where there is none.

    Args:
        homes: Where to look.
    """
    found: list[tuple[LastGood, Path]] = []
    for place in (_in(home, environment) for home in homes):
        try:
            if told := _read(place):
                found.append((LastGood.model_validate(told, context=KEPT), place))
        except Exception:  # noqa: BLE001 - it is as if it weren't there
            note(_LOG, "the last good inventory in %s can't be read", place, failed=True)
    return max(found, key=lambda each: each[0].at, default=None)


def known_arns(homes: Sequence[Path], environment: str) -> KnownArns:
    """What is known from before; nothing where nothing was kept."""
    found = last_good(homes, environment)
    return found[0].known if found else NOTHING_KNOWN


def homes(file: Path, sandbox: Path | None = None) -> tuple[Path, ...]:
    """Where inventories are kept: beside the states that are beside the file, and in the user's state folder.

    Args:
        sandbox: A sandbox's folder, which keeps its own.
    """
    if sandbox is not None:
        return (sandbox / FOLDER,)
    try:
        file = file.resolve()
        beside = (file.parent / HOME / FOLDER,) if (file.parent / HOME).is_dir() else ()
        checkout = sha256(str(file).encode()).hexdigest()[:16]
        return (*beside, platformdirs.user_state_path("rollout") / FOLDER / checkout)
    except (OSError, RuntimeError):  # no home, or a folder that can't be looked at
        return ()


def _in(home: Path, environment: str) -> Path:
    return home / f"{sha256(environment.encode()).hexdigest()[:16]}.json"


def _read(place: Path) -> dict[str, Any]:
    try:
        found = place.stat()
    except FileNotFoundError:
        return {}
    if not place.is_file() or found.st_size > _LARGEST:
        return {}
    told = json.loads(place.read_bytes())
    return told if isinstance(told, dict) else {}


def _without_time(kept: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in kept.items() if key != "at"}
