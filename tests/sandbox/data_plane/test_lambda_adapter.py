"""Functions invoked by the adapter: what they say, and which calls are tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollout.adapters.aws.functions import Lambda
from rollout.adapters.aws.session import Access
from rollout.errors import AwsError
from rollout.inventory.quantities import Percent
from rollout_sandbox import Fault, Profile, Sandbox
from tests.sandbox.data_plane.site import Site
from tests.sandbox.running import zipped
from tests.sandbox.tenant import REGION

EVENT = {"httpMethod": "GET", "path": "/a", "headers": {}, "queryStringParameters": {}}
LIMIT = timedelta(seconds=20)


@pytest.fixture
def adapter(site: Site, sandbox: Sandbox) -> Lambda:
    site.tenant.function("one")
    return Lambda(Access(REGION, sandbox.endpoint, site.tenant.account, "sandbox"), pause=timedelta(milliseconds=1))


def invocations(site: Site) -> int:
    return len(site.tenant.sandbox.calls("lambda:InvokeFunction", site.tenant.account))


def test_what_a_function_says_and_how_long_it_took(site: Site, adapter: Lambda) -> None:
    site.tenant.sandbox.behave(Profile("one", account=site.tenant.account, latency=timedelta(milliseconds=50)))
    went = adapter.invoke("one", EVENT, LIMIT)
    assert isinstance(went.said, dict)
    assert (went.said["statusCode"], went.error) == (200, None)
    assert timedelta(milliseconds=50) <= went.took < LIMIT


def test_a_function_that_fails_is_no_failed_call(site: Site, adapter: Lambda) -> None:
    site.tenant.sandbox.behave(Profile("one", account=site.tenant.account, crashes=Percent(1000)))
    assert adapter.invoke("one", EVENT, LIMIT).error == "Runtime.ExitError: ordered"


@pytest.mark.parametrize("code", ["TooManyRequestsException", "ResourceConflictException"])
def test_a_call_that_was_not_taken_on_is_tried_again(site: Site, sandbox: Sandbox, adapter: Lambda, code: str) -> None:
    sandbox.faults.add(Fault("lambda:InvokeFunction", code=code, status=429, times=2))
    assert adapter.invoke("one", EVENT, LIMIT).error is None
    assert invocations(site) == 3


def test_it_is_not_tried_for_ever(site: Site, adapter: Lambda) -> None:
    site.tenant.functions.put_function_concurrency(FunctionName="one", ReservedConcurrentExecutions=0)
    with pytest.raises(AwsError, match="Invoke: TooManyRequestsException"):
        adapter.invoke("one", EVENT, LIMIT)
    assert invocations(site) == 6


def test_a_call_without_an_answer_is_not_made_again(site: Site, sandbox: Sandbox, adapter: Lambda) -> None:
    sandbox.faults.add(Fault("lambda:InvokeFunction", code=None, delay=timedelta(seconds=0.5), times=2))
    with pytest.raises(AwsError) as caught:
        adapter.invoke("one", EVENT, timedelta(seconds=0.1))
    assert caught.value.code == "aws-unreachable"
    adapter.invoke("one", EVENT, LIMIT)
    sandbox.faults.clear()
    assert invocations(site) == 2


def test_a_function_that_is_not_there_is_told(adapter: Lambda) -> None:
    with pytest.raises(AwsError, match="other: Invoke: ResourceNotFoundException"):
        adapter.invoke("other", EVENT, LIMIT)


def test_the_end_of_its_log_says_whether_an_environment_was_started(site: Site, adapter: Lambda) -> None:
    assert not adapter.invoke("one", EVENT, LIMIT).is_cold
    starting = Profile(
        "one", account=site.tenant.account, cold_starts=Percent(1000), cold_start=timedelta(seconds=0.01)
    )
    site.tenant.sandbox.behave(starting)
    assert adapter.invoke("one", EVENT, LIMIT).is_cold


def test_an_alias_is_known_by_the_code_of_all_versions_that_its_requests_meet(site: Site, adapter: Lambda) -> None:
    functions = site.tenant.functions
    arn = functions.get_function_configuration(FunctionName="one")["FunctionArn"]
    functions.publish_version(FunctionName="one")
    functions.create_alias(FunctionName="one", Name="live", FunctionVersion="1")
    one = adapter.digest(f"{arn}:live")
    assert one == adapter.digest(arn) == adapter.digest(f"{arn}:1") == adapter.code(arn).digest
    functions.update_function_code(FunctionName="one", ZipFile=zipped("x = 1"))
    functions.publish_version(FunctionName="one")
    assert adapter.digest(f"{arn}:live") == one
    other = adapter.digest(arn)
    assert other != one
    functions.update_alias(FunctionName="one", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}})
    assert adapter.digest(f"{arn}:live") == f"{one}+{other}"


def test_its_concurrency_is_what_is_reserved_for_it_or_for_none(site: Site, adapter: Lambda) -> None:
    arn = site.tenant.functions.get_function_configuration(FunctionName="one")["FunctionArn"]
    assert adapter.code(arn).concurrency == 1000
    site.tenant.functions.put_function_concurrency(FunctionName="one", ReservedConcurrentExecutions=40)
    assert adapter.code(arn).concurrency == 40
