"""Roles that are assumed: by whom their trust policy and their own policies allow it, until an end, across accounts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from rollout_sandbox import Sandbox
from tests.conftest import accounts
from tests.sandbox.running import allow, policy
from tests.sandbox.tenant import REGION, Tenant, refused

ROLE, CALLER = "deployer", "ramp"


@pytest.fixture
def other(sandbox: Sandbox) -> Tenant:
    """Another account, where the roles are that are assumed."""
    return Tenant(sandbox, str(next(accounts)))


def with_keys(sandbox: Sandbox, credentials: dict[str, Any], service: Any) -> Any:
    """A client as somebody has who got these credentials, and knows nothing else of the sandbox."""
    return boto3.client(
        service,
        endpoint_url=sandbox.endpoint,
        region_name=REGION,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        config=Config(proxies={}, retries={"max_attempts": 0}),
    )


def trusting(*names: str, **condition: Any) -> str:
    said = {"Effect": "Allow", "Principal": {"AWS": list(names)}, "Action": "sts:AssumeRole"}
    return policy({**said, **({"Condition": condition} if condition else {})})


def role(tenant: Tenant, name: str, trust: str, *statements: dict[str, Any], **more: Any) -> str:
    iam = tenant.client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **more)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=policy(*statements))
    return str(arn)


def as_caller(tenant: Tenant, *statements: dict[str, Any]) -> Any:
    """STS, as a role's session asks it."""
    if CALLER not in {each["RoleName"] for each in tenant.client("iam").list_roles()["Roles"]}:
        role(tenant, CALLER, trusting(tenant.account), *statements)
    key = tenant.sandbox.session(tenant.account, CALLER, "look")
    return Tenant(tenant.sandbox, key).client("sts")


def assumed(sts: Any, arn: str, **asked: Any) -> dict[str, Any]:
    return dict(sts.assume_role(RoleArn=arn, RoleSessionName="by-rollout", **asked)["Credentials"])


def test_a_session_is_its_accounts_and_may_do_what_its_role_may(tenant: Tenant, other: Tenant) -> None:
    arn = role(other, ROLE, trusting(tenant.account), allow("lambda:ListFunctions", "iam:GetRole"))
    sandbox = tenant.sandbox
    assert isinstance(sandbox, Sandbox)
    said = tenant.client("sts").assume_role(RoleArn=arn, RoleSessionName="by-rollout")
    user = f"arn:aws:sts::{other.account}:assumed-role/{ROLE}/by-rollout"
    assert said["AssumedRoleUser"]["Arn"] == user
    identity = with_keys(sandbox, said["Credentials"], "sts").get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (other.account, user)
    assert identity["UserId"] == said["AssumedRoleUser"]["AssumedRoleId"]
    iam = with_keys(sandbox, said["Credentials"], "iam")
    assert iam.get_role(RoleName=ROLE)["Role"]["Arn"] == arn
    with refused("AccessDenied", f"{user} is not authorized to perform: iam:DeleteRole"):
        iam.delete_role(RoleName=ROLE)
    (call,) = sandbox.calls("iam:GetRole", other.account)
    assert call.by == user


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("sts", "get_caller_identity", "ExpiredToken"),
        ("dynamodb", "list_tables", "ExpiredTokenException"),
        ("s3", "list_buckets", "ExpiredToken"),
    ],
)
def test_it_ends(tenant: Tenant, sandbox: Sandbox, service: str, call: str, code: str) -> None:
    arn = role(tenant, ROLE, trusting(tenant.account), allow("dynamodb:ListTables"))
    made = assumed(tenant.client("sts"), arn, DurationSeconds=900)
    assert 0 < (made["Expiration"] - sandbox.clock.now()).total_seconds() <= 900
    assert with_keys(sandbox, made, "sts").get_caller_identity()
    sandbox.clock.pass_by(seconds=901)
    with refused(code, "expired"):
        getattr(with_keys(sandbox, made, service), call)()


def test_a_key_is_worth_nothing_without_its_token(tenant: Tenant, sandbox: Sandbox) -> None:
    made = assumed(tenant.client("sts"), role(tenant, ROLE, trusting(tenant.account)))
    assert assumed(tenant.client("sts"), f"arn:aws:iam::{tenant.account}:role/{ROLE}") != made
    with refused("InvalidClientTokenId", "security token"):
        with_keys(sandbox, {**made, "SessionToken": "another"}, "sts").get_caller_identity()


ASSUME = allow("sts:AssumeRole")


