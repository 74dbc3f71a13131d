"""From an account to an inventory that the phases take, by flags and by questions."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rollout_sandbox.daemon import SandboxInfo
from tests.behaviour.terminal import piped, typed
from tests.conftest import Team, accounts
from tests.sandbox.tenant import Tenant, method, path, single

THERE = {"AWS_REGION": "us-west-2"}
ALL = ("--load-balancer", "public", "--load-balancer", "internal:80", "--all")


@pytest.fixture(scope="module")
def shop(aws: SandboxInfo) -> Tenant:
    """An account with two load balancers, three rules that can move and one that can't."""
    made = Tenant(aws, str(next(accounts)))
    cart, score = made.group("cart"), made.group("score")
    made.rule(single(cart), priority=1000, conditions=[path("/cart/*"), method("GET")])
    made.rule(single(score), priority=1001, conditions=[path("/score")])
    gone = {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Path": "/score"}}
    made.rule([gone], priority=1002, conditions=[path("/a", "/b")])
    made.rule(single(made.group("stock")), priority=5, conditions=[path("/stock")], balancer="internal")
    return made


@pytest.fixture
def newcomer(shop: Tenant, aws: SandboxInfo, tmp_path: Path) -> Team:
    """Somebody of that account who has no inventory yet."""
    folder = tmp_path / "My Shop"
    folder.mkdir()
    return Team(folder, shop.account, aws)


def variables(team: Team, **given: str) -> dict[str, str]:
    return {"ROLLOUT_SANDBOX": str(team.aws.folder), "AWS_ACCESS_KEY_ID": team.account, **THERE, **given}


def run(team: Team, *arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    return piped(team.folder, *arguments, **variables(team, **given))


def talk(team: Team, answers: str, *arguments: str) -> tuple[int, str]:
    """Run it at a terminal, where somebody has typed all answers ahead."""
    return typed(team.folder, answers, *arguments, **variables(team))


@pytest.mark.engine
def test_what_it_writes_is_ready_for_the_phases(legacy: Team, tmp_path: Path) -> None:
    folder = tmp_path / "fresh"
    (folder / "candidate").mkdir(parents=True)
    (folder / "candidate" / "bootstrap").write_text("#!/bin/sh\n")
    fresh = Team(folder, legacy.account, legacy.aws)
    calls = len(fresh.calls("*"))
    moving = ("--load-balancer", "passport-public", "--load-balancer", "passport-internal", "--all")
    done = run(fresh, "init", *moving, "--code", "candidate", "--project", f"{fresh.project}-new")
    assert done.returncode == 0, done.stderr
    assert set(fresh.calls("*")[calls:]) <= {"GetCallerIdentity"}
    ready = fresh.run("preflight", "production")
    assert ready.returncode == 0, ready.stdout
    rules = fresh.rules()
    assert set(rules.values()) >= set(legacy.rules().values())
    fresh.open().phase1(approve=True)
    fresh.open().phase2(approve=True)
    assert fresh.rules() == rules
    assert {route.owners for route in fresh.open().status().routes} == {("routing",)}


def test_somebody_is_asked_until_the_answers_can_be_meant(newcomer: Team) -> None:
    code, shown = talk(newcomer, "9\nall\n1\n\nlive\nno name\nrust-new\ncandidate\n", "init")
    assert code == 0, shown
    assert "numbers from 1 to 2" in shown
    line = "\n  public:443, priority 1002, /a|/b: "
    assert line in shown.replace("\r", "")  # without a number: nobody can choose it
    assert "'no name' is not 1 to 63 letters" in shown
    live = newcomer.open("live").inventory
    assert (live.project, list(live.functions), list(live.routes)) == ("my-shop", ["rust-new"], ["cart"])
    assert list(live.kept_routes) == ["score"]


def test_answers_that_end_write_nothing(newcomer: Team) -> None:
    code, shown = talk(newcomer, "\x04", "init")
    assert code == 3, shown
    assert "nothing was written" in shown
    assert not newcomer.file.exists()


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        ((), {}, ["--load-balancer, --route or --all [missing-argument]\n"]),
        (("--load-balancer", "public"), {"AWS_REGION": ""}, ["--route or --all, --region [missing-argument]\n"]),
        (("--all",), {}, ["public:443, internal:80", "--load-balancer"]),
        (("--all", "--load-balancer", "pubic"), {}, ["did you mean 'public'"]),
        (("--route", "/nowhere", "--load-balancer", "public"), {}, ["GET /cart/*, /score"]),
        (("--all", "--account", "1", "--region", "west"), {}, ["--account: '1' is not 12 digits", "--region: 'west'"]),
    ],
)
def test_what_cannot_be_meant_is_one_error(
    newcomer: Team, arguments: tuple[str, ...], given: dict[str, str], said: list[str]
) -> None:
    done = run(newcomer, "init", *arguments, **given)
    assert done.returncode == 2
    assert all(text in done.stderr for text in said), done.stderr
    assert not newcomer.file.exists()


def test_a_file_that_is_there_stays(newcomer: Team) -> None:
    newcomer.file.write_text("mine")
    assert run(newcomer, "init", *ALL).returncode == 2
    shown = run(newcomer, "init", *ALL, "--dry-run").stdout
    assert "[routes.stock]" in shown
    assert newcomer.file.read_text() == "mine"
    assert run(newcomer, "init", *ALL, "--force").returncode == 0
    assert newcomer.file.read_text() == shown


def test_nothing_to_look_at_is_told(newcomer: Team) -> None:
    empty = Team(newcomer.folder, str(next(accounts)), newcomer.aws)
    done = run(empty, "init", "--all")
    assert (done.returncode, "[no-load-balancer]" in done.stderr) == (1, True)
    assert Tenant(empty.aws, empty.account).landscape.listeners
    done = run(empty, "init", "--all", "--load-balancer", "internal")
    assert (done.returncode, "[no-movable-rule]" in done.stderr) == (1, True)
    done = run(newcomer, "init", "--all", "--account", "999999999999")
    assert (done.returncode, "[wrong-account]" in done.stderr) == (1, True)
    done = run(newcomer, "init", "--all", ROLLOUT_SANDBOX="", AWS_ACCESS_KEY_ID="", HOME="/nowhere")
    assert (done.returncode, "[no-credentials]" in done.stderr) == (1, True)
