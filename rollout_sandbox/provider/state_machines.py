"""aws:sfn/stateMachine:StateMachine.

https://www.pulumi.com/registry/packages/aws/api-docs/sfn/statemachine/
"""

from __future__ import annotations

import json
import re
import time
from typing import Any

from botocore.exceptions import ClientError

from rollout_sandbox.provider.aws import Aws, code_of, doing
from rollout_sandbox.provider.patience import Ignoring, trying
from rollout_sandbox.provider.refusals import bad_arn, other_than, too_short_or_long
from rollout_sandbox.provider.schema import Props, ResourceType, block, boolean, integer, string
from rollout_sandbox.provider.tagging import changed_tags, own_tags
from rollout_sandbox.states.language import InvalidDefinition, check

SERVICE = "stepfunctions"
GONE = "StateMachineDoesNotExist"
_WHAT = "Step Functions State Machine"


class _StateMachine:
    def create(self, aws: Aws, new: Props) -> str:
        states, name = aws.client(SERVICE), str(new["name"])
        asked: Props = {"name": name, "type": new["type"], "publish": bool(new.get("publish")), **_settings(new)}
        with doing(f"creating {_WHAT} ({name})", SERVICE):
            made = trying(
                lambda: states.create_state_machine(**asked, tags=_as_tags(new.get("tagsAll") or {})), again=_is_early
            )
        return str(made["stateMachineArn"])

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        states = aws.client(SERVICE)
        with doing(f"reading {_WHAT} ({id_})", SERVICE), Ignoring(GONE):
            found = states.describe_state_machine(stateMachineArn=id_)
            versions = states.list_state_machine_versions(stateMachineArn=id_)["stateMachineVersions"]
            tags = states.list_tags_for_resource(resourceArn=id_)["tags"]
            logging, encryption = (found.get(f"{what}Configuration") or {} for what in ("logging", "encryption"))
            groups = [each["cloudWatchLogsLogGroup"]["logGroupArn"] for each in logging.get("destinations") or ()]
            return {
                "arn": found["stateMachineArn"],
                "creationDate": f"{found['creationDate']:%Y-%m-%dT%H:%M:%SZ}",
                "definition": found["definition"],
                "description": found.get("description", ""),
                "encryptionConfiguration": {
                    "kmsDataKeyReusePeriodSeconds": encryption.get("kmsDataKeyReusePeriodSeconds", 0),
                    "kmsKeyId": encryption.get("kmsKeyId", ""),
                    "type": encryption.get("type", "AWS_OWNED_KEY"),
                },
                "loggingConfiguration": {
                    "includeExecutionData": logging.get("includeExecutionData", False),
                    "level": logging.get("level", "OFF"),
                    "logDestination": next(iter(groups), ""),
                },
                "name": found["name"],
                "publish": bool((known or {}).get("publish")),
                "revisionId": found.get("revisionId", ""),
                "roleArn": found["roleArn"],
                "stateMachineVersionArn": versions[0]["stateMachineVersionArn"] if versions else "",
                "status": found["status"],
                "tracingConfiguration": {"enabled": found.get("tracingConfiguration", {}).get("enabled", False)},
                "type": found["type"],
                "tagsAll": own_tags({tag["key"]: tag["value"] for tag in tags}),
            }
        return None

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        states, (gone, tags) = aws.client(SERVICE), changed_tags(old, new)
        with doing(f"updating tags for {_WHAT} ({id_})", SERVICE):
            if gone:
                states.untag_resource(resourceArn=id_, tagKeys=gone)
            if tags:
                states.tag_resource(resourceArn=id_, tags=_as_tags(tags))
        if changed - {"tags", "tagsAll"}:
            with doing(f"updating {_WHAT} ({id_})", SERVICE):
                states.update_state_machine(stateMachineArn=id_, publish=bool(new.get("publish")), **_settings(new))

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        states = aws.client(SERVICE)
        with doing(f"deleting {_WHAT} ({id_})", SERVICE):
            states.delete_state_machine(stateMachineArn=id_)
        with doing(f"waiting for {_WHAT} ({id_}) delete", SERVICE), Ignoring(GONE):
            while states.describe_state_machine(stateMachineArn=id_):
                time.sleep(0.2)


def _is_early(error: ClientError) -> bool:
    """Whether AWS hasn't heard of the role yet, or still deletes one of the name."""
    return code_of(error) in {"AccessDenied", "StateMachineDeleting"}


def _settings(new: Props) -> Props:
    """What CreateStateMachine and UpdateStateMachine take."""
    asked: Props = {"definition": new["definition"], "roleArn": new["roleArn"]}
    if logging := new.get("loggingConfiguration"):
        kept = {key: logging[key] for key in ("includeExecutionData", "level") if key in logging}
        group = {"cloudWatchLogsLogGroup": {"logGroupArn": logging.get("logDestination")}}
        asked["loggingConfiguration"] = kept | ({"destinations": [group]} if logging.get("logDestination") else {})
    return asked | {key: new[key] for key in ("tracingConfiguration", "encryptionConfiguration") if new.get(key)}


def _as_tags(tags: Props) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _bad_name(name: str) -> str | None:
    if not re.fullmatch(r"[0-9A-Za-z_-]+", name):
        return "invalid value for {path} (the name should only contain 0-9, A-Z, a-z, - and _)"
    return too_short_or_long(1, 80)(name)


def _verify(inputs: Props) -> str | None:
    """What ValidateStateMachineDefinition answers, which the provider asks at each difference."""
    said = "invalid Step Functions State Machine definition: ERROR ({}): {}"
    try:
        check(json.loads(inputs["definition"]))
    except ValueError as error:
        return said.format("INVALID_JSON_DESCRIPTION", error)
    except InvalidDefinition as error:
        return said.format("SCHEMA_VALIDATION_FAILED", error)
    return None


def _computed(**fields: Any) -> Any:
    return block(fields, computed=True)


STATE_MACHINE = ResourceType(
    "aws:sfn/stateMachine:StateMachine",
    {
        "arn": string(output=True),
        "creationDate": string(output=True),
        "definition": string(required=True, refuse=too_short_or_long(0, 1_048_576)),
        "description": string(output=True),
        "encryptionConfiguration": _computed(
            kmsDataKeyReusePeriodSeconds=integer(60, 900),
            kmsKeyId=string(),
            type=string(refuse=other_than("AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY", name="type")),
        ),
        "loggingConfiguration": _computed(
            includeExecutionData=boolean(),
            level=string(refuse=other_than("ALL", "ERROR", "FATAL", "OFF", name="level")),
            logDestination=string(),
        ),
        "name": string(computed=True, force_new=True, auto_name=80, refuse=_bad_name),
        "publish": boolean(default=False),
        "revisionId": string(output=True),
        "roleArn": string(required=True, refuse=bad_arn),
        "stateMachineVersionArn": string(output=True),
        "status": string(output=True),
        "tracingConfiguration": _computed(enabled=boolean()),
        "type": string(default="STANDARD", force_new=True, refuse=other_than("STANDARD", "EXPRESS")),
        "versionDescription": string(output=True),
    },
    _StateMachine(),
    tagged=True,
    verify=_verify,
)
