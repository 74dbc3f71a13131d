"""Approvals by a link that a chat or a mail carries: for one person, one step, and exactly what would happen then.

A link is signed, and valid for a day. It names the environment, the step, the person, and the digest of what raising
the weight would change. Opening it only shows this with a button, since chats open links by themselves. The button
approves if what would happen is still the same, and history names the person.

`python -m examples.approve_by_link serve 8080` answers on this machine; put TLS before it.
`python -m examples.approve_by_link link production 50 ada@example.com https://approve.example.com` prints a link.
Both need the same ROLLOUT_LINK_KEY of 32 characters or more, and the rights of the role `operate`.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import html
import json
import os
import sys
import time
from dataclasses import asdict, dataclass

from aiohttp import web

from rollout import Percent, Rollout, RolloutError

DAY = 24 * 60 * 60
LEAST_KEY = 32
PAGE = """<!doctype html><meta charset="utf-8"><title>Approve</title>
<p>{person}: raise {environment} to {weight} %?</p><form method="post"><button>Approve</button></form>"""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True)
class Asked:
    """What a link asks a person for.

    Attributes:
        digest: Of all that raising the weight would change.
        until: When the link ends, in seconds since 1970.
    """

    environment: str
    weight: str
    person: str
    digest: str
    until: int


def _key() -> bytes:
    key = os.environ.get("ROLLOUT_LINK_KEY", "").encode()
    if len(key) < LEAST_KEY:
        raise SystemExit(f"ROLLOUT_LINK_KEY must have {LEAST_KEY} characters or more")
    return key


def _seal(body: str, key: bytes) -> str:
    return hmac.new(key, body.encode(), hashlib.sha256).hexdigest()


def signed(asked: Asked, key: bytes) -> str:
    """A link's token."""
    body = base64.urlsafe_b64encode(json.dumps(asdict(asked)).encode()).decode()
    return f"{body}.{_seal(body, key)}"


def read(token: str, key: bytes, now: float) -> Asked | None:
    """What a token asks for; None if it is forged or has ended."""
    body, _, seal = token.partition(".")
    if not hmac.compare_digest(_seal(body, key).encode(), seal.encode()):
        return None
    asked = Asked(**json.loads(base64.urlsafe_b64decode(body)))
    return asked if now < asked.until else None


def digest(rollout: Rollout, environment: str, weight: str) -> str:
    """Of what raising all routes to a weight would change now; nothing is changed."""
    opened = rollout.environment(environment)
    weights = dict.fromkeys(opened.routes(()), Percent.of(weight))
    return opened.preview("weight", weights=weights).gate.digest


def app(rollout: Rollout, key: bytes) -> web.Application:
    """The page behind the links."""

    def asked_by(request: web.Request) -> Asked:
        found = read(request.match_info["token"], key, time.time())
        if found is None:
            raise web.HTTPForbidden(text="This link is not valid, or no longer.")
        return found

    async def show(request: web.Request) -> web.Response:
        said = {name: html.escape(str(value)) for name, value in asdict(asked_by(request)).items()}
        return web.Response(text=PAGE.format(**said), content_type="text/html", headers=HEADERS)

    async def approve(request: web.Request) -> web.Response:
        asked = asked_by(request)
        try:
            if await asyncio.to_thread(digest, rollout, asked.environment, asked.weight) != asked.digest:
                raise web.HTTPConflict(text="Something else would happen now than when this link was made.")
            ramp = rollout.environment(asked.environment).ramp
            await asyncio.to_thread(ramp.approve, asked.weight, by=asked.person)
        except RolloutError as error:
            raise web.HTTPConflict(text=str(error)) from error
        return web.Response(text=f"{asked.environment} may go to {asked.weight} %.")

    made = web.Application()
    made.add_routes([web.get("/{token}", show), web.post("/{token}", approve)])
    return made


def main(act: str, *words: str) -> None:
    """Serve, or print a link."""
    rollout, key = Rollout.load(), _key()
    if act == "serve":
        web.run_app(app(rollout, key), host="127.0.0.1", port=int(words[0]))
        return
    environment, weight, person, address = words
    asked = Asked(environment, weight, person, digest(rollout, environment, weight), int(time.time()) + DAY)
    print(f"{address}/{signed(asked, key)}")  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
