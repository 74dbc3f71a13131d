"""aws:lb/listenerRule:ListenerRule.

An action forwards in one of two forms, `targetGroupArn` or `forward`; a read tells it in the form that the program has,
or in both on import. A weight of 0 is sent as 0; what is left out has the weight 1.
https://www.pulumi.com/registry/packages/aws/api-docs/lb/listenerrule/
"""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import ClientError

from rollout.sandbox.provider.aws import Aws, code_of, doing
from rollout.sandbox.provider.schema import (
    Kind,
    Property,
    Props,
    ResourceType,
    block,
    boolean,
    integer,
    list_of,
    set_of,
    string,
)
from rollout.sandbox.provider.tags import as_tags, told_tags, update_tags

SERVICE = "elbv2"
WHAT = "ELBv2 Listener Rule"
_ONE_OF = (
    ("hostHeader", "host-header", "HostHeaderConfig"),
    ("pathPattern", "path-pattern", "PathPatternConfig"),
    ("httpRequestMethod", "http-request-method", "HttpRequestMethodConfig"),
    ("sourceIp", "source-ip", "SourceIpConfig"),
)


def _same_stickiness(old: Props, new: Props) -> bool:
    """A disabled one is as good as none, whatever its duration."""
    enabled = bool(old.get("enabled")), bool(new.get("enabled"))
    return enabled[0] == enabled[1] and (not enabled[1] or old.get("duration") == new.get("duration"))


def _groups_refused(groups: Any) -> str | None:
    few, many = 1, 5
    if len(groups) > many:
        return f'Too many {{path}} blocks. No more than {many} "target_group" blocks are allowed'
    return (
        f'Insufficient {{path}} blocks. At least {few} "target_group" blocks are required'
        if len(groups) < few
        else None
    )


_VALUES = set_of(string(), required=True)
_FORWARD = block(
    {
        "targetGroups": set_of(
            block({"arn": string(required=True), "weight": integer(0, 999, default=1)}),
            required=True,
            refuse=_groups_refused,
        ),
        "stickiness": block(
            {"duration": integer(1, 604_800, required=True), "enabled": boolean()}, same=_same_stickiness
        ),
    },
    computed=True,
)


def _priority_refused(value: Any) -> str | None:
    if 1 <= value <= 50_000 or value == 99_999:  # noqa: PLR2004 - the default rule's
        return None
    return '"priority" must be in the range 1-50000 for normal rule or 99999 for the default rule'


def _needs(what: str) -> Any:
    return lambda items: None if items else f'Insufficient {what} blocks. At least 1 "{what}" blocks are required'


class _Operations:
    def create(self, aws: Aws, new: Props) -> str:
        elb = aws.client(SERVICE)
        with doing(f"creating {WHAT}", SERVICE):
            priority = new.get("priority") or _next_priority(elb, new["listenerArn"])
            made = elb.create_rule(
                ListenerArn=new["listenerArn"],
                Priority=priority,
                Conditions=_conditions(new["conditions"]),
                Actions=_actions(new["actions"]),
                **({"Tags": as_tags(new["tagsAll"])} if new.get("tagsAll") else {}),
            )
        return str(made["Rules"][0]["RuleArn"])

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        elb = aws.client(SERVICE)
        try:
            with doing(f"reading {WHAT} ({id_})", SERVICE):
                try:
                    rules = elb.describe_rules(RuleArns=[id_])["Rules"]
                except ClientError as error:
                    if code_of(error) in ("RuleNotFound", "ListenerNotFound", "ValidationError"):
                        return None
                    raise
        except IndexError:
            return None
        rule = rules[0]
        forms = (known or {}).get("actions") or []
        return {
            "arn": rule["RuleArn"],
            "listenerArn": re.sub(r"^(arn:.+:listener)-rule(/.+)/[^/]+$", r"\1\2", rule["RuleArn"]),
            "priority": 99_999 if rule["Priority"] == "default" else int(rule["Priority"]),
            "actions": [
                _told_action(action, forms[index] if index < len(forms) else None)
                for index, action in enumerate(sorted(rule["Actions"], key=lambda action: action.get("Order", 0)))
            ],
            "conditions": [_told_condition(condition) for condition in rule.get("Conditions", ())],
            "tagsAll": told_tags(elb, id_),
        }

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        elb = aws.client(SERVICE)
        with doing(f"modifying {WHAT} ({id_})", SERVICE):
            if "priority" in changed and new.get("priority"):
                elb.set_rule_priorities(RulePriorities=[{"RuleArn": id_, "Priority": new["priority"]}])
            given: dict[str, Any] = {}
            if "actions" in changed:
                given["Actions"] = _actions(new["actions"], old.get("actions") or [])
            if "conditions" in changed:
                given["Conditions"] = _conditions(new["conditions"])
            if given:
                elb.modify_rule(RuleArn=id_, **given)
            update_tags(elb, id_, old, new)

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        with doing(f"deleting {WHAT} ({id_})", SERVICE):
            try:
                aws.client(SERVICE).delete_rule(RuleArn=id_)
            except ClientError as error:
                if code_of(error) != "RuleNotFound":
                    raise


