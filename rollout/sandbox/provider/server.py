"""Ports on loopback where the engine finds the provider, one for each account and region."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from rollout.sandbox.provider.aws import Aws
from rollout.sandbox.provider.lookups import INVOKES
from rollout.sandbox.provider.servicer import Servicer
from rollout.sandbox.provider.types import TYPES

WORKERS = 32
_NO_LIMIT = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class ProviderServer:
    """The provider's ports.

    Args:
        endpoint: The address of the sandbox's API.
    """

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._ports: dict[tuple[str, str], tuple[grpc.Server, int]] = {}
        self._lock = threading.Lock()

    def port_for(self, account: str, region: str) -> int:
        """Where the provider listens for the stacks of an account and region; opened when first asked for."""
        with self._lock:
            if (account, region) not in self._ports:
                server = grpc.server(ThreadPoolExecutor(WORKERS, thread_name_prefix="provider"), options=_NO_LIMIT)
                servicer = Servicer(Aws(self._endpoint, account, region), TYPES, INVOKES)
                provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
                port = server.add_insecure_port("127.0.0.1:0")
                server.start()
                self._ports[account, region] = server, port
            return self._ports[account, region][1]

    def stop(self) -> None:
        """Close all ports."""
        with self._lock:
            # a call that is still retrying against a sandbox that is gone isn't waited for
            ended = [server.stop(grace=None) for server, _ in self._ports.values()]
            for event in ended:
                event.wait(timeout=0.2)
            self._ports.clear()


def serve(endpoint: str) -> ProviderServer:
    """Offer the provider for a sandbox."""
    return ProviderServer(endpoint)
