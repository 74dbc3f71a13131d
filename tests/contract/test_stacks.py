"""One journey on the real engine and on the fakes: previews, gates, states, histories and events must be the same.

What only one of them can have is left out: ARNs, times, providers in the state, and the order within a step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rollout import EnvironmentRollout, PhaseResult
from rollout.adapters.pulumi.states import PulumiStates
from rollout.adapters.pulumi.stored import AskEngineError, StoredStack
from rollout.alb.forms import AWS
from rollout.alb.weights import ForwardAction, group_name
from rollout.errors import RolloutError
from rollout.inventory.model import Arn, ProgramInput, RuleOwnership, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.stacks import LEGACY, ROUTING, STACKS
from rollout.migration import events
from rollout.migration.desired import routing_input
from rollout.state.plan import LISTENER_RULE, Change, ResourceState, StackPreview, conditions_told, forward_in
from tests.behaviour.team import InMemoryTeam
from tests.conftest import Team

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]  # long, so begun early

HALF_HALF = 50
Facts = list[tuple[str, Any]]


def by_hand(team: Team | InMemoryTeam, route: str, candidate: int) -> None:
    """Somebody changes a route's weights, and leaves out stickiness."""
    forward = team.forwards()[route]
    assert forward
    legacy, other = forward.weights
    weights = ForwardAction({legacy: 100 - candidate, other: candidate})
    rule = Arn(team.rules()[route])
    if isinstance(team, InMemoryTeam):
        team.aws.modify_rule(rule, forward=weights)
    else:
        elb = team.aws.client("elbv2", team.account, "us-west-2")
        elb.modify_rule(RuleArn=rule, Actions=[AWS.write(weights)])


def delete(team: Team | InMemoryTeam, route: str) -> None:
    """Somebody deletes a route's rule."""
    rule = Arn(team.rules()[route])
    if isinstance(team, InMemoryTeam):
        team.aws.delete_rule(rule)
    else:
        team.aws.client("elbv2", team.account, "us-west-2").delete_rule(RuleArn=rule)


def meaning(state: ResourceState | None) -> Any:
    """What a resource is, as far as it is the program's to say."""
    if state is None or state.type != LISTENER_RULE:
        return None
    forward = forward_in(state.recorded)
    groups = {group_name(arn): weight for arn, weight in forward.weights.items()} if forward else None
    return conditions_told(state.recorded), groups, forward and forward.stickiness


def changes(preview: StackPreview) -> list[Any]:
    return sorted(
        (change.op.value, change.type, change.name, _asked(change), change.is_header_rule) for change in preview.changes
    )


def _asked(change: Change) -> tuple[str, ...]:
    """The properties that change; the provider repeats the tags as its own."""
    return tuple(name for name in change.properties if name != "tagsAll")


def shown(result: PhaseResult) -> Any:
    gate = result.gate
    return (
        result.changed,
        [(preview.stack, changes(preview), preview.unchanged, preview.refreshed) for preview in gate.previews],
        [str(line) for line in gate.warnings],
        gate.drift,
        [(line.route, str(line.before), str(line.after)) for line in gate.traffic],
        {name: str(split) for name, split in result.after.items()},
    )


def states(target: EnvironmentRollout) -> Any:
    """What the stacks hold; the engine keeps its providers beside it."""
    return {stack: held(target, stack) for stack in STACKS}


def held(target: EnvironmentRollout, stack: str) -> Any:
    resources, own = target._container.stacks.resources(stack), target.inventory.project
    if resources is None:
        return None
    return sorted(
        (
            each.urn.replace(own, ""),
            each.parent.replace(own, ""),
            each.type,
            each.custom,
            each.retain_on_delete,
            meaning(each),
        )
        for each in resources
        if not each.type.startswith("pulumi:providers:")
    )


def histories(target: EnvironmentRollout) -> Any:
    stacks = target._container.stacks
    return {
        stack: [(each.kind, each.result, each.message.split("\n")[0]) for each in stacks.history(stack, 50)]
        for stack in STACKS
    }