def _next_priority(elb: Any, listener: str) -> int:
    pages = elb.get_paginator("describe_rules").paginate(ListenerArn=listener)
    taken = [int(rule["Priority"]) for page in pages for rule in page["Rules"] if rule["Priority"] != "default"]
    return max(taken, default=0) + 1


def _actions(actions: list[Props], before: list[Props] | None = None) -> list[Props]:
    """Actions as the API takes them; a stickiness that the program dropped is turned off."""
    sent = []
    for index, action in enumerate(actions):
        found: Props = {"Type": action["type"], "Order": action.get("order") or index + 1}
        if forward := action.get("forward"):
            old = before[index] if before and index < len(before) else {}
            found["ForwardConfig"] = _forward_config(forward, (old.get("forward") or {}).get("stickiness"))
        elif action.get("targetGroupArn"):
            found["TargetGroupArn"] = action["targetGroupArn"]
        if fixed := action.get("fixedResponse"):
            found["FixedResponseConfig"] = {
                "ContentType": fixed["contentType"],
                "StatusCode": str(fixed.get("statusCode") or "200"),
                "MessageBody": fixed.get("messageBody", ""),
            }
        if redirect := action.get("redirect"):
            found["RedirectConfig"] = {key[0].upper() + key[1:]: str(value) for key, value in redirect.items()}
        sent.append(found)
    return sent


def _forward_config(forward: Props, old_stickiness: Props | None) -> Props:
    config: Props = {
        "TargetGroups": [
            {"TargetGroupArn": group["arn"], "Weight": group.get("weight", 1)} for group in forward["targetGroups"]
        ]
    }
    sticky = forward.get("stickiness")
    if sticky:
        config["TargetGroupStickinessConfig"] = {
            "Enabled": bool(sticky.get("enabled")),
            "DurationSeconds": sticky["duration"],
        }
    elif old_stickiness and old_stickiness.get("enabled"):
        config["TargetGroupStickinessConfig"] = {"Enabled": False}
    return config


def _told_action(action: Props, form: Props | None) -> Props:
    """An action of the API, in the form of the program's or the state's; in both where neither is known."""
    told: Props = {"type": action["Type"], "order": action.get("Order", 1)}
    config = action.get("ForwardConfig") or {}
    groups = config.get("TargetGroups") or []
    single = action.get("TargetGroupArn") or (groups[0]["TargetGroupArn"] if len(groups) == 1 else "")
    if action["Type"] == "forward":
        if form is None or "forward" in form:
            sticky = config.get("TargetGroupStickinessConfig") or {}
            told["forward"] = {
                "targetGroups": [{"arn": g["TargetGroupArn"], "weight": g.get("Weight", 1)} for g in groups]
                or [{"arn": single, "weight": 1}],
                "stickiness": {"enabled": bool(sticky.get("Enabled")), "duration": sticky.get("DurationSeconds", 0)},
            }
        if form is None or form.get("targetGroupArn"):
            told["targetGroupArn"] = single
    if fixed := action.get("FixedResponseConfig"):
        told["fixedResponse"] = {
            "contentType": fixed.get("ContentType", "text/plain"),
            "messageBody": fixed.get("MessageBody", ""),
            "statusCode": fixed.get("StatusCode", ""),
        }
    if redirect := action.get("RedirectConfig"):
        told["redirect"] = {key[0].lower() + key[1:]: value for key, value in redirect.items()}
    return told


