"""The guard is installed, changed in place and removed, in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import chain

import pytest

from rollout import EnvironmentRollout
from rollout.analysis.metrics import AlarmState
from rollout.errors import ConfigError, PreflightFailed
from rollout.programs.alarms.alarms import names
from rollout.state.plan import Op
from tests.behaviour.team import InMemoryTeam

NAME = "rollout-passport-scorer-production-guard"
ARN = f"arn:aws:lambda:us-west-2:{{}}:function:{NAME}"


def asked(team: InMemoryTeam, keys: str = "") -> None:
    team.edit("[stickiness]", f"[guard]\n{keys}\n\n[stickiness]")


def actions(team: InMemoryTeam) -> dict[str, tuple[str, ...]]:
    alarms = {name: each for (type_, name), each in team.aws.resources.items() if type_.endswith("Alarm")}
    return {name: tuple(each.get("alarmActions") or ()) for name, each in alarms.items()}


def refused(error: pytest.ExceptionInfo[PreflightFailed]) -> set[str | None]:
    return {problem.code for problem in error.value.problems}


@pytest.fixture
def guarded(cut_over: InMemoryTeam) -> InMemoryTeam:
    """A team with a guard."""
    asked(cut_over, "required = true")
    cut_over.open().guard.install(approve=True)
    return cut_over


def test_it_comes_stays_changes_in_place_and_goes(cut_over: InMemoryTeam) -> None:
    asked(cut_over)
    before, forwards = dict(cut_over.aws.resources), cut_over.forwards()
    made = cut_over.run("guard", "install", "production", "--yes", "--json")
    assert made.returncode == 0, made.stderr
    told = [json.loads(line) for line in made.stdout.splitlines()]
    (installed,) = (event for event in told if event["event"] == "guard-installed")
    assert installed["function"] == NAME
    arn = ARN.format(cut_over.account)
    assert {name for name, each in actions(cut_over).items() if arn in each} == {
        *installed["alarms"],
        installed["silence"],
    }
    assert cut_over.forwards() == forwards
    assert cut_over.world.guard(cut_over.inventory).read() is not None

    again = cut_over.run("guard", "install", "production")
    assert again.returncode == 0, again.stderr
    assert "nothing to do" in again.stdout

    muted = cut_over.world.actor().parts(cut_over.inventory, lambda *_: None).alarms.muted
    muted[names(cut_over.inventory)[0]] = "it doesn't exist"
    assert "doesn't invoke the guard" in cut_over.run("guard", "install", "production").stdout
    assert "[guard-outdated]" in cut_over.run("preflight", "production").stdout
    muted.clear()

    cut_over.edit("[guard]\n", '[guard]\non-silence = "rollback"\n')
    (changed, _) = cut_over.open().guard.install(approve=True).gate.previews
    assert {(change.op, change.name, change.properties) for change in changed.changes} == {
        (Op.UPDATE, "guard", ("code", "tags"))
    }

    assert cut_over.run("guard", "remove", "production", "--yes").returncode == 0
    assert not [name for name, each in actions(cut_over).items() if arn in each]
    assert cut_over.world.guard(cut_over.inventory).read() is None
    assert before.keys() <= cut_over.aws.resources.keys()
    assert {type_ for type_, _ in cut_over.aws.resources.keys() - before.keys()} == {
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws:cloudwatch/dashboard:Dashboard",
    }


def test_it_needs_the_cutover(built: InMemoryTeam) -> None:
    asked(built)
    with pytest.raises(PreflightFailed) as caught:
        built.open().guard.install(approve=True)
    assert refused(caught) == {"rule-not-managed"}


def test_it_needs_a_table_in_the_file(cut_over: InMemoryTeam) -> None:
    with pytest.raises(PreflightFailed) as caught:
        cut_over.open().guard.install(approve=True)
    assert refused(caught) == {"missing-key"}


def test_alarms_of_others_invoke_it_by_composite_ones(cut_over: InMemoryTeam) -> None:
    asked(cut_over, 'alarms = ["checkout-errors", "checkout-slow"]')
    states = cut_over.world.actor().parts(cut_over.inventory, lambda *_: None).alarms.stated
    states["checkout-errors"] = AlarmState.OK
    with pytest.raises(PreflightFailed) as caught:
        cut_over.open().guard.install(approve=True)
    assert refused(caught) == {"alarm-missing"}
    ours = names(cut_over.inventory)[0]
    states["checkout-slow"] = states[ours] = AlarmState.ALARM
    gate = cut_over.open().guard.install(approve=True).gate
    assert [name for name in states for warning in gate.warnings if name in warning] == [
        "checkout-slow",
        names(cut_over.inventory)[0],
    ]
    made = {name: each for (type_, name), each in cut_over.aws.resources.items() if type_.endswith(":CompositeAlarm")}
    begin = "rollout-passport-scorer-production-on-checkout-"
    rules = {made[f"{begin}{end}"]["alarmRule"] for end in ("errors", "slow")}
    assert rules == {'ALARM("checkout-errors")', 'ALARM("checkout-slow")'}

    cut_over.edit(', "checkout-slow"', "")
    cut_over.open().guard.install(approve=True)
    assert f"{begin}slow" not in actions(cut_over)
    assert f"{begin}errors" in actions(cut_over)


def test_monitoring_keeps_it_and_takes_no_guard_for_granted(cut_over: InMemoryTeam) -> None:
    asked(cut_over)
    arn = ARN.format(cut_over.account)
    cut_over.open().monitoring(approve=True)
    assert arn not in chain.from_iterable(actions(cut_over).values())
    cut_over.open().guard.install(approve=True)
    assert not cut_over.open().monitoring(approve=True).changed
    assert arn in chain.from_iterable(actions(cut_over).values())


@pytest.mark.parametrize(
    "leave",
    [
        lambda team: team.monitoring(remove=True, approve=True),
        lambda team: team.undo("phase2", approve=True),
        lambda team: team.undo("phase1", approve=True),
        lambda team: team.complete(approve=True),
    ],
    ids=["monitoring --remove", "undo phase2", "undo phase1", "complete"],
)
def test_nothing_leaves_it_alone(guarded: InMemoryTeam, leave: Callable[[EnvironmentRollout], object]) -> None:
    with pytest.raises(PreflightFailed) as caught:
        leave(guarded.open())
    assert "guard-installed" in refused(caught)
    guarded.open().guard.remove(approve=True)
    guarded.open().monitoring(remove=True, approve=True)
    guarded.open().undo("phase2", approve=True)


def test_it_is_known_and_goes_without_its_table_in_the_file(cut_over: InMemoryTeam) -> None:
    before = set(cut_over.aws.resources)
    asked(cut_over)
    cut_over.open().guard.install(approve=True)
    cut_over.edit("[guard]", "")
    leaves: tuple[Callable[[EnvironmentRollout], object], ...] = (
        lambda team: team.monitoring(remove=True, approve=True),
        lambda team: team.undo("phase2", approve=True),
        lambda team: team.complete(approve=True),
    )
    for leave in leaves:
        with pytest.raises(PreflightFailed) as caught:
            leave(cut_over.open())
        assert "guard-installed" in refused(caught)
    cut_over.open().guard.remove(approve=True)
    cut_over.open().monitoring(remove=True, approve=True)
    assert set(cut_over.aws.resources) == before
    assert not cut_over.open().guard.remove(approve=True).changed


def test_it_goes_where_its_alarms_could_not_be_made_any_more(guarded: InMemoryTeam) -> None:
    aws, route = guarded.aws, next(iter(guarded.inventory.routes.values()))
    found = aws.group_named(route.candidate)
    assert found is not None
    del aws.target_groups[found.arn]
    guarded.open().guard.remove(approve=True)
    assert actions(guarded) == {}


def test_where_it_is_required_no_weight_rises_without_it(cut_over: InMemoryTeam) -> None:
    cut_over.open().set_weight(10, approve=True)
    asked(cut_over, "required = true")
    with pytest.raises(PreflightFailed) as caught:
        cut_over.open().set_weight(11, approve=True)
    assert refused(caught) == {"no-guard"}
    cut_over.edit("weight = 10\nramp", "weight = 25\nramp")
    with pytest.raises(PreflightFailed) as caught:
        cut_over.open().phase3(approve=True)
    assert refused(caught) == {"no-guard"}
    cut_over.open().set_weight(5, approve=True)
    cut_over.open().rollback()
    cut_over.open().guard.install(approve=True)
    cut_over.open().set_weight(11, approve=True)


def test_a_guard_of_something_else_is_none_to_rely_on(guarded: InMemoryTeam) -> None:
    guarded.open().set_weight(10, approve=True)
    guarded.edit("[guard]", '[notifications.on-call]\nsns = "arn:aws:sns:us-west-2:123456789012:on-call"\n\n[guard]')
    with pytest.raises(PreflightFailed) as caught:
        guarded.open().set_weight(11, approve=True)
    assert refused(caught) == {"guard-outdated"}
    notes = {note.code for check in guarded.open().preflight().checks for note in check.notes}
    assert "guard-outdated" in notes
    guarded.open().set_weight(5, approve=True)
    guarded.open().guard.install(approve=True)
    guarded.open().set_weight(11, approve=True)


def test_one_that_somebody_deleted_or_changed_is_made_again(guarded: InMemoryTeam) -> None:
    key = ("aws:lambda/function:Function", NAME)
    made = dict(guarded.aws.resources[key])
    del guarded.aws.resources[key]
    guarded.open().guard.install(approve=True)
    assert guarded.aws.resources[key] == made
    guarded.aws.resources[key] = {**made, "tags": {**made["tags"], "rollout:guard": "another"}}
    guarded.open().guard.install(approve=True)
    assert guarded.aws.resources[key] == made


def test_what_is_wrong_in_its_table_stops_raises_and_no_way_back(cut_over: InMemoryTeam) -> None:
    cut_over.open().set_weight(10, approve=True)
    asked(cut_over, 'required = "yes"')
    with pytest.raises(ConfigError):
        cut_over.open().set_weight(11, approve=True)
    with pytest.raises(ConfigError):  # it can't know whether the alarms are to invoke one
        cut_over.open().monitoring(approve=True)
    cut_over.open().set_weight(5, approve=True)
    cut_over.open().rollback()


def test_a_function_of_somebody_else_is_no_guard(cut_over: InMemoryTeam) -> None:
    asked(cut_over, "required = true")
    theirs = {"name": NAME, "arn": ARN.format(cut_over.account), "tags": {"rollout:guard": "0"}}
    cut_over.aws.resources["aws:lambda/function:Function", NAME] = theirs
    with pytest.raises(PreflightFailed) as caught:
        cut_over.open().set_weight(1, approve=True)
    assert refused(caught) == {"no-guard"}
    with pytest.raises(PreflightFailed) as caught:
        cut_over.open().guard.install(approve=True)
    assert refused(caught) == {"name-taken"}
