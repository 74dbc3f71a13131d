"""Whether the names that phase 1 gives are free, before anything is previewed. Pure.

A preview knows better what a program makes. This is for those who only look: it goes by the inventory's names.
"""

from __future__ import annotations

from collections.abc import Iterator

from rollout.errors import Problem
from rollout.inventory.marks import Bearer, Standing, mark_of, standing
from rollout.inventory.model import Environment
from rollout.inventory.stacks import CANDIDATE
from rollout.migration.bearers import FUNCTION, LOG_GROUP, ROLE, bearer_of
from rollout.migration.checks.belonging import Found, held_problem, taken_problem
from rollout.migration.checks.preflight import Resources
from rollout.state.plan import TARGET_GROUP


def made_names(environment: Environment) -> dict[Bearer, str]:
    """What phase 1 makes, with its kind and logical name in the candidate stack."""
    made: dict[Bearer, str] = {}
    for key, function in environment.functions.items():
        name = function.name or key
        made[Bearer(FUNCTION, name)] = f"Function:{key}"
        if function.role is None:
            made[Bearer(ROLE, function.role_name or name)] = f"Role:{key}"
        made[Bearer(LOG_GROUP, f"/aws/lambda/{name}")] = f"LogGroup:{key}"
        for balancer, groups in function.target_groups.items():
            for index, group in enumerate(groups):
                suffix = f"{balancer}-{group}" if index else balancer
                made[Bearer(TARGET_GROUP, group)] = f"TargetGroup:{key}-{suffix}"
    return made


def name_problems(environment: Environment, found: Found, candidate: Resources) -> Iterator[Problem]:
    """Names that somebody else has, and things of our own that no mark says to be ours.

    Args:
        found: What AWS has under the names of `made_names`.
        candidate: The candidate stack's resources.
    """
    mark = mark_of(environment, CANDIDATE)
    held = {bearer_of(each) for each in candidate or ()}
    for bearer, resource in made_names(environment).items():
        there = found.get(bearer)
        if there is None or standing(there, mark) is Standing.OURS:
            continue
        if bearer in held or Bearer(bearer.type, there.id) in held:
            yield held_problem(bearer, there, resource, mark)
        else:
            yield taken_problem(bearer, there, resource, mark)
