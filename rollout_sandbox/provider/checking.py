"""Check, as the bridge does it: refuse what doesn't fit, fill in defaults at every level and note which they were.

Unlike the bridge it refuses a property that neither this folder nor pulumi_aws knows: that is always a mistake.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rollout_sandbox.provider import archives
from rollout_sandbox.provider.schema import UNKNOWN, Kind, Property, Props, ResourceType

NOTES = "__defaults"
_SUFFIX = 7
_IN_SET = "[]"  # a set's elements have no places: a path that is told ends with the set


@dataclass(frozen=True, slots=True)
class Naming:
    """How names are made up; Pulumi's `pulumi:autonaming` may propose or forbid them.

    Attributes:
        proposed: One that the engine has made up.
        seed: Of random digits: the same in an update as in the preview whose plan it keeps to.
        enforced: It is the proposed one, however long.
        disabled: None is made up.
    """

    proposed: str = ""
    seed: bytes = b""
    enforced: bool = False
    disabled: bool = False

    def digits(self, name: str) -> str:
        """Seven random hexadecimal digits for a name."""
        if not self.seed:
            return secrets.token_hex(4)[:_SUFFIX]
        return hashlib.sha512(name.encode() + self.seed).hexdigest()[:_SUFFIX]


@dataclass(frozen=True, slots=True)
class Checked:
    """What Check came to."""

    inputs: Props
    failures: tuple[str, ...]


@dataclass(slots=True)
class _Check:
    name: str
    naming: Naming
    failures: list[str] = field(default_factory=list)

    def refuse(self, path: str, text: str) -> None:
        self.failures.append(f"{text}. Examine values at '{self.name}.{path.partition(_IN_SET)[0]}'.")

    def object(self, fields: Mapping[str, Property], given: Props, old: Props, path: str, terraform: str) -> Props:
        """An object with its defaults."""
        found: Props = {}
        for key, value in given.items():
            prop, at = fields.get(key), f"{path}.{key}" if path else key
            if key.startswith("__") or value is None:
                continue
            if prop is None or prop.output:
                self.refuse(at, f"unknown property {key!r}")
                continue
            found[key] = self.value(prop, value, at, terraform_path(terraform, key, prop))
        defaults = []
        for key, prop in fields.items():
            if key in found or prop.output:
                continue
            made = self.default(key, prop, old)
            if made is not None:
                found[key] = made
                defaults.append(key)
            elif prop.required:
                argument = terraform_path(terraform, key, prop).removesuffix(".0")
                self.refuse(
                    f"{path}.{key}" if path else key,
                    f'Missing required argument. The argument "{argument}" is required, but no definition was found.',
                )
        return {**found, NOTES: sorted(defaults)}

    def exactly_one(self, names: Mapping[str, str], inputs: Props) -> None:
        """One of several properties, by their names in Terraform, each of which is told where it isn't so."""
        given, listed = [name for key, name in names.items() if key in inputs], ",".join(names.values())
        if not names or len(given) == 1:
            return
        problem = (
            f"only one of `{listed}` can be specified, but `{','.join(given)}` were specified."
            if given
            else f"one of `{listed}` must be specified"
        )
        for key, name in names.items():
            self.refuse(key, f'Invalid combination of arguments. "{name}": {problem}')

    def not_both(self, conflicts: Iterable[tuple[str, str, str, str]], inputs: Props) -> None:
        """Properties that exclude one another; each of the two is told."""
        for one, its_name, other, other_name in conflicts:
            if one in inputs and other in inputs:
                self.refuse(one, f'Conflicting configuration arguments. "{its_name}": conflicts with {other_name}')
                self.refuse(other, f'Conflicting configuration arguments. "{other_name}": conflicts with {its_name}')

    def default(self, key: str, prop: Property, old: Props) -> Any:
        """A default, which sticks once it was filled in."""
        if prop.default is None and prop.auto_name is None:
            return None
        if key in old and (NOTES not in old or key in old[NOTES]):
            return old[key]
        return prop.default if prop.auto_name is None else self.made_up(prop.auto_name)

    def made_up(self, longest: int) -> str | None:
        """A name: proposed by the engine, or the logical one and seven random digits, never cut."""
        if self.naming.disabled:
            self.failures.append("automatic naming is disabled but no explicit name was provided")
            return None
        proposed = self.naming.proposed or f"{self.name}-{self.naming.digits(self.name)}"
        if len(proposed) > longest and not self.naming.enforced:
            self.failures.append(
                f"could not make instance: name '{self.name}-' plus {_SUFFIX} random chars "
                f"is longer than maximum length {longest}"
            )
        return proposed

    def value(self, prop: Property, value: Any, path: str, terraform: str) -> Any:
        """A value, refused where it is known and out of range."""
        if value == UNKNOWN:
            return value
        typed = _typed(prop.kind, value) if prop.kind is not Kind.MAP or prop.item is None else value
        if typed is None:
            self.refuse(path, f"expected type {prop.kind.name.lower()} for {terraform}")
            return value
        value, item = typed, prop.item
        match prop.kind:
            case Kind.OBJECT:
                return self.object(prop.fields, value, {}, path, terraform)
            case Kind.LIST | Kind.SET if item:
                places = [f"{path}[{i}]" if prop.kind is Kind.LIST else path + _IN_SET for i in range(len(value))]
                value = [self.value(item, v, places[i], f"{terraform}.{i}") for i, v in enumerate(value)]
            case Kind.MAP if item:
                value = {key: self.value(item, v, f"{path}.{key}", f"{terraform}.{key}") for key, v in value.items()}
        said = prop.refuse(value) if prop.refuse and not has_unknown(value) else None
        if said:
            self.refuse(path, said.replace("{path}", terraform))
        return value


