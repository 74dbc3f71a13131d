"""What the load balancer says itself: errors, redirects and fixed responses."""

from __future__ import annotations

import re
from http import HTTPStatus

from aiohttp import web

from rollout_sandbox.data_plane.matching import Request
from rollout_sandbox.data_plane.rules import FixedResponse, Redirect

SERVER = "awselb/2.0"
_PHRASES = {413: "Request Entity Too Large", 503: "Service Temporarily Unavailable", 561: "Unauthorized"}


def page(status: int, headers: dict[str, str] | None = None) -> web.Response:
    """The load balancer's page of a status."""
    title = f"{status} {_PHRASES.get(status) or HTTPStatus(status).phrase}"
    head = f"<html>\r\n<head><title>{title}</title></head>\r\n"
    body = f"{head}<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    return web.Response(
        status=status, text=body, content_type="text/html", headers={"Server": SERVER, **(headers or {})}
    )


def fixed(action: FixedResponse) -> web.Response:
    """A fixed response."""
    headers = {"Server": SERVER, "Content-Type": f"{action.content_type}; charset=utf-8"}
    return web.Response(status=action.status, body=action.body.encode(), headers=headers)


def redirect(action: Redirect, request: Request, protocol: str, port: int) -> web.Response:
    """A redirect; what its action leaves open is as the client asked."""
    asked = {
        "protocol": protocol.upper(),
        "host": request.host,
        "port": str(port),
        "path": request.path.lstrip("/"),
        "query": request.query,
    }

    def filled(text: str) -> str:
        return re.sub(r"#\{(\w+)\}", lambda found: asked[found[1]], text)

    query = filled(action.query)
    place = f"{filled(action.protocol).lower()}://{filled(action.host)}:{filled(action.port)}{filled(action.path)}"
    return page(action.status, {"Location": f"{place}?{query}" if query else place})
