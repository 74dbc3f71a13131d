"""How a resource type is described: its properties, and what it does on AWS.

The descriptions follow Terraform's AWS provider, which pulumi-aws bridges, under pulumi-aws's names. What the bridge
does with them, such as defaults, diffs and imports, is the same for all types: see `checking` and `comparing`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Protocol

from rollout_sandbox.provider.aws import Aws

Props = dict[str, Any]
"""Properties as plain data: whole numbers are ints, unknown values `UNKNOWN`, assets and archives marked dicts."""

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The engine's stand-in for a value that a preview can't know."""


class Kind(Enum):
    """What a property holds."""

    STRING = auto()
    INT = auto()
    FLOAT = auto()
    BOOL = auto()
    LIST = auto()
    SET = auto()  # a list whose order says nothing
    MAP = auto()  # of strings
    OBJECT = auto()
    JSON = auto()  # text, or what it says
    ARCHIVE = auto()
    ASSET = auto()  # a file, or an archive


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a resource, or of an object in it.

    Attributes:
        kind: What it holds.
        required: The program has to give it.
        default: Filled in by Check where the program gives nothing; falsy defaults are left out, as the bridge does.
        zero: What its absence means where AWS always answers something, such as -1; falsy values mean absence anyway.
        computed: AWS fills it in: absent from the program, it is never a difference.
        output: AWS alone gives it.
        force_new: A change replaces the resource.
        item: Of a list or set.
        fields: Of an object.
        refuse: Says what is wrong with a known value, in Terraform's words with `{path}` for its path; None if nothing.
        same: Whether a recorded and a wanted value mean the same, where they are written differently.
        auto_name: Where the program gives none, a name is made up, of at most this length.
    """

    kind: Kind
    required: bool = False
    default: Any = None
    zero: Any = None
    computed: bool = False
    output: bool = False
    force_new: bool = False
    item: Property | None = None
    fields: Mapping[str, Property] = field(default_factory=dict)
    refuse: Callable[[Any], str | None] | None = None
    same: Callable[[Any, Any], bool] | None = None
    auto_name: int | None = None


class Operations(Protocol):
    """What a resource type does on AWS. Errors of AWS are raised as `aws.AwsFailure`."""

    def create(self, aws: Aws, new: Props) -> str:
        """Make it; its id.

        Raises:
            AwsFailure: There is none; `aws.MadeButFailed` where there is one, unfinished.
        """
        ...

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        """All its properties as AWS has them now, or None where it is gone.

        Args:
            aws: The account and region.
            id_: Its id.
            known: Inputs or state, for what AWS doesn't tell and for the form in which to tell it; None on import.
        """
        ...

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        """Change it in place.

        Args:
            aws: The account and region.
            id_: Its id.
            old: The recorded state.
            new: The wanted inputs.
            changed: The top-level properties that differ.
        """
        ...

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        """Take it away; one that is gone already is no error."""
        ...


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A resource type.

    Attributes:
        token: pulumi-aws's name for it.
        properties: All of them but `region`, `tags` and `tagsAll`, which are added where they belong.
        operations: What it does on AWS.
        tagged: Whether it has tags.
        regional: Whether it has a region.
        delete_first: A replacement always deletes first.
        one_of: Properties, with Terraform's names, exactly one of which has to be given.
        conflicts: Pairs of properties, each with its name in Terraform, that can't be given both.
        verify: What is wrong with the inputs as a whole when they are known, at diff time and before a create.
        irrelevant: Differences to be passed over by path, such as a Lambda target group's port.
        follows: Outputs that change with given properties, such as `lastModified` with `code`.
        imported: From an import id to the id and what it tells; None where the type can't be imported.
    """

    token: str
    properties: Mapping[str, Property]
    operations: Operations
    tagged: bool = False
    regional: bool = True
    delete_first: bool = False
    one_of: Mapping[str, str] = field(default_factory=dict)
    conflicts: Sequence[tuple[str, str, str, str]] = ()
    verify: Callable[[Props], str | None] = lambda _: None
    irrelevant: Callable[[Props, Props], frozenset[str]] = lambda _old, _new: frozenset()
    follows: Callable[[Props, frozenset[str]], Iterable[str]] = lambda _new, _changed: ()
    imported: Callable[[str], tuple[str, Props | None]] | None = lambda id_: (id_, None)

    @property
    def all_properties(self) -> Mapping[str, Property]:
        """With those that the provider gives to every type of its kind."""
        added: dict[str, Property] = {}
        if self.regional:
            added["region"] = Property(Kind.STRING, computed=True, force_new=True)
        if self.tagged:
            added["tags"] = Property(Kind.MAP)
            added["tagsAll"] = Property(Kind.MAP)
        return {**self.properties, **added}


Invoke = Callable[[Aws, Props], Props]
"""A function of the provider, such as `aws:lb/getTargetGroup:getTargetGroup`."""


def string(**given: Any) -> Property:
    """A string."""
    return Property(Kind.STRING, **given)


def json_text(**given: Any) -> Property:
    """A JSON document, which programs may also write as an object."""
    return Property(Kind.JSON, **given)


def integer(low: int | None = None, high: int | None = None, name: str = "{path}", **given: Any) -> Property:
    """A whole number in a range, refused in Terraform's words."""
    refuse = None
    if low is not None and high is not None:
        text = f"expected {name} to be in the range ({low} - {high}), got "

        def refuse(value: Any) -> str | None:
            return None if low <= value <= high else f"{text}{value}"

    return Property(Kind.INT, refuse=refuse, **given)


def boolean(**given: Any) -> Property:
    """A truth value."""
    return Property(Kind.BOOL, **given)


def mapping(**given: Any) -> Property:
    """A map of strings."""
    return Property(Kind.MAP, **given)


def list_of(item: Property, **given: Any) -> Property:
    """A list whose order matters."""
    return Property(Kind.LIST, item=item, **given)


def set_of(item: Property, **given: Any) -> Property:
    """A list whose order doesn't."""
    return Property(Kind.SET, item=item, **given)


def block(fields: Mapping[str, Property], **given: Any) -> Property:
    """An object."""
    return Property(Kind.OBJECT, fields=fields, **given)


def asset(**given: Any) -> Property:
    """A file's content."""
    return Property(Kind.ASSET, **given)


def archive(**given: Any) -> Property:
    """An archive of code."""
    return Property(Kind.ARCHIVE, **given)
