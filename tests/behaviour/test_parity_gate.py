"""A route's first requests wait for parity of what is live on both sides; a way back never does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rollout.api.parity import Sources
from rollout.errors import ConfigError, PreflightFailed
from rollout.fakes.resource_types import ALIAS, FUNCTION
from rollout.fakes.services import InMemoryFunctions
from rollout.inventory.model import LEGACY_ONLY
from rollout.inventory.quantities import ZERO
from rollout.migration.gates import Gate
from tests.behaviour.team import InMemoryTeam
from tests.checkout import RAMP

REQUIRED = RAMP.replace(" }", ', parity = "required", max-difference = 20 }')
ROUTE = "stamp-score"


def functions(team: InMemoryTeam) -> InMemoryFunctions:
    return team.world.functions_of(team.inventory)


def scored(event: Mapping[str, Any]) -> object:
    body = json.dumps({"path": event["path"], "score": 7})
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": body}


def wrong(event: Mapping[str, Any]) -> object:
    return {**dict(scored(event)), "body": '{"score": "7"}'}  # type: ignore[call-overload]


def gate(team: InMemoryTeam) -> InMemoryTeam:
    """Require parity of all routes; all functions answer alike."""
    team.edit(RAMP, REQUIRED)
    team.append("".join(f'\n[routes.{name}.parity]\nreplay = "idempotent"\n' for name in team.inventory.routes))
    named = [name for kind, name in team.aws.resources if kind in (FUNCTION, ALIAS)]
    functions(team).handlers |= dict.fromkeys(named, scored)
    return team


@pytest.fixture
def gated(cut_over: InMemoryTeam) -> InMemoryTeam:
    """Such a team after phase 2."""
    return gate(cut_over)


def requests(team: InMemoryTeam, *, each: int = 15) -> Path:
    file = team.folder / "requests.jsonl"
    lines = [{"route": name, "method": "POST", "path": f"/{n}"} for name in team.inventory.routes for n in range(each)]
    file.write_text("\n".join(map(json.dumps, lines)))
    return file


def compare(team: InMemoryTeam, *, each: int = 15, routes: tuple[str, ...] = ()) -> None:
    team.open().parity.compare(Sources(routes=routes, files=[requests(team, each=each)]), rate=100)


def codes(team: InMemoryTeam, weight: float = 5, **given: Any) -> set[str]:
    with pytest.raises(PreflightFailed) as caught:
        team.open().set_weight(weight, approve=True, **given)
    return {problem.code for problem in caught.value.problems}


def test_no_first_request_without_a_verdict(gated: InMemoryTeam) -> None:
    assert codes(gated) == {"no-parity"}
    refused = gated.run("ramp", "production", "--once", "--yes")
    assert refused.returncode == 1
    assert "rollout parity production" in refused.stderr
    assert {split and split.weight for split in gated.splits().values()} == {ZERO}
    compare(gated)
    assert gated.open().ramp(approve=True, once=True).state == "raised"


def test_only_first_raises_wait_for_it(gated: InMemoryTeam) -> None:
    gated.edit(REQUIRED, RAMP)
    gated.open().set_weight(5, routes=[ROUTE], approve=True)
    gated.edit(RAMP, REQUIRED)
    gated.open().set_weight(25, routes=[ROUTE], approve=True)
    assert codes(gated, 25) == {"no-parity"}  # the others have none yet
    gated.open().set_weight(1, routes=[ROUTE], approve=True)
    gated.open().rollback()
    assert set(gated.splits().values()) == {LEGACY_ONLY}
    assert codes(gated, routes=[ROUTE]) == {"no-parity"}


@pytest.mark.parametrize("side", ["rust-scorer", "legacy"])
def test_a_new_build_of_either_side_voids_it_and_an_earlier_one_is_known_again(gated: InMemoryTeam, side: str) -> None:
    compare(gated)
    told = functions(gated)
    names = (
        ["rust-scorer"]
        if side != "legacy"
        else [name for kind, name in gated.aws.resources if kind == FUNCTION and not name.startswith("rust-")]
    )
    told.digests |= dict.fromkeys(names, "a new build")
    assert codes(gated) == {"parity-outdated"}
    for name in names:
        del told.digests[name]
    gated.open().set_weight(5, approve=True)


def test_other_exceptions_void_it(gated: InMemoryTeam) -> None:
    compare(gated)
    rule = 'ignore = [{ path = "$.score", reason = "clients read both", until = 2999-12-31 }]'
    gated.edit(f"[routes.{ROUTE}.parity]\n", f"[routes.{ROUTE}.parity]\n{rule}\n")
    assert codes(gated) == {"parity-outdated"}
    gated.open().set_weight(5, routes=[name for name in gated.inventory.routes if name != ROUTE], approve=True)


def test_a_wrong_candidate_is_refused_and_a_mended_one_is_not(gated: InMemoryTeam) -> None:
    functions(gated).handlers["rust-scorer"] = wrong
    compare(gated)
    assert codes(gated) == {"parity-insufficient"}
    functions(gated).handlers["rust-scorer"] = scored
    functions(gated).digests["rust-scorer"] = "mended"
    assert codes(gated) == {"parity-outdated"}
    compare(gated)
    gated.open().set_weight(5, approve=True)


def test_too_few_requests_are_no_parity(gated: InMemoryTeam) -> None:
    compare(gated, each=5)  # a bound of 45 %
    assert codes(gated) == {"parity-insufficient"}
    gated.edit(f"[routes.{ROUTE}.parity]\n", f"[routes.{ROUTE}.parity]\nmax-difference = 50\n")
    gated.open().set_weight(5, routes=[ROUTE], approve=True)


def test_shapes_that_were_not_compared_are_no_parity(gated: InMemoryTeam) -> None:
    for name in gated.inventory.routes:
        gated.edit(f'[routes.{name}.parity]\nreplay = "idempotent"', f'[routes.{name}.parity]\nreplay = "never"')
    file = requests(gated)
    reads = [{"route": name, "path": f"/read/{n}"} for name in gated.inventory.routes for n in range(15)]
    file.write_text(file.read_text() + "\n" + "\n".join(map(json.dumps, reads)))
    gated.open().parity.compare(Sources(files=[file]), rate=100)
    assert codes(gated) == {"parity-insufficient"}
    gated.edit("max-difference = 20 }", "max-difference = 20, coverage = 50 }")
    gated.open().set_weight(5, approve=True)


def test_the_latest_verdict_of_a_build_counts(gated: InMemoryTeam) -> None:
    compare(gated)
    functions(gated).handlers["rust-scorer"] = wrong  # by what isn't its code, such as a table
    gated.open().parity.compare(Sources(files=[requests(gated)]), rate=100, restart=True)
    assert codes(gated) == {"parity-insufficient"}


def test_history_has_where_answers_differ_and_no_value_of_them(gated: InMemoryTeam) -> None:
    functions(gated).handlers["rust-scorer"] = wrong
    compare(gated, routes=(ROUTE,))
    last = gated.open().history()[-1]
    assert '{"place":"body $.score (type)","requests":15}' in last.message
    assert '\\"7\\"' not in last.message
    entry, kept = gated.open().reports.overview().parity[ROUTE]
    assert (entry.at, kept.different) == (last.at, 15)
    assert "body $.score (type)" in [each.place for each in kept.groups or ()]


def test_a_build_that_comes_while_somebody_is_asked_is_seen(gated: InMemoryTeam) -> None:
    compare(gated)

    def approve(_: Gate) -> bool:
        functions(gated).digests["rust-scorer"] = "a new build"
        return True

    with pytest.raises(PreflightFailed) as caught:
        gated.open().set_weight(5, approve=approve)
    assert {problem.code for problem in caught.value.problems} == {"parity-outdated"}
    assert codes(gated) == {"parity-outdated"}


@pytest.mark.parametrize("slip", ['parity = "requird"', 'parity = "required", min-requests = -1'])
def test_a_slip_in_the_table_does_not_lift_it(gated: InMemoryTeam, slip: str) -> None:
    gated.edit('parity = "required", max-difference = 20', slip)
    with pytest.raises(ConfigError):
        gated.open().set_weight(5, approve=True)
    gated.open().set_weight(0, approve=True)
    gated.open().rollback()


def test_a_side_that_is_no_function_is_told(gated: InMemoryTeam) -> None:
    live = gated.open().traffic.alb_state()
    group = live.group_arn(gated.inventory.routes[ROUTE].candidate)
    gated.aws.targets[group] = ("i-1", "i-2")
    compare(gated)
    assert "parity-impossible" in codes(gated)


def test_status_preflight_and_history_say_how_it_stands(gated: InMemoryTeam) -> None:
    found = gated.open().status().parity
    assert found is not None
    assert {each.code for each in found if not isinstance(each, str)} == {"no-parity"}
    (check,) = [check for check in gated.open().preflight().checks if check.name == "parity"]
    assert {note.code for note in check.notes} == {"no-parity"}
    compare(gated, routes=(ROUTE,))
    gated.world.clock.advance(timedelta(days=1))
    assert [each.route for each in gated.open().status().parity or () if not isinstance(each, str) and each.passed] == [
        ROUTE
    ]
    last = gated.open().history()[-1]
    assert (last.what, last.moves) == ("parity compared", {})
    assert "parity: 1 of" in gated.run("status", "production").stdout
    gated.edit(REQUIRED, RAMP)
    assert gated.open().status().parity is None


def test_before_phase_2_it_is_told_and_not_kept(built: InMemoryTeam) -> None:
    named = [name for kind, name in built.aws.resources if kind == FUNCTION]
    functions(built).handlers |= dict.fromkeys(named, scored)
    file = built.folder / "reads.jsonl"
    file.write_text("\n".join(json.dumps({"path": f"/v2/stamps/{n}/score/0xA"}) for n in range(3)))
    done = built.run("parity", "production", "--route", ROUTE, "--from", str(file))
    assert done.returncode == 0, done.stderr
    assert "phase 2" in done.stdout + done.stderr


def test_an_alias_that_moves_voids_it_and_one_that_moves_back_does_not(legacy: InMemoryTeam) -> None:
    legacy.edit('handler = "bootstrap"', 'handler = "bootstrap"\nalias = "live"')
    legacy.open().phase1(approve=True)
    legacy.open().phase2(approve=True)
    compare(gate(legacy))
    (legacy.folder / "build" / "bootstrap").write_text("another build")
    legacy.open().phase1(approve=True)  # publishes it, and no request meets it
    legacy.open().set_weight(5, routes=[ROUTE], approve=True)
    legacy.open().rollback()
    legacy.open().deploy(share=10, approve=True)
    assert codes(legacy, routes=[ROUTE]) == {"parity-outdated"}
    legacy.open().deploy_back()
    legacy.open().set_weight(5, routes=[ROUTE], approve=True)


def test_a_build_that_comes_while_answers_are_compared_gives_no_verdict(gated: InMemoryTeam) -> None:
    told = functions(gated)
    told.calls.after(lambda _: told.digests.update({"rust-scorer": "a new build"}), "Invoke", times=1)
    compare(gated)
    del told.digests["rust-scorer"]
    assert codes(gated) == {"no-parity"}


def test_each_comparison_reads_its_requests_anew(gated: InMemoryTeam) -> None:
    parity, sources = gated.open().parity, Sources(files=[requests(gated, each=2)])
    assert sum(route.requests for route in parity.compare(sources, rate=100).routes) == 2 * len(gated.inventory.routes)
    requests(gated, each=3)
    assert sum(route.requests for route in parity.compare(sources, rate=100).routes) == 3 * len(gated.inventory.routes)
