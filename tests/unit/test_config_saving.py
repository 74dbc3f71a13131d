"""A saved weight changes the weight and no other byte, whatever the file's layout."""

from __future__ import annotations

import fcntl
import os
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.errors import ConfigError, UsageError
from rollout.inventory.file import load, save_completed, save_weight
from rollout.inventory.quantities import Percent

TABLES = """\
# head
[project]
name = "shop"
[programs]
candidate = "c:program"
routing = "r:program"
[load-balancers.public]
name = "shop-public"
[functions.api]
package-type = "Image"
image-uri = "x"
target-groups.public = "api"
[routes]
cart = { load-balancer = "public", path = "/cart", priority = 1, legacy = "old-cart", candidate = "api" }
help = { load-balancer = "public", path = "/help", priority = 2, legacy = "old-help", candidate = "api" }
"""
ACCOUNT = 'account = "111111111111"'
REGION = 'region = "us-west-2"'

# One environment in each form that TOML has for it: without a weight, with one, and with shares of routes.
LAYOUTS = {
    "section": f"""\
[environments.prod] # prod
{ACCOUNT}
  {REGION} # where

# next
[environments.next]
{ACCOUNT}
{REGION}
""",
    "section with weight": f"[environments.prod]\nweight   =  5   # five\n{ACCOUNT}\n{REGION}\n",
    "no newline at the end": f"[environments.prod]\n{ACCOUNT}\n{REGION}",
    "inline": f"[environments]\nprod = {{ {ACCOUNT}, {REGION}, weight = 7 }} # seven\n",
    "inline without weight": f"[environments]\nprod = {{{ACCOUNT},{REGION}}}\n",
    "dotted": f"[environments]\nprod.{ACCOUNT}\nprod.{REGION} # x\n",
    "quoted": """\
["environments".'prod']
"acco\\u0075nt" = \"\"\"111111111111\"\"\"
"region"='us-west-2'
""",
    "inline shares": f"[environments.prod]\n{ACCOUNT}\nroute-weights = {{ cart = 2.5 }} # shares\n{REGION}\n",
    "empty shares": f"[environments.prod]\n{ACCOUNT}\nroute-weights = {{}}\n{REGION}\n",
    "section of shares": f"""\
[environments.prod.route-weights] # shares
# of
cart = 2.5 # c
help = 3

[environments.prod]
{ACCOUNT}
{REGION}
""",
    "empty section of shares": f"[environments.prod]\n{ACCOUNT}\n{REGION}\n[environments.prod.route-weights]\n",
    "dotted shares": f"[environments.prod]\n{ACCOUNT}\nroute-weights.cart = 2.5\n{REGION}\nroute-weights.help = 1\n",
    "dotted inline shares": f"""\
[environments]
prod = {{ route-weights.cart = 1, route-weights.help = 2, {ACCOUNT}, {REGION} }}
""",
    "nested inline shares": f"""\
environments.prod = {{ {ACCOUNT}, route-weights = {{ cart = 1, help = 2 }}, {REGION} }}
""",
}
FEW = settings(max_examples=15, deadline=None)  # each writes a file
WEIGHTS = st.builds(Percent, st.integers(0, 1000))


def written(folder: Path, layout: str, newline: str = "\n") -> Path:
    path = folder / "stacks.toml"
    tables = LAYOUTS[layout]
    text = tables + TABLES if tables.startswith("environments.") else TABLES + tables
    path.write_bytes(text.replace("\n", newline).encode())
    return path


def data_of(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_bytes().decode())


def comments_of(text: bytes) -> list[bytes]:
    return [line.partition(b"#")[2] for line in text.splitlines() if b"#" in line]


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("layout", LAYOUTS)
@FEW
@given(weight=WEIGHTS)
def test_all_routes(tmp_path_factory: pytest.TempPathFactory, layout: str, newline: str, weight: Percent) -> None:
    path = written(tmp_path_factory.getbasetemp(), layout, newline)
    before, old = load(path).environment("prod"), path.read_bytes()
    changed = save_weight(path, "prod", weight, None)
    after, new = load(path).environment("prod"), path.read_bytes()
    assert changed == (old != new)
    assert (after.weight, after.route_weights) == (weight, {})
    assert after.model_copy(update={"weight": before.weight, "route_weights": before.route_weights}) == before
    assert new.count(b"\n") == new.count(newline.encode())
    assert not save_weight(path, "prod", weight, None)


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("layout", LAYOUTS)
@FEW
@given(weight=WEIGHTS, routes=st.lists(st.sampled_from(["cart", "help"]), min_size=1))
def test_some_routes(
    tmp_path_factory: pytest.TempPathFactory, layout: str, newline: str, weight: Percent, routes: list[str]
) -> None:
    path = written(tmp_path_factory.getbasetemp(), layout, newline)
    before, old = load(path).environment("prod"), path.read_bytes()
    changed = save_weight(path, "prod", weight, routes)
    after, new = load(path).environment("prod"), path.read_bytes()
    assert changed == (old != new)
    assert {route: after.desired_weight(route) for route in after.routes} == {
        route: weight if route in routes else before.desired_weight(route) for route in before.routes
    }
    assert after.weight == before.weight
    assert comments_of(new) == comments_of(old)
    assert new.count(b"\n") == new.count(newline.encode())


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_completed_environment_is_at_100_until_a_weight_below_reopens_it(
    tmp_path: Path, layout: str, newline: str
) -> None:
    path = written(tmp_path, layout, newline)
    comments, before = comments_of(path.read_bytes()), load(path).environment("prod")
    assert save_completed(path, "prod")
    after = load(path).environment("prod")
    assert (after.completed, after.weight, after.route_weights) == (True, Percent.of(100), {})
    assert set(comments_of(path.read_bytes())) <= set(comments)
    assert not save_completed(path, "prod")
    assert not save_weight(path, "prod", Percent.of(100), None)
    assert save_weight(path, "prod", Percent.of(0), ["cart"])
    assert not load(path).environment("prod").completed
    save_weight(path, "prod", before.weight, None)
    assert data_of(path)["environments"]["prod"].keys() <= {"account", "region", "weight"}
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(newline.encode())


