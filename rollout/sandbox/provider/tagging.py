"""How the tags of a resource changed, whichever service keeps them."""

from __future__ import annotations

from collections.abc import Mapping

from rollout.sandbox.provider.schema import Props


def own_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags without those that AWS itself sets."""
    return {key: value for key, value in tags.items() if not key.startswith("aws:")}


def changed_tags(old: Props, new: Props) -> tuple[list[str], dict[str, str]]:
    """The keys to take away and the tags to set."""
    before, after = old.get("tagsAll") or {}, new.get("tagsAll") or {}
    gone = [key for key in before if key not in after]
    return gone, {key: value for key, value in after.items() if before.get(key) != value}
