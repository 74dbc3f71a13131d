"""The provider's functions, their errors, and its configuration."""

from __future__ import annotations

import json

import pytest
from pulumi.runtime.proto import provider_pb2 as pb

from rollout_sandbox.daemon import SandboxInfo
from tests.sandbox.provider.engine import FUNCTION, GROUP, Engine, failing, struct
from tests.sandbox.provider.samples import function
from tests.sandbox.tenant import REGION, Tenant

GET_GROUP = "aws:lb/getTargetGroup:getTargetGroup"
GET_BALANCER = "aws:lb/getLoadBalancer:getLoadBalancer"
GET_LISTENER = "aws:lb/getListener:getListener"
GET_FUNCTION = "aws:lambda/getFunction:getFunction"


def test_a_target_group_is_found_by_name_and_by_arn(tenant: Tenant, engine: Engine) -> None:
    arn = tenant.group("scorer")
    found = engine.invoke(GET_GROUP, name="scorer")
    assert (found["arn"], found["id"], found["targetType"], found["region"]) == (arn, arn, "lambda", REGION)
    assert found["healthCheck"]["path"] == "/"
    assert engine.invoke(GET_GROUP, arn=arn) == found


def test_a_load_balancer_and_its_listener_are_found(tenant: Tenant, engine: Engine) -> None:
    listener = tenant.landscape.listeners["public"]
    balancer = engine.invoke(GET_BALANCER, name="public")
    assert (balancer["name"], balancer["internal"]) == ("public", False)
    assert balancer["arn"].endswith(balancer["arnSuffix"])
    assert engine.invoke(GET_BALANCER, name="internal")["internal"] is True
    found = engine.invoke(GET_LISTENER, loadBalancerArn=balancer["arn"], port=443)
    assert (found["arn"], found["protocol"]) == (listener, "HTTPS")
    assert found["defaultActions"][0]["fixedResponses"][0]["statusCode"] == "404"
    assert engine.invoke(GET_LISTENER, arn=listener) == found


def test_a_function_is_found(tenant: Tenant, engine: Engine) -> None:
    made = engine.make(FUNCTION, function(tenant))
    found = engine.invoke(GET_FUNCTION, functionName="scorer")
    assert (found["arn"], found["functionName"], found["memorySize"]) == (made.outputs["arn"], "scorer", 128)


def test_who_and_where_is_told(tenant: Tenant, engine: Engine) -> None:
    found = engine.invoke("aws:index/getCallerIdentity:getCallerIdentity")
    assert (found["accountId"], found["id"]) == (tenant.account, tenant.account)
    region = engine.invoke("aws:index/getRegion:getRegion")
    assert (region["region"], region["name"], region["id"]) == (REGION, REGION, REGION)
    assert engine.invoke("aws:index/getPartition:getPartition")["partition"] == "aws"


@pytest.mark.parametrize(
    ("token", "arguments", "text"),
    [
        (GET_GROUP, {"name": "none"}, "reading ELBv2 Target Groups: couldn't find resource"),
        (GET_BALANCER, {"name": "none"}, "reading ELBv2 Load Balancers: couldn't find resource"),
        (GET_FUNCTION, {"functionName": "none"}, "reading Lambda Function (none)"),
        ("aws:s3/getBucket:getBucket", {}, "the sandbox's provider has no function aws:s3/getBucket:getBucket"),
    ],
)
def test_what_is_not_there_is_told_in_the_providers_words(
    engine: Engine, token: str, arguments: dict[str, str], text: str
) -> None:
    with failing(text):
        engine.invoke(token, **arguments)


def test_a_port_without_a_listener_is_told(tenant: Tenant, engine: Engine) -> None:
    assert tenant.landscape.listeners
    balancer = engine.invoke(GET_BALANCER, name="public")["arn"]
    with failing("no matching ELBv2 Listener found"):
        engine.invoke(GET_LISTENER, loadBalancerArn=balancer, port=99)


def test_configuration_that_is_not_understood_is_named(engine: Engine) -> None:
    answer = engine.stub.CheckConfig(pb.CheckRequest(news=struct({"region": REGION, "assumeRoles": "[]"})))
    assert [failure.property for failure in answer.failures] == ["assumeRoles"]


def configure(engine: Engine, **variables: str) -> None:
    engine.stub.Configure(pb.ConfigureRequest(variables={f"aws:config:{key}": said for key, said in variables.items()}))


def test_another_account_or_region_is_refused(tenant: Tenant, engine: Engine) -> None:
    configure(engine, region=REGION, allowedAccountIds=json.dumps([tenant.account]))
    with failing("AWS account ID not allowed"):
        configure(engine, region=REGION, allowedAccountIds=json.dumps(["123456789012"]))
    with failing(f"this port is for region {REGION}, not eu-west-1"):
        configure(engine, region="eu-west-1")


def test_default_tags_go_to_all_tags_and_not_to_the_programs_own(engine: Engine) -> None:
    configure(engine, region=REGION, defaultTags=json.dumps({"tags": {"team": "scores", "stage": "any"}}))
    one = engine.make(GROUP, {"name": "scorer", "targetType": "lambda", "tags": {"stage": "one"}})
    assert one.inputs["tags"] == {"stage": "one"}
    assert one.inputs["tagsAll"] == {"team": "scores", "stage": "one"}
    found = one.refresh()
    assert found is not None
    assert (found.outputs["tags"], found.outputs["tagsAll"]) == (one.inputs["tags"], one.inputs["tagsAll"])


def test_a_region_change_replaces_the_provider(engine: Engine) -> None:
    answer = engine.stub.DiffConfig(
        pb.DiffRequest(olds=struct({"region": REGION}), news=struct({"region": "eu-west-1"}))
    )
    assert list(answer.replaces) == ["region"]


def test_each_account_sees_its_own(aws: SandboxInfo, tenant: Tenant, engine: Engine) -> None:
    tenant.group("scorer")
    other = Engine(aws.provider_port("399999999999", REGION))
    with failing("couldn't find resource"):
        other.invoke(GET_GROUP, name="scorer")
    assert engine.invoke(GET_GROUP, name="scorer")["name"] == "scorer"
    other.close()
