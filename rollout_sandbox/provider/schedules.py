"""aws:scheduler/schedule:Schedule, whose target is a function; parameters of other targets aren't known here.

https://www.pulumi.com/registry/packages/aws/api-docs/scheduler/schedule/
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from rollout_sandbox.provider.aws import Aws, AwsFailure, code_of, doing
from rollout_sandbox.provider.patience import Ignoring, trying
from rollout_sandbox.provider.refusals import Refusal, bad_arn, other_than, too_short_or_long
from rollout_sandbox.provider.schema import Props, ResourceType, block, integer, string

SERVICE = "scheduler"
GONE = "ResourceNotFound"
_WHAT = "EventBridge Scheduler Schedule"
_GROUP = "default"
_TEXTS = {
    "actionAfterCompletion": "ActionAfterCompletion",
    "description": "Description",
    "endDate": "EndDate",
    "kmsKeyArn": "KmsKeyArn",
    "scheduleExpression": "ScheduleExpression",
    "scheduleExpressionTimezone": "ScheduleExpressionTimezone",
    "startDate": "StartDate",
    "state": "State",
}
_RETRIES = {"maximumEventAgeInSeconds": "MaximumEventAgeInSeconds", "maximumRetryAttempts": "MaximumRetryAttempts"}


class _Schedule:
    def create(self, aws: Aws, new: Props) -> str:
        scheduler, name = aws.client(SERVICE), str(new["name"])
        group = {"GroupName": new["groupName"]} if new.get("groupName") else {}
        with doing(f"creating {_WHAT} ({name})", SERVICE):
            made = trying(lambda: scheduler.create_schedule(Name=name, **group, **_arguments(new)), again=_is_new_role)
        return str(made["ScheduleArn"]).partition(":schedule/")[2]

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        group, name = _parts(id_)
        with doing(f"reading {_WHAT} ({id_})", SERVICE), Ignoring(GONE):
            found = aws.client(SERVICE).get_schedule(GroupName=group, Name=name)
            window = found["FlexibleTimeWindow"]
            return {
                **{name: _told(found.get(api)) for name, api in _TEXTS.items()},
                "arn": found["Arn"],
                "flexibleTimeWindow": {
                    "mode": window["Mode"],
                    "maximumWindowInMinutes": window.get("MaximumWindowInMinutes"),
                },
                "groupName": found.get("GroupName") or _GROUP,
                "name": found["Name"],
                "target": _told_target(found["Target"]),
            }
        return None

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        scheduler, (group, name) = aws.client(SERVICE), _parts(id_)
        with doing(f"updating {_WHAT} ({id_})", SERVICE):
            trying(lambda: scheduler.update_schedule(Name=name, GroupName=group, **_arguments(new)), again=_is_new_role)

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        group, name = _parts(id_)
        with doing(f"deleting {_WHAT} ({id_})", SERVICE), Ignoring(GONE):
            aws.client(SERVICE).delete_schedule(GroupName=group, Name=name)


def _is_new_role(error: ClientError) -> bool:
    """Whether AWS hasn't heard of the role yet."""
    return code_of(error) == "Validation" and "must allow AWS EventBridge Scheduler to assume" in str(error)


def _arguments(new: Props) -> Props:
    """All of it: UpdateSchedule forgets what it isn't told."""
    window, target = new["flexibleTimeWindow"], new["target"]
    minutes, retries = window.get("maximumWindowInMinutes"), target.get("retryPolicy")
    to = {"Arn": target["arn"], "RoleArn": target["roleArn"]}
    if target.get("input"):
        to["Input"] = target["input"]
    if retries:
        to["RetryPolicy"] = {api: retries[key] for key, api in _RETRIES.items() if retries.get(key) is not None}
    if target.get("deadLetterConfig"):
        to["DeadLetterConfig"] = {"Arn": target["deadLetterConfig"]["arn"]}
    return {
        **{api: new[name] for name, api in _TEXTS.items() if new.get(name)},
        "FlexibleTimeWindow": {"Mode": window["mode"], **({"MaximumWindowInMinutes": minutes} if minutes else {})},
        "Target": to,
    }


def _told(value: Any) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else value or ""


def _told_target(found: Props) -> Props:
    retries, dead = found.get("RetryPolicy") or {}, (found.get("DeadLetterConfig") or {}).get("Arn")
    return {
        "arn": found["Arn"],
        "deadLetterConfig": {"arn": dead} if dead else None,
        "input": found.get("Input", ""),
        "retryPolicy": {key: retries[api] for key, api in _RETRIES.items() if api in retries},
        "roleArn": found["RoleArn"],
    }


def _parts(id_: str) -> tuple[str, str]:
    """`GROUP/NAME`."""
    group, _, name = id_.partition("/")
    if not group or not name or "/" in name:
        raise AwsFailure(f"unexpected format of ID ({id_}), expected schedule-group-name/schedule-name")
    return group, name


def _imported(id_: str) -> tuple[str, Props | None]:
    return "/".join(_parts(id_)), None


def _bare(refuse: Refusal, name: str) -> Refusal:
    """A refusal that names a nested property without its place, as this type's do."""
    return lambda value: (said := refuse(value)) and said.replace("{path}", name)


def _bad_name(name: str) -> str | None:
    if re.fullmatch(r"[0-9A-Za-z_.-]+", name):
        return None
    return "invalid value for name (The name must consist of alphanumerics, hyphens, and underscores.)"


def _no_time(value: str) -> str | None:
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    return None if re.fullmatch(pattern, value) else f'expected "{{path}}" to be a valid RFC3339 date, got "{value}"'


SCHEDULE = ResourceType(
    "aws:scheduler/schedule:Schedule",
    {
        "actionAfterCompletion": string(computed=True, refuse=other_than("NONE", "DELETE")),
        "arn": string(output=True),
        "description": string(refuse=too_short_or_long(0, 512)),
        "endDate": string(refuse=_no_time),
        "flexibleTimeWindow": block(
            {
                "maximumWindowInMinutes": integer(1, 1440, "maximum_window_in_minutes"),
                "mode": string(required=True, refuse=other_than("OFF", "FLEXIBLE", name="mode")),
            },
            required=True,
        ),
        "groupName": string(computed=True, force_new=True, refuse=too_short_or_long(1, 64)),
        "kmsKeyArn": string(refuse=bad_arn),
        "name": string(computed=True, force_new=True, auto_name=64, refuse=_bad_name),
        "scheduleExpression": string(required=True, refuse=too_short_or_long(1, 256)),
        "scheduleExpressionTimezone": string(default="UTC", refuse=too_short_or_long(1, 50)),
        "startDate": string(refuse=_no_time),
        "state": string(default="ENABLED", refuse=other_than("ENABLED", "DISABLED")),
        "target": block(
            {
                "arn": string(required=True, refuse=_bare(bad_arn, "arn")),
                "deadLetterConfig": block({"arn": string(required=True, refuse=_bare(bad_arn, "arn"))}),
                "input": string(),
                "retryPolicy": block(
                    {
                        "maximumEventAgeInSeconds": integer(60, 86_400, "maximum_event_age_in_seconds", default=86_400),
                        "maximumRetryAttempts": integer(0, 185, "maximum_retry_attempts", default=185),
                    }
                ),
                "roleArn": string(required=True, refuse=_bare(bad_arn, "role_arn")),
            },
            required=True,
        ),
    },
    _Schedule(),
    imported=_imported,
)
