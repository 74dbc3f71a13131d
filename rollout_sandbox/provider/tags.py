"""Tags of load balancing resources, as the API has them."""

from __future__ import annotations

from typing import Any

from rollout_sandbox.provider.schema import Props
from rollout_sandbox.provider.tagging import changed_tags, own_tags


def as_tags(tags: Props) -> list[Props]:
    """A map of tags as a list of pairs."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def told_tags(elb: Any, arn: str) -> Props:
    """A resource's tags but AWS's own."""
    described = elb.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return own_tags({tag["Key"]: tag.get("Value", "") for item in described for tag in item["Tags"]})


def update_tags(elb: Any, arn: str, old: Props, new: Props) -> None:
    """Take away and add what differs."""
    gone, added = changed_tags(old, new)
    if gone:
        elb.remove_tags(ResourceArns=[arn], TagKeys=gone)
    if added:
        elb.add_tags(ResourceArns=[arn], Tags=as_tags(added))
