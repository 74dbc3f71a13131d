"""Conditions of each kind, as a rule is asked for with them."""

from __future__ import annotations

from typing import Any

Condition = dict[str, Any]


def host(*values: str) -> Condition:
    return {"Field": "host-header", "HostHeaderConfig": {"Values": list(values)}}


def header(name: str, *values: str) -> Condition:
    return {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": name, "Values": list(values)}}


def query(*pairs: tuple[str | None, str]) -> Condition:
    values = [{**({"Key": key} if key else {}), "Value": value} for key, value in pairs]
    return {"Field": "query-string", "QueryStringConfig": {"Values": values}}


def source(*networks: str) -> Condition:
    return {"Field": "source-ip", "SourceIpConfig": {"Values": list(networks)}}


def regex(field: str, *expressions: str) -> Condition:
    config = {"host-header": "HostHeaderConfig", "path-pattern": "PathPatternConfig", "http-header": "HttpHeaderConfig"}
    name = {"HttpHeaderName": "x-canary"} if field == "http-header" else {}
    return {"Field": field, config[field]: {**name, "RegexValues": list(expressions)}}
