"""A target group's event format: headers and query parameters as lists, or one value each.

A candidate with another format than legacy loses repeated headers and parameters, and cookies.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html#multi-value-headers
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from rollout.alb.state import AlbState
from rollout.errors import Problem
from rollout.inventory.model import Arn, Environment


def as_lists(environment: Environment, live: AlbState, multi_value: Collection[Arn]) -> frozenset[str]:
    """The candidate's target groups that are to send headers as lists.

    Args:
        multi_value: The target groups that do.
    """
    said, found = _configured(environment), set[str]()
    for route in environment.routes.values():
        old = live.target_groups.get(route.legacy)
        model = route.legacy if old and old.is_lambda else route.candidate  # legacy may be retired, or no function
        if said.get(route.candidate, live.group_arn(model) in multi_value):
            found.add(route.candidate)
    return frozenset(found)


def mixed_forms(environment: Environment, live: AlbState, multi_value: Collection[Arn]) -> Iterator[Problem]:
    """The candidate's target groups whose routes' legacy ones don't all ask in one form."""
    said, legacy = _configured(environment), dict[str, dict[bool, str]]()
    for route in environment.routes.values():
        old = live.target_groups.get(route.legacy)
        if old and old.is_lambda and route.is_built and route.candidate not in said:
            form = live.group_arn(route.legacy) in multi_value
            legacy.setdefault(route.candidate, {}).setdefault(form, route.legacy)
    for candidate, forms in legacy.items():
        if len(forms) > 1:
            yield Problem(
                f"target group {forms[True]} sends headers as lists and {forms[False]} doesn't; {candidate} "
                "replaces both",
                hint="give each its own candidate group in target-groups, or set multi-value-headers",
                code="mixed-event-forms",
            )


def other_forms(
    environment: Environment, live: AlbState, multi_value: Collection[Arn], groups: Collection[str]
) -> Iterator[Problem]:
    """The candidate's target groups that ask their functions in another form than they should.

    Args:
        multi_value: The target groups that send headers as lists.
        groups: The names of those that are looked at.
    """
    wanted = as_lists(environment, live, multi_value)
    built = {route.candidate: route.is_built for route in environment.routes.values()}
    for name in sorted(built.keys() & set(groups)):
        group = live.target_groups.get(name)
        if group and group.is_lambda and (group.arn in multi_value) != (name in wanted):
            form = "lists" if name in wanted else "one value each"
            hint = f"`rollout phase1 {environment.name}` changes it; or set multi-value-headers in [functions]"
            theirs = "set the same lambda.multi_value_headers.enabled on both target groups"
            yield Problem(
                f"target group {name} doesn't send headers as {form}, as its routes' legacy ones do",
                hint=hint if built[name] else theirs,
                code="wrong-event-form",
            )


def form_warnings(changed: Collection[str]) -> Iterator[str]:
    """What to know where target groups begin to send headers as lists."""
    if changed:
        yield (
            f"{', '.join(sorted(changed))} will send headers and query parameters as lists, as legacy's target groups "
            "do: the candidate must answer with multiValueHeaders"
        )


def health_warnings(environment: Environment, live: AlbState) -> Iterator[str]:
    """The legacy target groups of functions whose health is checked, which the candidate's isn't."""
    for name in dict.fromkeys(route.legacy for route in environment.routes.values() if route.is_built):
        group = live.target_groups.get(name)
        if group and group.is_lambda and group.health_checks:
            yield f"target group {name} has health checks, the candidate's has none"


def _configured(environment: Environment) -> dict[str, bool]:
    """By target group, what the inventory says."""
    return {
        group: function.multi_value_headers
        for function in environment.functions.values()
        if function.multi_value_headers is not None
        for group in function.groups
    }
