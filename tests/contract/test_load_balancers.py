"""What the `LoadBalancers` port promises, held on the real adapter and on the fake: neither may say anything else."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import pytest

from rollout.alb.state import DEFAULT_PRIORITY, LiveRule, LiveTargetGroup
from rollout.alb.weights import ForwardAction, same_forward
from rollout.errors import AwsError, WrongAccount
from rollout.inventory.model import LEGACY_ONLY, Arn, LoadBalancer, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.quotas import DEFAULT_LIMITS, GROUPS, RULES
from rollout.migration.checks.inspection import Inspection, lets_in
from rollout_sandbox import Sandbox
from tests.contract.sites import InMemorySite, SandboxSite, Site, inventory
from tests.sandbox.tenant import Tenant
from tests.unit.builders import HOUR

accounts = itertools.count(210_000_000_000)


@pytest.fixture(params=["in memory", "sandbox"])
def site(request: pytest.FixtureRequest) -> Site:
    if request.param == "in memory":
        return InMemorySite()
    sandbox: Sandbox = request.getfixturevalue("sandbox")
    site = SandboxSite(Tenant(sandbox, str(next(accounts))))
    assert site.tenant.landscape
    return site


@dataclass(frozen=True)
class Shop:
    """A site with the inventory's rules on it."""

    site: Site
    old: Arn
    new: Arn
    score: Arn
    bulk: Arn

    def weighted(self, candidate: int) -> ForwardAction:
        return ForwardAction({self.old: 100 - candidate, self.new: candidate}, HOUR)


@pytest.fixture
def shop(site: Site) -> Shop:
    old, new = site.group("old"), site.group("new")
    score = site.rule("public", 10, "/score/*", ["GET"], ForwardAction({old: 1}))
    bulk = site.rule("public", 20, "/bulk", ["POST"], ForwardAction({old: 1}))
    return Shop(site, old, new, score, bulk)


def refused(error: AwsError) -> str:
    """The action and AWS's code."""
    return ": ".join(error.what.split(": ")[:2])


def plain(rule: Arn) -> LiveRule:
    """A rule that does nothing but forward."""
    return LiveRule(rule, Arn("arn:listener"), 1)


def test_a_look_tells_what_is_there(shop: Shop) -> None:
    site = shop.site
    site.tag(shop.score, {"team": "identity"})
    third = site.rule("internal", 5, "/down", ["GET"], None)
    environment = inventory(site)
    live = site.client().read(environment)
    assert live.account == site.account
    assert live.load_balancers.keys() == live.listeners.keys() == live.defaults.keys() == {"public", "internal"}
    assert live.listeners["public"] == site.listener("public")
    assert live.splits(environment) == dict.fromkeys(environment.routes, LEGACY_ONLY)
    rules = {rule.arn: rule for rule in live.rules}
    assert rules.keys() == {shop.score, shop.bulk, third}
    assert [rule.conditions for rule in live.rules_of("public")[:2]] == ["GET /score/*", "POST /bulk"]
    assert (rules[shop.score].listener, rules[shop.score].priority) == (live.listeners["public"], 10)
    assert (rules[third].forward, rules[third].action) == (None, "fixed-response 503")
    assert rules[shop.score].tags == {"team": "identity"}
    assert rules[shop.bulk].tags == {}
    assert {(rule.priority, rule.action) for rule in live.defaults.values()} == {
        (DEFAULT_PRIORITY, "fixed-response 404")
    }
    assert live.target_groups["old"].load_balancers == (live.load_balancers["public"],)
    assert (live.target_groups["new"].target_type, live.target_groups["new"].load_balancers) == ("lambda", ())
    untold = site.client().read(environment, tags=False).rules
    assert [(rule.arn, dict(rule.tags)) for rule in untold] == [(rule.arn, {}) for rule in live.rules]


