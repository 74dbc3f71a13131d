"""One sandbox a module, and an account of its own for each test, so that no test sees another's rules."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rollout_sandbox import Sandbox, daemon
from rollout_sandbox.serving import OwnServer
from tests.sandbox.tenant import Tenant

_accounts = itertools.count(200_000_000_000)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.start() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A daemon's, which is stopped afterwards."""
    yield tmp_path / "sandbox"
    daemon.stop(tmp_path / "sandbox")


@pytest.fixture
def server() -> Iterator[Callable[..., OwnServer]]:
    """Starts an API server that says ok, of some bounds."""
    started: list[OwnServer] = []

    def app(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    def serve(**bounds: Any) -> OwnServer:
        started.append(OwnServer(app, **bounds))
        threading.Thread(target=started[-1].serve_forever, args=(0.01,), name="serving", daemon=True).start()
        return started[-1]

    yield serve
    for each in started:
        each.shutdown()


@pytest.fixture
def tenant(sandbox: Sandbox) -> Tenant:
    return Tenant(sandbox, str(next(_accounts)))
