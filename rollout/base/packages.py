"""The packages of rollout, and what its extras install.

Crash reports show places in the packages, and a folder of programs can't replace them.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec

PACKAGES = ("rollout", "rollout_sandbox")


def missing_of(extra: str) -> tuple[str, ...]:
    """The packages of an extra that aren't installed; none where rollout itself isn't, but lies in a folder."""
    try:
        wanted = requires("rollout") or ()
    except PackageNotFoundError:
        return ()
    of_it = [each for each in wanted if re.search(rf"extra == .{extra}\b", each)]
    names = [re.split(r"[^\w-]", each, maxsplit=1)[0] for each in of_it]
    return tuple(name for name in names if find_spec(name) is None)


def how_to_install(extra: str) -> str:
    """The command that installs an extra."""
    return f'in a checkout of rollout, run `pip install ".[{extra}]"`'
