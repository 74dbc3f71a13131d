"""An error as AWS writes it in each of its protocols, for the ones that moto can't be told to give."""

from __future__ import annotations

import json
from http import HTTPStatus
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

XML = "text/xml"


def response(protocol: str, code: str, message: str, status: HTTPStatus | int) -> Response:
    """An error as an answer; see `body`."""
    said, kind = body(protocol, code, message)
    return Response(said, status, {"x-amzn-errortype": code}, content_type=kind)


def body(protocol: str, code: str, message: str) -> tuple[str, str]:
    """An error's body and content type.

    Args:
        protocol: As botocore names it: `query`, `ec2`, `json`, `rest-json`…
        code: AWS's error code.
        message: AWS's text.
    """
    error = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    match protocol:
        case "ec2":
            return f"<Response><Errors>{error}</Errors><RequestID>sandbox</RequestID></Response>", XML
        case "rest-xml":  # as S3 does, the only one here
            return error, XML
        case "query" | "":
            return f"<ErrorResponse>{error}<RequestId>sandbox</RequestId></ErrorResponse>", XML
        case _:
            return json.dumps({"__type": code, "message": message}), "application/json"
