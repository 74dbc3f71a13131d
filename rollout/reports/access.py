"""Access to the live page: only with its address, on this machine, and not by other sites through a browser.

Any site can make a browser call a server on its own machine: by a plain request, or by a name that suddenly points to
127.0.0.1 (DNS rebinding). So the Host header must match, and the address has a secret token.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from rollout.reports.pages import SCRIPTS, STYLES, digest


def _allowed(names: Sequence[str]) -> str:
    return " ".join(map(digest, names))


HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {_allowed(STYLES)}; script-src {_allowed(('live.js', *SCRIPTS))}; "
        "connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def refusal(host: str, port: int, given: str, token: str) -> tuple[int, str] | None:
    """Why a request is refused: a status and a sentence; None if it isn't.

    Args:
        host: Its Host header.
        port: Where we listen.
        given: The request's token, empty without one.
        token: Ours.
    """
    if host not in (f"127.0.0.1:{port}", f"localhost:{port}"):
        return 403, "The dashboard answers only as 127.0.0.1 or localhost."
    if not hmac.compare_digest(given.encode(), token.encode()):
        return 401, "Open the complete address that `rollout dashboard` printed; it contains a token."
    return None


def guard(port: Callable[[], int], token: str) -> Middleware:
    """A middleware that allows only authorized requests.

    Args:
        port: Where we listen.
        token: The first part of each path.
    """

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.path.partition("/")[2].partition("/")[0]  # `OPTIONS *` and `CONNECT` have no path
        refused = refusal(request.headers.get("Host", ""), port(), given, token)
        if refused is not None:
            response: web.StreamResponse = web.Response(status=refused[0], text=refused[1])
        else:
            try:
                response = await handler(request)
            except web.HTTPMethodNotAllowed:
                response = web.Response(status=405, text="The dashboard is read-only.", headers={"Allow": "GET, HEAD"})
            except web.HTTPNotFound:
                response = web.Response(status=404, text="There is no such page.")
        response.headers.update(HEADERS)
        return response

    return guarded
