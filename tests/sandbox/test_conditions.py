"""What AWS takes in a rule's conditions, and how it gives them back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.asking import header, host, query, regex, source
from tests.sandbox.tenant import Tenant, method, path, refused, single


def made(tenant: Tenant, *conditions: dict[str, Any]) -> dict[str, Any]:
    return tenant.rule(single(tenant.group("group")), conditions=conditions)


@pytest.mark.parametrize(
    "condition", [path("/a"), method("GET"), host("a.b"), source("10.0.0.0/8")], ids=lambda each: each["Field"]
)
def test_a_rule_has_at_most_one_of_each_single_condition(tenant: Tenant, condition: dict[str, Any]) -> None:
    with refused("ValidationError", f"A rule can only have one '{condition['Field']}' condition"):
        made(tenant, condition, condition)


def test_a_rule_has_at_most_five_values(tenant: Tenant) -> None:
    made(tenant, path("/a", "/b", "/c"), method("GET", "POST"))
    with refused("ValidationError", "A rule can only have '5' condition values"):
        tenant.rule(
            single(tenant.group("other")),
            priority=11,
            conditions=[path("/a", "/b", "/c"), method("GET", "POST", "PUT")],
        )


def test_a_rule_has_at_most_five_wildcards(tenant: Tenant) -> None:
    made(tenant, path("/*/*/*/?/?"))
    with refused("ValidationError", "A rule can only have '5' condition wildcards"):
        tenant.rule(single(tenant.group("other")), priority=11, conditions=[path("/*/*/*/?/?/*")])


def test_a_rule_needs_a_condition(tenant: Tenant) -> None:
    with refused("ValidationError", "A condition must be specified"):
        made(tenant)


@pytest.mark.parametrize("text", ["/a b", "/ä", "/a%20b", "/a#b"])
def test_a_path_has_its_characters(tenant: Tenant, text: str) -> None:
    with refused("ValidationError", "contains a character that is not valid"):
        made(tenant, path(text))


def test_a_path_may_use_all_its_characters(tenant: Tenant) -> None:
    text = """/aZ09_-.$~"'@:+&*?"""
    assert made(tenant, path(text))["Conditions"][0]["Values"] == [text]


def test_a_path_is_at_most_128_characters_long(tenant: Tenant) -> None:
    with refused("ValidationError", "the limit is '128'"):
        made(tenant, path("/" + "a" * 128))


@pytest.mark.parametrize("text", ["get", "GET1", "*"])
def test_a_method_has_its_characters(tenant: Tenant, text: str) -> None:
    with refused("ValidationError", "the allowed characters are A-Z, hyphen and underscore"):
        made(tenant, method(text))


def test_paths_read_in_both_forms(tenant: Tenant) -> None:
    rule = made(tenant, path("/a", "/b"), method("GET"))
    assert tenant.read(rule)["Conditions"] == [
        {"Field": "path-pattern", "Values": ["/a", "/b"], "PathPatternConfig": {"Values": ["/a", "/b"]}},
        {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}},
    ]


def test_a_change_of_actions_alone_leaves_the_conditions(tenant: Tenant) -> None:
    rule = made(tenant, path("/a"), method("GET"))
    before = tenant.read(rule)["Conditions"]
    tenant.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=single(tenant.group("other")))
    assert tenant.read(rule)["Conditions"] == before


def test_a_change_of_conditions_is_judged_as_well(tenant: Tenant) -> None:
    rule = made(tenant, path("/a"))
    with refused("ValidationError", "only have one 'path-pattern' condition"):
        tenant.elb.modify_rule(RuleArn=rule["RuleArn"], Conditions=[path("/b"), path("/c")])


@pytest.mark.parametrize("field", ["host-header", "path-pattern", "http-header"])
def test_regular_expressions_are_kept_and_given_back(tenant: Tenant, field: str) -> None:
    wanted = regex(field, r"^/v\d+/", "a|b")
    (found,) = tenant.read(made(tenant, wanted))["Conditions"]
    assert {key: found[key] for key in wanted} == wanted


def test_the_short_form_takes_an_expression_too(tenant: Tenant) -> None:
    short = {"Field": "path-pattern", "RegexValues": ["^/a"]}
    (found,) = tenant.read(made(tenant, short))["Conditions"]
    assert found == {**short, "PathPatternConfig": {"RegexValues": ["^/a"]}}


@pytest.mark.parametrize(
    "wrong",
    [
        [regex("path-pattern", "(?=a)")],
        [regex("path-pattern", "a" * 129)],
        [regex("path-pattern", *"abcdef")],
        [regex("path-pattern", "a", "b", "c"), host("a.b", "b.c", "d.e")],
        [regex("path-pattern", "a"), regex("path-pattern", "b")],
        [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a"], "RegexValues": ["b"]}}],
        [{"Field": "query-string", "RegexValues": ["a"], "QueryStringConfig": {"Values": [{"Value": "a"}]}}],
        [{"Field": "path-pattern", "HostHeaderConfig": {"Values": ["a.b"]}}],
        [{"Field": "path-pattern", "PathPatternConfig": {"Values": []}}],
        [{"Field": "path-pattern", "Values": ["/a", "/b"]}],
        [{"Field": "http-header", "Values": ["a"]}],
        [{"Field": "cookie", "Values": ["a"]}],
        [host("localhost")],
        [host("a.b1")],
        [host("a_b.c")],
        [host("a" * 127 + ".b")],
        [header("host", "a")],
        [header("a b", "a")],
        [header("a" * 41, "a")],
        [header("a", "\u00e4")],
        [{"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "a"}]}}],
        [query(("a", ""))],
        [query(("a" * 129, "b"))],
        [source("10.0.0.1")],
        [source("10.0.0.0/33")],
        [source("*")],
        [method("A" * 41)],
    ],
    ids=str,
)
def test_conditions_that_aws_would_not_take_are_refused(tenant: Tenant, wrong: list[dict[str, Any]]) -> None:
    with refused("ValidationError", ""):
        made(tenant, *wrong)


def test_all_kinds_of_conditions_go_together(tenant: Tenant) -> None:
    asked = [host("*.b.c"), path("/a"), header("x", "y*"), query((None, r"\*")), source("::/0")]
    assert len(made(tenant, *asked)["Conditions"]) == len(asked)
