"""Resource types that nothing here makes: they live in Pulumi's state alone, as the package pulumi_aws has them.

A program of one's own may have an IAM policy, or a function's event configuration, beside what is rolled out. Such a
resource is checked, compared and told again, and never gets to the API. Its ARN is made up. There are none of other
services, where others would miss it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import get_args

from moto.utilities.utils import get_partition as partition_of
from pulumi._types import input_type_py_to_pulumi_names, resource_types

from rollout_sandbox.provider.aws import Aws
from rollout_sandbox.provider.schema import Property, Props, ResourceType, string
from rollout_sandbox.provider.sdk import classes_of, properties_of

KEPT = ("aws:cloudwatch/log", "aws:iam/", "aws:lambda/")
"""How their tokens begin."""

_LONGEST_NAME = 64
_OF_ALL_TYPES = ("region", "tags", "tagsAll")


@cache
def kept(token: str) -> ResourceType | None:
    """A type that is kept in the state alone; None if it isn't one of those, or the package doesn't have it."""
    if not token.startswith(KEPT):
        return None
    found = classes_of(token)
    if found is None:
        return None
    arguments, resource = found
    outputs = resource_types(resource)
    properties = {
        **{output: string(output=True) for output in outputs},
        **_filled_in(properties_of(arguments), arguments, resource),
    }
    own = {key: prop for key, prop in properties.items() if key not in _OF_ALL_TYPES}
    return ResourceType(token, own, _Kept(token), tagged="tagsAll" in outputs, imported=None)


class _Kept:
    def __init__(self, token: str) -> None:
        _, place, self._name = token.split(":")
        self._service = place.partition("/")[0]

    def create(self, aws: Aws, new: Props) -> str:
        return str(new.get("name") or new.get("functionName") or self._name)

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        region = "" if self._service == "iam" else aws.region
        place = f"{self._name[0].lower()}{self._name[1:]}/{id_}"
        arn = f"arn:{partition_of(aws.region)}:{self._service}:{region}:{aws.account}:{place}"
        return {"arn": arn, **(known or {})}

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        """Change nothing: the state is all there is."""

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        """As above."""


def _filled_in(properties: Mapping[str, Property], arguments: type, resource: type) -> dict[str, Property]:
    """The properties, those marked that a program may leave out and that are there all the same."""
    python = {pulumis: pythons for pythons, pulumis in input_type_py_to_pulumi_names(arguments).items()}
    return {
        name: prop
        if prop.required or not _is_always_answered(resource, python.get(name, name))
        else replace(prop, computed=True, auto_name=_LONGEST_NAME if name == "name" else None)
        for name, prop in properties.items()
    }


def _is_always_answered(resource: type, name: str) -> bool:
    told = getattr(getattr(resource, name, None), "fget", None)
    answer = getattr(told, "__annotations__", {}).get("return")
    return answer is not None and type(None) not in get_args(next(iter(get_args(answer)), None))