def test_groups_that_rules_forward_to_are_not_read_again(shop: Shop) -> None:
    environment, client = inventory(shop.site), shop.site.client()
    live = client.read(environment)
    known = {name: replace(group, vpc="as before") for name, group in live.target_groups.items()}
    before = replace(live, target_groups=known)
    assert client.read(environment, before=before).target_groups == live.target_groups, "the candidate has no rule"
    for rule in live.rules:
        client.modify(rule, shop.weighted(0))
    assert client.read(environment, before=before).target_groups == known
    other = {**known, "new": replace(known["new"], arn=Arn(f"{shop.new}0"))}
    again = client.read(environment, before=replace(live, target_groups=other)).target_groups
    assert {name: group.arn for name, group in again.items()} == {"old": shop.old, "new": shop.new}


def test_what_is_not_there_is_left_out(site: Site) -> None:
    known = {
        "public": LoadBalancer(name="public", listener_port=443),
        "elsewhere": LoadBalancer(name="public", listener_port=8443),
        "nowhere": LoadBalancer(name="nowhere"),
    }
    live = site.client().read(inventory(site, load_balancers=known))
    assert live.load_balancers.keys() == {"public", "elsewhere"}
    assert live.listeners.keys() == {"public"}
    assert (live.rules, live.target_groups) == ((), {})


def test_a_load_balancer_is_found_by_its_arn(shop: Shop) -> None:
    arn = shop.site.client().read(inventory(shop.site)).load_balancers["public"]
    other = Arn(arn.rpartition("/")[0] + "/0123456789abcdef")
    for given, there in ((arn, True), (other, False)):
        known = {"public": LoadBalancer(arn=given, listener_port=443)}
        live = shop.site.client().read(inventory(shop.site, load_balancers=known))
        assert (live.load_balancers == {"public": arn}) is there
        assert bool(live.rules) is there


def test_a_modified_rule_forwards_otherwise_and_is_otherwise_as_it_was(shop: Shop) -> None:
    client, environment = shop.site.client(), inventory(shop.site)
    shop.site.tag(shop.score, {"team": "identity"})
    before = client.read(environment)
    for weight in (10, 0, 100):
        client.modify(plain(shop.score), shop.weighted(weight))
        live = client.read(environment)
        assert live.split_of(environment.routes["score"]) == Split(Percent.of(weight), attached=True)
        was, now = (each.rule_of(environment.routes["score"]) for each in (before, live))
        assert was
        assert now
        assert now.forward is not None
        assert same_forward(now.forward, shop.weighted(weight))
        assert now.forward.stickiness == HOUR
        assert (now.arn, now.priority, now.conditions, now.tags) == (was.arn, was.priority, was.conditions, was.tags)
        assert live.rule_of(environment.routes["bulk"]) == before.rule_of(environment.routes["bulk"])
    assert live.target_groups["new"].load_balancers == (live.load_balancers["public"],)
    client.modify(plain(shop.score), ForwardAction({shop.old: 1}))
    (score,) = (rule for rule in client.rules([shop.site.listener("public")]) if rule.arn == shop.score)
    assert score.forward == ForwardAction({shop.old: 1})


def test_a_modified_rule_keeps_what_else_it_does(shop: Shop) -> None:
    site, client, environment = shop.site, shop.site.client(), inventory(shop.site)
    site.have_do_more(shop.score, ForwardAction({shop.old: 1}))
    before = client.read(environment).rule_of(environment.routes["score"])
    assert before
    assert (str(before.extras), before.forward) == ("authenticate-oidc, url-rewrite", ForwardAction({shop.old: 1}))
    for weight in (10, 0):
        rule = client.read(environment).rule_of(environment.routes["score"])
        assert rule
        client.modify(rule, shop.weighted(weight))
        now = client.read(environment).rule_of(environment.routes["score"])
        assert now
        assert now.forward
        assert same_forward(now.forward, shop.weighted(weight))
        assert (now.extras, now.conditions) == (before.extras, before.conditions)


