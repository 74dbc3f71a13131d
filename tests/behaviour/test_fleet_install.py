"""A fleet's state machine is installed, changed in place and removed, in memory; and nothing moves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rollout.errors import AwsError, ConfigError, GateRefused, Locked, PreflightFailed, UsageError, VerifyFailed
from rollout.fakes.world import World
from rollout.inventory.marks import Mark
from rollout.migration.bearers import ROLE, ROLE_POLICY, STATE_MACHINE
from rollout.migration.gates import Gate
from rollout.state.plan import Op
from tests.behaviour.conftest import made_team
from tests.behaviour.fleets import InMemoryFleet, fleet_file

TITLE = "rollout-passport-scorer-fleet-all"
NOBODY = '{"Version": "2012-10-17", "Statement": []}'
OTHER = """from dataclasses import replace
from rollout.programs import fleet

def program(given):
    fleet.program(replace(given, fleet=given.fleet and replace(given.fleet, at_once=7)))
"""


@pytest.fixture
def fleet(checkout: Path) -> InMemoryFleet:
    """Three environments, of an account each."""
    team = made_team(checkout, lambda _: World())
    team.file.write_text(fleet_file(team.file.read_text(), (("a1",), ("b1", "b2"))))
    return InMemoryFleet(team.file)


def edit(fleet: InMemoryFleet, old: str, new: str) -> None:
    text = fleet.file.read_text()
    assert old in text
    fleet.file.write_text(text.replace(old, new))


def changes(result: Any) -> dict[tuple[Op, str], tuple[str, ...]]:
    (preview,) = result.gate.previews
    return {(each.op, each.type): each.properties for each in preview.changes}


def test_it_comes_stays_changes_in_place_and_goes(fleet: InMemoryFleet) -> None:
    before = set(fleet.aws.resources)
    made = fleet.command("fleet", "install", "all", "--yes", "--json")
    assert made.returncode == 0, made.stderr
    (installed,) = (e for line in made.stdout.splitlines() if (e := json.loads(line))["event"] == "fleet-installed")
    assert installed["machine"].endswith(f":100000000001:stateMachine:{TITLE}")
    assert fleet.ramp.status().installed == "yes"
    assert not fleet.executions.all

    again = fleet.command("fleet", "install", "all")
    assert (again.returncode, "nothing to do" in again.stdout) == (0, True), again.stderr

    edit(fleet, "at-once = 2", "at-once = 1")
    assert fleet.ramp.status().installed == "differs"
    assert changes(fleet.ramp.install(approve=True)) == {(Op.UPDATE, STATE_MACHINE): ("definition",)}
    assert fleet.ramp.status().installed == "yes"

    assert fleet.command("fleet", "remove", "all", "--yes").returncode == 0
    assert set(fleet.aws.resources) == before
    assert fleet.ramp.status().installed == "no"
    assert not fleet.ramp.remove(approve=True).changed


def test_an_environment_that_comes_or_goes_is_followed_by_the_rights(fleet: InMemoryFleet) -> None:
    fleet.install()
    edit(fleet, '[["a1"], ["b1", "b2"]]', '[["a1"]]')
    done = changes(fleet.ramp.install(approve=True))
    assert {(op, kind) for op, kind in done} == {
        (Op.UPDATE, STATE_MACHINE),
        (Op.UPDATE, ROLE_POLICY),
        (Op.DELETE, ROLE),  # by which controllers in other accounts answered
        (Op.DELETE, ROLE_POLICY),
    }


def test_whoever_declines_changes_nothing(fleet: InMemoryFleet) -> None:
    before = dict(fleet.aws.resources)
    with pytest.raises(GateRefused):
        fleet.ramp.install(approve=lambda _: False)
    assert fleet.command("fleet", "install", "all").returncode == GateRefused.exit_code
    assert fleet.command("preview", "fleet-install", "all").returncode == 0
    assert fleet.aws.resources == before


def test_it_is_not_changed_while_it_ramps(fleet: InMemoryFleet) -> None:
    fleet.install()
    fleet.ramp.start()
    for act in (fleet.ramp.install, fleet.ramp.remove):
        with pytest.raises(PreflightFailed) as caught:
            act(approve=True)
        assert {problem.code for problem in caught.value.problems} == {"ramp-under-way"}
    fleet.ramp.stop("a trial")
    assert fleet.ramp.remove(approve=True).changed


def test_a_ramp_that_begins_while_somebody_reads_the_gate_stops_the_change(fleet: InMemoryFleet) -> None:
    fleet.install()

    def slowly(_: Gate) -> bool:
        fleet.ramp.start()
        return True

    with pytest.raises(Locked) as caught:
        fleet.ramp.remove(approve=slowly)
    assert (caught.value.code, fleet.ramp.status().installed) == ("ramp-under-way", "yes")


def test_a_program_that_makes_another_machine_is_told(fleet: InMemoryFleet) -> None:
    (fleet.file.parent / "other.py").write_text(OTHER)
    edit(fleet, "[programs]\n", '[programs]\nfleet = "other:program"\n')
    with pytest.raises(VerifyFailed):
        fleet.ramp.install(approve=True)


def test_what_somebody_deleted_or_changed_is_made_again(fleet: InMemoryFleet) -> None:
    fleet.install()
    made = dict(fleet.aws.resources[STATE_MACHINE, TITLE])
    fleet.aws.resources[STATE_MACHINE, TITLE] = {**made, "definition": "{}"}
    assert fleet.ramp.status().installed == "differs"
    fleet.install()
    assert fleet.aws.resources[STATE_MACHINE, TITLE] == made
    del fleet.aws.resources[STATE_MACHINE, TITLE]
    fleet.install()
    assert fleet.aws.resources[STATE_MACHINE, TITLE] == made


@pytest.mark.parametrize(
    ("key", "change", "differs"),
    [
        ((ROLE, TITLE), {"assumeRolePolicy": NOBODY}, (f"the trust policy of {TITLE}",)),
        ((ROLE_POLICY, f"{TITLE}:rollout"), {"policy": NOBODY}, (f"the policy of {TITLE}",)),
        ((ROLE_POLICY, f"{TITLE}-answer:rollout"), {"policy": NOBODY}, (f"the policy of {TITLE}-answer",)),
        ((ROLE_POLICY, f"{TITLE}:rollout"), None, (f"the policy of {TITLE}",)),
    ],
)
def test_a_role_that_somebody_changed_is_seen_and_mended(
    fleet: InMemoryFleet,
    key: tuple[str, str],
    change: dict[str, str] | None,
    differs: tuple[str, ...],
) -> None:
    fleet.install()
    made = dict(fleet.aws.resources[key])
    if change:
        fleet.aws.resources[key] = {**made, **change}
    else:
        del fleet.aws.resources[key]
    found = fleet.ramp.status()
    assert (found.installed, found.differences) == ("differs", differs)
    assert differs[0] in fleet.command("fleet", "status", "all").stdout.replace("\n  ", "")
    with pytest.raises(AwsError) as refused:
        fleet.ramp.start()
    assert (refused.value.code, differs[0] in refused.value.what) == ("fleet-outdated", True)
    fleet.install()
    assert fleet.aws.resources[key] == made
    assert fleet.ramp.status().installed == "yes"


def test_a_machine_of_a_cloudformation_stack_is_left_alone(fleet: InMemoryFleet) -> None:
    theirs = {"name": TITLE, "tags": {"aws:cloudformation:stack-name": "rollout-fleet-all"}}
    fleet.aws.resources[STATE_MACHINE, TITLE] = theirs
    with pytest.raises(PreflightFailed) as caught:
        fleet.ramp.install(approve=True)
    assert {problem.code for problem in caught.value.problems} == {"name-taken"}
    assert fleet.aws.resources[STATE_MACHINE, TITLE] == theirs


def test_everything_bears_the_fleets_mark(fleet: InMemoryFleet) -> None:
    fleet.install()
    mark = Mark("passport-scorer", "all", "fleet", "us-west-2").tags
    made = {key: each["tags"] for key, each in fleet.aws.resources.items() if "tags" in each and TITLE in key[1]}
    assert made == {
        (ROLE, TITLE): mark,
        (ROLE, f"{TITLE}-answer"): mark,
        (STATE_MACHINE, TITLE): mark,
    }


def test_a_run_that_was_cut_off_is_gone_on_with(fleet: InMemoryFleet) -> None:
    fleet.install()
    backend = fleet.home.backend
    for stack in [name for name in backend.stacks if "fleet" in str(name)]:
        del backend.stacks[stack]
    done = changes(fleet.ramp.install(approve=True))
    assert (Op.IMPORT, STATE_MACHINE) in done
    assert fleet.ramp.status().installed == "yes"


def test_a_fleet_that_cannot_ramp_any_more_is_removed_all_the_same(fleet: InMemoryFleet) -> None:
    fleet.install()
    before, _, after = fleet.file.read_text().partition("[controller]")
    fleet.file.write_text(before + after[after.index("\n[") :])
    with pytest.raises(ConfigError):
        fleet.ramp.install(approve=True)
    assert fleet.ramp.remove(approve=True).changed


def test_its_stack_is_unlocked_apart(fleet: InMemoryFleet) -> None:
    fleet.install()
    done = fleet.command("fleet", "unlock", "all")
    assert (done.returncode, "all is not locked" in done.stdout) == (0, True)


def test_an_environment_is_no_fleet(fleet: InMemoryFleet) -> None:
    with pytest.raises(PreflightFailed) as caught:
        fleet.open("a1").preview("fleet-install")
    assert {problem.code for problem in caught.value.problems} == {"unknown-fleet"}
    with pytest.raises(UsageError):
        fleet.ramp.preview("phase1")
