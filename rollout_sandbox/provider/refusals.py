"""Refusals at check that several types share, in Terraform's words; `{path}` becomes the property's path."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

Refusal = Callable[[Any], str | None]


_PARTITION = r"^aws(-[a-z]+)*$"
_REGION = r"[a-z]{2}(-[a-z]+)+-\d{1,2}"
_ACCOUNT = r"^(aws|aws-managed|third-party|aws-marketplace|\d{12}|cw.{10})$"


def bad_arn(value: str) -> str | None:
    """Refuse what is no ARN; of several problems the first is told."""
    problem = _problem_of_arn(value)
    return problem and f'"{{path}}" ({value}) is an invalid ARN: {problem}'


def _problem_of_arn(value: str) -> str | None:
    if not value.startswith("arn:"):
        return "arn: invalid prefix"
    sections = value.split(":", 5)
    if len(sections) < 6:  # noqa: PLR2004 - arn:partition:service:region:account:resource
        return "arn: not enough sections"
    _, partition, _, region, account, resource = sections
    if not partition:
        return "missing partition value"
    if not re.fullmatch(_PARTITION, partition):
        return f"invalid partition value (expecting to match regular expression: {_PARTITION})"
    if region and not re.fullmatch(_REGION, region, re.ASCII):
        return "invalid region value"
    if account and not re.fullmatch(_ACCOUNT, account, re.ASCII):
        return f"invalid account ID value (expecting to match regular expression: {_ACCOUNT})"
    return None if resource else "missing resource value"


def other_than(*allowed: str, name: str = "{path}") -> Refusal:
    """Refuse what isn't listed; enumerations of the API are refused by the property's bare name."""
    listed = " ".join(f'"{value}"' for value in allowed)
    return lambda value: None if value in allowed else f"expected {name} to be one of [{listed}], got {value}"


def not_matching(pattern: str) -> Refusal:
    """Refuse what a regular expression doesn't match; it is quoted as Go quotes it."""
    return lambda value: (
        None
        if re.search(pattern, value, re.ASCII)
        else f"expected value of {{path}} to match regular expression {json.dumps(pattern)}, got {value}"
    )


def too_short_or_long(low: int, high: int) -> Refusal:
    """Refuse text outside of a range of lengths."""
    return lambda value: (
        None
        if low <= len(value) <= high
        else f"expected length of {{path}} to be in the range ({low} - {high}), got {value}"
    )


def too_few_or_many(low: int, high: int | None = None) -> Refusal:
    """Refuse a list outside of a range of lengths."""

    def refuse(items: Sequence[Any]) -> str | None:
        if len(items) < low:
            return (
                f"Not enough list items. Attribute {{path}} requires {low} item minimum, "
                f"but config has only {len(items)} declared."
            )
        if high is not None and len(items) > high:
            return (
                f"Too many list items. Attribute {{path}} supports {high} item maximum, "
                f"but config has {len(items)} declared."
            )
        return None

    return refuse


def no_blocks(items: Sequence[Any]) -> str | None:
    """Refuse a list of blocks without any: to Terraform it is missing."""
    return (
        None if items else 'Missing required argument. The argument "{path}" is required, but no definition was found.'
    )
