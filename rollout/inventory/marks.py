"""Whose a resource on AWS is: the tags that are set in the call that makes it. Pure.

A name proves nothing, since anybody may have given it. What carries no such tags is never changed or deleted.
See docs/decisions/0018-marks.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

from rollout.inventory.functions import partition_of
from rollout.inventory.model import OVERRIDE_TAG, Arn, Environment

PREFIX = "rollout:"
DIGEST_TAG = f"{PREFIX}guard"
"""The tag of a guard's function that tells it from another one of its environment."""
CONTROLLER_TAG = f"{PREFIX}controller"
"""The same of a controller's function."""
_AWS_OWNERS = {"aws:cloudformation:stack-name": "CloudFormation stack"}
_SHOWN = 6
MAX_FUNCTION_NAME = 64


def title(project: str, environment: str) -> str:
    """How the names of an environment's alarms begin; its dashboard's own name."""
    return f"rollout-{project}-{environment}"


def guard_name(environment: Environment) -> str:
    """The name of an environment's guard, a function, and of its role."""
    return _short(environment, "guard")


def guard_arn(environment: Environment) -> Arn:
    """The ARN of an environment's guard."""
    return _function_arn(environment, guard_name(environment))


def controller_name(environment: Environment) -> str:
    """The name of an environment's controller: a function, its role, its table and its schedule."""
    return _short(environment, "controller")


def controller_arn(environment: Environment) -> Arn:
    """The ARN of an environment's controller."""
    return _function_arn(environment, controller_name(environment))


def invoker_name(environment: Environment) -> str:
    """The name of the role with which the scheduler invokes a controller."""
    return _short(environment, "controller-invoke")


def guard_invoker_name(environment: Environment) -> str:
    """The name of the role with which the scheduler invokes a guard."""
    return _short(environment, "guard-invoke")


def _short(environment: Environment, what: str) -> str:
    """A name that Lambda, IAM and the scheduler take."""
    return shortened(f"{title(environment.project, environment.name)}-{what}", end=f"-{what}")


def shortened(name: str, *, most: int = MAX_FUNCTION_NAME, end: str = "") -> str:
    """A name as AWS takes it, by default Lambda, IAM and Step Functions: a longer one ends in a digest."""
    if len(name) <= most:
        return name
    end = f"-{blake2b(name.encode(), digest_size=4).hexdigest()}{end}"
    return name[: most - len(end)] + end


def _function_arn(environment: Environment, name: str) -> Arn:
    place = f"{partition_of(environment.region)}:lambda:{environment.region}:{environment.account}"
    return Arn(f"arn:{place}:function:{name}")


@dataclass(frozen=True, slots=True)
class Mark:
    """Which stack of which environment made a resource.

    Attributes:
        project: The inventory's.
        environment: Its name in the inventory.
        stack: One of `stacks.STACKS`.
        region: The environment's, since some resources belong to no region.
    """

    project: str
    environment: str
    stack: str
    region: str

    @property
    def tags(self) -> dict[str, str]:
        """The tags that say so."""
        return {f"{PREFIX}{name}": str(getattr(self, name)) for name in ("project", "environment", "stack", "region")}

    def is_on(self, tags: Mapping[str, str]) -> bool:
        """Whether tags say so.

        Alarms of versions before this one name neither stack nor region.
        """
        wanted = self.tags
        named = all(f"{PREFIX}{name}" in tags for name in ("project", "environment"))
        return named and all(tags.get(key, value) == value for key, value in wanted.items())

    def shows_in(self, alarms: Sequence[str]) -> bool:
        """Whether all of a dashboard's alarms are this environment's, which names none as other environments do."""
        begins = f":alarm:{title(self.project, self.environment)}-"
        return bool(alarms) and all(f":{self.region}:" in arn and begins in arn for arn in alarms)


def mark_of(environment: Environment, stack: str) -> Mark:
    """The mark of what a stack of an environment makes."""
    return Mark(environment.project, environment.name, stack, environment.region)


def as_description(tags: Mapping[str, str]) -> str:
    """A mark for what has no tags, as a schedule, but a description."""
    return json.dumps(dict(tags), sort_keys=True)


def in_description(text: object) -> Mapping[str, str]:
    """The mark in a description; none where somebody wrote it."""
    try:
        found = json.loads(str(text))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Bearer:
    """What carries a resource's mark: the resource itself, or what it is a part of.

    Attributes:
        type: Pulumi's.
        name: Its name on AWS; a target group's may be its ARN, and a rule's is that or `LISTENER#PRIORITY`.
    """

    type: str
    name: str

    def __str__(self) -> str:
        words = {
            "BucketObjectv2": "object",
            "LogGroup": "log group",
            "TargetGroup": "target group",
            "ListenerRule": "rule",
            "StateMachine": "state machine",
        }
        kind = self.type.rpartition(":")[2]
        return f"{words.get(kind, kind.lower())} {self.name}"


@dataclass(frozen=True, slots=True)
class Marked:
    """What AWS has under a bearer's name.

    Attributes:
        id: What `pulumi import` takes for it.
        tags: All its tags.
        alarms: The ARNs of those that a dashboard shows, by which it is known: pulumi-aws gives dashboards no tags.
        statements: Those of a function's policies, by their ids; of an alias's policy with its name: `live/balancer`.
        aliases: Those of a function, by their names.
    """

    id: str
    arn: Arn
    tags: Mapping[str, str]
    alarms: tuple[str, ...] = ()
    statements: frozenset[str] = frozenset()
    aliases: frozenset[str] = frozenset()

    @property
    def owner(self) -> str:
        """Whose it is by its tags, for people."""
        if environment := self.tags.get(f"{PREFIX}environment"):
            stack, region = (self.tags.get(f"{PREFIX}{name}", "") for name in ("stack", "region"))
            rest = ", ".join(filter(None, (stack and f"stack {stack}", region)))
            return f"environment {environment} of project {self.tags.get(f'{PREFIX}project', '?')}" + (
                f" ({rest})" if rest else ""
            )
        for key, kind in _AWS_OWNERS.items():
            if name := self.tags.get(key):
                return f"{kind} {name}"
        if not self.tags:
            return "it has no tags"
        told = [f"{key}={value}" for key, value in sorted(self.tags.items())]
        return f"tags {', '.join(told[:_SHOWN])}" + (", …" if len(told) > _SHOWN else "")


class Standing(StrEnum):
    """Whose something on AWS is."""

    OURS = "ours"
    UNMARKED = "unmarked"  # of a version without marks, or of somebody who sets no such tags
    THEIRS = "theirs"


def standing(found: Marked, mark: Mark) -> Standing:
    """Whose something is, as a mark sees it."""
    if mark.is_on(found.tags) or mark.shows_in(found.alarms):
        return Standing.OURS
    marked = any(key.startswith(PREFIX) and key != OVERRIDE_TAG for key in found.tags)
    return Standing.THEIRS if marked or any(key in found.tags for key in _AWS_OWNERS) else Standing.UNMARKED
