"""The form of events, results and errors, by type: `show` for people, `as_data` for machines.

A file a subject, which registers its types; a command shows one by `run.render(result)`. `as_data` needs a form of its
own only where name and fields aren't enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from importlib import import_module
from typing import TYPE_CHECKING, Any

from rollout.base.plain import plain
from rollout.errors import ProblemsError, RolloutError
from rollout.migration.events import name_of

if TYPE_CHECKING:
    from rollout.cli.people import People

RESULTS = {
    "EnvironmentStatus": "status",
    "PreflightReport": "preflight",
    "DriftReport": "drift",
    "SmokeReport": "smoke",
    "ParityReport": "parity",
    "CoverageReport": "parity-coverage",
    "Explanation": "parity-explained",
    "TrafficReport": "parity-traffic",
    "FleetResult": "fleet-result",
    "FleetStatus": "fleet-status",
    "GuardStatus": "guard-status",
    "ControllerStatus": "controller-status",
    "DrillResult": "drill-result",
    "CostLedger": "cost",
    "Progress": "setup-progress",
}
"""What the library gives back, by its name in JSON, which the file here that shows it has, too."""


def load(shown: object) -> None:
    """Import the file that shows something: one by one, since all of them together would make each command slower."""
    import_module(f"rollout.cli.screens.{RESULTS.get(type(shown).__name__, 'events').replace('-', '_')}")


@singledispatch
def show(shown: object, to: People) -> None:
    """Show something to people; what isn't registered has nothing to say to them."""


@singledispatch
def as_data(shown: Any) -> Iterator[dict[str, Any]]:
    """What a machine gets, an object a line of JSON: a name, and the fields."""
    yield {"event": RESULTS.get(type(shown).__name__) or name_of(shown), **plain(shown)}


@as_data.register
def _error(error: RolloutError) -> Iterator[dict[str, Any]]:
    yield {
        "event": "failed",
        "error": type(error).__name__,
        "code": error.code,
        "what": error.what,
        "where": error.where,
        "then": error.hint,
        "problems": [plain(each) for each in error.problems] if isinstance(error, ProblemsError) else [],
        "exit-code": error.exit_code,
    }
