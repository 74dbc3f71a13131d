"""Twenty requests of the hand-off's inventory, each answer written down by hand from its tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rollout.alb.explain import Explanation, explain, future
from rollout.alb.extras import Extras, Kept
from rollout.alb.state import LiveRule
from rollout.alb.weights import ForwardAction
from rollout.inventory.conditions import Condition, ConditionField, Request, for_endpoint
from rollout.inventory.model import LEGACY_ONLY, PREPARED, Arn, Split
from rollout.inventory.quantities import Percent
from tests.unit.seed import SEED, group_arn, seed_live

TEN = Split.at(Percent.of(10))
NOW = seed_live(TEN)
RUST, RUST_INTERNAL = ("l-passport-v2-rust-scorer", "10"), ("l-passport-v2-rust-scorer-int", "10")
REGISTRY, AUTH = [("targetGroupRegistry", "100")], [("l-cc-auth", "100")]

Answer = tuple[int | None, list[str], list[tuple[str, str]]]
STAMP: Answer = (2023, ["routes.stamp-score"], [("l-passport-v2-stamp-score", "90"), RUST])
HISTORY: Answer = (2022, ["kept-routes.stamp-score-history"], REGISTRY)
GENERIC: Answer = (2060, [], REGISTRY)
NOBODY: Answer = (None, [], [])


@pytest.mark.parametrize(
    ("balancer", "method", "path", "expected"),
    [
        ("public", "GET", "/v2/stamps/7/score/0xA", STAMP),
        ("public", "GET", "/v2/stamps/7/score/0xA?refresh=true", STAMP),
        ("public", "GET", "/v2/stamps/7/score/0xA/", STAMP),
        ("public", "POST", "/v2/stamps/7/score/0xA", GENERIC),
        ("public", "GET", "/v2/stamps/7/score", (2060, ["kept-routes.stamps-address"], REGISTRY)),
        ("public", "GET", "/v2/stamps/7/score/0xA/history", HISTORY),
        ("public", "GET", "/v2/stamps/7/score/0xA/history/2", STAMP),
        ("public", "GET", "/v2/stamps/7/score/0xA/History", STAMP),
        ("public", "GET", "/v2/stamps/0xA", (2060, ["kept-routes.stamps-address"], REGISTRY)),
        (
            "public",
            "GET",
            "/v2/stamps/metadata",
            (2060, ["kept-routes.stamps-metadata", "kept-routes.stamps-address"], REGISTRY),
        ),
        (
            "public",
            "GET",
            "/v2/models/score/0xA",
            (2021, ["kept-routes.model-score"], [("l-passport-v2-model-score", "100")]),
        ),
        (
            "public",
            "POST",
            "/ceramic-cache/stamps/bulk",
            (1002, ["routes.stamps-bulk-post"], [("l-cc-v1-st-bulk-POST-0", "90"), RUST]),
        ),
        (
            "public",
            "DELETE",
            "/ceramic-cache/stamps/bulk",
            (1004, ["routes.stamps-bulk-delete"], [("l-cc-v1-st-bulk-DELETE-0", "90"), RUST]),
        ),
        ("public", "GET", "/ceramic-cache/stamps/bulk", NOBODY),
        (
            "public",
            "POST",
            "/ceramic-cache/score/0xA",
            (1001, ["routes.ceramic-score"], [("l-cc-v1-score-POST-0", "90"), RUST]),
        ),
        (
            "public",
            "POST",
            "/ceramic-cache/authenticate",
            (1005, ["kept-routes.ceramic-authenticate"], [("l-cc-auth", "100")]),
        ),
        ("public", "POST", "/internal/embed/stamps/0xA", NOBODY),
        (
            "internal",
            "POST",
            "/internal/embed/stamps/0xA",
            (2100, ["routes.embed-stamps"], [("embed-st-lambda-target-group", "90"), RUST_INTERNAL]),
        ),
        (
            "internal",
            "GET",
            "/internal/embed/score/7/0xA",
            (2103, ["routes.embed-score"], [("embed-gs-lambda-target-group", "90"), RUST_INTERNAL]),
        ),
        ("internal", "GET", "/internal/embed/score/7", NOBODY),
    ],
)
def test_the_hand_offs_requests_go_where_its_tables_say(
    balancer: str, method: str, path: str, expected: Answer
) -> None:
    found = explain(SEED, NOW, balancer, Request.of(method, path))
    shares = [(share.target_group, share.percent) for share in found.shares]
    assert (found.priority, list(found.inventory), shares) == expected


SCORE = Request.of("GET", "/v2/stamps/7/score/0xA")


def at(split: Split, cookie: str | None = None, request: Request = SCORE) -> Explanation:
    return explain(SEED, seed_live(split), "public", request, cookie)


def test_each_rule_that_was_asked_before_says_why_it_did_not_take_it() -> None:
    assert [(rule.priority, rule.why) for rule in at(TEN).passed] == [
        (1001, "GET is not POST"),
        (1002, "GET is not POST"),
        (1003, "GET is not PATCH"),
        (1004, "GET is not DELETE"),
        (1005, "GET is not POST"),
        (2021, "another path"),
        (2022, "another path"),
    ]


def test_legacy_and_candidate_are_named_with_the_function() -> None:
    assert [(share.part, share.function) for share in at(TEN).shares] == [
        ("legacy", None),
        ("candidate", "rust-scorer"),
    ]


def test_a_function_is_told_by_the_name_that_it_has_on_aws() -> None:
    named = {key: each.model_copy(update={"name": "score-candidate"}) for key, each in SEED.functions.items()}
    found = explain(SEED.model_copy(update={"functions": named}), NOW, "public", SCORE)
    assert [share.function for share in found.shares] == [None, "score-candidate"]


@pytest.mark.parametrize(
    ("split", "cookie", "shares", "said"),
    [
        (TEN, None, ["90", "10"], "by weight, then a cookie keeps the client there for 3600 s"),
        (TEN, "candidate", ["100"], "by its cookie, whatever the weights"),
        (PREPARED, "l-passport-v2-rust-scorer", ["100"], "by its cookie"),
        (TEN, "l-cc-auth", ["90", "10"], "is not in the rule"),
        (LEGACY_ONLY, "candidate", ["100"], "not by cookie"),
    ],
)
def test_a_cookie_wins_over_weights_while_its_group_is_in_the_rule(
    split: Split, cookie: str | None, shares: list[str], said: str
) -> None:
    found = at(split, cookie)
    assert [share.percent for share in found.shares] == shares
    assert said in found.chosen


def test_a_cookie_is_followed_to_its_own_group() -> None:
    assert [share.part for share in at(TEN, "candidate").shares] == ["candidate"]
    assert [share.part for share in at(LEGACY_ONLY, "candidate").shares] == ["legacy"]


def test_the_default_rule_is_told_with_what_it_does() -> None:
    found = at(TEN, request=Request.of("GET", "/nothing"))
    assert (found.priority, found.action, found.rule) == (None, "fixed-response 404", "arn:public/default")
    assert (found.shares, found.chosen) == ((), "")


def test_what_else_a_rule_does_is_told() -> None:
    live, request = seed_live(TEN), Request.of("GET", "/v2/stamps/7/score/0xA")
    rule = live.rule_of(SEED.routes["stamp-score"])
    assert rule
    more = replace(rule, extras=Extras(before=(Kept("authenticate-oidc", "{}"),)))
    logged_in = replace(live, rules=tuple(more if each is rule else each for each in live.rules))
    found = explain(SEED, logged_in, "public", request)
    assert found.shares == explain(SEED, live, "public", request).shares
    assert "authenticate-oidc" in found.chosen


def with_rule(condition: Condition) -> LiveRule:
    return LiveRule(Arn("arn:extra"), Arn("arn:public"), 7, (condition,), ForwardAction({group_arn("extra"): 1}))


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        (Condition.on_header("X-Rollout", ("candidate",)), "header X-Rollout has another value"),
        (Condition.on_header("X-Other", ("a",)), "header X-Other is missing"),
        (Condition(ConditionField.HOST, ("shop.test",)), "host (not given) doesn't match shop.test"),
        (Condition(ConditionField.QUERY, ("a=b",)), "no part of the query string matches a=b"),
        (Condition(ConditionField.SOURCE, ("10.0.0.0/8",)), "source 11.0.0.1 is not in 10.0.0.0/8"),
        (Condition(ConditionField.HOST, ("^a",), regex=True), "host (not given) doesn't match ^a"),
        (Condition(ConditionField.PATH, ("^/V2",), regex=True), "may match: rollout can't evaluate path regex ^/V2"),
    ],
)
def test_every_kind_of_condition_says_why(condition: Condition, why: str) -> None:
    live = replace(NOW, rules=(*NOW.rules, with_rule(condition)))
    request = Request.of("GET", "/v2/stamps/7/score/0xA", [("X-Rollout", "legacy")], source_ip="11.0.0.1")
    found = explain(SEED, live, "public", request)
    assert (found.passed[0].priority, found.passed[0].why) == (7, why)
    assert found.priority == 2023


def test_a_host_that_is_given_is_told() -> None:
    live = replace(NOW, rules=(*NOW.rules, with_rule(Condition(ConditionField.HOST, ("shop.test",)))))
    assert "other.test" in explain(SEED, live, "public", replace(SCORE, host="other.test")).passed[0].why


def test_a_rule_is_a_kept_routes_only_at_its_place_and_with_its_conditions() -> None:
    history = Request.of("GET", "/v2/stamps/7/score/0xA/history")
    (at_place,) = (rule for rule in NOW.rules if rule.priority == 2022)
    moved = replace(NOW, rules=tuple(replace(r, priority=2024) if r is at_place else r for r in NOW.rules))
    assert explain(SEED, moved, "public", history).inventory == ("routes.stamp-score",)
    other = replace(NOW, rules=tuple(replace(r, asks=()) if r is at_place else r for r in NOW.rules))
    assert (explain(SEED, other, "public", history).priority, explain(SEED, other, "public", history).inventory) == (
        2022,
        (),
    )
    there = replace(NOW, rules=(*NOW.rules, replace(at_place, priority=7)))
    assert (explain(SEED, there, "public", history).priority, explain(SEED, there, "public", history).inventory) == (
        7,
        (),
    )


def test_a_rule_is_a_routes_only_with_its_conditions() -> None:
    wider = tuple(replace(r, asks=for_endpoint("/v2/*", ())) if r.priority == 2023 else r for r in NOW.rules)
    found = explain(SEED, replace(NOW, rules=wider), "public", SCORE)
    assert (found.priority, found.inventory) == (2023, ())


def test_a_rule_that_the_inventory_does_not_know_takes_it_all_the_same() -> None:
    live = replace(NOW, rules=(*NOW.rules, with_rule(Condition(ConditionField.HOST, ("*.shop.test",)))))
    found = explain(SEED, live, "public", replace(SCORE, host="www.shop.test"))
    assert (found.priority, found.inventory, found.shares[0].target_group) == (7, (), "extra")
    assert found.shares[0].part is None


def test_the_future_has_the_splits_that_are_asked_for_and_all_else_as_it_is() -> None:
    half = Split.at(Percent.of(50))
    later = future(SEED, NOW, {"stamp-score": half})
    assert later.split_of(SEED.routes["stamp-score"]) == half
    changed = {rule.arn for rule, was in zip(later.rules, NOW.rules, strict=True) if rule != was}
    assert changed == {"arn:stamp-score"}
    (rule,) = (rule for rule in later.rules if rule.arn == "arn:stamp-score")
    assert rule.forward is not None
    assert rule.forward.stickiness == timedelta(hours=1)
