"""Whose a connection is, also when the system is too short of files to say."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rollout.base import peers

pytestmark = pytest.mark.skipif(not peers.are_known(), reason="this system doesn't report a connection's user")

Ends = tuple[peers.Address, peers.Address]


@pytest.fixture
def ends() -> Iterator[Ends]:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        yield client.getsockname(), server.getsockname()


@contextmanager
def without_a_file_to_spare() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_connection_of_this_process_is_ours_and_no_other(ends: Ends) -> None:
    assert peers.user_of(*ends) == os.geteuid()
    assert peers.are_ours(*ends)
    assert not peers.are_ours(("127.0.0.1", 1), ends[1])


def test_a_connection_nobody_can_tell_the_user_of_is_not_ours(ends: Ends) -> None:
    peers.are_known.cache_clear()
    with without_a_file_to_spare():
        assert (peers.user_of(*ends), peers.are_ours(*ends)) == (None, False)
    assert peers.are_ours(*ends)
