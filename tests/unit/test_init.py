"""A first inventory out of what an account has: what can move, names that AWS takes, and a file that holds together."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.alb.discovered import Endpoint, Found, Listener, Unfit, no_rules, sorted_out
from rollout.alb.extras import NO_EXTRAS, Extras
from rollout.alb.state import DEFAULT_PRIORITY, LiveRule, LiveTargetGroup
from rollout.alb.weights import ForwardAction
from rollout.api.init.answers import Answers, proposed, refuse_unreadable
from rollout.api.init.draft import Draft, drafted
from rollout.api.init.names import LONGEST_GROUP, candidate_groups, fitted, route_keys
from rollout.api.init.selection import endpoints_named, listeners_named, numbers
from rollout.api.init.text import text_of
from rollout.api.init.writing import write_new
from rollout.errors import UsageError
from rollout.inventory.conditions import Condition, ConditionField, for_endpoint, meaning_of
from rollout.inventory.file.reading import parse
from rollout.inventory.model import Arn
from rollout.inventory.quantities import Percent
from tests.behaviour.test_extras import LOGIN, extras

ANSWERS = Answers("shop", "production", "new-shop", "-candidate", "new.zip", "provided.al2023", "bootstrap")
GROUPS = {
    Arn(f"arn:{name}"): LiveTargetGroup(Arn(f"arn:{name}"), name, kind, (Arn("arn:lb"),))
    for name, kind in {"cart": "lambda", "score": "lambda", "pages": "ip"}.items()
}


def rule(priority: int, path: str, *methods: str, to: str = "cart", more: Sequence[Condition] = ()) -> LiveRule:
    asks = (*for_endpoint(path, methods), *more)
    return LiveRule(Arn(f"arn:rule/{priority}"), Arn("arn:l"), priority, asks, ForwardAction({Arn(f"arn:{to}"): 1}))


def found(*rules: LiveRule, port: int = 443) -> Found:
    return Found("123456789012", "us-west-2", (Listener("shop", port, rules),), GROUPS)


def endpoints(account: Found) -> list[Endpoint]:
    judged = sorted_out(account.listeners, account.target_groups)
    return [each for each in judged if isinstance(each, Endpoint)]


def draft(account: Found, *moving: str) -> Draft:
    return drafted(account, endpoints_named(endpoints(account), moving), ANSWERS)


SHOP = found(
    rule(1000, "/cart/*", "GET"),
    rule(1001, "/cart/*", "POST", "PUT"),
    rule(1002, "/score", "GET", to="score"),
    rule(1003, "/*", to="pages"),
    rule(1004, "/beta", more=(Condition(ConditionField.HOST, ("beta.shop",)),)),
    replace(rule(1005, "/old"), forward=None, action="redirect 301"),
)


def test_the_file_holds_together_and_says_what_was_found() -> None:
    inventory = parse(text_of(draft(SHOP, "/cart/*")), Path("stacks.toml")).environment("production")
    assert (inventory.account, inventory.region, inventory.project) == ("123456789012", "us-west-2", "shop")
    assert inventory.load_balancers["shop"].listener_port == 443
    moved = {
        key: (str(route), route.priority, route.legacy, route.candidate) for key, route in inventory.routes.items()
    }
    assert moved == {
        "get-cart": ("GET /cart/*", 1000, "cart", "cart-get-cart-candidate"),
        "post-put-cart": ("POST|PUT /cart/*", 1001, "cart", "cart-post-put-cart-candidate"),
    }
    assert inventory.functions["new-shop"].target_groups == {
        "shop": ("cart-get-cart-candidate", "cart-post-put-cart-candidate")
    }
    kept = {key: (route.legacy, route.target_type) for key, route in inventory.kept_routes.items()}
    assert kept == {"score": ("score", "lambda"), "root": ("pages", "ip"), "beta": ("cart", "lambda")}


def test_a_rule_that_cannot_move_is_a_line_that_says_why() -> None:
    text = text_of(draft(SHOP, "/score"))
    assert "# - shop:443, priority 1005, /old: its action is redirect 301" in text


def test_what_is_optional_holds_once_it_is_taken_in() -> None:
    text = re.sub(r"(?m)^#(?=\S)", "", text_of(draft(SHOP, "/score")))
    production = parse(text, Path("stacks.toml")).environment("production")
    assert production.legacy.owner == "terraform"
    assert production.header_override is not None
    webhook = production.notifications["team"].webhook
    assert webhook
    assert webhook.get_secret_value() == "$TEAM_WEBHOOK"
    assert {"programs", "ramp"} <= tomllib.loads(text).keys()


def test_no_header_rules_are_proposed_where_there_is_no_room_before_the_routes() -> None:
    assert "[header-override]" not in text_of(draft(found(rule(1, "/a")), "/a"))


@pytest.mark.parametrize(
    ("unfit", "why"),
    [
        (rule(1, "/a", more=(Condition("moon-phase", ("full",)),)), "this version doesn't support: moon-phase full"),
        (LiveRule(Arn("r"), Arn("l"), 1, for_endpoint("/a", ()), None, "redirect HTTP_301"), "redirect HTTP_301"),
        (
            LiveRule(
                Arn("r"),
                Arn("l"),
                1,
                for_endpoint("/a", ()),
                ForwardAction({Arn("arn:cart"): 9, Arn("arn:score"): 1, Arn("arn:pages"): 0}),
            ),
            "3 target groups",
        ),
        (
            LiveRule(
                Arn("r"),
                Arn("l"),
                1,
                for_endpoint("/a", ()),
                ForwardAction({Arn("arn:cart"): 9, Arn("arn:targetgroup/gone/1"): 1}),
            ),
            "gone can't be a candidate",
        ),
        (rule(1, "/a", to="gone"), "can't be read"),
    ],
)
def test_what_rollout_does_not_take_over_has_its_reason(unfit: LiveRule, why: str) -> None:
    (judged,) = sorted_out(found(unfit).listeners, GROUPS)
    assert isinstance(judged, Unfit)
    assert why in judged.why
    assert judged.hint


@pytest.mark.parametrize(
    ("asks", "said"),
    [
        ([Condition(ConditionField.PATH, ("/a", "/b"))], {"path": ["/a", "/b"]}),
        ([Condition(ConditionField.METHOD, ("GET",))], {"match": {"methods": ["GET"]}}),
        ([Condition(ConditionField.PATH, ("*.png",))], {"match": {"path": "*.png"}}),
        (
            [Condition(ConditionField.HOST, ("a.test", "*.b.test")), Condition(ConditionField.SOURCE, ("10.0.0.0/8",))],
            {"match": {"host": ["a.test", "*.b.test"], "source-ip": "10.0.0.0/8"}},
        ),
        (
            [Condition(ConditionField.QUERY, ("a=b", "=c")), Condition(ConditionField.QUERY, ("d=e=f",))],
            {"match": [{"query": ["a=b", "c"]}, {"query": "d=e=f"}]},
        ),
        ([Condition(ConditionField.HOST, ("^a",), regex=True)], {"match": {"host-regex": "^a"}}),
        ([Condition.on_header("X-Origin-Verify", ["s3cr3t"])], {"match": "as-is"}),
        ([Condition(ConditionField.HOST, ("localhost",))], {"match": "as-is"}),
    ],
)
def test_each_rule_that_forwards_can_move_with_what_it_asks(asks: list[Condition], said: dict[str, Any]) -> None:
    account = found(LiveRule(Arn("r"), Arn("l"), 1, tuple(asks), ForwardAction({Arn("arn:cart"): 1})))
    (endpoint,) = endpoints(account)
    text = text_of(drafted(account, [endpoint], ANSWERS))
    (route,) = tomllib.loads(text)["routes"].values()
    assert {key: route[key] for key in ("path", "methods", "match") if key in route} == said
    (read,) = parse(text, Path("stacks.toml")).environment("production").routes.values()
    assert read.conditions is None or meaning_of(read.conditions) == meaning_of(asks)
    assert "s3cr3t" not in text


def test_each_route_has_a_candidate_group_of_its_own_unless_they_share_them() -> None:
    apart, together = (
        {r.candidate for r in parse(text_of(made), Path("stacks.toml")).environment("production").routes.values()}
        for made in (drafted(SHOP, endpoints(SHOP), ANSWERS, shared_groups=shared) for shared in (False, True))
    )
    assert len(apart) == len(endpoints(SHOP))
    assert together == {"cart-candidate", "score-candidate", "pages-candidate"}


def by_default(forward: ForwardAction | None, *rules: LiveRule, port: int = 443, extras: Extras = NO_EXTRAS) -> Found:
    """An account with a listener whose default action does something."""
    default = LiveRule(Arn("d"), Arn("l"), DEFAULT_PRIORITY, (), forward, "fixed-response 404", extras=extras)
    return Found("123456789012", "us-west-2", (Listener("shop", port, rules, default),), GROUPS)


CART, BOTH = ForwardAction({Arn("arn:cart"): 1}), ForwardAction({Arn("arn:cart"): 1, Arn("arn:score"): 1})


@pytest.mark.parametrize("rules", [(), (rule(20, "/a", to="score"),)])
def test_a_default_action_that_forwards_can_move(rules: tuple[LiveRule, ...]) -> None:
    account = by_default(CART, *rules)
    (*_, endpoint) = endpoints(account)
    for words in ("default", "/*", "the default action"):
        assert endpoints_named(endpoints(account), [words]) == (endpoint,)
    made = drafted(account, [endpoint], ANSWERS)
    inventory = parse(text_of(made), Path("stacks.toml")).environment("production")
    assert {key: (route.is_default, route.legacy) for key, route in inventory.routes.items()} == {
        "default": (True, "cart")
    }
    rest = drafted(account, endpoints(account)[:1], ANSWERS)  # unless it is the only one it stays, and isn't listed
    assert not parse(text_of(rest), Path("stacks.toml")).environment("production").kept_routes


def test_the_same_default_action_of_several_listeners_is_one_route_and_no_rules() -> None:
    of_443, of_80 = by_default(CART).listeners[0], by_default(CART, port=80).listeners[0]
    ruled = Listener("shop", 8080, (rule(7, "/*", to="cart"),))
    account = replace(by_default(CART), listeners=(of_443, of_80, ruled))
    inventory = parse(text_of(drafted(account, endpoints(account), ANSWERS)), Path("stacks.toml"))
    routes = inventory.environment("production").routes.values()
    assert sorted((str(route.priority), route.is_default) for route in routes) == [
        ("7", False),
        ("default", True),
        ("default", True),
    ]


@pytest.mark.parametrize(
    ("account", "unfit"),
    [
        (by_default(None), 0),
        (by_default(CART, rule(400, "/*")), 0),
        (by_default(CART, replace(rule(400, "/*"), forward=None, action="redirect HTTP_301")), 1),
        (by_default(BOTH), 1),
        (by_default(CART, extras=extras(LOGIN)), 1),
    ],
)
def test_another_default_action_says_why_it_cannot(account: Found, unfit: int) -> None:
    judged = tuple(sorted_out(account.listeners, GROUPS))
    assert not any(isinstance(each, Endpoint) and each.is_default for each in judged)
    assert [each.hint != "" for each in judged if isinstance(each, Unfit)] == [True] * unfit


def test_a_listener_without_anything_to_move_says_what_it_does() -> None:
    assert "fixed-response 404" in no_rules(by_default(None).listeners[0])


def test_a_name_means_the_listeners_that_serve() -> None:
    serving, answering = by_default(CART, port=443).listeners[0], by_default(None, port=80).listeners[0]
    account = replace(by_default(None), listeners=(answering, serving))
    assert listeners_named(account, ["shop"]) == (serving,)
    assert listeners_named(replace(account, listeners=(answering,)), ["shop"]) == (answering,)


@pytest.mark.parametrize(
    "before",
    [rule(10, "/a", "GET", "PUT"), replace(rule(10, "/a", "GET", "PUT"), forward=None, action="redirect HTTP_301")],
)
def test_of_two_rules_for_the_same_requests_the_later_is_never_asked(before: LiveRule) -> None:
    first, second = sorted_out(found(rule(20, "/a", "PUT", "GET"), before).listeners, GROUPS)
    assert isinstance(first, Endpoint) == (before.forward is not None)
    assert isinstance(second, Unfit)
    assert "priority 10 takes the same requests" in second.why


def test_two_listeners_of_one_load_balancer_are_two_entries() -> None:
    listeners = (Listener("shop", 443, (rule(1, "/a"),)), Listener("shop", 80, (rule(1, "/a", to="score"),)))
    made = draft(Found("123456789012", "us-west-2", listeners, GROUPS), "/a")
    inventory = parse(text_of(made), Path("stacks.toml")).environment("production")
    assert {key: route.load_balancer for key, route in inventory.routes.items()} == {
        "a-443": "shop-443",
        "a-80": "shop-80",
    }


@pytest.mark.parametrize(
    ("words", "priorities"),
    [
        (["GET /cart/*"], [1000]),
        (["PUT|POST /cart/*"], [1001]),
        (["/cart/*"], [1000, 1001]),
        (["1002", "1000"], [1000, 1002]),
        (["/*"], [1003]),
    ],
)
def test_rules_are_named_by_method_and_path_by_path_or_by_priority(words: list[str], priorities: list[int]) -> None:
    assert [each.priority for each in endpoints_named(endpoints(SHOP), words)] == priorities


@pytest.mark.parametrize("words", ["POST /cart/*", "/carts/*", "GET", "", "1005"])
def test_a_rule_that_is_not_there_is_an_error_with_those_that_are(words: str) -> None:
    with pytest.raises(UsageError) as caught:
        endpoints_named(endpoints(SHOP), [words])
    assert caught.value.code == "unknown-rule"
    assert "GET /cart/*" in str(caught.value)


def test_a_load_balancer_is_meant_with_its_rules_or_by_a_port() -> None:
    listeners = (Listener("shop", 80), Listener("shop", 443, (rule(1, "/a"),)), Listener("bare", 80))
    account = Found("123456789012", "us-west-2", listeners)
    assert [str(each) for each in listeners_named(account, ["shop"])] == ["shop:443"]
    assert [str(each) for each in listeners_named(account, ["bare", "shop:80"])] == ["bare:80", "shop:80"]
    with pytest.raises(UsageError, match="did you mean 'shop'"):
        listeners_named(account, ["shpo"])
    with pytest.raises(UsageError) as caught:
        listeners_named(account, ["shop:8080"])
    assert caught.value.code == "unknown-listener"


@pytest.mark.parametrize(
    ("text", "wanted"), [("2", (1,)), ("1,3-4", (0, 2, 3)), ("3 1", (0, 2)), ("All", (0, 1, 2, 3))]
)
def test_numbers_are_read(text: str, wanted: tuple[int, ...]) -> None:
    assert numbers(text, 4) == wanted


@pytest.mark.parametrize("text", ["", "0", "5", "3-2", "a", "1;2", "-1"])
def test_what_is_no_number_of_the_list_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="from 1 to 4"):
        numbers(text, 4)


def test_answers_that_are_not_given_are_proposed() -> None:
    assert proposed({"function": "rust-shop", "code": None}, "My shop") == {
        "project": "my-shop",
        "environment": "production",
        "function": "rust-shop",
        "suffix": "-candidate",
        "code": "candidate.zip",
        "runtime": "provided.al2023",
        "handler": "bootstrap",
    }
    assert proposed({}, "/")["function"] == "root-candidate"


def test_all_flags_that_cannot_be_meant_are_told_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        refuse_unreadable({"project": "a b", "environment": "x", "suffix": "-", "function": "f" * 64})
    assert re.findall("--([a-z-]+):", str(caught.value)) == ["project", "candidate-suffix", "function"]


group_names = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?", fullmatch=True)


@given(st.sets(group_names, min_size=1, max_size=8), st.sampled_from(["-candidate", "-rs", "-next-generation"]))
def test_names_of_candidates_are_ones_that_aws_takes_and_nobody_has(names: set[str], suffix: str) -> None:
    listener = Listener("shop", 443)
    moving = {
        f"r{n}": Endpoint(listener, n, for_endpoint(f"/{n}", ()), name, "lambda")
        for n, name in enumerate(sorted(names), 1)
    }
    made = candidate_groups(moving, suffix, names)
    assert len(set(made.values())) == len(names)
    for candidate in made.values():
        assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", candidate)
        assert len(candidate) <= LONGEST_GROUP
        assert candidate.endswith(suffix)
        assert candidate not in names


def test_a_name_is_cut_no_further_than_need_be() -> None:
    assert fitted("score", "-candidate", LONGEST_GROUP, set()) == "score-candidate"
    long = fitted("l-passport-v2-stamp-score", "-candidate", LONGEST_GROUP, set())
    assert re.fullmatch(r"l-passport-v2-sta-[0-9a-f]{4}-candidate", long)
    assert fitted("score", "-candidate", LONGEST_GROUP, {"score-candidate"}) not in {"score-candidate", long}


paths = st.text("/*?.~abcXYZ019-_", max_size=80).map(lambda text: f"/{text}")


@given(st.lists(st.tuples(paths, st.sets(st.sampled_from(["GET", "PUT", "POST"]))), min_size=1, max_size=8))
def test_routes_have_keys_of_their_own_whatever_their_paths(asked: list[tuple[str, set[str]]]) -> None:
    listener = Listener("shop", 443)
    moving = [
        Endpoint(listener, n, for_endpoint(path, sorted(how)), "g", "lambda") for n, (path, how) in enumerate(asked, 1)
    ]
    keys = route_keys(moving)
    assert len(set(keys.values())) == len(moving)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", key) for key in keys.values())


some_rules = st.lists(
    st.tuples(
        paths.filter(lambda path: path.count("*") + path.count("?") <= 5), st.sets(st.sampled_from(["GET", "PUT"]))
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.thorough
@given(some_rules, st.data())
def test_whatever_the_rules_are_the_file_holds_together(asked: list[tuple[str, set[str]]], data: st.DataObject) -> None:
    account = found(*(rule(n, path, *sorted(how), to="score") for n, (path, how) in enumerate(asked, 1)))
    movable = endpoints(account)
    moving = data.draw(st.lists(st.sampled_from(movable), min_size=1, unique=True))
    inventory = parse(text_of(drafted(account, moving, ANSWERS)), Path("stacks.toml")).environment("production")
    assert {route.priority for route in inventory.routes.values()} == {each.priority for each in moving}
    assert len(inventory.routes) + len(inventory.kept_routes) == len(movable)


def test_a_file_is_written_whole_and_never_over_another(tmp_path: Path) -> None:
    file = tmp_path / "stacks.toml"
    write_new(file, "one")
    with pytest.raises(UsageError) as caught:
        write_new(file, "two")
    assert caught.value.code == "file-exists"
    assert file.read_text() == "one"
    write_new(file, "two", force=True)
    assert file.read_text() == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["stacks.toml"]


@pytest.mark.parametrize(("secure", "written"), [(1, "listeners = [80, 443]"), (7, "priority = { 80 = 1, 443 = 7 }")])
def test_the_same_rules_on_two_listeners_are_one_route_with_one_candidate_group(secure: int, written: str) -> None:
    listeners = Listener("shop", 80, (rule(1, "/cart/*"),)), Listener("shop", 443, (rule(secure, "/cart/*"),))
    text = text_of(draft(Found("123456789012", "us-west-2", listeners, GROUPS), "/cart/*"))
    assert written in text
    inventory = parse(text, Path("stacks.toml")).environment("production")
    assert inventory.functions["new-shop"].target_groups == {"shop-80": ("cart-candidate",)}
    assert {(key, route.load_balancer, route.priority) for key, route in inventory.routes.items()} == {
        ("cart-80", "shop-80", 1),
        ("cart-443", "shop-443", secure),
    }


def test_of_the_same_rules_only_one_may_move() -> None:
    listeners = Listener("shop", 80, (rule(1, "/cart/*"),)), Listener("shop", 443, (rule(7, "/cart/*"),))
    inventory = parse(text_of(draft(Found("123456789012", "us-west-2", listeners, GROUPS), "7")), Path("stacks.toml"))
    routes = inventory.environment("production").routes
    assert {key: route.load_balancer for key, route in routes.items()} == {"cart": "shop"}


SERVICES = {
    Arn(f"arn:{name}"): LiveTargetGroup(Arn(f"arn:{name}"), name, kind, (*used,), protocol=protocol)
    for name, kind, protocol, used in [
        ("ecs", "ip", "HTTP", ()),
        ("rust", "lambda", "", ()),
        ("games", "ip", "TCP", ()),
        ("alb", "alb", "HTTP", ()),
        ("busy", "ip", "HTTP", (Arn("arn:lb"),)),
    ]
}


def test_target_groups_that_nothing_uses_are_offered_as_candidates() -> None:
    account = replace(SHOP, target_groups=GROUPS | SERVICES)
    inventory = draft(account, "/score")
    assert inventory.unused.keys() == {"ecs", "rust"}
    offered = re.findall(r"(?m)^# - (candidate = .*) \(", text_of(inventory))
    assert {tomllib.loads(each)["candidate"]["target-group"] for each in offered} == inventory.unused.keys()


def test_an_existing_target_group_is_the_candidate_without_a_function() -> None:
    account = replace(SHOP, target_groups=GROUPS | SERVICES)
    made = drafted(account, endpoints_named(endpoints(account), ["/score"]), ANSWERS, candidate="ecs")
    inventory = parse(text_of(made), Path("stacks.toml")).environment("production")
    assert not inventory.functions
    assert [(route.candidate, route.is_built) for route in inventory.routes.values()] == [("ecs", False)]
    for name in ("busy", "alb", "games", "nothing"):
        with pytest.raises(UsageError):
            drafted(account, endpoints(account), ANSWERS, candidate=name)


def divided(priority: int, path: str, weights: tuple[int, int], kept_for: timedelta | None = None) -> LiveRule:
    forward = ForwardAction({Arn("arn:cart"): weights[0], Arn("arn:score"): weights[1]}, kept_for)
    return LiveRule(Arn(f"arn:rule/{priority}"), Arn("arn:l"), priority, for_endpoint(path, ()), forward)


@pytest.mark.parametrize("kept_for", [None, timedelta(minutes=10)])
def test_a_rule_that_divides_requests_already_is_written_as_it_is(kept_for: timedelta | None) -> None:
    rules = (divided(1, "/a", (1, 0), kept_for), divided(2, "/b", (90, 10), kept_for), rule(3, "/c", to="pages"))
    account = found(*rules)
    inventory = parse(text_of(draft(account, "/a", "/b", "/c")), Path("stacks.toml")).environment("production")
    routes = {key: (route.legacy, route.candidate, route.is_built) for key, route in inventory.routes.items()}
    assert routes == {
        "a": ("cart", "score", False),
        "b": ("cart", "score", False),
        "c": ("pages", "pages-candidate", True),
    }
    assert {key: each.target_groups for key, each in inventory.functions.items()} == {
        "new-shop": {"shop": ("pages-candidate",)}
    }
    weights = {key: inventory.desired_weight(key) for key in routes}
    assert weights == {"a": Percent(0), "b": Percent(100), "c": Percent(0)}
    assert inventory.stickiness.kept_for == kept_for


def test_a_rule_that_forwards_to_a_group_that_cannot_be_read_can_not_move() -> None:
    both = replace(rule(1, "/a"), forward=ForwardAction({Arn("arn:cart"): 9, Arn("arn:targetgroup/strange/1"): 1}))
    assert endpoints(found(both)) == []
    assert endpoints(found(replace(both, forward=ForwardAction({Arn("arn:targetgroup/strange/1"): 1})))) == []


def test_an_endpoints_methods_have_one_order() -> None:
    (endpoint,) = endpoints(found(rule(1, "/a", "PUT", "GET")))
    assert endpoint.methods == ("GET", "PUT")


def test_most_requests_say_which_group_is_legacy_and_a_group_is_not_both() -> None:
    (one,) = endpoints(found(divided(1, "/a", (1, 3))))
    assert (one.target_group, one.candidate, one.weight) == ("score", "cart", Percent(250))
    swapped = found(divided(1, "/a", (1, 3)), divided(2, "/b", (3, 1)), rule(3, "/c", to="pages"))
    assert [str(each) for each in endpoints(swapped)] == ["/c"]
    assert "which is legacy for other rules" in text_of(draft(swapped, "/c"))
