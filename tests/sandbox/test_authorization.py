"""The sandbox holds an account to an IAM policy, as AWS does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.errors import SandboxError
from rollout_sandbox.landscape import Balancer, prepare
from rollout_sandbox.policies import Asked, Policy
from tests.sandbox.tenant import Tenant, path, refused, single

MODIFY = "elasticloadbalancing:ModifyRule"
TAGGED = {"Null": {"aws:ResourceTag/rollout:override": "false"}}


def statement(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Sid": more.pop("sid", "Some"), "Effect": "Allow", "Action": action, "Resource": resource, **more}


def policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allows(asked: Asked, *statements: Mapping[str, Any]) -> bool:
    return Policy.parse(policy(*statements)).refusal(asked) is None


@pytest.fixture
def held(tenant: Tenant) -> Iterator[Tenant]:
    """A tenant whose policy is taken away in the end."""
    yield tenant
    tenant.sandbox.enforce(tenant.account, None)


@pytest.mark.parametrize(
    ("pattern", "action", "fits"),
    [
        ("s3:Get*", "s3:GetObject", True),
        ("s3:get?bject", "s3:GetObject", True),
        ("s3:Get", "s3:GetObject", False),
        ("s3:*", "sns:Publish", False),
    ],
)
def test_actions_match_by_wildcards_in_any_case(pattern: str, action: str, fits: bool) -> None:
    assert allows(Asked(action), statement(pattern)) is fits


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [("b/*", True), ("b/x?z", True), ("b/[x]yz", False), ("B/*", False)],
)
def test_resources_match_by_wildcards_in_their_own_case(pattern: str, fits: bool) -> None:
    assert (
        allows(Asked("s3:GetObject", "arn:aws:s3:::b/xyz"), statement("s3:GetObject", f"arn:aws:s3:::{pattern}"))
        is fits
    )


def test_an_action_that_is_bound_to_no_resource_needs_them_all() -> None:
    assert not allows(Asked("s3:ListAllMyBuckets"), statement("s3:ListAllMyBuckets", "arn:aws:s3:::*"))


def test_a_deny_wins() -> None:
    asked = Asked("s3:GetObject", "arn:aws:s3:::b/secret")
    deny = {**statement("s3:*", "arn:aws:s3:::b/secret", sid="No"), "Effect": "Deny"}
    assert Policy.parse(policy(statement("s3:*"), deny)).refusal(asked) == (
        "with an explicit deny in an identity-based policy"
    )


@pytest.mark.parametrize(
    ("condition", "values", "fits"),
    [
        ({"StringEquals": {"a:Key": ["x", "y"]}}, ("y",), True),
        ({"StringEquals": {"a:Key": "x*"}}, ("xy",), False),
        ({"StringEquals": {"a:Key": "x"}}, (), False),
        ({"StringLike": {"a:Key": "x*"}}, ("xy",), True),
        ({"ArnEquals": {"a:Key": "arn:aws:*:p"}}, ("arn:aws:iam:p",), True),
        ({"ForAnyValue:StringEquals": {"a:Key": "x"}}, ("w", "x"), True),
        ({"ForAnyValue:StringEquals": {"a:Key": "x"}}, (), False),
        ({"Null": {"a:Key": "false"}}, ("x",), True),
        ({"Null": {"a:Key": "false"}}, (), False),
        ({"Null": {"a:Key": "true"}}, (), True),
        ({"Null": {"a:Key": "true"}, "StringEquals": {"a:Other": "x"}}, (), False),
    ],
)
def test_conditions(condition: Mapping[str, Any], values: tuple[str, ...], fits: bool) -> None:
    asked = Asked("s3:GetObject", "arn:aws:s3:::b/x", {"a:key": values} if values else {})
    assert allows(asked, statement("s3:GetObject", Condition=condition)) is fits


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({**policy(), "Version": "2008-10-17"}, "2012-10-17"),
        (policy(statement("s3:Get*"), statement("s3:Get*")), "unique Sid"),
        (policy(statement("s3:Get*", sid="a b")), "letters and digits"),
        (policy({**statement("s3:Get*"), "NotAction": "x"}), "may have a Condition"),
        (policy({**statement("s3:Get*"), "Effect": "Maybe"}), "to allow or deny"),
        (policy(statement("GetObject")), "not an action"),
        (policy(statement("s3:GetObject", "bucket")), "an ARN"),
        (policy(statement("s3:GetObject", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})), "the operator"),
        (policy(statement("s3:GetObject", "arn:aws:s3:::" + "b" * 6144)), "6144"),
    ],
)
def test_what_aws_or_the_sandbox_would_not_take(document: Mapping[str, Any], why: str) -> None:
    with pytest.raises(SandboxError, match=why) as caught:
        Policy.parse(document)
    assert caught.value.code == "invalid-policy"


@given(st.text("ab*?", max_size=6), st.text("ab", max_size=6))
def test_wildcards_match_as_a_shells_do(pattern: str, text: str) -> None:
    asked = Asked("s3:GetObject", f"arn:aws:s3:::b/{text}")
    fits = fnmatchcase(text, pattern)
    assert allows(asked, statement("s3:GetObject", f"arn:aws:s3:::b/{pattern}")) is fits


def test_a_rule_that_the_policy_does_not_name_stays(held: Tenant) -> None:
    group = held.group("group")
    one, other = held.rule(single(group), priority=1), held.rule(single(group), priority=2)
    held.sandbox.enforce(held.account, policy(statement(MODIFY, one["RuleArn"])))
    held.elb.modify_rule(RuleArn=one["RuleArn"], Actions=single(group))
    text = (
        f"User: arn:aws:iam::{held.account}:user/{held.account} is not authorized to perform: {MODIFY} on resource: "
        f"{other['RuleArn']} because no identity-based policy allows the {MODIFY} action"
    )
    with refused("AccessDenied", text):
        held.elb.modify_rule(RuleArn=other["RuleArn"], Actions=single(group))
    with refused("AccessDenied", "elasticloadbalancing:DescribeRules because"):
        held.elb.describe_rules(RuleArns=[one["RuleArn"]])
    assert [call.error for call in held.sandbox.calls(MODIFY, held.account)] == [None, "AccessDenied"]


def test_nobody_needs_a_right_to_ask_who_they_are(held: Tenant) -> None:
    held.sandbox.enforce(held.account, policy(statement(MODIFY)))
    assert held.client("sts").get_caller_identity()["Account"] == held.account


def test_other_accounts_may_do_as_before(held: Tenant) -> None:
    held.sandbox.enforce("999988887777", policy(statement(MODIFY)))
    assert held.elb.describe_target_groups()["TargetGroups"] == []
    held.sandbox.enforce("999988887777", None)


def test_a_tag_lets_a_rule_be_deleted(held: Tenant) -> None:
    group = held.group("group")
    tagged = held.rule(single(group), priority=1)["RuleArn"]
    plain = held.rule(single(group), priority=2)["RuleArn"]
    held.elb.add_tags(ResourceArns=[tagged], Tags=[{"Key": "rollout:override", "Value": "x"}])
    delete = "elasticloadbalancing:DeleteRule"
    held.sandbox.enforce(held.account, policy(statement(delete, Condition=TAGGED)))
    with refused("AccessDenied", delete):
        held.elb.delete_rule(RuleArn=plain)
    held.elb.delete_rule(RuleArn=tagged)


@pytest.mark.parametrize(
    ("service", "lacking"), [("lambda.amazonaws.com", "lambda:TagResource"), ("ec2.amazonaws.com", "iam:PassRole")]
)
def test_creating_a_function_asks_for_its_role_and_its_tags_too(held: Tenant, service: str, lacking: str) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": []})
    made = held.client("iam").create_role(RoleName="scorer", AssumeRolePolicyDocument=document)
    role = made["Role"]["Arn"]
    to_lambda = {"StringEquals": {"iam:PassedToService": service}}
    held.sandbox.enforce(
        held.account,
        policy(
            statement("lambda:CreateFunction"),
            statement("iam:PassRole", role, Condition=to_lambda, sid="Pass"),
        ),
    )
    with refused("AccessDeniedException", lacking):
        held.client("lambda").create_function(
            FunctionName="scorer",
            Role=role,
            Code={"ZipFile": b""},
            Runtime="python3.12",
            Handler="a.b",
            Tags={"a": "b"},
        )


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("sns", {"publish": {"TopicArn": "arn:aws:sns:us-west-2:1:t", "Message": "m"}}, "AuthorizationError"),
        ("logs", {"describe_log_groups": {}}, "AccessDeniedException"),
        ("lambda", {"get_function": {"FunctionName": "f"}}, "AccessDeniedException"),
        ("iam", {"get_role": {"RoleName": "r"}}, "AccessDenied"),
        ("cloudwatch", {"describe_alarms": {}}, "AccessDenied"),
    ],
)
def test_each_service_refuses_in_its_own_words(held: Tenant, service: str, call: dict[str, Any], code: str) -> None:
    held.sandbox.enforce(held.account, policy(statement(MODIFY)))
    for name, arguments in call.items():
        with refused(code, "is not authorized to perform: "):
            getattr(held.client(service), name)(**arguments)


def test_what_the_sandbox_does_not_know_is_refused(held: Tenant) -> None:
    held.sandbox.enforce(held.account, policy(statement("ec2:*")))
    with refused("UnauthorizedOperation", "the sandbox doesn't know"):
        held.client("ec2").describe_vpcs()


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-west-2", "aws"), ("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")],
)
def test_a_region_is_in_its_partition(held: Tenant, region: str, partition: str) -> None:
    function = f"{region}:{held.account}:function:scorer"
    held.sandbox.enforce(held.account, policy(statement("lambda:GetFunction", f"arn:{partition}:lambda:{function}")))
    functions = held.sandbox.client("lambda", held.account, region)
    with refused("ResourceNotFoundException", "not found"):  # so it was allowed to ask
        functions.get_function(FunctionName="scorer")
    with refused("AccessDeniedException", f"arn:{partition}:iam::{held.account}:user/"):
        functions.get_function(FunctionName="other")


@pytest.mark.parametrize(("region", "partition"), [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")])
def test_rules_of_a_partition_are_held_to_its_arns(held: Tenant, region: str, partition: str) -> None:
    there = prepare(lambda service: held.sandbox.client(service, held.account, region), held.account, [Balancer("b")])
    elb = held.sandbox.client("elbv2", held.account, region)
    rule = elb.create_rule(
        ListenerArn=there.listeners["b"],
        Priority=1,
        Conditions=[path("/a")],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}],
    )["Rules"][0]
    assert rule["RuleArn"].startswith(f"arn:{partition}:elasticloadbalancing:{region}:")
    rules = "elasticloadbalancing:*:*:listener-rule/*"
    held.sandbox.enforce(held.account, policy(statement(MODIFY, f"arn:{partition}:{rules}")))
    elb.modify_rule(RuleArn=rule["RuleArn"], Conditions=[path("/b")])
    held.sandbox.enforce(held.account, policy(statement(MODIFY, f"arn:aws:{rules}")))
    with refused("AccessDenied", f"on resource: {rule['RuleArn']}"):
        elb.modify_rule(RuleArn=rule["RuleArn"], Conditions=[path("/c")])


def test_a_default_action_is_the_listeners_and_provisioned_concurrency_the_aliass(held: Tenant) -> None:
    listener, arn = held.landscape.listeners["public"], held.function("scorer")
    held.functions.publish_version(FunctionName="scorer")
    group = held.group("group")
    provisioned = {"FunctionName": "scorer", "ProvisionedConcurrentExecutions": 1}
    allowed = [
        statement("elasticloadbalancing:ModifyListener", listener),
        statement("lambda:PutProvisionedConcurrencyConfig", f"{arn}:1", sid="Other"),
    ]
    held.sandbox.enforce(held.account, policy(*allowed))
    held.elb.modify_listener(ListenerArn=listener, DefaultActions=single(group))
    held.functions.put_provisioned_concurrency_config(Qualifier="1", **provisioned)
    with refused("AccessDenied", held.landscape.listeners["internal"]):
        held.elb.modify_listener(ListenerArn=held.landscape.listeners["internal"], DefaultActions=single(group))
    with refused("AccessDeniedException", f"{arn}:live"):
        held.functions.put_provisioned_concurrency_config(Qualifier="live", **provisioned)
