"""The `Marks` port in memory: what an `InMemoryAws` has under names, and with which tags."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from rollout.fakes.aws import InMemoryAws
from rollout.fakes.calls import ApiCall, ApiCalls
from rollout.inventory.marks import Bearer, Mark, Marked, in_description
from rollout.inventory.model import Arn
from rollout.migration.bearers import ALIAS, DASHBOARD, FUNCTION, PERMISSION, SCHEDULE
from rollout.state.plan import LISTENER_RULE, TARGET_GROUP


class InMemoryMarks:
    """The `Marks` port over an `InMemoryAws`.

    Args:
        calls: What this client did, by the port's names: a `find` for each bearer, and `put`.
    """

    def __init__(self, aws: InMemoryAws, calls: ApiCalls | None = None) -> None:
        self.calls = calls or ApiCalls()
        self._aws = aws

    def find(self, bearers: Collection[Bearer], *, parts: bool = True) -> Mapping[Bearer, Marked]:
        found = {
            each: self.calls.make(ApiCall("find", str(each)), lambda each=each: self._found(each, parts=parts))  # type: ignore[misc]
            for each in bearers
        }
        return {each: marked for each, marked in found.items() if marked is not None}

    def put(self, bearer: Bearer, arn: Arn, mark: Mark) -> None:
        def tag() -> None:
            if arn in self._aws.rules:
                self._aws.set_tags(arn, {**self._aws.rules[arn].tags, **mark.tags})
                return
            key = (bearer.type, arn if bearer.type == TARGET_GROUP else bearer.name)
            now = self._aws.resources.get(key, {})
            self._aws.resources[key] = {**now, "tags": {**now.get("tags", {}), **mark.tags}}

        self.calls.make(ApiCall("put", str(bearer)), tag)

    def _found(self, bearer: Bearer, *, parts: bool) -> Marked | None:
        aws, name = self._aws, bearer.name
        with aws.lock:
            if bearer.type == LISTENER_RULE:
                listener, place, priority = name.partition("#")
                rules = (r for r in aws.rules.values() if (r.listener, str(r.priority)) == (listener, priority))
                rule = next(rules, None) if place else aws.rules.get(Arn(name))
                return Marked(rule.arn, rule.arn, rule.tags) if rule else None
            if bearer.type == TARGET_GROUP:
                group = aws.target_groups.get(Arn(name)) or aws.group_named(name)
                kept = aws.resources.get((TARGET_GROUP, group.arn), {}) if group else {}
                return Marked(group.arn, group.arn, _tags(kept)) if group else None
            held = aws.resources.get((bearer.type, name))
            if held is None:
                return None
            shown = (":alarm:" + title for title in [name + "-"] if bearer.type == DASHBOARD)
            own = aws.resources if parts and bearer.type == FUNCTION else ()
            statements = (each for type_, each in own if type_ == PERMISSION)
            aliases = (each for type_, each in own if type_ == ALIAS)
            return Marked(
                name,
                Arn(str(held.get("arn", name))),
                in_description(held.get("description")) if bearer.type == SCHEDULE else _tags(held),
                tuple(f"arn:aws:cloudwatch:{aws.region}:{aws.account}{each}" for each in shown),
                frozenset(id_[len(name) + 1 :] for id_ in statements if id_.startswith((f"{name}/", f"{name}:"))),
                frozenset(id_[len(name) + 1 :] for id_ in aliases if id_.startswith(f"{name}:")),
            )


def _tags(props: Mapping[str, Any]) -> Mapping[str, str]:
    tags: Mapping[str, str] = props.get("tags") or {}
    return tags
