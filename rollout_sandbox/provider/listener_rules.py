"""aws:lb/listenerRule:ListenerRule.

https://www.pulumi.com/registry/packages/aws/api-docs/lb/listenerrule/
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rollout_sandbox.provider import rule_actions
from rollout_sandbox.provider.aws import Aws, AwsFailure, doing
from rollout_sandbox.provider.patience import Ignoring
from rollout_sandbox.provider.refusals import (
    bad_arn,
    no_blocks,
    not_matching,
    other_than,
    too_few_or_many,
    too_short_or_long,
)
from rollout_sandbox.provider.rule_actions import from_api, to_api
from rollout_sandbox.provider.schema import Kind, Property, Props, ResourceType, block, set_of, string
from rollout_sandbox.provider.tags import as_tags, told_tags, update_tags

SERVICE = "elbv2"
WHAT = "ELBv2 Listener Rule"
DEFAULT_PRIORITY = 99_999
"""What Terraform calls the default rule's priority."""

_MAX_PRIORITY = 50_000
_QUERY = "query-string"
_CONDITIONS = {
    "host-header": ("hostHeader", "HostHeaderConfig"),
    "http-header": ("httpHeader", "HttpHeaderConfig"),
    "http-request-method": ("httpRequestMethod", "HttpRequestMethodConfig"),
    "path-pattern": ("pathPattern", "PathPatternConfig"),
    _QUERY: ("queryStrings", "QueryStringConfig"),
    "source-ip": ("sourceIp", "SourceIpConfig"),
}
_TRANSFORMS = {
    "host-header-rewrite": ("hostHeaderRewriteConfig", "HostHeaderRewriteConfig"),
    "url-rewrite": ("urlRewriteConfig", "UrlRewriteConfig"),
}


class _ListenerRule:
    def create(self, aws: Aws, new: Props) -> str:
        elb, listener = aws.client(SERVICE), new["listenerArn"]
        given: Props = {
            "ListenerArn": listener,
            "Actions": rule_actions.sent(new["actions"]),
            "Conditions": _sent_conditions(new["conditions"]),
        }
        if new.get("transforms"):
            given["Transforms"] = _sent_transforms(new["transforms"])
        if new.get("tagsAll"):
            given["Tags"] = as_tags(new["tagsAll"])
        with doing(f"creating {WHAT}", SERVICE):
            priority = new.get("priority") or _highest_priority(elb, listener) + 1
            return str(elb.create_rule(Priority=priority, **given)["Rules"][0]["RuleArn"])

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        elb = aws.client(SERVICE)
        with doing(f"reading {WHAT} ({id_})", SERVICE), Ignoring("RuleNotFound"):
            rule = elb.describe_rules(RuleArns=[id_])["Rules"][0]
            return {
                "arn": id_,
                "listenerArn": re.sub(r"^(arn:.+:listener)-rule(/.+)/[^/]+$", r"\1\2", id_),
                "priority": DEFAULT_PRIORITY if rule["IsDefault"] else int(rule["Priority"]),
                "actions": rule_actions.told(rule["Actions"], (known or {}).get("actions")),
                "conditions": [_told_condition(condition) for condition in rule["Conditions"]],
                "transforms": [_told_transform(transform) for transform in rule.get("Transforms", ())],
                "tagsAll": told_tags(elb, id_),
            }
        return None

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        elb = aws.client(SERVICE)
        given: Props = {}
        if "actions" in changed:
            given["Actions"] = rule_actions.sent(new["actions"], old["actions"])
        if "conditions" in changed:
            given["Conditions"] = _sent_conditions(new["conditions"])
        if "transforms" in changed:
            wanted = _sent_transforms(new.get("transforms") or ())
            given |= {"Transforms": wanted} if wanted else {"ResetTransforms": True}
        with doing(f"updating tags for {WHAT} ({id_})", SERVICE):
            update_tags(elb, id_, old, new)
        if "priority" in changed:
            with doing(f"updating ELB v2 Listener Rule ({id_}): setting priority", SERVICE):
                elb.set_rule_priorities(RulePriorities=[{"RuleArn": id_, "Priority": new["priority"]}])
        if given:
            with doing("modifying LB Listener Rule", SERVICE):
                elb.modify_rule(RuleArn=id_, **given)

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        with doing(f"deleting {WHAT} ({id_})", SERVICE), Ignoring("RuleNotFound"):
            aws.client(SERVICE).delete_rule(RuleArn=id_)


