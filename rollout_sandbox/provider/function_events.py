"""aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig: what becomes of events that a function fails.

https://www.pulumi.com/registry/packages/aws/api-docs/lambda/functioneventinvokeconfig/
"""

from __future__ import annotations

import re

from rollout_sandbox.provider.aws import Aws, AwsFailure, code_of, doing
from rollout_sandbox.provider.functions import GONE, SERVICE
from rollout_sandbox.provider.patience import Ignoring, trying
from rollout_sandbox.provider.refusals import bad_arn
from rollout_sandbox.provider.schema import Props, ResourceType, block, integer, string

_WHAT = "Lambda Function Event Invoke Config"
_NOT_YET = re.compile("destination ARN|does not have permissions")
_ENDS = {"onFailure": "OnFailure", "onSuccess": "OnSuccess"}


class _EventInvokeConfig:
    def create(self, aws: Aws, new: Props) -> str:
        id_ = ":".join(filter(None, (new["functionName"], new.get("qualifier"))))
        self._put(aws, new, f"creating {_WHAT} ({id_})")
        return id_

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        name, qualifier = _parts(id_)
        with doing(f"reading {_WHAT} ({id_})", SERVICE), Ignoring(GONE):
            found = aws.client(SERVICE).get_function_event_invoke_config(**_addressed(name, qualifier))
            ends = found.get("DestinationConfig", {})
            told = {
                end: {"destination": ends[api]["Destination"]}
                for end, api in _ENDS.items()
                if ends.get(api, {}).get("Destination")
            }
            return {
                "destinationConfig": told or None,
                "functionName": name,
                "maximumEventAgeInSeconds": found.get("MaximumEventAgeInSeconds"),
                "maximumRetryAttempts": found.get("MaximumRetryAttempts"),
                "qualifier": qualifier,
            }
        return None

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        self._put(aws, new, f"updating {_WHAT} ({id_})")

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        with doing(f"deleting {_WHAT} ({id_})", SERVICE), Ignoring(GONE):
            aws.client(SERVICE).delete_function_event_invoke_config(**_addressed(*_parts(id_)))

    @staticmethod
    def _put(aws: Aws, new: Props, what: str) -> None:
        ends, age = new.get("destinationConfig") or {}, new.get("maximumEventAgeInSeconds")
        given = {api: {"Destination": ends[end]["destination"]} for end, api in _ENDS.items() if ends.get(end)}
        with doing(what, SERVICE):
            trying(
                lambda: aws.client(SERVICE).put_function_event_invoke_config(
                    **_addressed(new["functionName"], new.get("qualifier")),
                    MaximumRetryAttempts=new["maximumRetryAttempts"],
                    **({"MaximumEventAgeInSeconds": age} if age else {}),
                    **({"DestinationConfig": given} if given else {}),
                ),
                again=lambda error: code_of(error) == "InvalidParameterValue" and bool(_NOT_YET.search(str(error))),
            )


def _addressed(name: str, qualifier: str | None) -> Props:
    return {"FunctionName": name, **({"Qualifier": qualifier} if qualifier else {})}


def _parts(id_: str) -> tuple[str, str | None]:
    """`NAME` or `NAME:QUALIFIER`, where the name may be an ARN."""
    found = re.fullmatch(r"((?:arn:.*:function:)?[^:]+)(?::([^:]+))?", id_)
    if found is None:
        raise AwsFailure(f"unexpected format of ID ({id_}), expected name or name:qualifier")
    return found[1], found[2]


EVENT_INVOKE_CONFIG = ResourceType(
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    {
        "destinationConfig": block(
            {end: block({"destination": string(required=True, refuse=bad_arn)}) for end in _ENDS}
        ),
        "functionName": string(required=True, force_new=True),
        "maximumEventAgeInSeconds": integer(60, 21_600),
        "maximumRetryAttempts": integer(0, 2, default=2),
        "qualifier": string(force_new=True),
    },
    _EventInvokeConfig(),
)
