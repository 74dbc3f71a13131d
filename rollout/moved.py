"""Names that modules had in earlier versions: they still import, and warn once with the name of now."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

MOVED = {
    "rollout.alb.conditions": "rollout.inventory.conditions",
    "rollout.components": "rollout.programs.components",
    "rollout.events": "rollout.migration.events",
    "rollout.metrics": "rollout.analysis.metrics",
    "rollout.model": "rollout.inventory.model",
    "rollout.quantities": "rollout.inventory.quantities",
    "rollout.sandbox": "rollout_sandbox",
    "rollout.testing": "rollout_sandbox.testing",
}


class _Moved:
    """Finds a module by its earlier name, and gives what asks for it the names of the one of now."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if not fullname.startswith("rollout."):
            return None
        earlier = next((name for name in MOVED if f"{fullname}.".startswith(f"{name}.")), None)
        if earlier is None:
            return None
        now = fullname.replace(earlier, MOVED[earlier], 1)
        loader: Any = self  # importlib.abc, which a loader may come from, loads half of importlib
        return ModuleSpec(fullname, loader, origin=now, is_package=fullname == earlier)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        warnings.warn(f"{spec.name} is {spec.origin} now", DeprecationWarning, stacklevel=2)
        now = import_module(str(spec.origin))
        module = ModuleType(spec.name, now.__doc__)
        if hasattr(now, "__path__"):
            module.__path__ = []  # else what is below would be found there, and run once more
        module.__getattr__ = lambda name: getattr(now, name)  # type: ignore[method-assign]
        module.__dir__ = lambda: dir(now)  # type: ignore[method-assign] # where pytest looks for fixtures
        return module

    def exec_module(self, module: ModuleType) -> None:
        """All is there."""


def install() -> None:
    """Let imports find them, before what an earlier version has left in their places, such as empty folders."""
    if not any(isinstance(each, _Moved) for each in sys.meta_path):
        sys.meta_path.insert(0, _Moved())
