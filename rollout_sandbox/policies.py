"""IAM policies as AWS evaluates them: the part that rollout's policies use, and nothing else is taken.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rollout.errors import SandboxError

MAX_CHARACTERS = 6144
"""Of a managed policy, without white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

Values = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request needs to be allowed.

    Attributes:
        action: As IAM writes it.
        resource: An ARN, or `*` where AWS binds the action to none.
        context: The request's condition keys, in lower case, and their values.
    """

    action: str
    resource: str = "*"
    context: Mapping[str, Values] = field(default_factory=dict)


def _like(pattern: str, *, ignore_case: bool = False) -> Callable[[str], bool]:
    """Whether a text matches a pattern with `*` and `?`."""
    parts = {"*": ".*", "?": "."}
    regex = "".join(parts.get(character, re.escape(character)) for character in pattern)
    return re.compile(regex, re.DOTALL | re.IGNORECASE * ignore_case).fullmatch  # type: ignore[return-value]


def _equal(found: Values, wanted: Values) -> bool:
    return len(found) == 1 and found[0] in wanted


def _alike(found: Values, wanted: Values) -> bool:
    return len(found) == 1 and any(_like(pattern)(found[0]) for pattern in wanted)


_OPERATORS: Mapping[str, Callable[[Values, Values], bool]] = {
    "ArnEquals": _alike,  # AWS has it do what ArnLike does
    "ArnLike": _alike,
    "StringEquals": _equal,
    "StringLike": _alike,
    "ForAllValues:StringEquals": lambda found, wanted: set(found) <= set(wanted),
    "ForAnyValue:StringEquals": lambda found, wanted: bool(set(found) & set(wanted)),
    "Null": lambda found, wanted: (not found) == (wanted == ("true",)),
}


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy."""

    allows: bool
    actions: Values
    resources: Values
    conditions: tuple[tuple[str, str, Values], ...]

    def covers(self, asked: Asked) -> bool:
        """Whether it is about what is asked."""
        return (
            any(_like(pattern, ignore_case=True)(asked.action) for pattern in self.actions)
            and any(_like(pattern)(asked.resource) for pattern in self.resources)
            and all(
                _OPERATORS[operator](asked.context.get(key.lower(), ()), wanted)
                for operator, key, wanted in self.conditions
            )
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """An identity's policy."""

    statements: tuple[Statement, ...]

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Policy:
        """Read a policy document.

        Raises:
            SandboxError: AWS wouldn't take it, or it has what isn't known here.
        """
        if set(document) != {"Version", "Statement"} or document["Version"] != "2012-10-17":
            raise _malformed("it needs the Version 2012-10-17 and statements")
        if len("".join(json.dumps(document).split())) > MAX_CHARACTERS:
            raise _malformed(f"it has more than {MAX_CHARACTERS} characters")
        statements = document["Statement"]
        sids = [statement.get("Sid") for statement in statements]
        if len(set(sids)) < len(sids) or not all(re.fullmatch("[A-Za-z0-9]+", sid or "") for sid in sids):
            raise _malformed("each statement needs a unique Sid of letters and digits")
        return cls(tuple(map(_statement, statements)))

    @classmethod
    def of_role(cls, document: Mapping[str, Any]) -> Policy:
        """Read a policy that IAM has taken already, as others may write one.

        Raises:
            SandboxError: It has what isn't known here.
        """
        statements = document["Statement"]
        return cls(tuple(map(_statement, [statements] if isinstance(statements, Mapping) else statements)))

    def denies(self, asked: Asked) -> bool:
        """Whether it denies something, whatever else allows it."""
        return any(not statement.allows and statement.covers(asked) for statement in self.statements)

    def refusal(self, asked: Asked) -> str | None:
        """Why something isn't allowed, in AWS's words; None if it is."""
        covering = [statement for statement in self.statements if statement.covers(asked)]
        if any(not statement.allows for statement in covering):
            return "with an explicit deny in an identity-based policy"
        return None if covering else f"because no identity-based policy allows the {asked.action} action"


def _statement(said: Mapping[str, Any]) -> Statement:
    sid = said.get("Sid", "a statement")
    if not {"Effect", "Action", "Resource"} <= set(said) <= {"Sid", "Effect", "Action", "Resource", "Condition"}:
        raise _malformed(f"{sid} needs an Effect, an Action and a Resource, and may have a Condition")
    actions, resources = values(said["Action"]), values(said["Resource"])
    if said["Effect"] not in ("Allow", "Deny") or not actions or not resources:
        raise _malformed(f"{sid} needs actions and resources to allow or deny")
    if bad := [action for action in actions if not re.fullmatch(r"[a-z0-9-]+:[A-Za-z*?]+", action)]:
        raise _malformed(f"{sid}: {bad[0]} is not an action")
    if bad := [arn for arn in resources if arn != "*" and not re.fullmatch(r"arn(:[^:]*){4}:.+", arn)]:
        raise _malformed(f"{sid}: {bad[0]} is not an ARN")
    conditions = tuple(
        (operator, key, values(wanted))
        for operator, keys in said.get("Condition", {}).items()
        for key, wanted in keys.items()
    )
    if unknown := [operator for operator, _, _ in conditions if operator not in _OPERATORS]:
        raise _malformed(f"{sid}: the sandbox doesn't support the operator {unknown[0]}")
    return Statement(said["Effect"] == "Allow", actions, resources, conditions)


def values(said: str | Sequence[str]) -> Values:
    """One or several, as a policy may write either."""
    return (said,) if isinstance(said, str) else tuple(said)


def _malformed(why: str) -> SandboxError:
    return SandboxError(f"MalformedPolicyDocument: {why}", code="invalid-policy")
