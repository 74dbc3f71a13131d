"""Whether the resources that a preview would create, change or delete belong to this stack. Pure.

`foreign` decides it, at the preview and again just before the change. A taken name, or a change of another owner's
resource, stops a phase. A resource without the mark that would be deleted stays on AWS and is removed from the state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rollout.errors import Problem
from rollout.inventory.marks import Bearer, Mark, Marked, Standing, standing
from rollout.inventory.stacks import CONTROLLER, FLEET, GUARD, MONITORING, ROUTING, STACKS
from rollout.migration.bearers import ALIAS, PERMISSION, REPEATABLE, ROLE, bearer_of
from rollout.state.plan import LISTENER_RULE, TARGET_GROUP, Change, Op, StackPreview

Found = Mapping[Bearer, Marked]


@dataclass(frozen=True, slots=True)
class ForeignChange:
    """A change of a resource that doesn't belong to this stack.

    Attributes:
        change: The step of the preview.
        bearer: What it is done to, or what has the name that it would take.
        found: What AWS has there.
        standing: Whose that is.
        resource: The bearer's kind and logical name in the stack, such as `Function:scorer`.
        takes_name: Whether the change would make it.
    """

    change: Change
    bearer: Bearer
    found: Marked
    standing: Standing
    resource: str
    takes_name: bool


def bearers(preview: StackPreview) -> frozenset[Bearer]:
    """What AWS must be asked for before a preview's changes are made."""
    return frozenset(bearer for change in preview.changes for bearer, _ in _met(change))


def foreign(preview: StackPreview, found: Found, mark: Mark) -> tuple[ForeignChange, ...]:
    """The changes of a preview to what isn't this stack's own.

    Args:
        found: What AWS has under the names of `bearers`; missing where it has nothing.
        mark: The stack's.
    """
    names = {
        bearer: f"{step.type.rpartition(':')[2]}:{step.name}"
        for step in preview.steps
        for state in (step.new, step.old)
        if state and (bearer := bearer_of(state)) and bearer.type == state.type
    }
    return tuple(
        ForeignChange(change, bearer, found[bearer], whose, names.get(bearer, str(bearer)), takes_name)
        for change in preview.changes
        for bearer, takes_name in _met(change)
        if bearer in found
        for whose in [standing(found[bearer], mark)]
        if whose is not Standing.OURS
    )


def own_imports(preview: StackPreview, found: Found, mark: Mark) -> dict[tuple[str, str], str]:
    """What a preview would make although this stack made it before, as its mark says: by type and name, what to import.

    A run was cut off, its answer was lost, or its state was. Parts whose creation may be repeated aren't among them.
    """
    imports: dict[tuple[str, str], str] = {}
    for change in preview.changes:
        made = change.new if change.op is Op.CREATE else None
        bearer = bearer_of(made) if made else None
        there = found.get(bearer) if bearer else None
        if not (made and bearer and there) or standing(there, mark) is not Standing.OURS:
            continue
        qualifier, statement = made.inputs.get("qualifier"), made.inputs.get("statementId")
        if made.type == bearer.type and made.type not in REPEATABLE:
            imports[made.type, made.name] = there.id
        elif made.type == PERMISSION and (f"{qualifier}/{statement}" if qualifier else statement) in there.statements:
            function = ":".join(filter(None, (made.inputs["function"], qualifier)))
            imports[made.type, made.name] = f"{function}/{statement}"
        elif made.type == ALIAS and made.inputs["name"] in there.aliases:
            imports[made.type, made.name] = f"{made.inputs['functionName']}/{made.inputs['name']}"
    return imports


def problems(changes: Iterable[ForeignChange], mark: Mark) -> Iterator[Problem]:
    """Why a phase can't continue: the resources that it would take or change, each once."""
    stopping = [each for each in changes if each.change.op is not Op.DELETE]
    taken = {each.bearer: each for each in stopping if each.takes_name}
    held = {each.bearer: each for each in stopping if each.bearer not in taken}
    yield from (taken_problem(each.bearer, each.found, each.resource, mark) for each in taken.values())
    yield from (held_problem(each.bearer, each.found, each.resource, mark) for each in held.values())