def told(found: Iterable[events.Event]) -> Counter[str]:
    return Counter(type(event).__name__ for event in found)


def journey(team: Team | InMemoryTeam) -> Facts:
    """Phases, hands, refreshes, header rules, alarms, a guard and the way back; each is looked at, and tried again."""
    facts: Facts = []

    def step(name: str, act: Callable[[EnvironmentRollout], PhaseResult | Any], *, again: bool = False) -> None:
        for attempt in ("", " again") if again else ("",):
            team.events.clear()
            try:
                result = act(team.open())
                facts.append((name + attempt, shown(result) if isinstance(result, PhaseResult) else None))
            except RolloutError as error:
                problems = [(each.where, each.code) for each in getattr(error, "problems", ())]
                facts.append((name + attempt, (type(error).__name__, error.code, problems)))
            facts.append((f"{name}{attempt}: events", told(team.events)))

    step("phase1", lambda it: it.phase1(approve=True))
    step("phase2", lambda it: it.phase2(approve=True))
    facts.append(("states", states(team.open())))
    by_hand(team, "stamp-score", HALF_HALF)
    step("beside somebody", lambda it: it.set_weight(10, approve=True, save=False))
    step("accepted", lambda it: it.set_weight(10, approve=True, save=False, accept_live=True), again=True)
    facts.append(("drift", [(each.where, each.code) for each in team.open().drift(ignore_file=True).problems]))
    team.edit("[stickiness]", "[header-override]\n\n[stickiness]")
    step("override", lambda it: it.override(approve=True), again=True)
    by_hand(team, "stamp-score", HALF_HALF)
    step("rollback", lambda it: it.rollback(save=False))
    facts.append(("states after the rollback", states(team.open())))
    step("override after the rollback", lambda it: it.override(approve=True))
    step("override --remove", lambda it: it.override(remove=True, approve=True))
    step("monitoring", lambda it: it.monitoring(approve=True), again=True)
    team.edit("[stickiness]", '[notifications.on-call]\nsns = "arn:aws:sns:us-west-2:123456789012:x"\n\n[stickiness]')
    step("monitoring that tells", lambda it: it.monitoring(approve=True))
    team.edit("[stickiness]", "[guard]\n\n[stickiness]")
    step("guard install", lambda it: it.guard.install(approve=True), again=True)
    team.edit("[guard]\n", '[guard]\non-silence = "rollback"\n')
    step("guard install in place", lambda it: it.guard.install(approve=True))
    step("monitoring beside a guard", lambda it: it.monitoring(approve=True))
    step("undo beside a guard", lambda it: it.undo("phase2", approve=True))
    step("guard remove", lambda it: it.guard.remove(approve=True), again=True)
    step("monitoring --remove", lambda it: it.monitoring(remove=True, approve=True))
    team.edit("memory-size = 256", "memory-size = 512")
    step("a new build", lambda it: it.phase1(approve=True), again=True)
    team.edit('architecture = "arm64"', 'architecture = "x86_64"')
    step("another architecture", lambda it: it.phase1(approve=True))
    step("undo phase2", lambda it: it.undo("phase2", approve=True), again=True)
    step("undo phase1", lambda it: it.undo("phase1", approve=True))
    facts.append(("states at the end", states(team.open())))
    facts.append(("histories", histories(team.open())))
    return facts


def test_a_journey_is_the_same_on_the_engine_and_on_the_fakes(
    legacy: Team, in_memory: Callable[[str], InMemoryTeam]
) -> None:
    for (name, ours), (other, theirs) in zip(journey(in_memory("legacy")), journey(legacy), strict=True):
        assert (name, ours) == (other, theirs)


class ByEngine(PulumiStates):
    """States as the engine tells them, of a folder, too."""

    def _stored(self, stack: str) -> StoredStack:
        raise AskEngineError(stack)


