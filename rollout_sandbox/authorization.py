"""Whether a call is allowed: the permissions that it needs, compared with the caller's policies.

An account without a policy may do anything; a role's session may do what its policies allow. With a policy, a call that
isn't in the tables here is refused, even if the policy allows it: the resource that AWS would check is not known.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from moto.elbv2.models import elbv2_backends
from moto.kms.models import kms_backends
from moto.utilities.utils import get_partition as partition_of

from rollout_sandbox import trust
from rollout_sandbox.policies import Asked, Policy
from rollout_sandbox.request import ApiRequest
from rollout_sandbox.role_policies import RolePolicies
from rollout_sandbox.sessions import Session, Sessions

_ELB, _LOGS = "elasticloadbalancing", "arn:{partition}:logs:{region}:{account}:log-group:"
_TARGET_GROUP = "arn:{partition}:elasticloadbalancing:{region}:{account}:targetgroup/{Name}/*"
_FUNCTION = "arn:{partition}:lambda:{region}:{account}:function:{FunctionName}"
_ROLE = "arn:{partition}:iam::{account}:role/{RoleName}"
_ALARM = "arn:{partition}:cloudwatch:{region}:{account}:alarm:"
_TABLE = "arn:{partition}:dynamodb:{region}:{account}:table/{TableName}"
_BUS = "arn:{partition}:events:{region}:{account}:event-bus/"
_OBJECT = "arn:{partition}:s3:::{Bucket}/{Key}"

_KEY_ID = 36
"""Characters of a key's id, with which moto begins what it encrypts."""

