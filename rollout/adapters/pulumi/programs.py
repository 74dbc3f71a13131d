"""Inline programs, loaded by their entry points from the folder of stacks.toml."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from threading import Lock
from types import ModuleType

from pulumi import ResourceOptions, ResourceTransformationArgs, ResourceTransformationResult, RunError, log
from pulumi.runtime import register_stack_transformation
from pulumi.runtime import resource as registering
from pulumi.runtime.proto import source_pb2

from rollout.base.packages import PACKAGES
from rollout.errors import ConfigError, Problem, RolloutError
from rollout.inventory.model import ProgramInput

Program = Callable[[ProgramInput], None]

_importing = Lock()
_is_ours: ContextVar[bool] = ContextVar("is_ours", default=False)
"""Whether rollout runs a program: an embedding process may have others."""


def _leave_out_frames() -> None:
    """Keep the frames behind each resource out of the state.

    The SDK sends them, with this machine's folders, and no option says otherwise. They would be two thirds of a state,
    which the engine writes before and after each change.
    """
    name = "_get_stack_trace"
    if frames := getattr(registering, name, None):
        setattr(registering, name, lambda: source_pb2.StackTrace() if _is_ours.get() else frames())


def _leave_out_debugging() -> None:
    """Keep the SDK's own lines of debugging from the engine, which shows none of them.

    The SDK waits for the engine's answer to each; there are half a dozen for a resource.
    """
    debug = log.debug
    log.debug = lambda *said, **about: None if _is_ours.get() else debug(*said, **about)


_leave_out_frames()
_leave_out_debugging()


class _Folder:
    """The folder that programs currently come from: a process may work on several inventories in turn."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._imported: dict[str, ModuleType] = {}
        """Modules that programs imported from the folder; earlier modules belong to the embedding program."""

    @property
    def root(self) -> Path:
        """The folder, as in sys.path."""
        return self._root

    def enter(self) -> None:
        """Make imports search this folder first, and no earlier folder, even if sys.path was restored meanwhile."""
        if str(self._root) not in sys.path:
            _put_in.add(str(self._root))
        if sys.path[0] != str(self._root):
            sys.path[:] = [str(self._root), *(each for each in sys.path if each not in _put_in)]

    def leave(self) -> None:
        """Remove its modules, so that imports find another folder's modules of the same names."""
        for name, module in self._imported.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]

    def load(self, name: str) -> ModuleType:
        """Import a module, from this folder if it has one of this name, even if another one was loaded before."""
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
        """Whether a loaded module belongs to the folder: not to a virtual environment in it, nor to rollout."""
        package, file = self._root / module.partition(".")[0], _file(module)
        if package.name in PACKAGES:
            return False
        if file is None:
            return package.is_dir()
        return file.is_relative_to(package.resolve()) or file == package.with_suffix(".py").resolve()


_entered: list[_Folder] = []
"""The last folder entered, if any."""
_put_in: set[str] = set()
"""The entries of sys.path that this module added."""


def _file(module: str) -> Path | None:
    """A loaded module's file; a package without `__init__.py` has none, since it is found by sys.path."""
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
        entry_point: `module:function`; imports search `root` first.
        root: The folder of stacks.toml.
        stack: The key in `[programs]`, for messages.

    Raises:
        ConfigError: It can't be imported.
    """
    module_name, _, function = entry_point.partition(":")
    package = module_name.partition(".")[0]
    with _importing:
        # rollout's own modules stay loaded, even if the folder has one of the same name
        load = importlib.import_module if package in PACKAGES else _enter(root).load
        try:
            program: Program = getattr(load(module_name), function)
        except (ImportError, AttributeError, SyntaxError) as error:
            problem = Problem(
                f"{entry_point} can't be imported: {error}", where=f"programs.{stack}", code="program-missing"
            )
            raise ConfigError(
                "a program is missing", [problem], hint=f"check {root}", code="program-missing"
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
    """Load the modules of pulumi-aws that a program and the components name; pulumi-aws loads them at first use.

    It does so without a lock (`pulumi._utils.lazy_import`), so two threads might see a half loaded module.
    """
    for name, module in sys.modules.copy().items():  # list() would run finalizers, and with them other threads
        if name.partition(".")[0] == package or name.startswith("rollout.programs.components"):
            for value in list(vars(module).values()):
                if isinstance(value, ModuleType) and type(value) is not ModuleType:
                    hasattr(value, "Provider")  # any name will do


class Guard:
    """A check at the start of a program; if it fails, the update ends with the reason.

    Args:
        check: Raises the reason.
    """

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._stopped: RolloutError | None = None

    def __call__(self) -> None:
        """Check; the engine gets the error as one sentence."""
        try:
            self._check()
        except RolloutError as error:
            self._stopped = error
            raise RunError(str(error)) from error

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Raise the reason instead of the engine's error."""
        try:
            yield
        except RolloutError as error:
            if self._stopped is None:
                raise
            raise self._stopped from error


def guarded(program: Program, input_of: Callable[[], ProgramInput]) -> None:
    """Run a program with its imports; the engine gets its error as one sentence, not as a traceback."""
    _is_ours.set(True)
    try:
        given = input_of()
        if given.imports:
            register_stack_transformation(partial(_importing_own, given.imports))
        program(given)
    except RolloutError as error:
        raise RunError(str(error)) from error
