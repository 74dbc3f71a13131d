"""Who takes requests from whom: the hand-off's inventory, and one small inventory bent each way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rollout.alb.overlaps import Overlap, overlaps
from rollout.alb.state import AlbState, LiveRule
from rollout.inventory.conditions import Condition, ConditionField, for_endpoint
from rollout.inventory.fields import LAST
from rollout.inventory.model import Arn, Environment, KeptRoute, Route
from tests.unit.builders import environment
from tests.unit.seed import SEED, seed_live

PUBLIC = Arn("arn:public")


def route(path: str, priority: int, *methods: str) -> Route:
    return Route(load_balancer="public", path=path, methods=methods, priority=priority, legacy="old", candidate="new")


def kept(path: str, priority: int, *methods: str, via: str | None = None) -> KeptRoute:
    return KeptRoute(load_balancer="public", path=path, methods=methods, priority=priority, legacy="old", via=via)


def rule(path: str, priority: int, *methods: str) -> LiveRule:
    return LiveRule(Arn(f"arn:rule/{priority}"), PUBLIC, priority, for_endpoint(path, methods))


def as_live(inventory: Environment, *others: LiveRule, without: str = "") -> AlbState:
    """AWS with each rule that the inventory tells of, but one, and others."""
    now = seed_live(inventory=inventory)
    return replace(now, rules=tuple(r for r in (*now.rules, *others) if r.arn != f"arn:{without}"))


def found(routes: dict[str, Route], kept_routes: dict[str, KeptRoute], *others: LiveRule) -> list[Overlap]:
    inventory = environment(routes=routes, kept_routes=kept_routes)
    return list(overlaps(inventory, as_live(inventory, *others)))


def test_the_seeds_overlaps_are_as_they_are_meant() -> None:
    told = {(o.severity, o.code, o.where, o.what.split(",")[0], o.example) for o in overlaps(SEED, as_live(SEED))}
    part = ("note", "route-partly-covered")
    assert told == {
        (*part, "routes.stamp-score", "kept-routes.stamp-score-history", "GET /v2/stamps//score//history"),
        (*part, "kept-routes.stamps-address", "routes.stamp-score", "GET /v2/stamps//score/"),
    }


def test_a_kept_route_whose_rule_is_gone_falls_to_a_route() -> None:
    (first, *_) = overlaps(SEED, as_live(SEED, without="stamp-score-history"))
    assert first.severity == "problem"
    assert (first.problem.where, first.problem.code) == (first.where, first.code)
    assert (first.where, first.code) == ("kept-routes.stamp-score-history", "kept-route-to-candidate")
    assert all(part in first.problem.what for part in ("2022", "routes.stamp-score", "GET /v2/stamps//score//history"))
    assert first.problem.hint


def test_a_kept_route_whose_rule_is_gone_elsewhere_is_noted() -> None:
    (note,) = (o for o in overlaps(SEED, as_live(SEED, without="model-score")) if o.where == "kept-routes.model-score")
    assert (note.severity, note.code, note.example) == ("note", "kept-rule-missing", "GET /v2/models/score/")


@pytest.mark.parametrize(
    ("there", "severity", "code"), [(15, "note", "kept-rule-missing"), (25, "problem", "kept-route-to-candidate")]
)
def test_a_kept_route_whose_rule_stands_elsewhere_is_judged_by_where(there: int, severity: str, code: str) -> None:
    inventory = environment(routes={"a": route("/a/*", 20)}, kept_routes={"k": kept("/a/b", 10)})
    live = as_live(inventory, rule("/a/b", there), without="k")
    (told,) = (o for o in overlaps(inventory, live) if o.code == code)
    assert (told.severity, told.where) == (severity, "kept-routes.k")
    assert str(there) in told.what


def test_a_kept_route_behind_a_wider_route_never_gets_a_request() -> None:
    (problem,) = found({"a": route("/a/*", 10)}, {"k": kept("/a/b", 20, "GET")})
    assert (problem.severity, problem.where, problem.example) == ("problem", "kept-routes.k", "GET /a/b")
    assert problem.code == "route-unreachable"
    assert "routes.a" in problem.what


def test_a_kept_route_that_loses_a_part_to_a_route_is_a_problem() -> None:
    (problem,) = found({"a": route("/a/*/c", 10)}, {"k": kept("/a/b/*", 20)})
    assert (problem.severity, problem.where, problem.example) == ("problem", "kept-routes.k", "GET /a/b/c")
    assert problem.code == "kept-route-to-candidate"
    (note,) = found({"a": route("/a/b", 10)}, {"k": kept("/a/*", 20)})
    assert note.severity == "note"


def test_a_route_may_be_starved_by_several_together() -> None:
    takers = {"get": route("/a*", 10, "GET"), "post": route("/a?", 11, "POST"), "exact": route("/a", 12, "POST")}
    starved = takers | {"last": route("/a", 20, "GET", "POST")}
    (problem,) = (o for o in found(starved, {}) if o.where == "routes.last")
    assert problem.severity == "problem"
    assert "routes.get and routes.exact" in problem.what
    fed = takers | {"last": route("/a", 20)}  # any other method is left for it
    assert {o.severity for o in found(fed, {})} == {"note"}


def test_a_live_rule_that_the_inventory_does_not_know_counts() -> None:
    (problem,) = found({"a": route("/a/b", 10, "GET")}, {}, rule("/a/*", 5))
    assert (problem.severity, problem.where, problem.code) == ("problem", "routes.a", "route-unreachable")
    assert "5 (/a/*)" in problem.what


def test_a_rule_that_asks_for_more_only_may_take_some() -> None:
    hosted = rule("/a/*", 5)
    hosted = replace(hosted, asks=(*hosted.asks, Condition(ConditionField.HOST, ("x.test",))))
    (note,) = found({"a": route("/a/b", 10, "GET")}, {}, hosted)
    assert (note.severity, note.code) == ("note", "route-partly-covered")
    anywhere = replace(hosted, asks=(Condition.on_header("X-A", ("1",)),))
    assert [o.severity for o in found({"a": route("/a/b", 10, "GET")}, {}, anywhere)] == ["note"]


def test_what_keeps_anybody_from_knowing_what_a_rule_takes_is_named() -> None:
    expression = Condition(ConditionField.PATH, ("^/a",), regex=True)
    unsure = replace(rule("/a/*", 5), asks=(expression,))
    (note,) = found({"a": route("/a/b", 10, "GET")}, {}, unsure)
    assert (note.severity, note.code) == ("note", "route-partly-covered")
    assert str(expression) in note.what.rpartition("requests")[2]
    (sure,) = found({"a": route("/a/*", 10, "GET")}, {}, rule("/a/b", 5))
    assert sure.what.rpartition("requests")[2] == ""


def test_of_several_takers_the_first_one_is_the_one_to_get_before() -> None:
    routes = {"late": route("/a*", 12), "soon": route("/*", 10), "last": route("/a", 20)}
    (problem,) = (o for o in found(routes, {}) if o.where == "routes.last" and o.severity == "problem")
    assert problem.hint is not None
    assert problem.hint.endswith(" 10")


def test_a_default_action_behind_rules_names_the_one_that_takes_all() -> None:
    default = Route(load_balancer="public", priority=LAST, legacy="old", candidate="new")
    (problem,) = found({"all": default}, {}, rule("/a", 5), rule("/*", 10))
    assert (problem.where, problem.code) == ("routes.all", "route-unreachable")
    assert problem.hint is not None
    assert problem.hint.endswith(" 10")


def test_a_kept_route_whose_rule_stands_twice_is_where_it_stands_first() -> None:
    inventory = environment(routes={"a": route("/a/*", 20)}, kept_routes={"k": kept("/a/b", 10)})
    live = as_live(inventory, rule("/a/b", 30), rule("/a/b", 15), without="k")
    (told,) = (o for o in overlaps(inventory, live) if o.code == "kept-rule-missing")
    assert "priority 15," in told.what


def test_what_a_strange_rule_takes_of_a_kept_route_is_none_of_ours() -> None:
    assert found({"a": route("/b", 10)}, {"k": kept("/a/*", 20)}, rule("/a/b", 5)) == []


def test_rules_of_another_load_balancer_and_behind_do_not_count() -> None:
    elsewhere = replace(rule("/*", 1), listener=Arn("arn:elsewhere"))
    assert found({"a": route("/a/b", 10, "GET")}, {}, elsewhere, rule("/*", 99)) == []