def adoption_warnings(imports: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Warnings about resources that the state adopts."""
    if imports:
        names = ", ".join(f"{type_.rpartition(':')[2]} {name}" for type_, name in imports)
        yield f"created by this stack but missing in its state; the state adopts {names}"


def left_alone(changes: Iterable[ForeignChange]) -> tuple[ForeignChange, ...]:
    """What would be deleted and isn't this stack's: it stays on AWS, and leaves the state."""
    return tuple(each for each in changes if each.change.op is Op.DELETE)


def left_warnings(changes: Iterable[ForeignChange], mark: Mark) -> Iterator[str]:
    """What to know of them before saying yes."""
    for bearer, each in {each.bearer: each for each in left_alone(changes)}.items():
        kept = f"{bearer} stays on AWS, and is only removed from the state: "
        if each.standing is Standing.UNMARKED and mark.stack in STACKS:
            yield (
                f"{kept}it doesn't have this environment's mark ({each.found.owner}); "
                f"`rollout adopt {mark.environment} {each.resource}` first, if you want it deleted"
            )
        else:
            yield f"{kept}it belongs to another owner ({each.found.owner})"


def _met(change: Change) -> Iterator[tuple[Bearer, bool]]:
    """What a change is done to, and whether it takes that name. A rule that changes hands is nobody's to mark."""
    if change.type == LISTENER_RULE and not change.is_header_rule:
        return
    old, new = (state and bearer_of(state) for state in (change.old, change.new))
    if change.op in (Op.UPDATE, Op.DELETE, Op.REPLACE) and old:
        yield old, False
    if change.op in (Op.CREATE, Op.REPLACE) and new and new != old:
        yield new, new.type == change.type


def taken_problem(bearer: Bearer, found: Marked, resource: str, mark: Mark) -> Problem:
    """That a name is taken."""
    return Problem(
        f"{bearer} already exists, and this environment didn't create it: {found.owner}",
        where=resource,
        hint=_other_name(bearer.type, mark.stack),
        code="name-taken",
    )


def held_problem(bearer: Bearer, found: Marked, resource: str, mark: Mark) -> Problem:
    """That a state holds what doesn't carry its stack's mark."""
    name = mark.environment
    if standing(found, mark) is Standing.UNMARKED and mark.stack in STACKS:
        what = f"{bearer} doesn't have this environment's mark: {found.owner}"
        hint = f"if it is this environment's, `rollout adopt {name} {resource}` marks it"
        return Problem(what, where=resource, hint=hint, code="not-marked")
    what = f"{bearer} doesn't belong to this environment, although it is in the state of {mark.stack}: {found.owner}"
    removal = _REMOVALS.get(mark.stack, "undo phase1 {}").format(name)
    hint = (
        f"`rollout {removal}` keeps it on AWS and removes it from the state; "
        f"then {_other_name(bearer.type, mark.stack)}"
    )
    return Problem(what, where=resource, hint=hint, code="not-ours")


_REMOVALS = {
    ROUTING: "override {} --remove",
    MONITORING: "monitoring {} --remove",
    GUARD: "guard remove {}",
    CONTROLLER: "controller remove {}",
    FLEET: "fleet remove {}",
}
"""The command that deletes what a stack made, and leaves alone what is another owner's; of the others undo phase 1."""
_OTHER_NAMES = {
    ROUTING: "set another priority-base in [header-override]",
    **dict.fromkeys(
        (MONITORING, GUARD, CONTROLLER),
        "ask its owner to delete or rename it: rollout's names begin with project and environment",
    ),
    FLEET: "delete it where it was made, such as its CloudFormation stack; or rename the fleet",
    ROLE: "set another name with role-name in its [functions] table",
    TARGET_GROUP: "set another name in target-groups and as the candidate of its routes",
}
"""By stacks whose names stacks.toml doesn't list, and by types: how something gets another name."""


def _other_name(type_: str, stack: str) -> str:
    in_functions = "set another name with name in its [functions] table"
    return _OTHER_NAMES.get(stack) or _OTHER_NAMES.get(type_, in_functions)
