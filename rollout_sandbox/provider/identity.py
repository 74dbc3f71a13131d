"""aws:iam/role:Role, aws:iam/rolePolicyAttachment:RolePolicyAttachment and aws:iam/rolePolicy:RolePolicy.

https://www.pulumi.com/registry/packages/aws/api-docs/iam/role/
"""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import Any

from rollout_sandbox.provider.aws import Aws, AwsFailure, code_of, doing
from rollout_sandbox.provider.patience import Ignoring, trying
from rollout_sandbox.provider.refusals import bad_arn
from rollout_sandbox.provider.schema import Props, ResourceType, block, boolean, integer, json_text, set_of, string
from rollout_sandbox.provider.tagging import changed_tags, own_tags
from rollout_sandbox.provider.tags import as_tags

SERVICE = "iam"
GONE = "NoSuchEntity"
_counter = itertools.count(1)


def as_text(policy: Any) -> str:
    """A policy document as normalised JSON."""
    return _sorted_json(_parsed(policy))


def _sorted_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def same_policy(old: Any, new: Any) -> bool:
    """Whether two documents say the same: neither spaces nor the order of keys or of alternatives matter."""
    return bool(_meaning(_parsed(old)) == _meaning(_parsed(new)))


def _meaning(policy: Any) -> Any:
    if isinstance(policy, dict):
        return {key: _meaning(value) for key, value in policy.items()}
    if isinstance(policy, list):
        return _meaning(policy[0]) if len(policy) == 1 else sorted(map(_meaning, policy), key=_sorted_json)
    return policy


def _parsed(policy: Any) -> Any:
    return json.loads(policy) if isinstance(policy, str) else policy


def _policy_refused(policy: Any) -> str | None:
    if isinstance(policy, dict):
        return None
    if not policy.strip().startswith("{"):
        return '"{path}" contains an invalid JSON policy: not a JSON object'
    try:
        json.loads(policy)
    except json.JSONDecodeError as error:
        return f'"{{path}}" contains an invalid JSON policy: {error.msg}, at byte offset {error.pos}'
    return None


class _Role:
    def create(self, aws: Aws, new: Props) -> str:
        name = str(new["name"])
        optional = {
            "Description": new.get("description"),
            "PermissionsBoundary": new.get("permissionsBoundary"),
            "Tags": as_tags(new.get("tagsAll") or {}),
        }
        with doing(f"creating IAM Role ({name})", SERVICE):
            aws.client(SERVICE).create_role(
                RoleName=name,
                Path=new["path"],
                AssumeRolePolicyDocument=as_text(new["assumeRolePolicy"]),
                MaxSessionDuration=new["maxSessionDuration"],
                **{key: value for key, value in optional.items() if value},
            )
        return name

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        iam = aws.client(SERVICE)
        with doing(f"reading IAM Role ({id_})", SERVICE), Ignoring(GONE):
            role = iam.get_role(RoleName=id_)["Role"]
            inline = {
                name: iam.get_role_policy(RoleName=id_, PolicyName=name)["PolicyDocument"]
                for name in _inline_policies(iam, id_)
            }
            return {
                "arn": role["Arn"],
                "name": role["RoleName"],
                "path": role["Path"],
                "uniqueId": role["RoleId"],
                "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
                "assumeRolePolicy": as_text(role["AssumeRolePolicyDocument"]),
                "description": role.get("Description", ""),
                "maxSessionDuration": role.get("MaxSessionDuration", 3600),
                "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
                "managedPolicyArns": _attached_policies(iam, id_),
                "inlinePolicies": [{"name": name, "policy": as_text(policy)} for name, policy in inline.items()],
                "tagsAll": own_tags({tag["Key"]: tag["Value"] for tag in role.get("Tags", ())}),
            }
        return None

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        iam = aws.client(SERVICE)
        gone, tags = changed_tags(old, new)
        with doing(f"updating tags for IAM Role ({id_})", SERVICE):
            if gone:
                iam.untag_role(RoleName=id_, TagKeys=gone)
            if tags:
                iam.tag_role(RoleName=id_, Tags=as_tags(tags))
        if "assumeRolePolicy" in changed:
            with doing(f"updating IAM Role ({id_}) assume role policy", SERVICE):
                iam.update_assume_role_policy(RoleName=id_, PolicyDocument=as_text(new["assumeRolePolicy"]))
        if changed & {"description", "maxSessionDuration"}:
            with doing(f"updating IAM Role ({id_})", SERVICE):  # both, since moto takes an absent one for an empty one
                iam.update_role(
                    RoleName=id_,
                    Description=new.get("description", ""),
                    MaxSessionDuration=new["maxSessionDuration"],
                )
        if "permissionsBoundary" in changed:
            with doing(f"updating IAM Role ({id_}) permissions boundary", SERVICE):
                if new.get("permissionsBoundary"):
                    iam.put_role_permissions_boundary(RoleName=id_, PermissionsBoundary=new["permissionsBoundary"])
                else:
                    iam.delete_role_permissions_boundary(RoleName=id_)

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        iam = aws.client(SERVICE)
        with doing(f"deleting IAM Role ({id_})", SERVICE), Ignoring(GONE):
            if old.get("forceDetachPolicies"):
                for arn in _attached_policies(iam, id_):
                    iam.detach_role_policy(RoleName=id_, PolicyArn=arn)
                for name in _inline_policies(iam, id_):
                    iam.delete_role_policy(RoleName=id_, PolicyName=name)
            trying(lambda: iam.delete_role(RoleName=id_), again=lambda error: code_of(error) == "DeleteConflict")


