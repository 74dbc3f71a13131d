"""An error as AWS writes it in each of its protocols, for the ones that moto can't be told to give."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

XML = "text/xml"


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
        case "query":
            return f"<ErrorResponse>{error}<RequestId>sandbox</RequestId></ErrorResponse>", XML
        case _:
            return json.dumps({"__type": code, "message": message}), "application/json"
