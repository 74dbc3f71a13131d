"""What AWS takes in a rule's conditions, and how it gives them back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.tenant import Tenant, method, path, refused, single

HOST = {"Field": "host-header", "HostHeaderConfig": {"Values": ["example.com"]}}
SOURCE = {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}


def made(tenant: Tenant, *conditions: dict[str, Any]) -> dict[str, Any]:
    return tenant.rule(single(tenant.group("group")), conditions=conditions)


@pytest.mark.parametrize("condition", [path("/a"), method("GET"), HOST, SOURCE], ids=lambda each: each["Field"])
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
    with refused("ValidationError", "invalid characters"):
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
