"""Whatever goes wrong on the way to AWS, and whatever answers in its place, is one of our errors: faults C7 and C8."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, SSOTokenLoadError, TokenRetrievalError, UnauthorizedSSOTokenError

from rollout.adapters.aws.alb import Elbv2
from rollout.adapters.aws.cloudwatch import CloudWatch
from rollout.adapters.aws.discovery import Elbv2Account
from rollout.adapters.aws.functions import Lambda
from rollout.adapters.aws.log_insights import LogInsights
from rollout.adapters.aws.session import Access, aws_error, usual_region
from rollout.adapters.aws.sns import Sns
from rollout.adapters.aws.sts import caller
from rollout.alb.state import LiveRule
from rollout.alb.weights import ForwardAction
from rollout.analysis.metrics import Series
from rollout.base.clock import SystemClock
from rollout.errors import AwsError
from rollout.inventory.model import Arn
from tests.loopback import answering
from tests.unit.builders import environment

NOW = datetime(2026, 11, 25, 22, tzinfo=UTC)
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE"
ARN = Arn("arn:aws:elasticloadbalancing:us-west-2:123456789012:listener-rule/app/a/b/c/d")
SERIES = Series("AWS/Lambda", "Duration", (("FunctionName", "api"),), "Sum", timedelta(minutes=1))

Call = Callable[[Access], object]
CALLS: dict[str, Call] = {
    "read": lambda access: Elbv2(access).read(environment()),
    "rules": lambda access: Elbv2(access).rules([ARN]),
    "modify": lambda access: Elbv2(access).modify(LiveRule(ARN, ARN, 1), ForwardAction({ARN: 1})),
    "health": lambda access: Elbv2(access).health([ARN]),
    "targets": lambda access: Elbv2(access).targets([ARN]),
    "find": lambda access: Elbv2Account(access).find(),
    "caller": caller,
    "metrics": lambda access: CloudWatch(access).read([SERIES], NOW, NOW + timedelta(minutes=5)),
    "alarms": lambda access: CloudWatch(access).states(["a"]),
    "logs": lambda access: LogInsights(access, SystemClock()).read([SERIES], NOW, NOW + timedelta(minutes=5)),
    "invoke": lambda access: Lambda(access, timedelta()).invoke("api", {}, timedelta(seconds=5)),
    "publish": lambda access: Sns(access).publish(Arn("arn:aws:sns:us-west-2:123456789012:a"), "s", "t", "{}"),
}


def in_place_of_aws(status: int, body: bytes, kind: str = "text/html", cut: int = 0) -> AbstractContextManager[str]:
    """Something that answers in AWS's place."""
    headers = {"Content-Type": kind, "Content-Length": str(len(body) + cut), "Connection": "close"}
    return answering(lambda _: (status, headers, body))


@pytest.fixture(autouse=True)
def _signed_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Somebody's usual settings, and no time for other tries."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "HTTPS_PROXY", "HTTP_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)


HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>&nbsp;Corporate proxy<br></body></html>"
XHTML = b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body><p>Sign in</p></body></html>'
ANSWERS: dict[str, tuple[int, bytes, str, int]] = {
    "a proxy's page": (200, HTML, "text/html", 0),
    "a page that is XML": (200, XHTML, "text/html", 0),
    "a refusal as a page": (403, HTML, "text/html", 0),
    "a failure as a page": (503, HTML, "text/html", 0),
    "nothing": (200, b"", "text/xml", 0),
    "JSON that isn't": (200, b'{"a": [', "application/json", 0),
    "other JSON": (200, b'["a"]', "application/x-amz-json-1.1", 0),
    "null": (200, b"null", "application/json", 0),
    "other XML": (200, b"<a><b/></a>", "text/xml", 0),
    "an error of another shape": (400, b"<ErrorResponse/>", "text/xml", 0),
    "an answer cut off": (200, b"<Describe", "text/xml", 1000),
    "no text": (200, bytes(range(256)), "text/xml", 0),
    "a redirection": (302, b"", "text/html", 0),
    "much": (403, b"<html>" + b"x" * 200_000, "text/html", 0),
}


PROTOCOLS = ("rules", "metrics", "logs", "invoke")  # each has a parser of its own
PAGES = [(call, answer) for call in CALLS for answer in ANSWERS if call in PROTOCOLS or answer == "a proxy's page"]


