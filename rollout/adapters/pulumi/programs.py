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

from rollout.base.packages import PACKAGES
from rollout.errors import ConfigError, Problem, RolloutError
from rollout.inventory.model import ProgramInput

Program = Callable[[ProgramInput], None]

_importing = Lock()


class _Folder:
    """The folder that programs come from at the moment: a process may work on several inventories in turn."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._imported: dict[str, ModuleType] = {}
        """What importing programs brought from the folder; what the embedding program had before is its own."""

    @property
    def root(self) -> Path:
        """The folder, as it stands in sys.path."""
        return self._root

    def enter(self) -> None:
        """Let imports look here first, and in none of the folders before, even if sys.path was put back meanwhile."""
        if str(self._root) not in sys.path:
            _put_in.add(str(self._root))
        if sys.path[0] != str(self._root):
            sys.path[:] = [str(self._root), *(each for each in sys.path if each not in _put_in)]

    def leave(self) -> None:
        """Forget what came from here, so that another folder's modules of the same names are found."""
        for name, module in self._imported.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]

    def load(self, name: str) -> ModuleType:
        """Import a module, from here if there is one of this name here, whatever was loaded under it before."""
        package = name.partition(".")[0]
        if any((self._root / each).exists() for each in (package, f"{package}.py")):
            loaded = [each for each in list(sys.modules) if each.partition(".")[0] == package]
            if any(_file(each) and not self._holds(each) for each in loaded):
                for each in loaded:
                    del sys.modules[each]
                importlib.invalidate_caches()
        before = set(sys.modules)
        try:
            return importlib.import_module(name)
        finally:
            self._imported |= {new: sys.modules[new] for new in set(sys.modules) - before if self._holds(new)}

    def _holds(self, module: str) -> bool:
        """Whether a loaded module is one of the folder's own: not of an environment that lies in it, nor rollout's."""
        package, file = self._root / module.partition(".")[0], _file(module)
        if package.name in PACKAGES:
            return False
        if file is None:
            return package.is_dir()
        return file.is_relative_to(package.resolve()) or file == package.with_suffix(".py").resolve()


_entered: list[_Folder] = []
"""The last one entered, if any."""
_put_in: set[str] = set()
"""The entries of sys.path that came from here."""


def _file(module: str) -> Path | None:
    """Where a loaded module lies; a package without `__init__.py` lies nowhere, it is wherever sys.path says."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return Path(file).resolve() if file else None


def _enter(root: Path) -> _Folder:
    if not _entered or _entered[0].root != root:
        for folder in _entered:
            folder.leave()
        _entered[:] = [_Folder(root)]
        importlib.invalidate_caches()
    _entered[0].enter()
    return _entered[0]


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
    package = module_name.partition(".")[0]
    with _importing:
        # rollout's own are never forgotten, whatever the folder has of that name
        load = importlib.import_module if package in PACKAGES else _enter(root).load
        try:
            program: Program = getattr(load(module_name), function)
        except (ImportError, AttributeError, SyntaxError) as error:
            problem = Problem(
                f"{entry_point} can't be loaded: {error}", where=f"programs.{stack}", code="program-missing"
            )
            raise ConfigError(
                "a program is missing", [problem], hint=f"look in {root}", code="program-missing"
            ) from error
        _load_lazy_modules(package)
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
        if name.partition(".")[0] == package or name.startswith("rollout.programs.components"):
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