_FREE = ("sts:GetCallerIdentity", trust.ASSUME)
"""What needs no right, and what `security_tokens` asks for together with the role's trust policy."""
_UNBOUND = (
    f"{_ELB}:Describe*",
    "cloudwatch:DescribeAlarms",  # who may see single ones only isn't told of composite ones
    "cloudwatch:GetMetricData",
    "cloudwatch:PutMetricData",
    "cloudwatch:PutCompositeAlarm",  # its page asks for a right to all alarms
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "lambda:GetAccountSettings",
    "logs:DescribeDeliver*",
    "logs:DescribeLogGroups",
    "states:SendTask*",
    "states:ValidateStateMachineDefinition",
)
_BOUND: Mapping[str, str] = {
    f"{_ELB}:AddTags": "{ResourceArns[0]}",
    f"{_ELB}:CreateRule": "{ListenerArn}",
    f"{_ELB}:CreateTargetGroup": _TARGET_GROUP,
    f"{_ELB}:CreateListener": "{LoadBalancerArn}",
    f"{_ELB}:DeleteRule": "{RuleArn}",
    f"{_ELB}:DeleteTargetGroup": "{TargetGroupArn}",
    f"{_ELB}:DeregisterTargets": "{TargetGroupArn}",
    f"{_ELB}:ModifyListener": "{ListenerArn}",
    f"{_ELB}:ModifyRule": "{RuleArn}",
    f"{_ELB}:ModifyTargetGroup": "{TargetGroupArn}",
    f"{_ELB}:ModifyTargetGroupAttributes": "{TargetGroupArn}",
    f"{_ELB}:RegisterTargets": "{TargetGroupArn}",
    f"{_ELB}:RemoveTags": "{ResourceArns[0]}",
    "cloudwatch:DeleteAlarms": _ALARM + "{AlarmNames[0]}",
    "cloudwatch:DeleteDashboards": "arn:{partition}:cloudwatch::{account}:dashboard/{DashboardNames[0]}",
    "cloudwatch:DescribeAlarmHistory": _ALARM + "{AlarmName}",
    "cloudwatch:DisableAlarmActions": _ALARM + "{AlarmNames[0]}",
    "cloudwatch:EnableAlarmActions": _ALARM + "{AlarmNames[0]}",
    "cloudwatch:GetDashboard": "arn:{partition}:cloudwatch::{account}:dashboard/{DashboardName}",
    "cloudwatch:ListTagsForResource": "{ResourceARN}",
    "cloudwatch:PutDashboard": "arn:{partition}:cloudwatch::{account}:dashboard/{DashboardName}",
    "cloudwatch:PutMetricAlarm": _ALARM + "{AlarmName}",
    "cloudwatch:SetAlarmState": _ALARM + "{AlarmName}",
    "cloudwatch:TagResource": "{ResourceARN}",
    "cloudwatch:UntagResource": "{ResourceARN}",
    "dynamodb:ListTagsOfResource": "{ResourceArn}",
    "dynamodb:TagResource": "{ResourceArn}",
    "dynamodb:UntagResource": "{ResourceArn}",
    "dynamodb:*": _TABLE,
    "events:PutEvents": _BUS,
    "iam:*Role*": _ROLE,
    "lambda:ListTags": "{Resource}",
    "lambda:TagResource": "{Resource}",
    "lambda:UntagResource": "{Resource}",
    "lambda:*ProvisionedConcurrencyConfig": _FUNCTION + ":{Qualifier}",
    "lambda:*": _FUNCTION,
    "logs:CreateLogStream": _LOGS + "{logGroupName}:log-stream:{logStreamName}",
    "logs:CreateLogGroup": _LOGS + "{logGroupName}:log-stream:",  # so AWS names it in its refusals
    "logs:DeleteLogGroup": _LOGS + "{logGroupName}",
    "logs:FilterLogEvents": _LOGS + "{logGroupName}:log-stream:",
    "logs:ListTagsForResource": "{resourceArn}",
    "logs:PutLogEvents": _LOGS + "{logGroupName}:log-stream:{logStreamName}",
    "logs:PutRetentionPolicy": _LOGS + "{logGroupName}:log-stream:",
    "logs:TagResource": "{resourceArn}",
    "logs:UntagResource": "{resourceArn}",
    "s3:DeleteObject*": _OBJECT,
    "s3:GetObject*": _OBJECT,
    "s3:ListBucket*": "arn:{partition}:s3:::{Bucket}",
    "s3:PutObject*": _OBJECT,
    "scheduler:*Schedule": "arn:{partition}:scheduler:{region}:{account}:schedule/default/{Name}",
    "sns:Publish": "{TopicArn}",
    "states:CreateStateMachine": "arn:{partition}:states:{region}:{account}:stateMachine:{name}",
    "states:*TagsForResource": "{resourceArn}",
    "states:*agResource": "{resourceArn}",
    "states:*StateMachine*": "{stateMachineArn}",
    "states:ListExecutions": "{stateMachineArn}",
    "states:StartExecution": "{stateMachineArn}",
    "states:*Execution*": "{executionArn}",
}
"""By action: its resource, made of the call's parameters; of several patterns the first that fits counts."""

_NAMED_OTHERWISE = {
    "s3:CopyObject": "s3:PutObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
}
"""Operations that IAM knows by another name."""

_TAGGING = {
    f"{_ELB}:CreateRule": f"{_ELB}:AddTags",
    f"{_ELB}:CreateTargetGroup": f"{_ELB}:AddTags",
    "cloudwatch:PutCompositeAlarm": "cloudwatch:TagResource",
    "cloudwatch:PutMetricAlarm": "cloudwatch:TagResource",
    "dynamodb:CreateTable": "dynamodb:TagResource",
    "iam:CreateRole": "iam:TagRole",
    "lambda:CreateFunction": "lambda:TagResource",
    "logs:CreateLogGroup": "logs:TagResource",
    "s3:PutObject": "s3:PutObjectTagging",
    "states:CreateStateMachine": "states:TagResource",
}
"""Creations that may come with tags, and the right to tag that they then ask for too."""

_TAGS = frozenset({f"{_ELB}:AddTags", f"{_ELB}:RemoveTags"})
"""Calls about several resources, on each of which AWS checks the right."""

