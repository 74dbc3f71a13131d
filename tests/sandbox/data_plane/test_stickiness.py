"""Weights and cookies: what AWS documents of them, and above all what surprises."""

from __future__ import annotations

from collections import Counter
from email.utils import parsedate_to_datetime

from tests.sandbox.data_plane.site import Site
from tests.sandbox.tenant import path


def test_weights_divide_requests_without_a_cookie(site: Site) -> None:
    one, other = site.served("one", "other")
    site.split({one: 900, other: 100})
    served = Counter(site.get("/a").served_by for _ in range(400))
    assert 15 <= served["other"] <= 75  # 40 expected; outside by chance in less than 1 of 100,000 runs
    assert served["one"] == 400 - served["other"]


def test_no_stickiness_no_cookie(site: Site) -> None:
    one, other = site.served("one", "other")
    rule = site.split({one: 1, other: 0}, 60)
    assert site.get("/a").cookie
    site.tenant.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=site.forward({one: 1, other: 0}))
    assert site.get("/a").cookie is None


def test_a_cookie_wins_over_weights_even_over_0(site: Site) -> None:
    one, other = site.served("one", "other")
    rule = site.split({one: 0, other: 100}, 3600)
    kept = {"Cookie": site.get("/a").cookie or ""}
    site.tenant.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=site.forward({one: 100, other: 0}, 3600))
    assert {site.get("/a", kept).served_by for _ in range(20)} == {"other"}
    assert {site.get("/a").served_by for _ in range(20)} == {"one"}


def test_a_group_that_is_taken_out_gets_nothing_cookie_or_not(site: Site) -> None:
    one, other = site.served("one", "other")
    rule = site.split({one: 0, other: 100}, 3600)
    kept = {"Cookie": site.get("/a").cookie or ""}
    site.tenant.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=site.forward({one: 1}))
    assert {site.get("/a", kept).served_by for _ in range(20)} == {"one"}
    site.tenant.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=site.forward({one: 100, other: 0}))
    assert {site.get("/a", kept).served_by for _ in range(20)} == {"one"}  # stickiness off does it, too


def test_one_cookie_serves_all_rules(site: Site) -> None:
    legacy, others, candidate = site.served("legacy", "others", "candidate")
    site.split({legacy: 0, candidate: 1}, 3600)
    site.tenant.rule(site.forward({others: 100, candidate: 0}, 3600), priority=11, conditions=[path("/b")])
    site.tenant.rule(site.forward({others: 1}, 3600), priority=12, conditions=[path("/c")])
    kept = site.get("/a").cookie or ""
    assert site.get("/b", {"Cookie": kept}).served_by == "candidate"  # a client drifts with its cookie
    elsewhere = site.get("/c", {"Cookie": kept})
    assert elsewhere.served_by == "others"
    assert site.get("/b", {"Cookie": elsewhere.cookie or ""}).served_by == "others"  # the cookie was overwritten


def test_a_cookie_lives_as_long_as_the_rule_says_and_anew_with_each_answer(site: Site) -> None:
    one, other = site.served("one", "other")
    rule = site.split({one: 0, other: 1}, 600)
    clock, first = site.tenant.sandbox.clock, site.get("/a")
    site.tenant.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=site.forward({one: 1, other: 0}, 600))
    told = [value for name, value in first.headers if name == "set-cookie"]
    assert [cookie.partition("=")[0] for cookie in told] == ["AWSALBTG", "AWSALBTGCORS"]
    assert told[1].endswith("; Path=/; SameSite=None; Secure")
    expires = parsedate_to_datetime(told[0].split("Expires=")[1].split(";")[0])
    assert abs((expires - clock.now()).total_seconds() - 600) < 30
    cookie = first.cookie or ""
    for _ in range(3):
        clock.pass_by(seconds=400)
        renewed = site.get("/a", {"Cookie": cookie})
        assert renewed.served_by == "other"
        cookie = renewed.cookie or ""
    clock.pass_by(seconds=601)
    assert site.get("/a", {"Cookie": cookie}).served_by == "one"


def test_a_cookie_that_nobody_issued_counts_for_nothing(site: Site) -> None:
    one, other = site.served("one", "other")
    site.split({one: 1, other: 0}, 600)
    for value in ("", "other", "A" * 54, "!!", "AAAB"):
        assert site.get("/a", {"Cookie": f"x=y; AWSALBTG={value}"}).served_by == "one"


def test_the_cors_cookie_alone_is_enough(site: Site) -> None:
    one, other = site.served("one", "other")
    rule = site.split({one: 0, other: 1}, 600)
    _, cors = (site.get("/a").cookie or "").split("; ")
    site.tenant.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=site.forward({one: 1, other: 0}, 600))
    assert site.get("/a", {"Cookie": f"theme=dark; {cors}"}).served_by == "other"


def test_requests_for_which_a_group_was_chosen_anew_are_counted(site: Site) -> None:
    (one,) = site.served("one")
    site.split({one: 1}, 600)
    kept = site.get("/a").cookie or ""
    site.get("/a", {"Cookie": kept})
    assert site.metric("NonStickyRequestCount") == [1]
