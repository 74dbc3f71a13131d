"""Turns an engine's preview into typed changes. Pure.

The engine tells a step a resource, with the inputs before and after. The real provider's events carry no detailed
diff, and after an import the old inputs hold what the program leaves out, so the two are compared here, by meaning.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, computed_field

from rollout.alb.forms import PULUMI
from rollout.alb.rule_inputs import conditions_of
from rollout.alb.weights import ForwardAction
from rollout.base.foreign import Foreign, Unexpected, read_as
from rollout.errors import EngineError
from rollout.inventory.conditions import Condition, Conditions, in_words, meaning_of
from rollout.inventory.model import Arn

LISTENER_RULE = "aws:lb/listenerRule:ListenerRule"
WEIGHTED_RULE = "rollout:index:WeightedRule"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
_HEADER_RULE = "rollout:index:HeaderRule$"
_RULE_INPUTS = frozenset({"listenerArn", "priority", "actions", "conditions", "tags", "transforms", "region"})


class Op(StrEnum):
    """The operation on a resource."""

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    RELEASE = "release"  # dropped from the state, left alone on AWS
    IMPORT = "import"
    STATE = "state"  # only an option in the state changes
    OTHER = "other"


_OPS = {
    "same": Op.SAME,
    "create": Op.CREATE,
    "update": Op.UPDATE,
    "delete": Op.DELETE,
    "import": Op.IMPORT,
    "replace": Op.REPLACE,
    "create-replacement": Op.REPLACE,
    "delete-replaced": Op.REPLACE,
    "import-replacement": Op.IMPORT,  # what it replaces has a step of its own
    "discard-replaced": Op.REPLACE,
    "discard": Op.RELEASE,  # of what was only read
    "refresh": Op.SAME,  # reads only
    "read": Op.SAME,
}


@dataclass(frozen=True, slots=True)
class ResourceState:
    """A resource in a stack's state, or in the program's output.

    Attributes:
        external: Whether the stack only reads it.
    """

    urn: str
    type: str
    id: str = ""
    custom: bool = True
    retain_on_delete: bool = False
    inputs: Mapping[str, Any] = field(default_factory=dict, repr=False)  # they may hold secrets
    outputs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    parent: str = ""
    provider: str = ""
    external: bool = False

    @property
    def name(self) -> str:
        """Its logical name."""
        return self.urn.rpartition("::")[2]

    def __str__(self) -> str:
        return f"{self.type.rsplit(':', 1)[-1]} {self.name}"

    @property
    def recorded(self) -> Mapping[str, Any]:
        """What the state says that it is; after a refresh its inputs may have holes where AWS differed."""
        return self.outputs if self.outputs.get("actions") else self.inputs

    @property
    def asked(self) -> Mapping[str, Any]:
        """What has the conditions, as far as the engine tells: where there is a header its outputs hide all of them."""
        return self.recorded if isinstance(self.recorded.get("conditions"), list) else self.inputs


_NOWHERE = ResourceState("", "")


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a preview.

    Attributes:
        properties: The top-level inputs that change, by meaning.
    """

    op: Op
    urn: str
    type: str
    old: Annotated[ResourceState | None, Field(exclude=True)]
    new: Annotated[ResourceState | None, Field(exclude=True)]
    properties: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The resource's logical name."""
        return self.urn.rpartition("::")[2]

    @property
    def rule(self) -> Arn:
        """The listener rule's ARN, which is its id, where it is one that exists."""
        return Arn((self.old or self.new or _NOWHERE).id)

    @property
    def is_header_rule(self) -> bool:
        """Whether it is about one of the header rules that `override` makes."""
        return self.type == LISTENER_RULE and _HEADER_RULE in self.urn

    @property
    def is_real(self) -> bool:
        """Whether it is about a resource on AWS, rather than a component or a provider."""
        state = self.new or self.old
        return bool(state and state.custom) and not self.type.startswith("pulumi:")