def _typed(kind: Kind, value: Any) -> Any:
    """A value as a property of this kind takes it, converted from or to text; None where it doesn't fit."""
    match kind, value:
        case Kind.BOOL, "true" | "false":
            return value == "true"
        case Kind.STRING, bool():
            return str(value).lower()
        case Kind.STRING, int() | float():
            return str(value)
        case Kind.INT, str() if re.fullmatch(r"-?\d{1,18}", value, re.ASCII):
            return int(value)
        case Kind.INT, int() if not isinstance(value, bool):
            return value
        case Kind.FLOAT, int() | float() if not isinstance(value, bool):
            return value
        case Kind.MAP, dict():
            texts = {key: _typed(Kind.STRING, item) for key, item in value.items() if item is not None}
            return None if None in texts.values() else texts
        case (
            (Kind.BOOL, bool())
            | (Kind.STRING | Kind.JSON, str())
            | (Kind.LIST | Kind.SET, list())
            | (Kind.OBJECT | Kind.JSON, dict())
            | (Kind.ARCHIVE | Kind.ASSET, {archives.MARK: archives.ARCHIVE})
            | (Kind.ASSET, {archives.MARK: archives.ASSET})
        ):
            return value
    return None


def check(  # noqa: PLR0917 - all that the bridge looks at
    type_: ResourceType, name: str, given: Props, old: Props, region: str, default_tags: Props, naming: Naming
) -> Checked:
    """Check a resource's inputs.

    Args:
        type_: Its type.
        name: Its logical name.
        given: As the program has them.
        old: The inputs as last checked; empty for a new resource.
        region: The provider's.
        default_tags: Tags that the provider gives everything.
        naming: How names are made up.
    """
    checking = _Check(name, naming)
    given = dict(given)
    if type_.regional:
        given.setdefault("region", region)
    inputs = checking.object(type_.all_properties, given, old, "", "")
    if type_.tagged and isinstance(tags := inputs.get("tags", {}), dict):
        inputs["tagsAll"] = {**default_tags, **tags}
    if has_unknown(inputs.get("tags")):
        inputs["tagsAll"] = UNKNOWN
    checking.exactly_one(type_.one_of, inputs)
    checking.not_both(type_.conflicts, inputs)
    return Checked(inputs, tuple(checking.failures))


def snake(name: str) -> str:
    """A property's name in Terraform."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def terraform_path(above: str, name: str, prop: Property) -> str:
    """A property's place in Terraform, where every block is a list: `action.0.forward.0.target_group`."""
    repeated = prop.kind in (Kind.LIST, Kind.SET) and prop.item is not None and prop.item.kind is Kind.OBJECT
    word = snake(name.removesuffix("s") if repeated else name) + (".0" if prop.kind is Kind.OBJECT else "")
    return f"{above}.{word}" if above else word


def has_unknown(value: Any) -> bool:
    """Whether anything in it can't be known yet."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return bool(value == UNKNOWN)


def without_notes(value: Any) -> Any:
    """Properties without the bridge's own notes."""
    if isinstance(value, dict):
        return {key: without_notes(item) for key, item in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [without_notes(item) for item in value]
    return value
