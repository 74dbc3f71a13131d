"""A sandbox goes back to what it was, begins from what another made, and gives one account's AWS to many."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rollout import cli
from rollout.adapters.pulumi.programs import load_program
from rollout.errors import SandboxError, UsageError
from rollout.inventory.model import Environment
from rollout_sandbox import daemon, seed_cache, snapshots
from rollout_sandbox.daemon import SandboxInfo
from rollout_sandbox.snapshots import Snapshot
from tests.sandbox.tenant import REGION, Tenant
from tests.unit.seed import SEED

ACCOUNTS = ("111111111111", "222222222222")
STATE = Path("state/.pulumi/stacks/shop-routing/production.json")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxInfo]:
    """A sandbox with a rule in each of two accounts, and a state."""
    info = daemon.start(tmp_path_factory.mktemp("snapshots") / "sandbox")
    for account in ACCOUNTS:
        tenant = Tenant(info, account)
        tenant.elb.create_rule(
            ListenerArn=tenant.landscape.listeners["public"],
            Priority=7,
            Conditions=[{"Field": "path-pattern", "Values": ["/x"]}],
            Actions=[{"Type": "forward", "TargetGroupArn": tenant.group("first")}],
        )
    state = info.folder / STATE
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"rule": f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNTS[0]}:x", "root": "/old"}))
    yield info
    daemon.stop(info.folder)


def rules(info: SandboxInfo, account: str) -> list[str]:
    elb = info.client("elbv2", account, REGION)
    listeners = [
        listener["ListenerArn"]
        for balancer in elb.describe_load_balancers()["LoadBalancers"]
        for listener in elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    ]
    return [rule["RuleArn"] for each in listeners for rule in elb.describe_rules(ListenerArn=each)["Rules"]]


def test_it_goes_back_with_all_accounts_and_states(running: SandboxInfo) -> None:
    folder = running.folder
    before = {account: rules(running, account) for account in ACCOUNTS}
    snapshots.save(folder, "before")
    Tenant(running, ACCOUNTS[1]).elb.delete_rule(RuleArn=before[ACCOUNTS[1]][0])
    (folder / STATE).write_text("{}")
    (folder / STATE.with_name("staging.json")).write_text("{}")
    restored = snapshots.restore(folder, "before")
    assert {account: rules(restored, account) for account in ACCOUNTS} == before
    assert json.loads((folder / STATE).read_text())["root"] == "/old"
    assert not (folder / STATE.with_name("staging.json")).exists()
    assert daemon.stop(folder)
    again = daemon.start(folder)  # what was restored is its memory, too
    assert {account: rules(again, account) for account in ACCOUNTS} == before


def test_one_account_becomes_another_beside_it(running: SandboxInfo) -> None:
    info = daemon.start(running.folder)
    snapshot = snapshots.take(info, ACCOUNTS[0], "shop")
    snapshots.add(info, snapshot.renamed({ACCOUNTS[0]: "333333333333", "shop": "mill", "/old": "/new"}))
    assert rules(info, "333333333333") == [arn.replace(ACCOUNTS[0], "333333333333") for arn in rules(info, ACCOUNTS[0])]
    told = json.loads((info.folder / str(STATE).replace("shop", "mill")).read_text())
    assert told == {"rule": f"arn:aws:elasticloadbalancing:{REGION}:333333333333:x", "root": "/new"}
    assert snapshots.take(info, ACCOUNTS[1], "other").states == {}


def test_a_snapshot_is_its_owners_alone_and_has_a_name_of_its_own(running: SandboxInfo) -> None:
    info = daemon.start(running.folder)
    file = snapshots.save(info.folder, "mine")
    assert file.stat().st_mode & 0o077 == 0
    assert snapshots.names(info.folder).count("mine") == 1
    with pytest.raises(UsageError):
        snapshots.save(info.folder, "mine")
    assert snapshots.save(info.folder, "mine", replace=True) == file


@pytest.mark.parametrize("name", ["", "../x", "a/b", "x" * 64, "-x", "x\n"])
def test_what_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    for act in (snapshots.save, snapshots.restore):
        with pytest.raises(UsageError):
            act(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_lost_by_a_restore_that_cannot_be(running: SandboxInfo) -> None:
    info = daemon.start(running.folder)
    torn = info.folder / "snapshots" / "torn.json"
    torn.parent.mkdir(exist_ok=True)
    torn.write_text("{")
    with pytest.raises(UsageError):
        snapshots.restore(info.folder, "unheard-of")
    with pytest.raises(SandboxError):
        snapshots.restore(info.folder, "torn")
    assert daemon.status(info.folder) == info


def test_nothing_is_saved_while_a_stack_is_being_updated(running: SandboxInfo) -> None:
    info = daemon.start(running.folder)
    lock = info.folder / "state/.pulumi/locks/organization/shop-routing/production/x.json"
    lock.parent.mkdir(parents=True)
    lock.write_text("{}")
    try:
        with pytest.raises(SandboxError):
            snapshots.save(info.folder, "halfway")
        with pytest.raises(SandboxError):
            snapshots.take(info, SEED.account, "shop")
        assert snapshots.take(info, SEED.account, "another-shop")
    finally:
        lock.unlink()
    assert "halfway" not in snapshots.names(info.folder)


def test_the_command_line_saves_and_says_which_snapshots_there_are(
    running: SandboxInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLOUT_SANDBOX", str(daemon.start(running.folder).folder))
    run: Callable[..., Any] = CliRunner().invoke
    assert run(cli.app, ["sandbox", "save", "by-hand"]).exit_code == 0
    assert run(cli.app, ["sandbox", "save", "by-hand"]).exit_code == UsageError.exit_code
    refused = run(cli.app, ["sandbox", "restore", "by-hnad"])
    assert refused.exit_code == UsageError.exit_code
    assert "by-hand" in refused.output


def made_from(root: Path) -> Environment:
    return SEED.model_copy(update={"root": root})


def test_a_first_start_is_used_again_until_what_it_was_made_from_changes(
    running: SandboxInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = daemon.start(running.folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first, second = tmp_path / "first", tmp_path / "second"
    for root in (first, second):
        (root / "shop_programs").mkdir(parents=True)
        (root / "shop_programs" / "mine.py").write_text("def run(given): pass\n")
    load_program("shop_programs.mine:run", first, "legacy")
    state = info.folder / "state/.pulumi/stacks/mine-legacy/production.json"
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"root": str(first)}))

    assert seed_cache.kept([made_from(first)]) is None
    seed_cache.keep([made_from(first)], info)
    found = seed_cache.kept([made_from(second)])
    assert isinstance(found, Snapshot)
    assert json.loads(found.states["stacks/mine-legacy/production.json"]) == {"root": str(second)}
    assert seed_cache.kept([made_from(second).model_copy(update={"region": "eu-west-1"})]) is None
    (second / "shop_programs" / "more.py").touch()
    assert seed_cache.kept([made_from(second)]) is None
    assert seed_cache.kept([made_from(first)]) is not None
    for file in (tmp_path / "cache").rglob("*.json"):
        file.write_text("{")
    assert seed_cache.kept([made_from(first)]) is None


def test_a_cache_that_cannot_be_written_stops_nobody(
    running: SandboxInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    seed_cache.keep([made_from(tmp_path)], daemon.start(running.folder))
    assert seed_cache.kept([made_from(tmp_path)]) is None
    assert os.listdir(tmp_path) == ["cache"]  # noqa: PTH208 - a name is wanted