@pytest.mark.parametrize(
    ("trusted", "own", "may"),
    [
        ("{account}", (ASSUME,), True),
        ("arn:aws:iam::{account}:root", (ASSUME,), True),
        ("arn:aws:iam::{account}:role/ramp", (ASSUME,), True),
        ("arn:aws:sts::{account}:assumed-role/ramp/look", (ASSUME,), True),
        ("*", (ASSUME,), True),
        ("{account}", (), False),  # the account is trusted, and hands the right on by policies
        ("arn:aws:iam::{account}:role/ramp", (), False),  # across accounts both have to allow it
        ("arn:aws:sts::{account}:assumed-role/ramp/other", (ASSUME,), False),
        ("arn:aws:iam::{account}:role/other", (ASSUME,), False),
        ("999999999999", (ASSUME,), False),
    ],
)
def test_both_accounts_have_to_allow_it(
    tenant: Tenant, other: Tenant, trusted: str, own: tuple[dict[str, Any], ...], *, may: bool
) -> None:
    role(tenant, "other", trusting(tenant.account))
    sts = as_caller(tenant, *own)
    arn = role(other, ROLE, trusting(trusted.format(account=tenant.account)))
    if may:
        assert assumed(sts, arn)
        return
    who = f"arn:aws:sts::{tenant.account}:assumed-role/{CALLER}/look"
    with refused("AccessDenied", f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {arn}"):
        assumed(sts, arn)


@pytest.mark.parametrize(
    ("trusted", "own", "may"),
    [
        ("arn:aws:iam::{account}:role/ramp", (), True),  # who is named itself needs no right of its own
        ("{account}", (), False),
        ("arn:aws:iam::{account}:role/ramp", ({**ASSUME, "Effect": "Deny"},), False),
    ],
)
def test_in_one_account_the_trust_policy_may_suffice(
    tenant: Tenant, trusted: str, own: tuple[dict[str, Any], ...], *, may: bool
) -> None:
    sts = as_caller(tenant, *own)
    arn = role(tenant, ROLE, trusting(trusted.format(account=tenant.account)))
    if may:
        assert assumed(sts, arn)
    else:
        with refused("AccessDenied", arn):
            assumed(sts, arn)


@pytest.mark.parametrize(
    ("condition", "asked", "may"),
    [
        ({"StringEquals": {"sts:ExternalId": "seven"}}, {"ExternalId": "seven"}, True),
        ({"StringEquals": {"sts:ExternalId": "seven"}}, {"ExternalId": "eight"}, False),
        ({"StringEquals": {"sts:ExternalId": "seven"}}, {}, False),
        ({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::{account}:role/ramp"}}, {}, True),
        ({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::{account}:role/other"}}, {}, False),
        ({"StringLike": {"sts:RoleSessionName": "by-*"}}, {}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {}, False),  # which isn't known here
    ],
)
def test_conditions_of_the_trust_policy_count(
    tenant: Tenant, other: Tenant, condition: dict[str, Any], asked: dict[str, Any], *, may: bool
) -> None:
    sts = as_caller(tenant, ASSUME)
    said = json.loads(json.dumps(condition).replace("{account}", tenant.account))
    arn = role(other, ROLE, trusting(tenant.account, **said))
    if may:
        assert assumed(sts, arn, **asked)
    else:
        with refused("AccessDenied", arn):
            assumed(sts, arn, **asked)


def test_a_role_that_isnt_there_is_refused_as_one_that_trusts_others(tenant: Tenant) -> None:
    with refused("AccessDenied", "not authorized to perform: sts:AssumeRole"):
        assumed(tenant.client("sts"), f"arn:aws:iam::{tenant.account}:role/none")


def test_an_accounts_own_policy_counts(tenant: Tenant, other: Tenant, held: None) -> None:
    arns = [role(other, name, trusting(tenant.account)) for name in (ROLE, "other")]
    may = {"Sid": "One", **allow("sts:AssumeRole", resource=arns[0])}
    tenant.sandbox.enforce(tenant.account, {"Version": "2012-10-17", "Statement": [may]})
    assert assumed(tenant.client("sts"), arns[0])
    with refused("AccessDenied", arns[1]):
        assumed(tenant.client("sts"), arns[1])


@pytest.fixture
def held(tenant: Tenant) -> Iterator[None]:
    yield
    tenant.sandbox.enforce(tenant.account, None)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"DurationSeconds": 7201}, "MaxSessionDuration"),
        ({"RoleSessionName": "a b"}, "roleSessionName"),
        ({"Policy": "{}"}, "Policy"),
    ],
)
def test_what_sts_would_not_take(tenant: Tenant, asked: dict[str, Any], why: str) -> None:
    arn = role(tenant, ROLE, trusting(tenant.account), MaxSessionDuration=7200)
    sts = tenant.client("sts")
    assert assumed(sts, arn, DurationSeconds=7200)
    with refused("ValidationError", why):
        sts.assume_role(**{"RoleArn": arn, "RoleSessionName": "by-rollout", **asked})


def test_a_session_of_a_session_ends_within_an_hour(tenant: Tenant) -> None:
    arn = role(tenant, ROLE, trusting(tenant.account), MaxSessionDuration=7200)
    with refused("ValidationError", "role chaining"):
        assumed(as_caller(tenant, ASSUME), arn, DurationSeconds=3601)


def test_a_trust_policy_names_roles_that_are_there_and_not_those_that_come_after_them(
    tenant: Tenant, other: Tenant
) -> None:
    named = f"arn:aws:iam::{tenant.account}:role/{CALLER}"
    with refused("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{named}"'):
        role(other, ROLE, trusting(named))
    sts = as_caller(tenant)
    own = tenant.client("iam")
    own.put_role_policy(RoleName=CALLER, PolicyName="rights", PolicyDocument=policy(ASSUME))
    arn = role(other, ROLE, trusting(named))
    assert assumed(sts, arn)
    own.delete_role_policy(RoleName=CALLER, PolicyName="rights")
    own.delete_role(RoleName=CALLER)
    (trusted,) = other.client("iam").get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"]["AWS"][0].startswith("AROA")
    with refused("AccessDenied", arn):
        assumed(as_caller(tenant, ASSUME), arn)
