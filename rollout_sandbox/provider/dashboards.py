"""aws:cloudwatch/dashboard:Dashboard.

https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/dashboard/
"""

from __future__ import annotations

import json
import re
from typing import Any

from rollout_sandbox.provider.aws import Aws, doing
from rollout_sandbox.provider.patience import Ignoring
from rollout_sandbox.provider.schema import Props, ResourceType, json_text, string

SERVICE = "cloudwatch"
GONE = ("ResourceNotFound", "DashboardNotFoundError")
_NAME = r"^[\-_A-Za-z0-9]+$"


def _name_refused(name: str) -> str | None:
    if len(name) > 255:  # noqa: PLR2004 - AWS's limit
        return f'"{{path}}" cannot be longer than 255 characters: "{name}"'
    if not re.fullmatch(_NAME, name, re.ASCII):
        return f'"{{path}}" doesn\'t comply with restrictions ({json.dumps(_NAME)}): "{name}"'
    return None


def _parsed(body: Any) -> Any:
    return json.loads(body) if isinstance(body, str) else body


def _body_refused(body: Any) -> str | None:
    try:
        _parsed(body)
    except json.JSONDecodeError as error:
        return f'"{{path}}" contains an invalid JSON: {error.msg}'
    return None


class _Dashboard:
    def create(self, aws: Aws, new: Props) -> str:
        name = str(new["dashboardName"])
        body = json.dumps(_parsed(new["dashboardBody"]), separators=(",", ":"))
        with doing(f"putting CloudWatch Dashboard ({name})", SERVICE):
            aws.client(SERVICE).put_dashboard(DashboardName=name, DashboardBody=body)
        return name

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        with doing(f"reading CloudWatch Dashboard ({id_})", SERVICE), Ignoring(*GONE):
            found = aws.client(SERVICE).get_dashboard(DashboardName=id_)
            return {
                "dashboardArn": found["DashboardArn"],
                "dashboardName": found["DashboardName"],
                "dashboardBody": found["DashboardBody"],
            }
        return None

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        self.create(aws, new)

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        with doing(f"deleting CloudWatch Dashboard ({id_})", SERVICE), Ignoring(*GONE):
            aws.client(SERVICE).delete_dashboards(DashboardNames=[id_])


DASHBOARD = ResourceType(
    "aws:cloudwatch/dashboard:Dashboard",
    {
        "dashboardArn": string(output=True),
        "dashboardName": string(required=True, force_new=True, refuse=_name_refused),
        "dashboardBody": json_text(
            required=True, refuse=_body_refused, same=lambda old, new: bool(_parsed(old) == _parsed(new))
        ),
    },
    _Dashboard(),
)
