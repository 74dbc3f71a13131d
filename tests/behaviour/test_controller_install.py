"""The controller is installed, changed in place and removed, in memory; and nothing moves."""

from __future__ import annotations

import json

import pytest

from rollout.errors import ConfigError, PreflightFailed, UsageError
from rollout.inventory.marks import CONTROLLER_TAG
from rollout.state.plan import Op
from tests.behaviour.team import InMemoryTeam

NAME = "rollout-passport-scorer-production-controller"
FUNCTION, OBJECT = "aws:lambda/function:Function", "aws:s3/bucketObjectv2:BucketObjectv2"
SCHEDULE = "aws:scheduler/schedule:Schedule"
IMAGE = f"123456789012.dkr.ecr.us-west-2.amazonaws.com/rollout@sha256:{'0' * 64}"
PRODUCTION = "[environments.production]\n"
TABLE = "[environments.production.controller]\n"


def asked(team: InMemoryTeam, keys: str = "") -> None:
    state = 'backend = "s3://state/rollout"\nsecrets-provider = "awskms://alias/rollout"\n'
    team.edit(PRODUCTION, f"{PRODUCTION}{state}")
    team.edit(PRODUCTION, f'{TABLE}image = "{IMAGE}"\n{keys}\n\n{PRODUCTION}')


@pytest.fixture
def controlled(cut_over: InMemoryTeam) -> InMemoryTeam:
    """A team with a controller."""
    asked(cut_over)
    cut_over.open().controller.install(approve=True)
    return cut_over


def test_it_comes_stays_changes_in_place_and_goes(cut_over: InMemoryTeam) -> None:
    asked(cut_over)
    before, forwards = set(cut_over.aws.resources), cut_over.forwards()
    made = cut_over.run("controller", "install", "production", "--yes", "--json")
    assert made.returncode == 0, made.stderr
    (installed,) = (
        e for line in made.stdout.splitlines() if (e := json.loads(line))["event"] == "controller-installed"
    )
    assert (installed["function"], installed["pace"]) == (NAME, 60)
    assert cut_over.forwards() == forwards
    assert cut_over.open().controller.status().state == "new"

    again = cut_over.run("controller", "install", "production")
    assert again.returncode == 0, again.stderr
    assert "nothing to do" in again.stdout

    cut_over.edit(TABLE, f'{TABLE}pace = "5m"\n')
    (changed,) = cut_over.open().controller.install(approve=True).gate.previews
    assert {(change.op, change.type): change.properties for change in changed.changes} == {
        (Op.REPLACE, OBJECT): ("key", "source"),
        (Op.UPDATE, FUNCTION): ("environment", "tags"),
        (Op.UPDATE, SCHEDULE): ("scheduleExpression",),
    }
    assert cut_over.forwards() == forwards

    assert cut_over.run("controller", "remove", "production", "--yes").returncode == 0
    assert set(cut_over.aws.resources) == before
    assert cut_over.open().controller.status().state == "missing"


def test_a_changed_program_is_another_controller(controlled: InMemoryTeam) -> None:
    program = controlled.folder / "programs/routing.py"
    program.write_text(f"{program.read_text()}# changed\n")
    (changed,) = controlled.open().controller.install(approve=True).gate.previews
    assert (Op.REPLACE, "key" in changed.changes[0].properties) in {
        (each.op, "key" in each.properties) for each in changed.changes
    }


def test_it_needs_the_cutover(built: InMemoryTeam) -> None:
    asked(built)
    with pytest.raises(PreflightFailed) as caught:
        built.open().controller.install(approve=True)
    assert {problem.code for problem in caught.value.problems} == {"rule-not-managed"}


def test_it_needs_a_table_in_the_file(cut_over: InMemoryTeam) -> None:
    with pytest.raises(PreflightFailed) as caught:
        cut_over.open().controller.install(approve=True)
    assert {problem.code for problem in caught.value.problems} == {"missing-key"}
    with pytest.raises(UsageError):
        cut_over.open().controller.status()


