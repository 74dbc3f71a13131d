"""Lambda's Invoke meets the handlers that requests meet, and refuses what AWS refuses."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from rollout.inventory.quantities import Percent
from rollout_sandbox import Profile, Sandbox
from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.data_plane.functions import Functions
from rollout_sandbox.data_plane.targets import target_of
from tests.sandbox.data_plane.site import Site
from tests.sandbox.tenant import REGION, refused

ALL = Percent(1000)
EVENT = {"httpMethod": "GET", "path": "/a", "headers": {}, "queryStringParameters": {}}


@pytest.fixture
def arn(site: Site) -> str:
    return site.tenant.function("one")


def invoke(site: Site, function: str = "one", event: Any = EVENT, **more: Any) -> tuple[int, str | None, Any]:
    """The HTTP status, the function's error and what it said."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    answer = site.tenant.functions.invoke(FunctionName=function, Payload=body, **more)
    said = answer["Payload"].read()
    return answer["StatusCode"], answer.get("FunctionError"), json.loads(said) if said else None


@pytest.mark.parametrize("name", ["one", "{arn}", "{arn}:live", "{account}:function:one"])
def test_the_handler_of_requests_answers(site: Site, arn: str, name: str) -> None:
    site.tenant.functions.publish_version(FunctionName="one")
    site.tenant.functions.create_alias(FunctionName="one", Name="live", FunctionVersion="1")
    status, error, said = invoke(site, name.format(arn=arn, account=site.tenant.account))
    assert (status, error, said["statusCode"]) == (200, None, 200)
    assert json.loads(said["body"]) == {"method": "GET", "path": "/a", "query": {}}


def test_it_is_counted_as_a_functions_invocation_alone(site: Site, arn: str) -> None:
    site.url()
    invoke(site)
    site.tenant.sandbox.behave(Profile("one", account=site.tenant.account, crashes=ALL))
    invoke(site)
    assert (site.metric("Invocations", function="one"), site.metric("Errors", function="one")) == ([2], [1])
    assert site.metric("RequestCount") == []


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("crashes", {"errorType": "Runtime.ExitError", "errorMessage": "ordered"}),
        ("timeout", {"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out after 1.00 seconds"}),
        ("raises", {"errorType": "ZeroDivisionError", "errorMessage": "division by zero"}),
    ],
)
def test_a_function_that_fails_says_why(site: Site, sandbox: Sandbox, arn: str, how: str, said: Any) -> None:
    if how == "crashes":
        sandbox.behave(Profile("one", account=site.tenant.account, crashes=ALL))
    elif how == "timeout":
        site.tenant.functions.update_function_configuration(FunctionName="one", Timeout=1)
        sandbox.behave(Profile("one", account=site.tenant.account, latency=timedelta(seconds=2)))
        sandbox.clock.run_at(100)
    else:
        sandbox.handle(lambda _event, _context: 1 / 0, account=site.tenant.account)
    got = invoke(site)
    sandbox.clock.run_at(1)
    assert got == (200, "Unhandled", said)


def test_what_aws_refuses(site: Site, arn: str) -> None:
    with refused("ResourceNotFoundException", f"Function not found: {arn[:-3]}other"):
        invoke(site, "other")
    with refused("ResourceNotFoundException", "Function not found"):
        invoke(site, "one", Qualifier="live")
    with refused("RequestEntityTooLargeException", "6291457 byte payload is too large for the RequestResponse"):
        invoke(site, event=b'"' + b"x" * 6_291_455 + b'"')
    with refused("InvalidRequestContentException", "Could not parse request body into json"):
        invoke(site, event=b"{")
    site.tenant.functions.put_function_concurrency(FunctionName="one", ReservedConcurrentExecutions=0)
    with refused("TooManyRequestsException", "Rate Exceeded"):
        invoke(site)


@pytest.mark.parametrize(("kind", "status"), [("Event", 202), ("DryRun", 204)])
def test_other_kinds_answer_nothing(site: Site, arn: str, kind: str, status: int) -> None:
    assert invoke(site, InvocationType=kind) == (status, None, None)