@dataclass(frozen=True, slots=True)
class StackPreview:
    """The preview of one stack's update.

    Attributes:
        stack: One of those in `inventory.stacks`.
        steps: Every step, `same` ones too.
        refreshed: Whether the state was read anew from AWS first.
    """

    stack: str
    steps: Annotated[tuple[Change, ...], Field(exclude=True)]
    refreshed: Annotated[bool, Field(exclude=True)] = False

    @computed_field  # type: ignore[prop-decorator]
    @property
    def changes(self) -> tuple[Change, ...]:
        """The steps that change something on AWS or in the state."""
        return tuple(step for step in self.steps if step.is_real and step.op is not Op.SAME)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def unchanged(self) -> int:
        """How many resources on AWS stay as they are."""
        return sum(step.is_real and step.op is Op.SAME for step in self.steps)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def digest(self) -> str:
        """A short name for exactly these changes; their order is the engine's, and chance, as are names it makes up."""
        changes = sorted(self.changes, key=lambda change: (change.urn, change.op))
        content = [(c.op, c.urn, _without_made_up(c.new) if c.new else None) for c in changes]
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _without_made_up(state: ResourceState) -> dict[str, Any]:
    """Inputs without names that the provider made up: the logical name and seven random digits."""
    made_up, defaults = re.compile(re.escape(state.name) + "-[0-9a-f]{7}"), state.inputs.get("__defaults") or ()
    return {
        key: value
        for key, value in state.inputs.items()
        if not (key in defaults and isinstance(value, str) and made_up.fullmatch(value))
    }


def change_of(
    op: str,
    old: ResourceState | None,
    new: ResourceState | None,
    *,
    diffs: Sequence[str] = (),
    replaces: bool = False,
) -> Change:
    """One step of the engine as a change.

    Args:
        op: The engine's word for it, such as `create-replacement`.
        old: The resource as the state has it.
        new: The resource as the program wants it.
        diffs: The properties that the engine says would change.
        replaces: Whether the engine's diff holds a replacement, whatever the step is called.
    """
    kind = _OPS.get(op, Op.OTHER)
    if op == "read" and old is None:
        kind = Op.IMPORT  # as what it is: from now on the state has what others made
    elif kind is Op.REPLACE and old and old.custom and not old.inputs:
        # what was only read gives up its place in the state, and nothing else becomes of it
        kind = Op.CREATE if op == "create-replacement" else Op.SAME
    if kind is Op.UPDATE and replaces:
        kind = Op.REPLACE
    state = new or old
    urn, type_ = (state.urn, state.type) if state else ("", "")
    if kind is Op.DELETE and old and old.retain_on_delete:
        kind = Op.RELEASE
    elif op == "same" and old and new and old.retain_on_delete != new.retain_on_delete:
        kind = Op.STATE
    properties: tuple[str, ...] = ()
    if kind in (Op.UPDATE, Op.REPLACE) and old and new:
        properties = changed_inputs(type_, old, new, diffs)
        if not properties and type_ != LISTENER_RULE:  # a rule's own check is by meaning, too
            properties = tuple(sorted(diffs)) or ("something unknown",)
    return Change(kind, urn, type_, old, new, properties)


def changed_inputs(type_: str, old: ResourceState, new: ResourceState, diffs: Sequence[str] = ()) -> tuple[str, ...]:
    """The top-level inputs whose meaning differs.

    What was read from AWS has inputs that the program leaves out. They change only if the engine says so.
    """
    before, after = without_notes(old.inputs), without_notes(new.inputs)
    changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    known = without_notes(old.outputs)
    changed -= {key for key in changed if key not in before and known.get(key) == after[key]}
    if told := {re.split(r"[.\[]", path)[0] for path in diffs}:
        changed -= {key for key in changed if key not in after and key not in told}
    if type_ == LISTENER_RULE:
        changed = (changed & _RULE_INPUTS) - {"actions", "conditions"}
        if "region" not in before:  # states older than version 7 of the provider have none
            changed.discard("region")
        if actions_in(old.recorded) != actions_in(new.inputs) or forward_in(new.inputs) is None:
            changed.add("actions")
        is_hidden = any(HIDDEN in condition.texts for condition in conditions_in(new.inputs))
        if not same_conditions(old.asked, new.inputs) or (is_hidden and "conditions" in told):
            changed.add("conditions")
        if before.get("tags", {}) == after.get("tags", {}):
            changed.discard("tags")
    return tuple(sorted(changed))


def without_notes(value: Any) -> Any:
    """Inputs without the bridge's own notes."""
    if isinstance(value, Mapping):
        return {k: without_notes(v) for k, v in value.items() if not k.startswith("__")}
    if isinstance(value, list):
        return [without_notes(item) for item in value]
    return value