def _conditions(conditions: list[Props]) -> list[Props]:
    sent: list[Props] = []
    for condition in conditions:
        for name, kind, config in _ONE_OF:
            if condition.get(name):
                sent.append({"Field": kind, config: {"Values": condition[name]["values"]}})
        if header := condition.get("httpHeader"):
            values = {"HttpHeaderName": header["httpHeaderName"], "Values": header["values"]}
            sent.append({"Field": "http-header", "HttpHeaderConfig": values})
        if queries := condition.get("queryStrings"):
            pairs = [{k: v for k, v in (("Key", q.get("key")), ("Value", q["value"])) if v} for q in queries]
            sent.append({"Field": "query-string", "QueryStringConfig": {"Values": pairs}})
    return sent


def _told_condition(condition: Props) -> Props:
    for name, kind, config in _ONE_OF:
        if condition["Field"] == kind:
            return {name: {"values": (condition.get(config) or {}).get("Values") or condition.get("Values", [])}}
    if condition["Field"] == "http-header":
        header = condition["HttpHeaderConfig"]
        return {"httpHeader": {"httpHeaderName": header["HttpHeaderName"], "values": header["Values"]}}
    pairs = condition["QueryStringConfig"]["Values"]
    return {"queryStrings": [{"key": pair.get("Key", ""), "value": pair["Value"]} for pair in pairs]}


def _verify(new: Props) -> str | None:
    """What the provider refuses at the time of a diff."""
    for index, action in enumerate(new.get("actions", ())):
        place = f"action[{index}]"
        if action.get("type") == "forward":
            groups = [group["arn"] for group in (action.get("forward") or {}).get("targetGroups", ())]
            single = action.get("targetGroupArn")
            if not groups and not single:
                return (
                    f'Either "{place}.target_group_arn" or "{place}.forward" must be specified '
                    f'when "{place}.type" is "forward".'
                )
            if groups and single and groups != [single]:
                return (
                    f"Invalid Attribute Combination: You can specify both a top-level target group ARN "
                    f'("{place}.target_group_arn") and, with "{place}.forward", a target group list with ARNs, '
                    "only if the ARNs match."
                )
        for kind, name, argument in (
            ("fixed-response", "fixedResponse", "fixed_response"),
            ("redirect", "redirect", "redirect"),
        ):
            if action.get("type") == kind and not action.get(name):
                return f'Attribute "{place}.{argument}" must be specified when "{place}.type" is "{kind}".'
    for condition in new.get("conditions", ()):
        given = [name for name, value in condition.items() if value]
        if len(given) != 1:
            problem = "Only one of" if given else "One of"
            said = "can" if given else "must"
            return (
                f"{problem} host_header, http_header, http_request_method, path_pattern, query_string or source_ip "
                f"{said} be set in a condition block"
            )
    return None


LISTENER_RULE = ResourceType(
    "aws:lb/listenerRule:ListenerRule",
    {
        "arn": string(output=True),
        "listenerArn": string(required=True, force_new=True),
        "priority": Property(Kind.INT, computed=True, refuse=_priority_refused),
        "actions": list_of(
            block(
                {
                    "type": string(required=True),
                    "order": integer(1, 50_000, computed=True),
                    "targetGroupArn": string(computed=True),
                    "forward": _FORWARD,
                    "fixedResponse": block(
                        {
                            "contentType": string(required=True),
                            "messageBody": string(),
                            "statusCode": string(computed=True),
                        },
                        computed=True,
                    ),
                    "redirect": block(
                        {
                            "statusCode": string(required=True),
                            "host": string(default="#{host}"),
                            "path": string(default="/#{path}"),
                            "port": string(default="#{port}"),
                            "protocol": string(default="#{protocol}"),
                            "query": string(default="#{query}"),
                        },
                        computed=True,
                    ),
                }
            ),
            required=True,
            refuse=_needs("action"),
        ),
        "conditions": set_of(
            block(
                {
                    "hostHeader": block({"values": _VALUES}),
                    "pathPattern": block({"values": _VALUES}),
                    "httpRequestMethod": block({"values": _VALUES}),
                    "sourceIp": block({"values": _VALUES}),
                    "httpHeader": block({"httpHeaderName": string(required=True), "values": _VALUES}),
                    "queryStrings": set_of(block({"key": string(), "value": string(required=True)})),
                }
            ),
            required=True,
            refuse=_needs("condition"),
        ),
    },
    _Operations(),
    tagged=True,
    verify=_verify,
)