def _highest_priority(elb: Any, listener: str) -> int:
    pages = elb.get_paginator("describe_rules").paginate(ListenerArn=listener)
    taken = (int(rule["Priority"]) for page in pages for rule in page["Rules"] if not rule["IsDefault"])
    return max(taken, default=0)


def _sent_conditions(conditions: Sequence[Props]) -> list[Props]:
    """Conditions as the API takes them; the provider counts their kinds no earlier than here."""
    sent = []
    for condition in conditions:
        given = [field for field, (name, _) in _CONDITIONS.items() if condition.get(name)]
        if len(given) != 1:
            problem, verb = ("Only one", "can") if given else ("One", "must")
            raise AwsFailure(
                f"{problem} of host_header, http_header, http_request_method, path_pattern, query_string or source_ip "
                f"{verb} be set in a condition block"
            )
        field = given[0]
        name, config = _CONDITIONS[field]
        value = condition[name]
        sent.append(
            {
                "Field": field,
                config: {"Values": [to_api(query) for query in value]} if field == _QUERY else to_api(value),
            }
        )
    return sent


def _told_condition(condition: Props) -> Props:
    name, config = _CONDITIONS[condition["Field"]]
    if condition["Field"] == _QUERY:
        return {name: [{"key": "", **from_api(query)} for query in condition[config]["Values"]]}
    return {name: from_api(condition[config])}


def _sent_transforms(transforms: Sequence[Props]) -> list[Props]:
    sent = []
    for transform in transforms:
        name, config = _TRANSFORMS[transform["type"]]
        if not transform.get(name):
            raise AwsFailure(f'"{name}" must be specified when "type" is "{transform["type"]}"')
        sent.append({"Type": transform["type"], config: {"Rewrites": [to_api(transform[name]["rewrite"])]}})
    return sent


def _told_transform(transform: Props) -> Props:
    name, config = _TRANSFORMS[transform["Type"]]
    return {"type": transform["Type"], name: {"rewrite": from_api(transform[config]["Rewrites"][0])}}


def _bad_priority(value: int) -> str | None:
    if 1 <= value <= _MAX_PRIORITY or value == DEFAULT_PRIORITY:
        return None
    return (
        f'"{{path}}" must be in the range 1-{_MAX_PRIORITY} for normal rule or {DEFAULT_PRIORITY} for the default rule'
    )


def _values(item: Property, *, at_least: int = 0, required: bool = True) -> Property:
    return set_of(item, required=required, refuse=too_few_or_many(at_least))


def _patterns(at_least: int) -> dict[str, Property]:
    """Values, or regular expressions."""
    return {name: _values(_PATTERN, at_least=at_least, required=False) for name in ("regexValues", "values")}


_PATTERN = string(refuse=too_short_or_long(1, 128))
_REWRITE = block(
    {
        "rewrite": block(
            {
                "regex": string(required=True, refuse=too_short_or_long(1, 1024)),
                "replace": string(required=True, refuse=too_short_or_long(0, 1024)),
            }
        )
    }
)
_HEADER_NAME = string(required=True, refuse=not_matching("^[0-9A-Za-z_!#$%&'*+,.^`|~-]{1,40}$"))

LISTENER_RULE = ResourceType(
    "aws:lb/listenerRule:ListenerRule",
    {
        "arn": string(output=True),
        "listenerArn": string(required=True, force_new=True, refuse=bad_arn),
        "priority": Property(Kind.INT, computed=True, refuse=_bad_priority),
        "actions": rule_actions.ACTIONS,
        "conditions": set_of(
            block(
                {
                    "hostHeader": block(_patterns(1)),
                    "httpHeader": block({"httpHeaderName": _HEADER_NAME, **_patterns(0)}),
                    "httpRequestMethod": block({"values": _values(string(refuse=not_matching("^[A-Za-z-_]{1,40}$")))}),
                    "pathPattern": block(_patterns(1)),
                    "queryStrings": set_of(block({"key": string(), "value": string(required=True)})),
                    "sourceIp": block({"values": _values(string())}),
                }
            ),
            required=True,
            refuse=no_blocks,
        ),
        "transforms": set_of(
            block(
                {
                    "type": string(required=True, refuse=other_than(*_TRANSFORMS, name="type")),
                    **{name: _REWRITE for name, _ in _TRANSFORMS.values()},
                }
            ),
            refuse=too_few_or_many(0, 2),
        ),
    },
    _ListenerRule(),
    tagged=True,
    verify=lambda new: rule_actions.refused(new["actions"]),
    irrelevant=lambda old, new: rule_actions.irrelevant(old["actions"], new.get("actions")),
)
