"""Tags of load balancing resources, as the API has them."""

from __future__ import annotations

from typing import Any

from rollout.sandbox.provider.schema import Props


def as_tags(tags: Props) -> list[Props]:
    """A map of tags as a list of pairs."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def told_tags(elb: Any, arn: str) -> Props:
    """A resource's tags but AWS's own."""
    described = elb.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return {
        tag["Key"]: tag.get("Value", "")
        for description in described
        for tag in description["Tags"]
        if not tag["Key"].startswith("aws:")
    }


def update_tags(elb: Any, arn: str, old: Props, new: Props) -> None:
    """Take away and add what differs."""
    before, after = old.get("tagsAll") or {}, new.get("tagsAll") or {}
    if gone := [key for key in before if key not in after]:
        elb.remove_tags(ResourceArns=[arn], TagKeys=gone)
    if added := {key: value for key, value in after.items() if before.get(key) != value}:
        elb.add_tags(ResourceArns=[arn], Tags=as_tags(added))