def test_a_folder_says_what_the_engine_says_of_it(cut_over: Team) -> None:
    parts = cut_over.open()._container
    for environment in (parts.environment, parts.environment.model_copy(update={"name": "nowhere"})):
        ours, theirs = (kind(environment, parts._engine) for kind in (PulumiStates, ByEngine))
        for stack in STACKS:
            assert ours.resources(stack) == theirs.resources(stack)
            assert ours.history(stack, 2) == theirs.history(stack, 2)


def test_a_state_has_neither_the_frames_behind_a_program_nor_folders_of_this_machine(cut_over: Team) -> None:
    parts = cut_over.open()._container
    for stack in (LEGACY, ROUTING):
        resources = PulumiStates(parts.environment, parts._engine)._stored(stack).resources() or []
        keys = {
            key for each in resources if each["type"] != "pulumi:pulumi:Stack" for key in each
        }  # which the SDK makes
        assert keys & {"urn", "stackTrace", "sourcePosition"} == {"urn"}


def port(team: Team | InMemoryTeam, folder: Path) -> Facts:
    """What a stack that isn't there says, a plan that is too old, a rule that is gone, and a note."""
    target, facts = team.open(), Facts()
    environment, stacks = target.inventory, target._container.stacks
    absent = environment.model_copy(update={"name": "nowhere"})
    nowhere = replace(target._container, environment=absent).stacks
    facts.append(("absent", (nowhere.resources(ROUTING), nowhere.history(ROUTING, 5), nowhere.locks(ROUTING))))
    facts.append(("absent preview", nowhere.preview(ROUTING, ProgramInput(absent), folder.parent / "none")))
    facts.append(("absent note", outcome(lambda: nowhere.note(ROUTING, "hello"))))

    live = target.traffic.alb_state()
    ten, fifty = (
        routing_input(environment, live, dict.fromkeys(environment.routes, Split.at(Percent.of(weight))))
        for weight in (10, 50)
    )
    for name, given in (("ten", ten), ("fifty", fifty)):
        preview = stacks.preview(ROUTING, given, folder / name)
        assert preview
        facts.append((name, (changes(preview), (folder / name).stat().st_mode)))
    stacks.up(ROUTING, fifty, plan=folder / "fifty", message="fifty\nand more")
    facts.append(("again", outcome(lambda: stacks.up(ROUTING, fifty, plan=folder / "fifty", message="x"))))
    kept = dict.fromkeys(environment.routes, Split.at(Percent.of(10)))
    gone = replace(ten, rules={"stamp-score": RuleOwnership.RELEASED}, splits=kept)
    stacks.up(ROUTING, gone, plan=None, message="one is released")
    facts.append(("a state that moved", outcome(lambda: stacks.up(ROUTING, ten, plan=folder / "ten", message="x"))))
    both = replace(gone, rules={**gone.rules, "embed-score": RuleOwnership.RELEASED})
    stacks.preview(ROUTING, both, folder / "both")
    stacks.up(ROUTING, both, plan=None, message="so is another")
    facts.append(("it is gone already", outcome(lambda: stacks.up(ROUTING, both, plan=folder / "both", message="x"))))
    delete(team, "ceramic-score")
    for refresh in (False, True):
        preview = stacks.preview(ROUTING, both, folder / "after", refresh=refresh)
        assert preview
        facts.append((f"a rule that is gone, {refresh}", changes(preview)))
    stacks.note(ROUTING, "a note")
    facts.append(("history", [(each.kind, each.result, each.message) for each in stacks.history(ROUTING, 5)]))
    facts.append(("held", held(target, ROUTING)))
    return facts


def outcome(act: Callable[[], object]) -> Any:
    try:
        act()
    except RolloutError as error:
        return type(error).__name__, error.code
    return None


def test_the_port_is_the_same_on_the_engine_and_on_the_fakes(
    cut_over: Team, in_memory: Callable[[str], InMemoryTeam], tmp_path: Path
) -> None:
    folders = [tmp_path / name for name in ("ours", "theirs")]
    for folder in folders:
        folder.mkdir()
    facts = [port(in_memory("cut_over"), folders[0]), port(cut_over, folders[1])]
    for (name, ours), (other, theirs) in zip(*facts, strict=True):
        assert (name, ours) == (other, theirs)
