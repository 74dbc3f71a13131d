"""What a rollback falls back on where stacks.toml can't be read."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rollout import Rollout
from rollout.errors import ConfigError, UsageError
from rollout.fakes.world import World
from rollout.inventory.conditions import Condition, ConditionField, Conditions
from rollout.inventory.model import Environment
from rollout.migration import events
from rollout.migration.rollback.last_good import LastGood, homes, keep, known_arns, last_good
from rollout.migration.rollback.targets import NOTHING_KNOWN
from tests.unit.rollback.shop import SHOP, at_risk, cut_over
from tests.unit.seed import SEED, seed_live

NOW = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[3]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with this repository's inventory, and a user's state folder of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "checkout").mkdir()
    return Path(shutil.copy(ROOT / "stacks.toml", tmp_path / "checkout"))


def kept(file: Path, environment: Environment = SEED, now: datetime = NOW) -> None:
    world = World.cut_over(SEED)
    keep(homes(file), environment, world.open(SEED).traffic.alb_state(), now)


def broken(file: Path) -> None:
    file.write_text(file.read_text("utf-8") + "\n[[[", "utf-8")


def missing(file: Path) -> None:
    file.unlink()


def without_the_environment(file: Path) -> None:
    file.write_text(file.read_text("utf-8").replace("environments.production", "environments.prod"), "utf-8")


@pytest.mark.parametrize("damage", [broken, missing, without_the_environment])
def test_the_last_good_inventory_serves_a_rollback_and_says_so(checkout: Path, damage: Callable[[Path], None]) -> None:
    world = World.cut_over(SEED)
    world.open(SEED).set_weight(50, approve=True, save=False)
    kept(checkout)
    damage(checkout)
    told: list[events.Event] = []
    opened = Rollout.for_rollback(checkout, "production", on_event=told.append, parts=world.actor().parts)
    result = opened.rollback()
    assert set(result.moved) == set(SEED.routes)
    assert (result.reconciled, bool(result.reason)) == (False, True)
    warned = " ".join(event.message for event in told if isinstance(event, events.Warned))
    assert "2026-11-28 03:00 UTC" in warned
    assert str(homes(checkout)[-1]) in warned


SHAPES = """
[routes.everything-else]
load-balancer = "public"
priority = "default"
legacy = "site"
candidate = { target-group = "containers" }

[routes.on-two]
load-balancer = "public"
path = "/on-two"
priority = { 80 = 7, 443 = 8 }
legacy = "site"
candidate = "l-passport-v2-rust-scorer"

[routes.as-is]
load-balancer = "public"
match = "as-is"
priority = 9
legacy = "site"
candidate = "l-passport-v2-rust-scorer"
"""


def test_routes_of_all_shapes_are_read_back_as_they_were(checkout: Path) -> None:
    checkout.write_text(checkout.read_text("utf-8") + SHAPES, "utf-8")
    environment = Rollout.load(checkout).environment("production").inventory
    keep(homes(checkout), environment, seed_live(inventory=environment), NOW)
    found = last_good(homes(checkout), "production")
    assert found is not None
    again = found[0].environment
    assert again.routes == environment.routes
    assert {name: route.is_built for name, route in again.routes.items()} == {
        name: route.is_built for name, route in environment.routes.items()
    }
    assert (again.load_balancers, again.in_file) == (environment.load_balancers, environment.in_file)


def test_without_one_the_files_own_error_is_told(checkout: Path) -> None:
    broken(checkout)
    with pytest.raises(ConfigError):
        Rollout.for_rollback(checkout, "production")


def test_an_intact_file_is_gone_by(checkout: Path) -> None:
    kept(checkout, SEED.model_copy(update={"weight": SEED.weight, "region": "eu-central-1"}))
    assert Rollout.for_rollback(checkout, "production").inventory.region == SEED.region
    with pytest.raises(UsageError, match="unknown environment"):
        Rollout.for_rollback(checkout, "elsewhere")


def test_it_is_kept_beside_the_states_too_and_the_newer_one_counts(checkout: Path) -> None:
    kept(checkout)
    (checkout.parent / ".rollout").mkdir()
    beside, _ = homes(checkout)
    kept(checkout, SEED.model_copy(update={"region": "eu-central-1"}), NOW + timedelta(hours=1))
    shutil.rmtree(homes(checkout)[-1])
    found = last_good(homes(checkout), "production")
    assert found
    assert (found[0].environment.region, found[1].parent) == ("eu-central-1", beside)


def test_it_holds_no_secret_and_is_its_owners_alone(checkout: Path) -> None:
    functions = {
        name: each.model_copy(update={"environment": {"TOKEN": "hush"}}) for name, each in SEED.functions.items()
    }
    kept(checkout, SEED.model_copy(update={"functions": functions}))
    (file,) = homes(checkout)[0].iterdir()
    assert "hush" not in file.read_text("utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"at": 1}', b"\xff\xfe", b"{}" + b" " * 2_000_000])
def test_one_that_cannot_be_read_is_as_if_it_were_not_there(checkout: Path, content: bytes) -> None:
    kept(checkout)
    (file,) = homes(checkout)[0].iterdir()
    file.write_bytes(content)
    assert last_good(homes(checkout), "production") is None


def test_a_pipe_in_its_place_is_not_waited_for(checkout: Path) -> None:
    kept(checkout)
    (file,) = homes(checkout)[0].iterdir()
    file.unlink()
    os.mkfifo(file)
    assert last_good(homes(checkout), "production") is None


def test_where_it_cannot_be_kept_nothing_is(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    kept(checkout)
    assert last_good(homes(checkout), "production") is None


def test_what_aws_is_not_like_is_not_kept(checkout: Path) -> None:
    world = cut_over(10)
    world.aws(SHOP).delete_rule(next(rule.arn for rule in world.aws(SHOP).rules.values() if rule.priority == 20))
    keep(homes(checkout), SHOP, world.open(SHOP).traffic.alb_state(), NOW)
    assert last_good(homes(checkout), "production") is None
    assert at_risk(world.aws(SHOP))


def test_the_arns_of_what_it_names_are_known(checkout: Path) -> None:
    world = cut_over(10)
    assert known_arns(homes(checkout), SHOP.name) == NOTHING_KNOWN
    keep(homes(checkout), SHOP, world.open(SHOP).traffic.alb_state(), NOW)
    assert known_arns(homes(checkout), SHOP.name) == world.known[SHOP.name]


def test_where_no_folder_can_be_looked_at_none_is_kept(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert homes(tmp_path / "loop" / "stacks.toml") == ()


@pytest.mark.parametrize(
    "match",
    [
        "as-is",
        (Condition(ConditionField.HOST, ("a.test",)), Condition(ConditionField.PATH, ("/a", "*.png"))),
        (Condition(ConditionField.QUERY, ("k=v", "=w")), Condition(ConditionField.HOST, ("^a",), regex=True)),
    ],
)
def test_it_has_what_routes_ask_as_the_file_has_it(match: Conditions | str) -> None:
    route = SEED.routes["stamp-score"].model_copy(update={"path": (), "methods": (), "match": match})
    kept_route = SEED.kept_routes["model-score"].model_copy(update={"path": (), "methods": (), "match": match})
    rich = SEED.model_copy(update={"routes": {"a": route}, "kept_routes": {"k": kept_route}})
    read = LastGood.model_validate(LastGood(at=NOW, environment=rich).model_dump(mode="json")).environment
    assert (read.routes, read.kept_routes) == (rich.routes, rich.kept_routes)
