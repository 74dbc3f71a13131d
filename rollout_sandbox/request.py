"""An HTTP request read as the API call that it is: who, where, which action, with which parameters."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from botocore.exceptions import DataNotFoundError
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from rollout_sandbox.sessions import account_of

DEFAULT_ACCOUNT = "123456789012"
_ACCOUNT = re.compile(r"\d{12}")
_CREDENTIAL = re.compile(r"Credential=([^/\s]*)/\d*/([^/]*)/([^/]*)/aws4_request")
# Services are signed for by one name, named in IAM's actions by another and in botocore's models by a third.
_IAM_NAME = {"monitoring": "cloudwatch"}
_MODEL_NAME = {"elasticloadbalancing": "elbv2", "monitoring": "cloudwatch", "states": "stepfunctions"}
# The one operation that IAM names otherwise.
_IAM_ACTION = {"lambda:Invoke": "lambda:InvokeFunction"}
_READS = ("Decrypt", "Describe", "Encrypt", "Filter", "Get", "Head", "Invoke", "List", "StartQuery", "Test")


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One API call as it arrived.

    Attributes:
        account: The access key where that is twelve digits, as LocalStack has it, or in a role's; else 123456789012.
        region: The one it is signed for.
        service: The name it is signed for.
        operation: `ModifyRule`; empty if it is none that botocore knows.
        parameters: As boto3 takes them.
        protocol: `query`, `ec2`, `json`, `rest-json`…
        body: The body as it came.
        key: The access key.
    """

    account: str
    region: str
    service: str
    operation: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    protocol: str = ""
    body: bytes = b""
    key: str = ""

    @property
    def action(self) -> str:
        """The action as IAM writes it."""
        action = f"{_IAM_NAME.get(self.service, self.service)}:{self.operation}"
        return _IAM_ACTION.get(action, action)

    @property
    def changes(self) -> bool:
        """Whether it may leave something behind; measurements don't count."""
        return not self.operation.startswith(_READS) and self.service != "sts" and self.operation != "PutMetricData"


def read(environ: dict[str, Any]) -> ApiRequest:
    """Read a request, and leave its body to be read again."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    key, region, service = signed_for(environ)
    account = key if _ACCOUNT.fullmatch(key) else account_of(key) or DEFAULT_ACCOUNT
    environ["wsgi.input"] = BytesIO(body)
    plain = _plain(environ, body)
    request = Request({**environ, "wsgi.input": BytesIO(plain), "CONTENT_LENGTH": str(len(plain))})
    protocol, operation, parameters = _protocol(service, request), "", dict[str, Any]()
    with suppress(NotFound, NotImplementedError, RequestParserError, LookupError, ValueError, DataNotFoundError):
        operation, parameters = _parsed(service, protocol, request)
    return ApiRequest(account, region, service, operation, parameters, protocol, body, key)


def _plain(environ: Mapping[str, Any], body: bytes) -> bytes:
    """A body without its compression: boto3 compresses PutMetricData's."""
    return gzip.decompress(body) if environ.get("HTTP_CONTENT_ENCODING") == "gzip" else body


def signed_for(environ: Mapping[str, Any]) -> tuple[str, str, str]:
    """The access key, region and service in a request's signature; a service without a name where it has none."""
    signed = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    key, region, service = signed.groups() if signed else ("", "us-east-1", "")
    return key, region, service


def _protocol(service: str, request: Request) -> str:
    try:
        return determine_request_protocol(get_service_model(model_name(service)), request.content_type)
    except (NotImplementedError, DataNotFoundError):  # of a service that nobody knows
        return "json" if "json" in (request.content_type or "") else "query"


def model_name(service: str) -> str:
    """The service's name in botocore's models, by the one that calls are signed for."""
    return _MODEL_NAME.get(service, service)


def _parsed(service: str, protocol: str, request: Request) -> tuple[str, dict[str, Any]]:
    operation, labels = get_service_router(model_name(service)).match(request)
    parameters = PROTOCOL_PARSERS[protocol](operation).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": labels,
        }
    )
    return operation.name, parameters
