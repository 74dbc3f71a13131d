"""What AWS's pages say of conditions, one line each; and rules as DescribeRules tells them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from rollout.adapters.aws.alb import live_rule
from rollout.alb.state import DEFAULT_PRIORITY
from rollout.alb.weights import ForwardAction
from rollout.inventory.conditions import Condition, ConditionField, Request, for_endpoint, matches, meaning_of, unmet
from rollout.inventory.model import Arn

GET = Request.of("GET", "/img/a/b.jpg?Version=v1&x=*", [("User-Agent", "Chrome 9")], "Shop.Test", "10.1.2.3")


@pytest.mark.parametrize(
    ("field", "value", "holds"),
    [
        (ConditionField.METHOD, "GET", True),
        (ConditionField.METHOD, "get", False),
        (ConditionField.METHOD, "*", False),
        (ConditionField.PATH, "/img/*", True),
        (ConditionField.PATH, "/IMG/*", False),
        (ConditionField.PATH, "/img/?/b.jpg", True),
        (ConditionField.PATH, "/img/?/b?jpg", True),
        (ConditionField.PATH, "/img/a/bXjpg", False),
        (ConditionField.PATH, "*Version*", False),
        (ConditionField.HOST, "shop.test", True),
        (ConditionField.HOST, "*.TEST", True),
        (ConditionField.HOST, "*.shop.test", False),
        (ConditionField.QUERY, "version=V1", True),
        (ConditionField.QUERY, "*=v?", True),
        (ConditionField.QUERY, "version=v", False),
        (ConditionField.QUERY, r"x=\*", True),
        (ConditionField.QUERY, r"version=\*", False),
        (ConditionField.QUERY, "x=?", True),
        (ConditionField.SOURCE, "10.0.0.0/8", True),
        (ConditionField.SOURCE, "10.1.2.4/32", False),
        (ConditionField.SOURCE, "2001:db8::/32", False),
    ],
)
def test_a_value_holds_as_awss_pages_say(field: ConditionField, value: str, *, holds: bool) -> None:
    assert matches(Condition(field, (value,)), GET) is holds
    assert (
        matches(Condition(field, ("/nothing", value)[field is ConditionField.SOURCE :]), GET) is holds
    )  # values are ORed


@pytest.mark.parametrize(
    ("name", "value", "holds"),
    [("user-agent", "chrome*", True), ("User-Agent", "CHROME 9", True), ("User-*", "*", False), ("Accept", "*", False)],
)
def test_a_headers_name_is_exact_and_its_values_are_patterns(name: str, value: str, *, holds: bool) -> None:
    assert matches(Condition.on_header(name, (value,)), GET) is holds


def test_a_path_needs_the_slash_of_its_pattern() -> None:
    assert not matches(Condition(ConditionField.PATH, ("/img/*",)), Request("GET", "/img"))


def test_all_conditions_must_hold_and_the_first_that_does_not_is_told() -> None:
    host = Condition(ConditionField.HOST, ("elsewhere.test",))
    assert unmet(for_endpoint("/img/*", ("GET", "HEAD")), GET) is None
    assert unmet((*for_endpoint("/img/*", ()), host), GET) == host


@pytest.mark.parametrize(
    ("values", "holds"),
    [
        (("^/IMG",), None),  # AWS doesn't say whether case counts
        (("(?i)^/IMG",), True),
        (("^/css/", "^/img/"), True),
        (("^/css/", "^/IMG/"), None),
        (("^/css/", "^/js/"), False),
        ((r"(?<=/)img",), None),  # nor does it take that
    ],
)
def test_a_regular_expression_holds_where_both_engines_agree(values: tuple[str, ...], holds: bool | None) -> None:
    assert matches(Condition(ConditionField.PATH, values, regex=True), GET) is holds


@pytest.mark.parametrize(
    ("expression", "holds"), [(r"^a\.test$", True), (r"\.example$", False), (r"^[a-z]+\.test$", True), ("^A", None)]
)
def test_a_regular_expression_sees_the_host(expression: str, holds: bool | None) -> None:
    asked = Request("GET", "/", host="a.test")
    assert matches(Condition(ConditionField.HOST, (expression,), regex=True), asked) is holds


def test_a_regular_expression_sees_a_header_and_stays_hidden() -> None:
    asked = Request("GET", "/", headers=(("X-Key", "s3cr3t-1"),))
    assert matches(Condition.on_header("x-key", ["^s3cr3t-[0-9]$"], regex=True), asked) is True
    assert matches(Condition.on_header("x-key", ["^other$"], regex=True), asked) is False
    assert matches(Condition.on_header("x-none", [".*"], regex=True), asked) is False


def test_what_aws_added_later_is_not_guessed_at() -> None:
    assert matches(Condition("moon-phase", ("full",), regex=True), GET) is None
    assert matches(Condition(ConditionField.METHOD, ("GET",), regex=True), GET) is None


def told(**fields: Any) -> Any:
    return {"RuleArn": "arn:rule", "Priority": "7", "IsDefault": False, "Conditions": [], "Actions": []} | fields


def test_a_rule_is_read_with_all_that_it_asks() -> None:
    conditions = [
        {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}},
        {"Field": "path-pattern", "Values": ["/a"], "PathPatternConfig": {"Values": ["/a"]}},
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-A", "Values": ["1", "2"]}},
        {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "k", "Value": "v"}, {"Value": "w"}]}},
        {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}},
        {"Field": "host-header", "HostHeaderConfig": {"RegexValues": ["a+"]}},
    ]
    rule = live_rule(Arn("arn:listener"), told(Conditions=conditions))
    assert rule.conditions == "GET /a header X-A: **********|********** query k=v|*=w from 10.0.0.0/8 host regex a+"
    assert rule.meaning != meaning_of(for_endpoint("/a", ("GET",)))


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        (
            [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
            "fixed-response 404",
        ),
        (
            [{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}],
            "redirect 301 to https://#{host}:443/#{path}",
        ),
        (
            [{"Type": "authenticate-oidc"}, {"Type": "forward", "TargetGroupArn": "arn:targetgroup/old/1"}],
            "authenticate-oidc, then forward to old 1",
        ),
    ],
)
def test_an_action_that_is_not_one_forward_is_told_in_words(actions: list[dict[str, Any]], words: str) -> None:
    rule = live_rule(Arn("arn:listener"), told(Actions=actions, Priority="default", IsDefault=True))
    assert (rule.priority, rule.forward, rule.action) == (DEFAULT_PRIORITY, None, words)


def test_a_weighted_forward_is_read_with_its_stickiness() -> None:
    groups = [{"TargetGroupArn": "arn:old", "Weight": 9}, {"TargetGroupArn": "arn:new", "Weight": 1}]
    config = {"TargetGroups": groups, "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60}}
    rule = live_rule(Arn("arn:listener"), told(Actions=[{"Type": "forward", "ForwardConfig": config}]))
    assert rule.forward == ForwardAction({Arn("arn:old"): 9, Arn("arn:new"): 1}, timedelta(minutes=1))


def test_a_request_is_told_with_its_query_string_if_it_has_one() -> None:
    assert str(Request.of("GET", "/a?b=1&c=")) == "GET /a?b=1&c="
    assert str(Request.of("GET", "/a")) == "GET /a"
