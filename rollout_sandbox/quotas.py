"""What AWS documents of a call's parameters and its service's model doesn't hold: quotas, and rules in words.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from werkzeug.wrappers import Response

from rollout.adapters.aws.iam.policies import MAX_MANAGED
from rollout_sandbox import refusal
from rollout_sandbox.request import ApiRequest

MAX_TRUST = 2048
"""Characters of a role's trust policy, by default; white space doesn't count."""
MAX_VARIABLES = 4096
"""Bytes of a function's variables, their names and values."""
MAX_TIMEOUT = 1800
MAX_VALUES = 150
_RETENTION = {
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180),
    *(365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
}
_RESERVED = frozenset(
    {
        *("_HANDLER", "_X_AMZN_TRACE_ID", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV"),
        *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"),
        *("AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME"),
        *("AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"),
    }
)
_UNSUITABLE = re.compile(r'[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]')
"""What a name of Step Functions may not have."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")

Parameters = Mapping[str, Any]
Problem = tuple[str, str] | None


def exceeded(call: ApiRequest) -> Response | None:
    """The refusal of a call that exceeds a quota; None if it doesn't."""
    check = _CHECKS.get(call.action)
    if check is None or (problem := check(call.parameters)) is None:
        return None
    return refusal.response(call.protocol, *problem, HTTPStatus.BAD_REQUEST)


def _trust(asked: Parameters) -> Problem:
    text = str(asked.get("AssumeRolePolicyDocument") or asked.get("PolicyDocument") or "")
    try:
        json.loads(text)
    except ValueError:
        return "MalformedPolicyDocument", "This policy contains invalid Json"
    return _is_long(text, MAX_TRUST, "ACLSizePerRole")


def _managed(asked: Parameters) -> Problem:
    return _is_long(str(asked["PolicyDocument"]), MAX_MANAGED, "PolicySize")


def _is_long(text: str, most: int, quota: str) -> Problem:
    is_long = len("".join(text.split())) > most
    return ("LimitExceeded", f"Cannot exceed quota for {quota}: {most}") if is_long else None


def _retention(asked: Parameters) -> Problem:
    if asked["retentionInDays"] in _RETENTION:
        return None
    text = f"Invalid retention value: {asked['retentionInDays']}, it must be one of {sorted(_RETENTION)}"
    return "InvalidParameterException", text


def _notice(asked: Parameters) -> Problem:
    subject = asked.get("Subject")
    if subject is not None and (not subject or _CONTROL.search(subject)):
        return "InvalidParameter", "Invalid parameter: Subject"
    return None if asked.get("Message") else ("InvalidParameter", "Invalid parameter: Empty message")


def _measurements(asked: Parameters) -> Problem:
    if asked["Namespace"].startswith("AWS/"):
        return "InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid."
    for number, datum in enumerate(asked.get("MetricData") or (), 1):
        at = f"MetricData.member.{number}"
        if not {"Value", "Values", "StatisticValues"} & datum.keys():
            text = f"At least one of the parameters {at}.Value, {at}.Values or {at}.StatisticValues must be specified."
            return "MissingParameter", text
        if len(datum.get("Values") or ()) > MAX_VALUES:
            text = f"The collection {at}.Values must not have a size greater than {MAX_VALUES}."
            return "InvalidParameterValue", text
        if datum.get("StorageResolution", 60) not in {1, 60}:
            return "InvalidParameterValue", f"The parameter {at}.StorageResolution must be 1 or 60."
    return None


def _queries(asked: Parameters) -> Problem:
    names = [each["Id"] for each in asked.get("MetricDataQueries") or ()]
    for number, name in enumerate(names, 1):
        if not re.fullmatch(r"[a-z]\w*", name, re.ASCII):
            at = f"MetricDataQueries.member.{number}.Id"
            return (
                "ValidationError",
                f"The value {name} for parameter {at} is not matching the expected pattern ^[a-z].",
            )
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    return (
        ("ValidationError", f"The values for parameter id in MetricDataQueries are not unique: {twice}.")
        if twice
        else None
    )


def _tagged(asked: Parameters) -> Problem:
    most = 20
    if len(asked.get("ResourceArns") or ()) > most:
        return "ValidationError", f"You can specify up to {most} resources in a single call"
    keys = [each["Key"] for each in asked.get("Tags") or ()]
    if len(set(keys)) < len(keys):
        return "DuplicateTagKeys", "A tag key was specified more than once"
    if any(key.startswith("aws:") for key in keys):
        return "ValidationError", "Tag keys starting with 'aws:' are reserved for system use"
    return None


def _function(asked: Parameters) -> Problem:
    if (asked.get("Timeout") or 0) > MAX_TIMEOUT:
        text = f"Value '{asked['Timeout']}' at 'timeout' failed to satisfy constraint: Member must have value less than"
        return "ValidationException", f"1 validation error detected: {text} or equal to {MAX_TIMEOUT}"
    variables = (asked.get("Environment") or {}).get("Variables") or {}
    failed = (
        "Lambda was unable to configure your environment variables because the environment variables you have provided"
    )
    if reserved := sorted(_RESERVED & variables.keys()):
        text = (
            f"{failed} contains reserved keys that are currently not supported for modification. Reserved keys used in"
        )
        return "InvalidParameterValueException", f"{text} this request: {', '.join(reserved)}"
    if len(json.dumps(variables, separators=(",", ":"), ensure_ascii=False).encode()) > MAX_VARIABLES:
        return "InvalidParameterValueException", f"{failed} exceeded the 4KB limit."
    return None


def _execution(asked: Parameters) -> Problem:
    name = asked.get("name")
    return ("InvalidName", f"Invalid Name: '{name}'") if name and _UNSUITABLE.search(name) else None


_CHECKS: Mapping[str, Callable[[Parameters], Problem]] = {
    "cloudwatch:GetMetricData": _queries,
    "cloudwatch:PutMetricData": _measurements,
    "elasticloadbalancing:AddTags": _tagged,
    "elasticloadbalancing:DescribeTags": _tagged,
    "iam:CreatePolicy": _managed,
    "iam:CreatePolicyVersion": _managed,
    "iam:CreateRole": _trust,
    "iam:UpdateAssumeRolePolicy": _trust,
    "lambda:CreateFunction": _function,
    "lambda:UpdateFunctionConfiguration": _function,
    "logs:PutRetentionPolicy": _retention,
    "sns:Publish": _notice,
    "states:StartExecution": _execution,
}