def without_header_values(value: Any) -> Any:
    """Inputs as they may be shown: a rule's header values are secrets more often than not."""
    if isinstance(value, Mapping):
        if _SECRET in value:
            return "**********"
        hidden = ("values", "regexValues") if "httpHeaderName" in value else ()
        return {k: "**********" if k in hidden else without_header_values(v) for k, v in value.items()}
    if isinstance(value, list):
        return [without_header_values(item) for item in value]
    return value


def actions_in(properties: Mapping[str, Any]) -> tuple[tuple[str, ...], ForwardAction | None]:
    """What a listener rule's properties have it do: types of actions, and what its last one forwards to, if it does."""
    actions = properties.get("actions")
    *before, last = actions if isinstance(actions, list) and actions else [{}]  # one secret hides all of them
    return tuple(each["type"] for each in before), PULUMI.read(last)


def forward_in(properties: Mapping[str, Any]) -> ForwardAction | None:
    """The forward action in a listener rule's properties; None where its last action does anything else."""
    return actions_in(properties)[1]


def same_conditions(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a listener rule's properties ask the same, as far as the engine tells: it hides a header's values."""
    mine, its = conditions_in(one), conditions_in(other)
    if _UNTOLD in (*mine, *its):
        return True  # the engine's own diff says whether they differ
    if any(HIDDEN in condition.texts for condition in (*mine, *its)):
        mine, its = map(_without_hidden, (mine, its))
    return meaning_of(mine) == meaning_of(its)


def conditions_in(properties: Mapping[str, Any]) -> Conditions:
    """The conditions in a listener rule's properties; `HIDDEN` stands for values that the engine keeps to itself."""
    told = without_notes(properties.get("conditions") or [])
    return conditions_of(_shown(told)) if isinstance(told, list) else (_UNTOLD,)


def conditions_told(properties: Mapping[str, Any]) -> str:
    """The conditions in a listener rule's properties, in words: `GET /score/*`."""
    found = conditions_in(properties)
    return "(not shown)" if _UNTOLD in found else in_words(found)


HIDDEN = "[secret]"
"""The placeholder for a header's values: https://www.pulumi.com/docs/iac/concepts/secrets/."""
_SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 - the key by which states and events mark a secret
SECRET = {_SECRET: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": HIDDEN}
"""What the engine shows of a secret. Once a provider has checked them, all conditions are one where a header is."""
_UNTOLD = Condition("conditions that the engine hides", (HIDDEN,))


def _shown(value: Any) -> Any:
    """Inputs with a secret's text in the place of its cipher."""
    if isinstance(value, Mapping):
        shown = {key: _shown(item) for key, item in value.items()}
        if "httpHeaderName" in shown:
            return {key: [HIDDEN] if item == HIDDEN else item for key, item in shown.items()}
        return HIDDEN if _SECRET in value else shown
    return [_shown(item) for item in value] if isinstance(value, list) else value


def _without_hidden(conditions: Conditions) -> Conditions:
    return tuple(replace(c, hidden=()) if c.hidden else c for c in conditions)


def states_of(resources: Iterable[Mapping[str, Any]]) -> tuple[ResourceState, ...]:
    """The resources of an exported deployment.

    Raises:
        EngineError: They aren't as the engine writes them.
    """
    try:
        found = read_as(list[_Recorded], list(resources))
    except Unexpected as error:
        raise EngineError(f"a stack's state can't be read: {error}", code="state-unreadable") from None
    return tuple(
        ResourceState(
            urn=resource.urn,
            type=resource.type,
            id=resource.id or "",
            custom=resource.custom,
            retain_on_delete=resource.retainOnDelete,
            inputs=resource.inputs or {},
            outputs=resource.outputs or {},
            parent=resource.parent or "",
            provider=resource.provider or "",
            external=resource.external,
        )
        for resource in found
        if not resource.delete
    )


class _Recorded(Foreign):
    """A resource as the engine writes it into a state.

    https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/core.go
    """

    urn: str
    type: str
    id: str | None = None
    custom: bool = False
    delete: bool = False
    external: bool = False
    retainOnDelete: bool = False  # noqa: N815 - the engine's name
    inputs: dict[str, Any] | None = None
    outputs: dict[str, Any] | None = None
    parent: str | None = None
    provider: str | None = None
