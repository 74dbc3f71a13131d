"""The sandbox has the services and actions that it says it has; anything else is an error that AWS's SDKs can read."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from rollout_sandbox import Sandbox
from tests.sandbox.tenant import REGION, Tenant, refused

ROLE = "arn:aws:iam::111122223333:role/any"


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        pytest.param("batch", lambda c: c.describe_job_queues(), "UnknownOperationException", id="rest-json"),
        pytest.param("secretsmanager", lambda c: c.list_secrets(), "UnknownOperationException", id="json"),
        pytest.param("rds", lambda c: c.describe_db_instances(), "InvalidAction", id="query"),
        pytest.param("route53", lambda c: c.list_hosted_zones(), "UnknownOperationException", id="rest-xml"),
        pytest.param("ecs", lambda c: c.run_task(taskDefinition="any"), "UnknownOperationException", id="ecs"),
        pytest.param("ec2", lambda c: c.run_instances(MinCount=1, MaxCount=1), "InvalidAction", id="instances"),
        pytest.param(
            "lambda",
            lambda c: c.create_event_source_mapping(FunctionName="any"),
            "UnknownOperationException",
            id="queues that start functions",
        ),
        pytest.param(
            "lambda",
            lambda c: c.list_function_url_configs(FunctionName="any"),
            "UnknownOperationException",
            id="what moto has not",
        ),
    ],
)
def test_what_it_does_not_have_is_an_error_of_aws(
    tenant: Tenant, service: str, call: Callable[[Any], object], code: str
) -> None:
    with refused(code, "docs/sandbox.md"):
        call(tenant.client(service))
    assert tenant.sandbox.calls(account=tenant.account)[-1].error == code


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/moto-api/data.json", {}),
        ("/latest/meta-data/iam/security-credentials/", {}),
        ("/s3_us-east-1/bucket", {}),
        ("/", {"Content-Type": "application/x-www-form-urlencoded"}),
        ("/", {"X-Amz-Target": "AWSCognitoIdentityProviderService.SignUp"}),
        ("/", {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-west-2/../../batch/aws4_request"}),
    ],
)
def test_a_call_without_a_signature_is_for_no_service(sandbox: Sandbox, path: str, headers: dict[str, str]) -> None:
    connection = HTTPConnection(urlsplit(sandbox.endpoint).netloc)
    connection.request("POST", path, "Action=AssumeRoleWithSAML", headers)
    answer = connection.getresponse()
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, "MissingAuthenticationToken")
    connection.close()


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:1/", "https://127.0.0.1:1/", "arn:aws:lambda:us-west-2:111122223333:function:any"]
)
def test_a_topic_reaches_nobody_outside(tenant: Tenant, endpoint: str) -> None:
    sns = tenant.client("sns")
    topic = sns.create_topic(Name="ramps")["TopicArn"]
    protocol = "lambda" if endpoint.startswith("arn:") else urlsplit(endpoint).scheme
    with refused("InvalidParameter", "sends nothing"):
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    sns.publish(TopicArn=topic, Message="all")


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A place where a docker daemon could be."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{listening.getsockname()[1]}")
        yield listening


@pytest.mark.parametrize(
    "start",
    [
        lambda t: t.functions.invoke(FunctionName="scorer"),
        lambda t: t.functions.invoke_async(FunctionName="scorer", InvokeArgs=b"{}"),
        lambda t: t.client("batch").create_compute_environment(
            computeEnvironmentName="any", type="UNMANAGED", serviceRole=ROLE
        ),
    ],
    ids=["invoke", "invoke-async", "batch"],
)
def test_no_container_is_ever_started(tenant: Tenant, docker: socket.socket, start: Callable[[Tenant], object]) -> None:
    tenant.function("scorer")
    try:
        start(tenant)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "UnknownOperationException"  # noqa: PT017 - invoke is one that it has
    with pytest.raises(BlockingIOError):
        docker.accept()


def test_even_moto_itself_finds_no_docker(tenant: Tenant, docker: socket.socket) -> None:
    from moto.awslambda.models import lambda_backends  # noqa: PLC0415 - as only a sandbox has it

    tenant.function("scorer")
    function = lambda_backends[tenant.account][REGION].get_function("scorer")
    with pytest.raises(NotImplementedError):
        function.invoke(json.dumps({}), {}, {})
    with pytest.raises(BlockingIOError):
        docker.accept()
