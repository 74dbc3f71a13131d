"""How the tags of a resource changed, whichever service keeps them."""

from __future__ import annotations

from collections.abc import Mapping

from rollout_sandbox.provider.schema import Props


def own_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags without those that AWS itself sets."""
    return {key: value for key, value in tags.items() if not key.startswith("aws:")}


def not_ignored(tags: Mapping[str, str], ignored: Props) -> dict[str, str]:
    """Tags without those that the provider's `ignoreTags` names by key or by the beginning of one."""
    keys, prefixes = ignored.get("keys") or (), tuple(ignored.get("keyPrefixes") or ())
    return {key: value for key, value in tags.items() if key not in keys and not key.startswith(prefixes)}


def changed_tags(old: Props, new: Props) -> tuple[list[str], dict[str, str]]:
    """The keys to take away and the tags to set."""
    before, after = old.get("tagsAll") or {}, new.get("tagsAll") or {}
    gone = [key for key in before if key not in after]
    return gone, {key: value for key, value in after.items() if before.get(key) != value}