def test_what_cannot_be_modified_is_refused_in_awss_words(shop: Shop) -> None:
    client, other = shop.site.client(), shop.site.group("other")
    theirs = shop.site.rule("internal", 5, "/other", ["GET"], ForwardAction({other: 1}))
    missing = Arn(other.replace("/other/", "/missing/"))
    for group, code in ((other, "TargetGroupAssociationLimit"), (missing, "TargetGroupNotFound")):
        with pytest.raises(AwsError) as caught:
            client.modify(plain(shop.score), ForwardAction({shop.old: 90, group: 10}))
        assert (refused(caught.value), caught.value.where) == (f"ModifyRule: {code}", shop.score)
    shop.site.delete(theirs)
    with pytest.raises(AwsError) as caught:
        client.modify(plain(theirs), ForwardAction({other: 1}))
    assert (refused(caught.value), caught.value.where) == ("ModifyRule: RuleNotFound", theirs)
    client.modify(plain(shop.score), ForwardAction({other: 1}))  # which nobody else uses any more


def test_hands_on_rules_are_seen(shop: Shop) -> None:
    site, client = shop.site, shop.site.client()
    site.renumber(shop.score, 7)
    site.ask(shop.bulk, "/elsewhere")
    rules = {rule.arn: rule for rule in client.rules([site.listener("public")]) if rule.priority < DEFAULT_PRIORITY}
    assert {arn: (rule.priority, rule.conditions) for arn, rule in rules.items()} == {
        shop.score: (7, "GET /score/*"),
        shop.bulk: (20, "/elsewhere"),
    }
    site.delete(shop.score)
    left = [rule.arn for rule in client.rules([site.listener("public")]) if rule.priority < DEFAULT_PRIORITY]
    assert left == [shop.bulk]
    missing = Arn(site.listener("public")[:-4] + "dead")
    with pytest.raises(AwsError) as caught:
        client.rules([missing])
    assert (refused(caught.value), caught.value.where) == ("DescribeRules: ListenerNotFound", missing)


def test_another_account_is_refused(shop: Shop) -> None:
    with pytest.raises(WrongAccount, match="999999999999"):
        shop.site.client("999999999999").read(inventory(shop.site))


def test_another_account_with_load_balancers_of_the_same_names_is_refused_by_their_arns(sandbox: Sandbox) -> None:
    ours, theirs = (SandboxSite(Tenant(sandbox, str(next(accounts)))) for _ in range(2))
    assert theirs.tenant.landscape
    with pytest.raises(WrongAccount, match=theirs.tenant.account):
        ours.client(theirs.tenant.account).read(inventory(ours))
    assert [call.action for call in sandbox.calls("sts:*", theirs.tenant.account)] == []


def test_a_look_at_addresses_before_and_after_a_rule_forwards_to_them(site: Site) -> None:
    old, new = site.group("old"), site.addresses("new", "10.20.1.10")

    def looked() -> tuple[LiveTargetGroup, Inspection]:
        live = site.client().read(inventory(site))
        return live.target_groups["new"], site.client().inspect(live)

    group, found = looked()
    assert (group.target_type, group.protocol, group.version, group.is_lambda) == ("ip", "HTTP", "HTTP1", False)
    assert set(found.vpcs.values()) == {group.vpc}
    assert (found.states, found.targets[new]) == ({new: ("unused",)}, ("10.20.1.10",))
    assert found.attributes.keys() == {old, new}
    assert found.attributes[new].get("stickiness.enabled", "false") == "false"
    site.rule("public", 10, "/score/*", ["GET"], ForwardAction({old: 1, new: 1}))
    assert looked()[1].states == site.client().health([new]) == {new: ("healthy",)}


def test_a_look_behind_the_rules(shop: Shop) -> None:
    site = shop.site
    function = site.register(shop.new, "scorer")
    site.rule("internal", 5, "/down", ["GET"], None)
    live = site.client().read(inventory(site))
    found = site.client().inspect(live)
    assert found.targets == {shop.old: (), shop.new: (function,)}
    assert site.client().targets([shop.new]) == {shop.new: (function,)}
    assert found.policies.keys() == {function}
    assert lets_in(found.policies[function], shop.new)
    assert not lets_in(found.policies[function], shop.old)
    public, internal = live.load_balancers["public"], live.load_balancers["internal"]
    assert found.groups == {public: frozenset({shop.old}), internal: frozenset()}
    assert found.rules == {public: 2, internal: 1}
    limits = {**DEFAULT_LIMITS, **found.limits}
    assert {limits[RULES], limits[GROUPS]} == {100}