@FEW
@given(weight=WEIGHTS.filter(lambda weight: weight != Percent(50)))
def test_an_existing_weight_changes_in_place(tmp_path_factory: pytest.TempPathFactory, weight: Percent) -> None:
    path = written(tmp_path_factory.getbasetemp(), "section with weight")
    old = path.read_bytes()
    save_weight(path, "prod", weight, None)
    assert path.read_bytes() == old.replace(b"weight   =  5 ", f"weight   =  {weight} ".encode())


@pytest.mark.parametrize(
    ("layout", "routes", "old", "new"),
    [
        ("section", None, f"  {REGION} # where\n", f"  {REGION} # where\n  weight = 33.3\n"),
        ("section", ["cart"], f"  {REGION} # where\n", f"  {REGION} # where\n  route-weights = {{ cart = 33.3 }}\n"),
        ("inline without weight", None, REGION, f"{REGION}, weight = 33.3"),
        ("dotted", None, f"prod.{REGION} # x\n", f"prod.{REGION} # x\nprod.weight = 33.3\n"),
        ("inline shares", ["help"], "{ cart = 2.5 }", "{ cart = 2.5, help = 33.3 }"),
        ("section of shares", ["help"], "help = 3\n", "help = 33.3\n"),
        ("empty section of shares", ["help"], "route-weights]\n", "route-weights]\nhelp = 33.3\n"),
        ("nested inline shares", ["cart"], "cart = 1", "cart = 33.3"),
        ("no newline at the end", None, REGION, f"{REGION}\nweight = 33.3"),
    ],
)
def test_where_a_new_entry_goes(tmp_path: Path, layout: str, routes: list[str] | None, old: str, new: str) -> None:
    path = written(tmp_path, layout)
    before = path.read_text()
    assert save_weight(path, "prod", Percent.of(33.3), routes)
    assert path.read_text() == before.replace(old, new, 1)


def test_all_routes_again_drops_the_shares_and_keeps_their_comments(tmp_path: Path) -> None:
    path = written(tmp_path, "section of shares")
    save_weight(path, "prod", Percent.of(10), None)
    assert path.read_text() == TABLES + f"# of\n\n[environments.prod]\n{ACCOUNT}\n{REGION}\nweight = 10\n"


def test_the_repositorys_inventory_differs_in_one_line(tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "stacks.toml"
    path = tmp_path / "stacks.toml"
    path.write_bytes(source.read_bytes())
    assert save_weight(path, "production", Percent.of(10), None)
    lines = zip(source.read_text().splitlines(), path.read_text().splitlines(), strict=True)
    assert [pair for pair in lines if pair[0] != pair[1]] == [("weight = 0", "weight = 10")]


def test_mode_and_symbolic_link_stay_and_nothing_is_left_over(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    path = written(real, "section")
    path.chmod(0o640)
    link = tmp_path / "stacks.toml"
    link.symlink_to("real/stacks.toml")
    assert save_weight(link, "prod", Percent.of(10), None)
    assert link.is_symlink()
    assert data_of(path)["environments"]["prod"]["weight"] == 10
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in real.iterdir()] == ["stacks.toml"]


def test_a_file_that_no_longer_loads_is_left_alone(tmp_path: Path) -> None:
    path = written(tmp_path, "section")
    broken = path.read_text().replace("priority = 2", "priority = 1")
    path.write_text(broken)
    with pytest.raises(ConfigError):
        save_weight(path, "prod", Percent.of(10), None)
    assert path.read_text() == broken


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "section")
    with pytest.raises(UsageError, match="did you mean 'prod'") as caught:
        save_weight(path, "prud", Percent.of(10), None)
    assert caught.value.code == "unknown-environment"
    with pytest.raises(UsageError, match="did you mean 'cart'") as caught:
        save_weight(path, "prod", Percent.of(10), ["help", "carts"])
    assert caught.value.code == "unknown-route"


def test_a_saver_waits_for_another_and_keeps_its_change(tmp_path: Path) -> None:
    path = written(tmp_path, "section")
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    with ThreadPoolExecutor() as pool:
        save = pool.submit(save_weight, path, "prod", Percent.of(10), None)
        with pytest.raises(TimeoutError):
            save.result(timeout=0.5)
        path.write_text(f"{path.read_text()}weight = 3\n")
        os.close(folder)
        assert save.result()
    assert [load(path).environment(name).weight for name in ("prod", "next")] == [Percent.of(10), Percent.of(3)]


@pytest.fixture
def read_only_folder() -> Iterator[Path]:
    """A folder that this process can't write to, root or not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written(folder, "section").chmod(0o644)
        folder.chmod(0o555)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65_534)
        yield folder
        os.seteuid(user)
        folder.chmod(0o755)


def test_a_read_only_folder_is_told_with_the_way_out(read_only_folder: Path) -> None:
    path = read_only_folder / "stacks.toml"
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="--no-save") as caught:
        save_weight(path, "prod", Percent.of(10), None)
    assert caught.value.code == "file-not-writable"
    assert path.read_bytes() == before