@pytest.mark.parametrize(("call", "answer"), [pytest.param(CALLS[c], ANSWERS[a], id=f"{c}: {a}") for c, a in PAGES])
def test_what_answers_in_the_place_of_aws_is_one_error(
    call: Call, answer: tuple[int, bytes, str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with in_place_of_aws(*answer) as url, pytest.raises(AwsError) as caught:
        call(Access("us-west-2", endpoint=url))
    assert len(caught.value.what) < 1000
    assert "\n" not in caught.value.what


SETTINGS = {
    "a process that gives no JSON": "[default]\ncredential_process = echo xx\n",
    "a process that gives other JSON": "[default]\ncredential_process = echo '[]'\n",
    "a process that isn't there": "[default]\ncredential_process = /none/such\n",
    "a process that tells a secret": f"[default]\ncredential_process = sh -c 'echo {TOKEN} >&2; exit 1'\n",
    "no file of settings": "\0[[[",
    "a profile that leads nowhere": "[default]\nsource_profile = x\nrole_arn = arn:aws:iam::1:role/x\n",
    "an endpoint that is none": "[default]\nendpoint_url = not a url\n",
    "a certificate that is none": "[default]\nca_bundle = /dev/null\n",
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_bad_settings_are_one_error(settings: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(settings)
    if "endpoint" not in settings and "ca_bundle" not in settings:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(AwsError) as caught:
        caller(Access(usual_region() or "us-west-2"))
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "endpoint", ["not a url", "http://", "http://[", "ftp://x", "http://x:99999999", "http://127.0.0.1:9"]
)
def test_an_endpoint_that_is_none_is_one_error(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(AwsError):
        Elbv2(Access("us-west-2", endpoint=endpoint)).read(environment())


@pytest.mark.parametrize("ending", ["\r", "\n", "\0", "é", "\r\nX-Evil: 1"])
def test_a_credential_that_cannot_be_sent_is_not_told(ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """C8: the client's error quotes the header that it couldn't write."""
    if "\0" in ending:
        return  # no variable holds one
    monkeypatch.setenv("AWS_SESSION_TOKEN", f"{TOKEN}{ending}{TOKEN}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with in_place_of_aws(200, HTML) as url, pytest.raises(AwsError) as caught:
        caller(Access("us-west-2", endpoint=url))
    assert TOKEN not in f"{caught.value} {caught.value!r}"


def test_a_refusal_keeps_awss_code_for_adapters() -> None:
    body = b"<ErrorResponse><Error><Code>RuleNotFound</Code><Message>gone</Message></Error></ErrorResponse>"
    with in_place_of_aws(400, body, "text/xml") as url, pytest.raises(ClientError) as caught:
        Elbv2(Access("us-west-2", endpoint=url)).modify(LiveRule(ARN, ARN, 1), ForwardAction({ARN: 1}))
    assert isinstance(caught.value, AwsError)
    assert (caught.value.response["Error"]["Code"], caught.value.where) == ("RuleNotFound", ARN)


@pytest.mark.parametrize(
    ("aws", "message", "code"),
    [
        ("ExpiredTokenException", "The security token included in the request is expired", "credentials-expired"),
        (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            "invalid-credentials",
        ),
        ("InvalidSignatureException", "The request signature we calculated does not match", "invalid-credentials"),
        ("InvalidSignatureException", "Signature expired: 20261129T100000Z is now earlier than …", "clock-skew"),
        ("SignatureDoesNotMatch", "Signature not yet current: 20261129T130000Z is still later than …", "clock-skew"),
        (
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
            "clock-skew",
        ),
        ("TooManyRequestsException", "Rate exceeded", "throttled"),
        ("ProvisionedThroughputExceededException", "The level of configured throughput is exceeded", "throttled"),
    ],
)
def test_services_with_other_codes_have_the_same_next_step(aws: str, message: str, code: str) -> None:
    said = aws_error(ClientError({"Error": {"Code": aws, "Message": message}}, "GetItem"))
    assert (said.code, bool(said.hint)) == (code, True)


@pytest.mark.parametrize(
    "error",
    [
        UnauthorizedSSOTokenError(),
        SSOTokenLoadError(error_msg="Token for https://example.awsapps.com/start does not exist"),
        TokenRetrievalError(provider="sso", error_msg="Token has expired and refresh failed"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_who_has_to_sign_in_again_is_told_so(error: Exception) -> None:
    assert aws_error(error).code == "credentials-expired"
