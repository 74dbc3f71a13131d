"""The sandbox's data plane, eight rules with weights and stickiness, beside a bare aiohttp server of the same bytes."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from aiohttp import web
from landed import Figure

CONNECTIONS, SECONDS, ROUNDS, AIM = 32, 2.0, 5, 0.18
ACCOUNT, REGION = "123456789012", "us-west-2"
CLIENT = """
import asyncio, sys, time
port, path, connections, seconds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
request = f"GET {path} HTTP/1.1\\r\\nHost: example.com\\r\\nUser-Agent: bench\\r\\nAccept: */*\\r\\n\\r\\n".encode()

class Client(asyncio.Protocol):
    done = 0
    def connection_made(self, transport):
        self.transport, self.got, self.size = transport, b"", None
        transport.write(request)
    def data_received(self, data):
        self.got += data
        if self.size is None and b"\\r\\n\\r\\n" in self.got:
            head, _, _ = self.got.partition(b"\\r\\n\\r\\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = next(l for l in head.lower().split(b"\\r\\n") if l.startswith(b"content-length:"))
            self.size = len(head) + 4 + int(length.split(b":")[1])
        if self.size is not None and len(self.got) >= self.size:
            Client.done += 1
            self.got, self.size = b"", None
            self.transport.write(request)

async def main():
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(Client, "127.0.0.1", port)
    await asyncio.sleep(0.3)
    start, before = time.perf_counter(), Client.done
    await asyncio.sleep(seconds)
    print((Client.done - before) / (time.perf_counter() - start))

asyncio.run(main())
"""


def load(port: int, path: str) -> float:
    """Requests a second, asked for by a process of its own."""
    command = [sys.executable, "-c", CLIENT, str(port), path, str(CONNECTIONS), str(SECONDS)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def bare_server(body: bytes, headers: list[tuple[str, str]]) -> int:
    """Serve the same bytes with nothing behind them; gives the port."""

    async def answer(_: web.BaseRequest) -> web.Response:
        response = web.Response(body=body)
        response.headers.extend(headers)
        return response

    async def serve() -> int:
        server = await loop.create_server(web.Server(answer, access_log=None), "127.0.0.1", 0)
        return int(server.sockets[0].getsockname()[1])

    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return asyncio.run_coroutine_threadsafe(serve(), loop).result()


def site() -> tuple[int, str]:
    """A load balancer with eight rules, the last of which is asked; gives its port and a path."""
    from rollout_sandbox import daemon
    from tests.sandbox.data_plane.site import Site
    from tests.sandbox.tenant import Tenant, method, path

    made = Site(Tenant(daemon.start(FOLDER), ACCOUNT))
    legacy, candidate = made.served("legacy", "candidate")
    for number in range(1, 9):
        conditions = [path(f"/v2/route-{number}/*/score/*"), method("GET")]
        made.tenant.rule(made.forward({legacy: 90, candidate: 10}, 3600), priority=number, conditions=conditions)
    return int(made.url().rpartition(":")[2]), "/v2/route-8/7/score/0xabc?x=1"


with tempfile.TemporaryDirectory(prefix="rollout-bench-") as name:
    FOLDER = Path(name)
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from rollout_sandbox import daemon

    try:
        ours, path = site()
        from http.client import HTTPConnection

        connection = HTTPConnection(f"127.0.0.1:{ours}")
        connection.request("GET", path)
        answer = connection.getresponse()
        headers = [(k, v) for k, v in answer.getheaders() if k.lower() not in {"content-length", "date"}]
        bare = bare_server(answer.read(), headers)
        time.sleep(0.2)
        pairs = [(load(ours, path), load(bare, path)) for _ in range(ROUNDS)]
    finally:
        daemon.stop(FOLDER)
mine, its = (statistics.median(column) for column in zip(*pairs, strict=True))
ratio = statistics.median(one / other for one, other in pairs)
print(f"data plane: {mine:,.0f} requests a second\nbare aiohttp server: {its:,.0f}")
Figure("a bare server's requests a second beside the data plane's", 1 / ratio, 1 / AIM, {}).report()