def test_what_its_function_could_not_reach_is_refused_and_stops_nothing_else(cut_over: InMemoryTeam) -> None:
    cut_over.edit("[stickiness]", f'[controller]\nimage = "{IMAGE}"\n\n[stickiness]')
    with pytest.raises(ConfigError) as caught:
        cut_over.open().controller.install(approve=True)
    assert {problem.code for problem in caught.value.problems} == {"backend-not-s3"}
    cut_over.open().set_weight(5, approve=True)
    cut_over.open().rollback()


def test_it_goes_without_its_table_in_the_file(controlled: InMemoryTeam) -> None:
    controlled.edit(f'{TABLE}image = "{IMAGE}"\n', "")
    assert controlled.open().controller.remove(approve=True).changed
    assert not controlled.open().controller.remove(approve=True).changed


def test_one_that_somebody_deleted_or_changed_is_made_again(controlled: InMemoryTeam) -> None:
    key = (FUNCTION, NAME)
    made = dict(controlled.aws.resources[key])
    del controlled.aws.resources[key]
    controlled.open().controller.install(approve=True)
    assert controlled.aws.resources[key] == made
    controlled.aws.resources[key] = {**made, "tags": {**made["tags"], CONTROLLER_TAG: "another"}}
    controlled.open().controller.install(approve=True)
    assert controlled.aws.resources[key] == made


def test_a_function_of_somebody_else_is_left_alone(cut_over: InMemoryTeam) -> None:
    asked(cut_over)
    cut_over.aws.resources[FUNCTION, NAME] = {"name": NAME, "tags": {"team": "another"}}
    with pytest.raises(PreflightFailed) as caught:
        cut_over.open().controller.install(approve=True)
    assert {problem.code for problem in caught.value.problems} == {"name-taken"}


@pytest.mark.parametrize("description", ["", "{", "[]", '{"rollout:environment": "staging"}'])
def test_a_schedule_of_somebody_else_is_left_alone(cut_over: InMemoryTeam, description: str) -> None:
    asked(cut_over)
    theirs = {"name": NAME, "description": description}
    cut_over.aws.resources[SCHEDULE, NAME] = theirs
    with pytest.raises(PreflightFailed) as caught:
        cut_over.open().controller.install(approve=True)
    assert {problem.code for problem in caught.value.problems} == {"name-taken"}
    assert cut_over.aws.resources[SCHEDULE, NAME] == theirs


def test_a_run_that_was_cut_off_is_gone_on_with(cut_over: InMemoryTeam) -> None:
    asked(cut_over)
    cut_over.open().controller.install(approve=True)
    forgotten = cut_over.world.backend
    stack = next(name for name in forgotten.stacks if "controller" in str(name))
    del forgotten.stacks[stack]
    result = cut_over.open().controller.install(approve=True)
    made = {(change.op, change.type) for preview in result.gate.previews for change in preview.changes}
    assert {op for op, _ in made} <= {Op.IMPORT, Op.CREATE}
    assert made >= {(Op.IMPORT, FUNCTION), (Op.IMPORT, SCHEDULE), (Op.CREATE, OBJECT)}  # that is sent anew
    assert cut_over.open().controller.status().state == "new"


def test_its_gate_says_which_notification_it_cannot_send(cut_over: InMemoryTeam) -> None:
    asked(cut_over)
    table = '[notifications.team]\nwebhook = "$HOOK"\n[notifications.other]\nwebhook = "https://hooks/x"\n'
    cut_over.edit("[stickiness]", f"{table}\n[stickiness]")
    gate = cut_over.open().controller.install(approve=True).gate
    assert [said for said in gate.warnings if "notification" in said] == [
        "the controller can't send notification team: its function has no variable HOOK"
    ]


def test_its_gate_says_that_a_metrics_source_is_not_in_its_image(cut_over: InMemoryTeam) -> None:
    asked(cut_over)
    cut_over.edit("[stickiness]", '[analysis]\nsource = "prometheus"\n\n[stickiness]')
    gate = cut_over.open().controller.install(approve=True).gate
    assert [said for said in gate.warnings if "prometheus" in said]
