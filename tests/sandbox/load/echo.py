"""A server that says who answered and what was asked, as the sandbox's do, or whatever a test lets it say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from tests.loopback import Answer, Asked, answering


class Said(NamedTuple):
    by: str = "legacy"
    status: int = 200
    path: str | None = None
    cookie: str | None = None


def serving(answer: Callable[[str, str], Said | None]) -> AbstractContextManager[str]:
    """Answer by a function of the path and the cookies; None closes the connection. Gives the address."""

    def answered(asked: Asked) -> Answer | None:
        said = answer(asked.path, asked.headers.get("Cookie", ""))
        if said is None:
            return None
        cookie = {"Set-Cookie": f"{said.cookie}; Path=/"} if said.cookie else {}
        body = json.dumps({"method": asked.method, "path": said.path or asked.path}).encode()
        return said.status, {"x-served-by": said.by, **cookie}, body

    return answering(answered)


@contextmanager
def container(name: str) -> Iterator[int]:
    """A container of a service, which says its name; its port."""
    with serving(lambda *_: Said(by=name)) as url:
        yield int(url.rpartition(":")[2])
