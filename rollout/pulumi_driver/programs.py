"""Inline programs, loaded by their entry points from the folder of stacks.toml."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Lock
from types import ModuleType

from pulumi import ResourceOptions, ResourceTransformationArgs, ResourceTransformationResult, RunError
from pulumi.runtime import register_stack_transformation

from rollout.errors import ConfigError, Problem, RolloutError
from rollout.model import ProgramInput

Program = Callable[[ProgramInput], None]

_importing = Lock()


def _make_first(root: Path, package: str) -> None:
    """Let imports look in a folder first, and forget a package of the same name from another inventory's folder.

    rollout's own is never forgotten, whatever the folder has of that name.
    """
    if package == __name__.partition(".")[0]:
        return
    if sys.path[0] != str(root):
        sys.path.insert(0, str(root))
    loaded = sys.modules.get(package)
    origin = getattr(loaded, "__file__", None) or next(iter(getattr(loaded, "__path__", ())), None)
    if origin and (root / package).exists() and not Path(origin).resolve().is_relative_to(root.resolve()):
        for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
            del sys.modules[name]
        importlib.invalidate_caches()


def load_program(entry_point: str, root: Path, stack: str) -> Program:
    """Import an inline program.

    Args:
        entry_point: `module:function`; modules are looked for in `root` first.
        root: The folder of stacks.toml.
        stack: The key in `[programs]`, for messages.

    Raises:
        ConfigError: It can't be imported.
    """
    module_name, _, function = entry_point.partition(":")
    with _importing:
        _make_first(root, module_name.partition(".")[0])
        try:
            program: Program = getattr(importlib.import_module(module_name), function)
        except (ImportError, AttributeError, SyntaxError) as error:
            problem = Problem(
                f"{entry_point} can't be loaded: {error}", where=f"programs.{stack}", code="program-missing"
            )
            raise ConfigError(
                "a program is missing", [problem], then=f"look in {root}", code="program-missing"
            ) from error
        _load_lazy_modules(module_name.partition(".")[0])
    return program


def _importing_own(
    imports: Mapping[tuple[str, str], str], made: ResourceTransformationArgs
) -> ResourceTransformationResult | None:
    """https://www.pulumi.com/docs/iac/concepts/resources/options/transformations/."""
    if (id_ := imports.get((made.type_, made.name))) is None:
        return None
    return ResourceTransformationResult(made.props, ResourceOptions.merge(made.opts, ResourceOptions(import_=id_)))


def _load_lazy_modules(package: str) -> None:
    """Load what a program and the components name of pulumi-aws, which loads a module when it is first used.

    It does that without a lock (`pulumi._utils.lazy_import`), so that programs in two threads would meet half a module.
    """
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == package or name.startswith("rollout.components"):
            for value in list(vars(module).values()):
                if isinstance(value, ModuleType) and type(value) is not ModuleType:
                    hasattr(value, "Provider")  # any name will do


class Guard:
    """What has to hold when a program begins; else its update ends there, with the reason.

    Args:
        check: Raises the reason.
    """

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._stopped: RolloutError | None = None

    def __call__(self) -> None:
        """Check; the error is one sentence to the engine."""
        try:
            self._check()
        except RolloutError as error:
            self._stopped = error
            raise RunError(str(error)) from error

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Raise the reason in the place of what the engine makes of it."""
        try:
            yield
        except RolloutError as error:
            if self._stopped is None:
                raise
            raise self._stopped from error


def guarded(program: Program, given: ProgramInput) -> None:
    """Run a program, importing what it is given; its own error is one sentence to the engine, not a traceback."""
    if given.imports:
        register_stack_transformation(partial(_importing_own, given.imports))
    try:
        program(given)
    except RolloutError as error:
        raise RunError(str(error)) from error
