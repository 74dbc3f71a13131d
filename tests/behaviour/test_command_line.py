"""The command line as a person and a CI job meet it, in this process."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from rollout.inventory.quantities import Percent
from tests.behaviour.fleets import fleet_file
from tests.behaviour.team import InMemoryTeam
from tests.behaviour.terminal import piped
from tests.conftest import ROOT

TEN = Percent.of(10)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("status", "prodction"), "did you mean 'production'"),
        (("weight", "production", "101"), "0 to 100"),
        (("weight", "production", "-1"), "0 to 100"),
        (("weight", "production", "ten"), "0 to 100"),
        (("weight", "production", "33.33"), "one decimal"),
        (("weight", "production", "10", "--route", "nope"), "no route 'nope'"),
        (("preview", "phase9", "production"), "phase2, phase3"),
        (("preview", "weight", "production"), "rollout preview weight production 10"),
        (("phase1", "production", "--file", "gone.toml"), "no such file"),
        (("weight", "production"), "the weight is missing"),
        (("explain", "GET", "no-slash", "production"), "a path starts with /"),
        (("explain", "GET", "/a", "production", "--header", "nothing"), "NAME:VALUE"),
        (("explain", "GET", "/a", "production", "--from", "nowhere"), "nowhere"),
        (("explain", "GET", "/a", "production", "--load-balancer", "pub"), "public, internal"),
        (("explain", "GET", "/a", "production", "--after", "phase9"), "is not a weight"),
    ],
)
def test_a_bad_argument_is_one_clear_error(team: InMemoryTeam, arguments: tuple[str, ...], said: str) -> None:
    done = team.run(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert team.meets.log == []


@pytest.mark.parametrize(
    "arguments", [("guard", "disarm", "production"), ("status", "production", "--nope"), ("fleet", "approve", "a", "b")]
)
def test_a_machine_that_reads_gets_json_of_a_bad_argument_too(team: InMemoryTeam, arguments: tuple[str, ...]) -> None:
    done = team.run(*arguments, "--json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["event"], said["code"], said["exit-code"]) == (2, "failed", "usage", 2)
    assert "Usage:" in team.run(*arguments).stderr


def test_a_broken_inventory_tells_every_problem_with_its_line(team: InMemoryTeam) -> None:
    team.edit("priority = 2023", "prioritiy = 2023")
    team.edit("listener-port = 80 ", "listener-port = 0 ")
    done = team.run("status", "production")
    assert done.returncode == 2
    assert "did you mean 'priority'" in done.stderr
    assert "stacks.toml:" in done.stderr
    assert "listener-port" in done.stderr


def test_another_account_is_refused(legacy: InMemoryTeam) -> None:
    legacy.world.actor().account = "999999999999"
    done = legacy.run("phase1", "production", "--yes")
    assert done.returncode == 1
    assert f"account 999999999999, but production is in {legacy.account}" in done.stderr


def test_without_a_terminal_and_yes_the_gate_refuses(legacy: InMemoryTeam) -> None:
    done = legacy.run("phase1", "production")
    assert done.returncode == 3
    assert "10 to create" in done.stdout  # what would happen is shown all the same
    assert "--yes" in done.stderr
    assert legacy.open().status().phase == "not begun"


def test_a_machine_reads_events_a_line_each(legacy: InMemoryTeam) -> None:
    done = legacy.run("phase1", "production", "--yes", "--json")
    assert done.returncode == 0
    names = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert names[0] == "phase-started"
    assert names[-1] == "phase-finished"
    assert {"preflight-passed", "step-previewed", "gate-opened", "gate-approved", "resource-changed"} <= set(names)
    refused = legacy.run("weight", "production", "10", "--yes", "--json")
    last = json.loads(refused.stdout.splitlines()[-1])
    assert (last["event"], last["exit-code"], refused.returncode) == ("failed", 1, 1)
    assert "phase2" in last["problems"][0]["then"]


def test_a_request_is_explained_to_people_and_machines(legacy: InMemoryTeam) -> None:
    asked = ("explain", "GET", "/v2/stamps/7/score/0xA/history", "production", "--load-balancer", "public")
    shown = legacy.run(*asked, COLUMNS="200")
    assert shown.returncode == 0
    assert "no: another path" in shown.stdout
    assert "kept-routes.stamp-score-history" in shown.stdout
    assert "→ 100 % to targetGroupRegistry" in shown.stdout
    (line,) = legacy.run(*asked, "--json").stdout.splitlines()
    (told,) = json.loads(line)["load-balancers"]
    assert (told["priority"], told["inventory"]) == (2022, ["kept-routes.stamp-score-history"])
    assert [rule["priority"] for rule in told["passed"]] == [1001]


def test_a_weight_is_saved_with_the_file_as_it_was_and_shown_by_status(cut_over: InMemoryTeam) -> None:
    before = cut_over.file.read_text()
    done = cut_over.run("weight", "production", "10", "--yes", "-m", "first customers")
    assert done.returncode == 0, done.stderr
    assert cut_over.file.read_text() == before.replace("weight = 0", "weight = 10")
    assert "10 %" in cut_over.run("status", "production").stdout
    unsaved = cut_over.run("weight", "production", "25", "--yes", "--no-save")
    assert unsaved.returncode == 0
    assert "weight = 10" in cut_over.file.read_text()
    assert cut_over.run("rollback", "production").returncode == 0
    assert cut_over.file.read_text() == before


def test_rollout_alone_shows_each_environment_and_what_comes_next(cut_over: InMemoryTeam) -> None:
    done = cut_over.run()
    assert done.returncode == 0
    assert "staging" in done.stdout
    assert "next: rollout phase1 staging" in done.stdout
    assert "rollout --help" in done.stderr


def test_a_machine_approves_only_what_somebody_has_seen(cut_over: InMemoryTeam) -> None:
    def seen() -> str:
        lines = cut_over.run("preview", "phase3", "production", "--json").stdout.splitlines()
        (digest,) = (said["gate"]["digest"] for line in lines if (said := json.loads(line))["event"] == "gate-opened")
        assert digest in cut_over.run("preview", "phase3", "production").stdout
        return str(digest)

    def applied(digest: str) -> subprocess.CompletedProcess[str]:
        return cut_over.run("phase3", "production", "--yes", "--expect-digest", digest)

    cut_over.edit("weight = 0\n", "weight = 10\n")
    ten, before = seen(), cut_over.calls()
    cut_over.edit("weight = 10\n", "weight = 20\n")
    refused = applied(ten)
    assert (refused.returncode, "[another-plan]" in refused.stderr) == (3, True)
    assert cut_over.calls() == before
    twenty = seen()
    assert applied(twenty).returncode == 0
    assert {str(split.weight) for split in cut_over.splits().values() if split} == {"20"}
    assert applied(twenty).returncode == 0  # nothing is left to approve


def test_the_digest_is_another_one_where_requests_come_from_elsewhere(cut_over: InMemoryTeam) -> None:
    def seen() -> str:
        return cut_over.open().preview("weight", weights=dict.fromkeys(cut_over.inventory.routes, TEN)).gate.digest

    up = seen()
    assert seen() == up
    assert cut_over.run("weight", "production", "20", "--yes").returncode == 0
    assert seen() != up


@pytest.mark.parametrize(
    ("confirm", "answers", "code"),
    [
        ("yes", "no\n", 3),
        ("yes", "\n", 3),
        ("yes", "what\ndetails\nn\n", 3),
        ("yes", "yes\n", 0),
        ("name", "yes\nno\n", 3),
        ("name", "yes\nproduction\n", 0),
    ],
)
def test_somebody_at_a_terminal_is_asked(legacy: InMemoryTeam, confirm: str, answers: str, code: int) -> None:
    legacy.edit("weight = 0\n", f'weight = 0\nconfirm = "{confirm}"\n')
    ended, shown = legacy.talk(answers, "phase1", "production")
    assert ended == code, shown
    assert ("[gate-declined]" in shown) == (code == 3)
    assert ("assumeRolePolicy" in shown) == ("details" in answers.split())


def test_a_policy_too_long_for_iam_is_said_beside_it(tmp_path: Path) -> None:
    text = fleet_file((ROOT / "stacks.toml").read_text(), (("a1",),)).replace("[controller]", "[guard]\n\n[controller]")
    (tmp_path / "stacks.toml").write_text(text)
    for role, is_said in (("operate", True), ("observe", False)):
        done = piped(tmp_path, "iam-policy", "a1", "--for", role)
        assert json.loads(done.stdout)["Statement"]
        assert ("6,144" in done.stderr) == is_said
