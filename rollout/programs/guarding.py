"""What the guard of an environment is made of: its configuration, by what is live, and the files of its function.

An installed function has their digest as a tag, so that another configuration and another version of the code show.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from rollout.alb.described import described
from rollout.alb.state import AlbState, LiveRule
from rollout.guard.config import FILE, GuardConfig, GuardedRoute, Silence, write_config
from rollout.guard.rules import without_header_values
from rollout.guard.table import table_name
from rollout.inventory.marks import shortened
from rollout.inventory.model import Environment, Route
from rollout.inventory.settings import Guard
from rollout.programs.alarms.alarms import sns_topics, title, whole_alarms

PACKAGE = "rollout.guard"
PRINCIPAL = "lambda.alarms.cloudwatch.amazonaws.com"
"""Who invokes the function."""
MAX_ALARM_NAME = 255


@dataclass(frozen=True, slots=True)
class NamedAlarm:
    """An alarm of others, and the composite one over it that invokes the function.

    Attributes:
        name: Of the composite one.
        over: The other's name.
    """

    name: str
    over: str


def silence_alarm(environment: Environment) -> str:
    """The name of the alarm on missing heartbeats."""
    return f"{title(environment)}-silence"


def named_alarms(environment: Environment, guard: Guard) -> tuple[NamedAlarm, ...]:
    """What listens to the alarms of others."""
    return tuple(
        NamedAlarm(shortened(f"{title(environment)}-on-{name}", most=MAX_ALARM_NAME), name) for name in guard.alarms
    )


def invoking_alarms(environment: Environment) -> tuple[str, ...]:
    """The names of the alarms that invoke the function when they go off."""
    others = named_alarms(environment, environment.guard or Guard())
    return (*(each.name for each in whole_alarms(environment)), *(each.name for each in others))


def guard_config(environment: Environment, live: AlbState) -> GuardConfig:
    """What the function goes by.

    Args:
        live: With each route's rule; a route without one isn't guarded.
    """
    guard = environment.guard or Guard()
    rules = {name: (route, rule) for name, route in environment.routes.items() if (rule := live.own_rule_of(route))}
    watched = {each.name: _routes_of(environment, guard, each.groups) for each in whole_alarms(environment)}
    return GuardConfig(
        environment.name,
        title(environment),
        table_name(title(environment)),
        Silence(silence_alarm(environment), guard.on_silence),
        sns_topics(environment),
        {**watched, **{each.name: tuple(rules) for each in named_alarms(environment, guard)}},
        {name: _guarded(live, route, rule) for name, (route, rule) in rules.items()},
    )


def guard_files(config: GuardConfig) -> dict[str, str]:
    """The function's files, by their paths."""
    return {**_code(), FILE: write_config(config)}


def guard_digest(config: GuardConfig) -> str:
    """What tells an installed guard from another."""
    return sha256(repr(sorted(guard_files(config).items())).encode()).hexdigest()[:16]


def _routes_of(environment: Environment, guard: Guard, groups: tuple[str, ...]) -> tuple[str, ...]:
    routes = environment.routes.items()
    return tuple(name for name, route in routes if guard.takes == "all" or route.candidate in groups)


def _guarded(live: AlbState, route: Route, rule: LiveRule) -> GuardedRoute:
    groups = live.group_arn(route.legacy), live.group_arn(route.candidate)
    return GuardedRoute(rule.arn, without_header_values(described(rule.asks)), *groups)


@cache
def _code() -> dict[str, str]:
    """The room's own files, below a package with nothing else; the engine can't send an asset without any text."""
    folder = PACKAGE.replace(".", "/")
    found = {each.name: each.read_text("utf-8") for each in files(PACKAGE).iterdir() if each.name.endswith(".py")}
    return {"rollout/__init__.py": "\n", **{f"{folder}/{name}": text for name, text in sorted(found.items())}}
