"""aws:iam/role:Role, aws:iam/rolePolicyAttachment:RolePolicyAttachment and aws:iam/rolePolicy:RolePolicy.

https://www.pulumi.com/registry/packages/aws/api-docs/iam/role/
"""

from __future__ import annotations

import json
import time
from typing import Any

from botocore.exceptions import ClientError

from rollout.sandbox.provider.aws import Aws, AwsFailure, code_of, doing
from rollout.sandbox.provider.schema import Kind, Property, Props, ResourceType, boolean, integer, list_of, string
from rollout.sandbox.provider.tags import as_tags

SERVICE = "iam"


def as_text(policy: Any) -> str:
    """A policy document as normalised JSON."""
    return json.dumps(policy if isinstance(policy, dict) else json.loads(policy), sort_keys=True, separators=(",", ":"))


def same_policy(old: Any, new: Any) -> bool:
    """Whether two documents say the same, whatever their spaces and order."""
    try:
        return as_text(old) == as_text(new)
    except ValueError:
        return False


def _policy_refused(value: Any) -> str | None:
    try:
        good = isinstance(value, dict) or isinstance(json.loads(value), dict)
    except ValueError:
        good = False
    return None if good else '"{path}" contains an invalid JSON policy: not a JSON object'


class _Role:
    def create(self, aws: Aws, new: Props) -> str:
        given = {
            "RoleName": new["name"],
            "Path": new.get("path", "/"),
            "AssumeRolePolicyDocument": as_text(new["assumeRolePolicy"]),
            "MaxSessionDuration": new.get("maxSessionDuration", 3600),
            **({"Description": new["description"]} if new.get("description") else {}),
            **({"PermissionsBoundary": new["permissionsBoundary"]} if new.get("permissionsBoundary") else {}),
            **({"Tags": as_tags(new["tagsAll"])} if new.get("tagsAll") else {}),
        }
        with doing(f"creating IAM Role ({new['name']})", SERVICE):
            aws.client(SERVICE).create_role(**given)
        return str(new["name"])

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        iam = aws.client(SERVICE)
        with doing(f"reading IAM Role ({id_})", SERVICE):
            try:
                role = iam.get_role(RoleName=id_)["Role"]
            except ClientError as error:
                if code_of(error) == "NoSuchEntity":
                    return None
                raise
            attached = iam.list_attached_role_policies(RoleName=id_)["AttachedPolicies"]
            tags = iam.list_role_tags(RoleName=id_)["Tags"]
        return {
            "arn": role["Arn"],
            "name": role["RoleName"],
            "path": role["Path"],
            "uniqueId": role["RoleId"],
            "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "assumeRolePolicy": as_text(role["AssumeRolePolicyDocument"]),
            "description": role.get("Description", ""),
            "maxSessionDuration": role.get("MaxSessionDuration", 3600),
            "permissionsBoundary": (role.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn", ""),
            "managedPolicyArns": [policy["PolicyArn"] for policy in attached],
            "forceDetachPolicies": bool((known or {}).get("forceDetachPolicies")),
            "tagsAll": {tag["Key"]: tag["Value"] for tag in tags},
        }

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        iam = aws.client(SERVICE)
        with doing(f"updating IAM Role ({id_})", SERVICE):
            if "assumeRolePolicy" in changed:
                iam.update_assume_role_policy(RoleName=id_, PolicyDocument=as_text(new["assumeRolePolicy"]))
            if changed & {"description", "maxSessionDuration"}:
                iam.update_role(
                    RoleName=id_,
                    Description=new.get("description", ""),
                    MaxSessionDuration=new.get("maxSessionDuration", 3600),
                )
            if "permissionsBoundary" in changed:
                if new.get("permissionsBoundary"):
                    iam.put_role_permissions_boundary(RoleName=id_, PermissionsBoundary=new["permissionsBoundary"])
                else:
                    iam.delete_role_permissions_boundary(RoleName=id_)
            before, after = old.get("tagsAll") or {}, new.get("tagsAll") or {}
            if gone := [key for key in before if key not in after]:
                iam.untag_role(RoleName=id_, TagKeys=gone)
            if added := {key: value for key, value in after.items() if before.get(key) != value}:
                iam.tag_role(RoleName=id_, Tags=as_tags(added))

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        iam = aws.client(SERVICE)
        with doing(f"deleting IAM Role ({id_})", SERVICE):
            try:
                if old.get("forceDetachPolicies"):
                    for policy in iam.list_attached_role_policies(RoleName=id_)["AttachedPolicies"]:
                        iam.detach_role_policy(RoleName=id_, PolicyArn=policy["PolicyArn"])
                    for name in iam.list_role_policies(RoleName=id_)["PolicyNames"]:
                        iam.delete_role_policy(RoleName=id_, PolicyName=name)
                iam.delete_role(RoleName=id_)
            except ClientError as error:
                if code_of(error) != "NoSuchEntity":
                    raise


ROLE = ResourceType(
    "aws:iam/role:Role",
    {
        "arn": string(output=True),
        "createDate": string(output=True),
        "uniqueId": string(output=True),
        "managedPolicyArns": list_of(string(), computed=True),
        "name": string(computed=True, force_new=True, auto_name=64),
        "path": string(default="/", force_new=True),
        "assumeRolePolicy": string(required=True, refuse=_policy_refused, same=same_policy),
        "description": string(),
        "forceDetachPolicies": boolean(),
        "maxSessionDuration": integer(3600, 43_200, default=3600),
        "permissionsBoundary": string(),
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
        return f"{role}-{time.time_ns()}"

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        if known is None:
            return None
        with doing(f"reading IAM Role Policy Attachment ({id_})", SERVICE):
            try:
                attached = aws.client(SERVICE).list_attached_role_policies(RoleName=known["role"])["AttachedPolicies"]
            except ClientError as error:
                if code_of(error) == "NoSuchEntity":
                    return None
                raise
        if known["policyArn"] not in [policy["PolicyArn"] for policy in attached]:
            return None
        return {"role": known["role"], "policyArn": known["policyArn"]}

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        raise AssertionError(f"{id_}: every property of an attachment replaces it")

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        role, policy = old["role"], old["policyArn"]
        with doing(f"detaching IAM Policy ({policy}) from IAM Role ({role})", SERVICE):
            try:
                aws.client(SERVICE).detach_role_policy(RoleName=role, PolicyArn=policy)
            except ClientError as error:
                if code_of(error) != "NoSuchEntity":
                    raise


def _imported(id_: str) -> tuple[str, Props | None]:
    """`ROLE/POLICYARN`."""
    role, slash, policy = id_.partition("/")
    if not slash or not policy.startswith("arn:"):
        raise AwsFailure(f'unexpected format of ID ("{id_}"), expected <role-name>/<policy_arn>')
    return f"{role}-{policy}", {"role": role, "policyArn": policy}


ROLE_POLICY_ATTACHMENT = ResourceType(
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    {"role": string(required=True, force_new=True), "policyArn": string(required=True, force_new=True)},
    _Attachment(),
    regional=False,
    delete_first=True,
    imported=_imported,
)


class _Policy:
    def create(self, aws: Aws, new: Props) -> str:
        self._put(aws, new)
        return f"{new['role']}:{new['name']}"

    def _put(self, aws: Aws, new: Props) -> None:
        role, name = new["role"], new["name"]
        with doing(f"putting IAM Role ({role}) Policy ({name})", SERVICE):
            aws.client(SERVICE).put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=as_text(new["policy"]))

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        role, _, name = id_.partition(":")
        with doing(f"reading IAM Role Policy ({id_})", SERVICE):
            try:
                found = aws.client(SERVICE).get_role_policy(RoleName=role, PolicyName=name)
            except ClientError as error:
                if code_of(error) == "NoSuchEntity":
                    return None
                raise
        return {"role": role, "name": name, "policy": as_text(found["PolicyDocument"])}

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        self._put(aws, new)

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        role, _, name = id_.partition(":")
        with doing(f"deleting IAM Role Policy ({id_})", SERVICE):
            try:
                aws.client(SERVICE).delete_role_policy(RoleName=role, PolicyName=name)
            except ClientError as error:
                if code_of(error) != "NoSuchEntity":
                    raise


ROLE_POLICY = ResourceType(
    "aws:iam/rolePolicy:RolePolicy",
    {
        "name": string(computed=True, force_new=True, auto_name=128),
        "role": string(required=True, force_new=True),
        "policy": Property(Kind.STRING, required=True, refuse=_policy_refused, same=same_policy),
    },
    _Policy(),
    regional=False,
)
