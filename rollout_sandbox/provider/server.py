"""Ports on loopback where the engine finds the provider, one for each account and region.

The engine attaches to a provider by its TCP port alone, and gives it no secret. So whose each call is, is asked of the
system; and files are read only below the folders that commands of this user named, each as it started the engine.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from rollout.base import peers
from rollout_sandbox.provider.aws import Aws
from rollout_sandbox.provider.lookups import INVOKES
from rollout_sandbox.provider.servicer import Servicer
from rollout_sandbox.provider.types import TYPES

HOST = "127.0.0.1"
WORKERS = 32
_OPTIONS = [
    ("grpc.max_receive_message_length", 64_000_000),
    ("grpc.max_send_message_length", -1),
    ("grpc.server_handshake_timeout_ms", 10_000),
]


class ProviderServer:
    """The provider's ports.

    Args:
        endpoint: The address of the sandbox's API.
        token: What shows that one may ask it.
    """

    def __init__(self, endpoint: str, token: str) -> None:
        self._endpoint, self._token = endpoint, token
        self._ports: dict[tuple[str, str], tuple[grpc.Server, int]] = {}
        self._roots: set[Path] = set()
        self._lock = threading.Lock()

    def port_for(self, account: str, region: str, roots: Iterable[Path] = ()) -> int:
        """Where the provider listens for the stacks of an account and region; opened when first asked for.

        Args:
            account: Twelve digits.
            region: AWS's name.
            roots: Folders and files that may be read from now on.
        """
        with self._lock:
            self._roots.update(root.resolve() for root in roots)
            if (account, region) not in self._ports:
                workers, guard = _Workers(WORKERS, thread_name_prefix="provider"), _OursAlone()
                workers.submit(int).result()
                server = grpc.server(workers, interceptors=[guard], options=_OPTIONS)
                servicer = Servicer(Aws(self._endpoint, self._token, account, region, self._roots), TYPES, INVOKES)
                provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
                port = guard.port = server.add_insecure_port(f"{HOST}:0")
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


def serve(endpoint: str, token: str) -> ProviderServer:
    """Offer the provider for a sandbox."""
    return ProviderServer(endpoint, token)


class _Workers(ThreadPoolExecutor):
    """Threads of a server. If the system has none left, those that there are do the work.

    The error would end gRPC's own thread, and nobody would get an answer from then on.
    """

    def _adjust_thread_count(self) -> None:
        try:
            super()._adjust_thread_count()
        except RuntimeError:
            if not self._threads:
                raise


class _OursAlone(grpc.ServerInterceptor):  # type: ignore[misc]
    """Lets pass the calls of this user's processes alone; of calls that aren't unary the provider has none.

    Attributes:
        port: Where the server listens.
    """

    port = 0

    def intercept_service(self, continuation: Callable[..., Any], handler_call_details: Any) -> Any:
        """See `grpc.ServerInterceptor`."""
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return None

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            _, _, peer = context.peer().rpartition(":")
            if not peers.are_ours((HOST, int(peer)), (HOST, self.port)):
                context.abort(grpc.StatusCode.PERMISSION_DENIED, f"this sandbox is user {os.geteuid()}'s alone")
            return handler.unary_unary(request, context)

        return grpc.unary_unary_rpc_method_handler(answer, handler.request_deserializer, handler.response_serializer)
