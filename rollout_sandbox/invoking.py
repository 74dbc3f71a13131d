"""Lambda's Invoke: of a function's process, or of the handlers that answer behind the load balancers.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import timedelta
from http import HTTPStatus
from uuid import uuid4

from moto.utilities.utils import get_partition as partition_of
from werkzeug.wrappers import Response

from rollout_sandbox import refusal
from rollout_sandbox.data_plane.functions import Failure, Invocation
from rollout_sandbox.data_plane.targets import Target
from rollout_sandbox.living import Living
from rollout_sandbox.request import ApiRequest

MAX_BYTES = 6_291_456
_DRY_RUN, _EVENT = "DryRun", "Event"


def invoke(call: ApiRequest, target: Target | None, living: Living) -> Response:
    """Answer one Invoke.

    Args:
        call: The call.
        target: The function that it names; None if there is none.
        living: Who answers.
    """
    kind = call.parameters.get("InvocationType") or "RequestResponse"
    if target is None:
        name = call.parameters["FunctionName"].rpartition(":function:")[2]
        arn = f"arn:{partition_of(call.region)}:lambda:{call.region}:{call.account}:function:{name}"
        return _refused(HTTPStatus.NOT_FOUND, "ResourceNotFoundException", f"Function not found: {arn}")
    if len(call.body) > MAX_BYTES:
        text = f"{len(call.body)} byte payload is too large for the {kind} invocation type (limit {MAX_BYTES} bytes)"
        return _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "RequestEntityTooLargeException", text)
    try:
        event = json.loads(call.body or b"{}")
    except ValueError:
        text = "Could not parse request body into json: Could not parse payload into json"
        return _refused(HTTPStatus.BAD_REQUEST, "InvalidRequestContentException", text)
    if kind == _DRY_RUN:
        return Response(status=HTTPStatus.NO_CONTENT)
    if kind == _EVENT:
        living.events.send(target.arn, event)
        return Response(status=HTTPStatus.ACCEPTED)
    went = living.functions.invoke(target, event)
    if went.failure is Failure.THROTTLED:
        return _refused(HTTPStatus.TOO_MANY_REQUESTS, "TooManyRequestsException", "Rate Exceeded.")
    said, failed = json.dumps(went.said), went.failure is not None
    if len(said) > MAX_BYTES:
        text = f"Response payload size exceeded maximum allowed payload size ({MAX_BYTES} bytes)."
        said, failed = json.dumps({"errorType": "Function.ResponseSizeTooLarge", "errorMessage": text}), True
    headers = {"X-Amz-Executed-Version": went.version, **({"X-Amz-Function-Error": "Unhandled"} if failed else {})}
    if call.parameters.get("LogType") == "Tail":
        headers["X-Amz-Log-Result"] = b64encode(_report(went).encode()).decode()
    return Response(said, headers=headers, content_type="application/json")


def _report(went: Invocation) -> str:
    """The last line of its log; tabs are between its fields.

    https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
    """
    took = went.duration / timedelta(milliseconds=1)
    start = f"\tInit Duration: {went.start / timedelta(milliseconds=1):.2f} ms" if went.start is not None else ""
    return f"REPORT RequestId: {uuid4()}\tDuration: {took:.2f} ms\tBilled Duration: {took:.0f} ms{start}\t\n"


def _refused(status: HTTPStatus, code: str, message: str) -> Response:
    return refusal.response("rest-json", code, message, status)
