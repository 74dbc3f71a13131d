"""What environments of one account would share by name: a role in all its regions, functions and target groups in one.

Of two environments the one that comes first in the file has the plain default names. A clash stops what makes things,
and nothing else: a file with one must still be good for a rollback.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rollout.inventory.file.layout import Keys
from rollout.inventory.functions import Function
from rollout.inventory.model import Environment

MAX_NAME = 64
_Place = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clash:
    """Something that two environments would both make.

    Attributes:
        environment: The one that comes later.
        at: The keys of the name in that environment's tables.
        what: What it is, such as `function 'scorer'`.
        other: The environment that has it.
    """

    environment: str
    at: Keys
    what: str
    other: str


def with_default_names(environments: Mapping[str, Environment]) -> dict[str, Environment]:
    """The environments with names for functions and roles wherever the plain default is another environment's."""
    taken: dict[_Place, str] = {}
    for environment in environments.values():
        for function in environment.functions.values():
            if function.name:
                taken.setdefault(_function(environment, function.name), environment.name)
            if function.role_name:
                taken.setdefault(_role(environment, function.role_name), environment.name)
    return {name: _with_default_names(environment, taken) for name, environment in environments.items()}


def _with_default_names(environment: Environment, taken: dict[_Place, str]) -> Environment:
    named: dict[str, Function] = {}
    for key, function in environment.functions.items():
        name, role = function.name or key, function.role_name
        other = f"{name}-{environment.name}"
        if not function.name and taken.get(_function(environment, name), environment.name) != environment.name:
            name = other if len(other) <= MAX_NAME else name
        taken.setdefault(_function(environment, name), environment.name)
        named[key] = function.model_copy(update={"name": function.name or (None if name == key else name)})
        if function.role is not None:
            continue
        other = f"{name}-{environment.name}"
        if not role and taken.get(_role(environment, name), environment.name) != environment.name:
            role = other if len(other) <= MAX_NAME else None
        taken.setdefault(_role(environment, role or name), environment.name)
        named[key] = named[key].model_copy(update={"role_name": role})
    return environment.model_copy(update={"functions": named})


def clashes(environments: Mapping[str, Environment]) -> Iterator[Clash]:
    """What two environments would both make, each told of the later one."""
    taken: dict[_Place, str] = {}
    for environment in environments.values():
        for at, place, what in _made(environment):
            first = taken.setdefault(place, environment.name)
            if first != environment.name:
                yield Clash(environment.name, at, what, first)


def _made(environment: Environment) -> Iterator[tuple[Keys, _Place, str]]:
    for key, function in environment.functions.items():
        name, at = function.name or key, ("functions", key)
        role = function.role_name or name
        yield (*at, "name"), _function(environment, name), f"function {name!r}"
        if function.role is None:
            yield (*at, "role-name"), _role(environment, role), f"role {role!r}"
        for balancer, groups in function.target_groups.items():
            for group in groups:
                place = ("target group", environment.account, environment.region, group)
                yield (*at, "target-groups", balancer), place, f"target group {group!r}"


def _function(environment: Environment, name: str) -> _Place:
    return "function", environment.account, environment.region, name


def _role(environment: Environment, name: str) -> _Place:
    return "role", environment.account, name