_CODES = {"query": "AccessDenied", "rest-xml": "AccessDenied", "ec2": "UnauthorizedOperation"}
_JSON_CODE = "AccessDeniedException"
_CODES_BY_SERVICE = {"monitoring": "AccessDenied", "sns": "AuthorizationError"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """AWS's refusal."""

    code: str
    message: str


class Authorization:
    """The policies of the accounts and roles.

    Args:
        sessions: Of the roles.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._policies: dict[str, Policy] = {}
        self._sessions = sessions

    def enforce(self, account: str, document: Mapping[str, Any] | None) -> None:
        """Enforce a policy on an account; None removes it.

        Raises:
            SandboxError: AWS wouldn't take the policy.
        """
        if document is None:
            self._policies.pop(account, None)
        else:
            self._policies[account] = Policy.parse(document)

    def caller(self, call: ApiRequest) -> trust.Caller:
        """Who calls."""
        session = self._sessions.of(call.key)
        if session:
            return trust.Caller.of_session(session)
        return trust.Caller.of_account(call.account, call.region, self._policies.get(call.account))

    def refusal(self, call: ApiRequest) -> Refusal | None:
        """Why a call is refused; None if it isn't."""
        caller = self.caller(call)
        policy = caller.policies
        if policy is None or call.action in _FREE:
            return None
        who = f"User: {caller.arn} is not authorized to perform:"
        code = _CODES_BY_SERVICE.get(call.service) or _CODES.get(call.protocol, _JSON_CODE)
        rights = tuple(rights_of(call))
        if not rights:
            why = "because the sandbox doesn't know the resource of this call"
            return Refusal(code, f"{who} {call.action} {why}")
        for asked in rights:
            if why_not := policy.refusal(_as_it_is(call, asked)):
                where = "" if asked.resource == "*" else f" on resource: {asked.resource}"
                return Refusal(code, f"{who} {asked.action}{where} {why_not}")
        return None


def allows(session: Session, action: str, resource: str) -> bool:
    """Whether a role may do something that AWS does in its name, such as writing a function's log."""
    return RolePolicies.of(session).refusal(Asked(action, resource)) is None


def _as_it_is(call: ApiRequest, asked: Asked) -> Asked:
    """What is asked, and what is known of its resource now: its tags or aliases."""
    known: dict[str, tuple[str, ...]] = {}
    if call.service == _ELB and asked.resource != "*":
        tags = elbv2_backends[call.account][call.region].describe_tags([asked.resource])[asked.resource]
        known = {f"aws:resourcetag/{key}".lower(): (value,) for key, value in tags.items()}
    elif call.service == "kms":
        aliases = kms_backends[call.account][call.region].list_aliases(asked.resource.rpartition("/")[2])
        known = {"kms:resourcealiases": tuple(alias.alias_name for alias in aliases)}
    elif call.service == "dynamodb" and (key := _leading_key(call)) is not None:
        known = {"dynamodb:leadingkeys": (key,)}
    return replace(asked, context={**known, **asked.context})


def _leading_key(call: ApiRequest) -> str | None:
    """The partition key's value of the item that a call is about."""
    from moto.dynamodb.models import dynamodb_backends  # noqa: PLC0415 - most sandboxes have no tables

    table = dynamodb_backends[call.account][call.region].tables.get(str(call.parameters.get("TableName")))
    item = call.parameters.get("Key") or call.parameters.get("Item") or {}
    value = item.get(table.hash_key_attr) if table else None
    return next(iter(value.values()), None) if value else None


def rights_of(call: ApiRequest) -> Iterator[Asked]:
    """The rights that AWS asks for a call; none if that isn't known."""
    action, said = _NAMED_OTHERWISE.get(call.action, call.action), call.parameters
    resource = _resource(action, call)
    if resource is None:
        return
    if action == "events:PutEvents":
        names = dict.fromkeys(entry.get("EventBusName", "default") for entry in said["Entries"])
        yield from (Asked(action, name if name.startswith("arn:") else resource + name) for name in names)
        return
    if action in _TAGS:
        keys = tuple(said.get("TagKeys") or (tag["Key"] for tag in said.get("Tags", ())))
        yield from (Asked(action, arn, {"aws:tagkeys": keys}) for arn in said["ResourceArns"])
        return
    yield Asked(action, resource, _context(action, said))
    if call.action == "s3:CopyObject":
        yield Asked("s3:GetObject", f"arn:{partition_of(call.region)}:s3:::{said['CopySource'].lstrip('/')}")
    if passed := _passed(call):
        yield Asked("iam:PassRole", passed, {"iam:passedtoservice": (f"{call.service}.amazonaws.com",)})
    if action in _TAGGING and any(said.get(name) for name in ("Tags", "tags", "Tagging")):
        creation = {"elasticloadbalancing:createaction": (call.operation,)} if call.service == _ELB else {}
        yield Asked(_TAGGING[action], _made(action, resource, call), creation)


def _passed(call: ApiRequest) -> str | None:
    """The role that a call hands to its service."""
    said: Mapping[str, Any] = call.parameters
    roles = {
        "lambda": said.get("Role"),
        "scheduler": said.get("Target", {}).get("RoleArn"),
        "states": said.get("roleArn"),
    }
    return roles.get(call.service)


_CONTEXT = {
    "cloudwatch:PutMetricData": ("cloudwatch:namespace", "Namespace"),
    "iam:AttachRolePolicy": ("iam:policyarn", "PolicyArn"),
    "iam:CreateRole": ("iam:permissionsboundary", "PermissionsBoundary"),
    "lambda:AddPermission": ("lambda:principal", "Principal"),
    "s3:ListBucket": ("s3:prefix", "Prefix"),
}
"""By action, what conditions may ask of it, and the parameter that says it."""


def _context(action: str, said: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    key, parameter = _CONTEXT.get(action, ("", ""))
    return {key: (said[parameter],)} if parameter in said else {}


def _made(action: str, resource: str, call: ApiRequest) -> str:
    """What a creation makes, where that isn't what it is bound to."""
    if action == f"{_ELB}:CreateRule":
        return f"{resource}/*".replace(":listener/", ":listener-rule/")  # it has no ARN yet
    if action == "logs:CreateLogGroup":
        return resource.removesuffix(":log-stream:")
    if action == "cloudwatch:PutCompositeAlarm":
        return _resource("cloudwatch:PutMetricAlarm", call) or resource
    return resource


def _resource(action: str, call: ApiRequest) -> str | None:
    if any(fnmatchcase(action, pattern) for pattern in _UNBOUND):
        return "*"
    if call.service == "kms":
        return _key(call)
    if call.service == "sqs":
        name = call.parameters.get("QueueName") or str(call.parameters.get("QueueUrl", "")).rpartition("/")[2]
        return f"arn:{partition_of(call.region)}:sqs:{call.region}:{call.account}:{name}"
    template = next((_BOUND[pattern] for pattern in _BOUND if fnmatchcase(action, pattern)), None)
    name = str(call.parameters.get("FunctionName", ""))
    if template is None or name.startswith("arn:"):
        return name or None
    try:
        return template.format(
            partition=partition_of(call.region), account=call.account, region=call.region, **call.parameters
        )
    except LookupError:  # a parameter is missing
        return None


def _key(call: ApiRequest) -> str | None:
    """The key that a call of KMS names, or that what is to be decrypted names."""
    if "KeyId" in call.parameters:
        key = kms_backends[call.account][call.region].any_id_to_key_id(call.parameters["KeyId"])
    elif "CiphertextBlob" in call.parameters:
        key = call.parameters["CiphertextBlob"][:_KEY_ID].decode()
    else:
        return None
    return f"arn:{partition_of(call.region)}:kms:{call.region}:{call.account}:key/{key}"