def test_an_answer_larger_than_lambda_takes_is_an_error(site: Site, sandbox: Sandbox, arn: str) -> None:
    sandbox.handle(lambda _event, _context: "x" * 6_291_456, account=site.tenant.account)
    _, error, said = invoke(site)
    assert (error, said["errorType"]) == ("Unhandled", "Function.ResponseSizeTooLarge")


def two_versions(site: Site) -> str:
    """A function whose alias `live` sends 30 % to the second of two versions, which has more time."""
    tenant = site.tenant
    arn = tenant.function("one")
    for timeout in 1, 2:
        tenant.functions.update_function_configuration(FunctionName="one", Timeout=timeout)
        tenant.functions.publish_version(FunctionName="one")
    routing = {"AdditionalVersionWeights": {"2": 0.3}}
    tenant.functions.create_alias(FunctionName="one", Name="live", FunctionVersion="1", RoutingConfig=routing)
    return arn


def behind_the_alias(site: Site) -> None:
    tenant, group = site.tenant, site.tenant.group("group")
    arn = two_versions(site)
    tenant.permit("one", group, Qualifier="live")
    tenant.register(group, f"{arn}:live")
    site.split({group: 1})


def executed(site: Site, version: str) -> float:
    dimensions = {"FunctionName": "one", "Resource": "one:live", "ExecutedVersion": version}
    told = site.tenant.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Invocations",
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=datetime.now(UTC) - timedelta(hours=1),
        EndTime=datetime.now(UTC) + timedelta(hours=1),
        Period=7200,
        Statistics=["Sum"],
    )
    return sum(float(point["Sum"]) for point in told["Datapoints"])


def test_an_aliass_versions_answer_by_weight_and_are_counted_apart(site: Site) -> None:
    behind_the_alias(site)
    site.tenant.sandbox.behave(Profile("one:2", account=site.tenant.account, server_errors=ALL))
    replies = [site.get("/a") for _ in range(200)]
    answered = Counter((reply.header("x-served-version"), reply.status) for reply in replies)
    assert answered.keys() == {("1", 200), ("2", 500)}
    assert 25 <= answered["2", 500] <= 95  # 60 expected
    assert [executed(site, version) for version in ("1", "2")] == [answered["1", 200], answered["2", 500]]
    assert site.metric("Invocations", function="one") == [200]


def test_an_alias_that_is_gone_is_a_502(site: Site) -> None:
    behind_the_alias(site)
    site.tenant.functions.delete_alias(FunctionName="one", Name="live")
    assert site.get("/a").status == 502


def test_each_version_has_its_own_time_and_says_its_number(site: Site) -> None:
    two_versions(site)
    site.tenant.sandbox.behave(Profile("one", account=site.tenant.account, latency=timedelta(milliseconds=1200)))
    for version, error in ("1", "Unhandled"), ("2", None):
        answer = site.tenant.functions.invoke(FunctionName="one", Qualifier=version, Payload=json.dumps(EVENT).encode())
        assert (answer["ExecutedVersion"], answer.get("FunctionError")) == (version, error)


@pytest.mark.parametrize(("at", "start"), [("live", None), ("2", timedelta(1))])
def test_what_is_provisioned_starts_warm(site: Site, at: str, start: timedelta | None) -> None:
    two_versions(site)
    site.tenant.functions.put_provisioned_concurrency_config(
        FunctionName="one", Qualifier="live", ProvisionedConcurrentExecutions=1
    )
    target = target_of(site.tenant.account, REGION, "one", at)
    clock = SandboxClock()
    clock.run_at(1e9)
    functions = Functions(clock, Random(5))  # noqa: S311 - no secret
    functions.behave(Profile("one", cold_starts=ALL, cold_start=timedelta(1)))
    assert target is not None
    assert asyncio.run(functions.invoke(target, EVENT)).start == start