def _attached_policies(iam: Any, role: str) -> list[str]:
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    return [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]


def _inline_policies(iam: Any, role: str) -> list[str]:
    pages = iam.get_paginator("list_role_policies").paginate(RoleName=role)
    return [name for page in pages for name in page["PolicyNames"]]


ROLE = ResourceType(
    "aws:iam/role:Role",
    {
        "arn": string(output=True),
        "createDate": string(output=True),
        "uniqueId": string(output=True),
        "managedPolicyArns": set_of(string(), output=True),
        "inlinePolicies": set_of(block({"name": string(), "policy": string()}), output=True),
        "name": string(computed=True, force_new=True, auto_name=64),
        "path": string(default="/", force_new=True),
        "assumeRolePolicy": json_text(required=True, refuse=_policy_refused, same=same_policy),
        "description": string(),
        "forceDetachPolicies": boolean(),
        "maxSessionDuration": integer(3600, 43_200, default=3600),
        "permissionsBoundary": string(refuse=bad_arn),
    },
    _Role(),
    tagged=True,
    regional=False,
)


class _Attachment:
    def create(self, aws: Aws, new: Props) -> str:
        role, policy = new["role"], new["policyArn"]
        with doing(f"attaching IAM Policy ({policy}) to IAM Role ({role})", SERVICE):
            aws.client(SERVICE).attach_role_policy(RoleName=role, PolicyArn=policy)
        # the time to a ten-thousandth of a second, and a count
        return f"{role}-{datetime.now(UTC):%Y%m%d%H%M%S%f}"[:-2] + f"{next(_counter):08x}"

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        known = known or {}
        with doing(f"reading IAM Role Policy Attachment ({id_})", SERVICE), Ignoring(GONE):
            if known["policyArn"] in _attached_policies(aws.client(SERVICE), known["role"]):
                return {"role": known["role"], "policyArn": known["policyArn"]}
        return None

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        raise AssertionError(f"{id_}: every property of an attachment replaces it")

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        role, policy = old["role"], old["policyArn"]
        with doing(f"detaching IAM Policy ({policy}) from IAM Role ({role})", SERVICE), Ignoring(GONE):
            aws.client(SERVICE).detach_role_policy(RoleName=role, PolicyArn=policy)


def _attachment_imported(id_: str) -> tuple[str, Props | None]:
    """`ROLE/POLICYARN`."""
    role, _, policy = id_.partition("/")
    if not (role and policy):
        raise AwsFailure(f'unexpected format of ID ("{id_}"), expected <role-name>/<policy_arn>')
    return f"{role}-{policy}", {"role": role, "policyArn": policy}


ROLE_POLICY_ATTACHMENT = ResourceType(
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    {
        "role": string(required=True, force_new=True),
        "policyArn": string(required=True, force_new=True, refuse=bad_arn),
    },
    _Attachment(),
    regional=False,
    delete_first=True,
    imported=_attachment_imported,
)


class _Policy:
    def create(self, aws: Aws, new: Props) -> str:
        role, name = new["role"], new["name"]
        with doing(f"putting IAM Role ({role}) Policy ({name})", SERVICE):
            aws.client(SERVICE).put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=as_text(new["policy"]))
        return f"{role}:{name}"

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        role, _, name = id_.partition(":")
        with doing(f"reading IAM Role Policy ({id_})", SERVICE), Ignoring(GONE):
            found = aws.client(SERVICE).get_role_policy(RoleName=role, PolicyName=name)
            return {"role": role, "name": name, "policy": as_text(found["PolicyDocument"])}
        return None

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        self.create(aws, new)

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        role, _, name = id_.partition(":")
        with doing(f"deleting IAM Role Policy ({id_})", SERVICE), Ignoring(GONE):
            aws.client(SERVICE).delete_role_policy(RoleName=role, PolicyName=name)


def _policy_imported(id_: str) -> tuple[str, Props | None]:
    """`ROLE:NAME`."""
    if not all(id_.partition(":")):
        raise AwsFailure("role_policy id must be of the form <role name>:<role policy name>")
    return id_, None


ROLE_POLICY = ResourceType(
    "aws:iam/rolePolicy:RolePolicy",
    {
        "name": string(computed=True, force_new=True, auto_name=255),
        "role": string(required=True, force_new=True),
        "policy": json_text(required=True, refuse=_policy_refused, same=same_policy),
    },
    _Policy(),
    regional=False,
    imported=_policy_imported,
)
