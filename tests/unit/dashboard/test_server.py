"""The live page over real HTTP: who gets it, what it says of itself, and that nothing but reading goes through."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from aiohttp import ClientSession

from rollout.analysis.cost.ledger import CostLedger
from rollout.base import peers
from rollout.base.bounded import ReadLimits
from rollout.base.clock import SystemClock
from rollout.errors import AwsError, RolloutError
from rollout.reports.access import HEADERS, refusal
from rollout.reports.overview import Overview
from rollout.reports.pages import SCRIPTS, asset, digest
from rollout.reports.readings import Readings
from rollout.reports.server import BOUNDS, COSTS_KEEP, Dashboard
from tests.unit.dashboard.reader import Page
from tests.unit.dashboard.world import costs, overview, shop

SHOWN = overview(shop(2))
NAMES = ("production", "review")


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass
class Browser:
    """Asks a running dashboard.

    Attributes:
        url: Its address, with the token.
        session: Who asks.
    """

    url: str
    session: ClientSession

    async def ask(self, path: str = "", method: str = "GET", **headers: str) -> Answer:
        """Ask for a page below the token."""
        async with self.session.request(method, f"{self.url}{path}", headers=headers) as answer:
            return Answer(answer.status, answer.headers, await answer.text())

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.split(":")[2].split("/")[0])


@dataclass
class Aws:
    """What is read, by environment; the second one can't be."""

    reads: list[tuple[str, timedelta | None]] = field(default_factory=list)

    def read(self, name: str, since: timedelta | None) -> Overview:
        self.reads.append((name, since))
        if name == "review":
            raise AwsError("no AWS credentials were found", hint="sign in")
        return SHOWN


def visit(look: Callable[[Browser], Awaitable[None]], aws: Aws | None = None, bounds: ReadLimits = BOUNDS) -> None:
    """Run a dashboard, and look at it."""

    async def run() -> None:
        readings = Readings((aws or Aws()).read, SystemClock(), timedelta(seconds=60))
        async with Dashboard(NAMES, readings, bounds=bounds).serving(0) as url, ClientSession() as session:
            await look(Browser(url, session))

    asyncio.run(run())


def test_whoever_has_the_address_sees_the_fleet_and_each_environment() -> None:
    async def look(browser: Browser) -> None:
        fleet = await browser.ask()
        assert fleet.status == 200
        assert "review Can't be read: no AWS credentials were found; sign in" in Page(fleet.text).text
        review, production = [each for each in Page(fleet.text).values("href") if "environments" in each][:2]  # by need
        browser.url = browser.url.rpartition("/")[0].rpartition("/")[0]
        assert "Measurements of r1, r2" in Page((await browser.ask(production)).text).text
        assert "Can't be read: no AWS" in Page((await browser.ask(review)).text).text

    visit(look)


def test_others_get_nothing() -> None:
    async def look(browser: Browser) -> None:
        whole, root = browser.url, browser.url[: browser.url.rindex("/", 0, -1)]
        for wrong in ("/", "/wrong/", f"/{whole.split('/')[3][:-1]}/", "/wrong/environments/production"):
            browser.url = root
            answer = await browser.ask(wrong)
            assert (answer.status, "production" in answer.text) == (401, False)
        browser.url = whole
        for host in ("attacker.example", f"attacker.example:{browser.port}", "127.0.0.1:1", ""):
            assert (await browser.ask(Host=host)).status in (400, 403)
        assert (await browser.ask(Host=f"localhost:{browser.port}")).status == 200
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            refused = await browser.ask(method=method)
            assert (refused.status, refused.text) == (405, "The dashboard is read-only.")
            assert refused.headers["Referrer-Policy"] == "no-referrer"

    visit(look)


@pytest.mark.parametrize(
    ("host", "given", "status"),
    [
        ("127.0.0.1:80", "t", None),
        ("localhost:80", "t", None),
        ("127.0.0.1:80", "", 401),
        ("127.0.0.1:80", "tt", 401),
        ("127.0.0.1:80", "ü", 401),
        ("evil.example:80", "t", 403),
        ("127.0.0.1", "t", 403),
        ("[::1]:80", "t", 403),
    ],
)
def test_the_host_comes_first_and_then_the_token(host: str, given: str, status: int | None) -> None:
    refused = refusal(host, 80, given, "t")
    assert (refused[0] if refused else None) == status


def test_each_answer_keeps_browsers_from_leaking_it() -> None:
    async def look(browser: Browser) -> None:
        for path, status in (("", 200), ("nothing", 404), ("environments/production", 200), ("environments/x", 404)):
            answer = await browser.ask(path)
            assert answer.status == status
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
            assert "Access-Control-Allow-Origin" not in answer.headers
        policy = HEADERS["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy

    visit(look)


def test_a_page_that_did_not_change_is_not_sent_again() -> None:
    aws = Aws()

    async def look(browser: Browser) -> None:
        first = await browser.ask("environments/production")
        again = await browser.ask("environments/production", **{"If-None-Match": first.headers["ETag"]})
        assert (again.status, again.text, again.headers["ETag"]) == (304, "", first.headers["ETag"])
        assert (await browser.ask("environments/production", **{"If-None-Match": '"other"'})).status == 200

    visit(look, aws)
    assert len(aws.reads) == 1


def test_the_pages_scripts_are_its_only_files_and_small_on_the_wire() -> None:
    async def look(browser: Browser) -> None:
        for name in SCRIPTS:
            answer = await browser.ask(f"assets/{name}")
            assert (answer.status, answer.text) == (200, asset(name))
            assert answer.headers["Content-Encoding"] in {"gzip", "deflate"}
            assert digest(name) in answer.headers["Content-Security-Policy"]
        for other in ("style.css", "uplot/LICENSE", "../pages.py", "%2e%2e/pages.py", ""):
            assert (await browser.ask(f"assets/{other}")).status in {401, 404}

    visit(look)


@pytest.mark.parametrize("query", ["since=1s", "since=999d", "since=x", "route=r9"])
def test_a_look_back_or_a_route_that_cannot_be_is_no_page(query: str) -> None:
    async def look(browser: Browser) -> None:
        assert (await browser.ask(f"environments/production?{query}")).status == 404
        assert (await browser.ask("environments/production?since=6h&route=r2")).status == 200

    visit(look)


def test_a_port_in_use_is_one_clear_error() -> None:
    async def run(port: int) -> None:
        async with Dashboard(NAMES, Readings(Aws().read, SystemClock())).serving(port):
            raise AssertionError

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(RolloutError, match=rf"(?s){port}.*--port 0") as raised:
            asyncio.run(run(port))
    assert (raised.value.code, raised.value.exit_code) == ("port-in-use", 1)


async def heard(port: int, said: bytes) -> bytes:
    """All that is answered to some bytes, until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    try:
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("line", ["OPTIONS *", "CONNECT x", "CONNECT x:1", "GET x", "OPTIONS http://x"])
def test_what_has_no_path_is_refused_without_a_traceback(line: str, caplog: pytest.LogCaptureFixture) -> None:
    async def look(browser: Browser) -> None:
        head = f"{line} HTTP/1.1\r\nHost: 127.0.0.1:{browser.port}\r\nConnection: close\r\n\r\n"
        status = (await heard(browser.port, head.encode())).split(b" ")[1]
        assert status in {b"400", b"401", b"403"}

    visit(look)
    assert caplog.records == []


@pytest.mark.parametrize("half", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: a"])
def test_half_a_request_is_waited_for_only_so_long(half: bytes) -> None:
    async def look(browser: Browser) -> None:
        assert await heard(browser.port, half) == b""
        assert (await browser.ask()).status == 200

    visit(look, bounds=ReadLimits(connections=10, head_within=0.1))


def test_there_are_only_so_many_connections_of_a_user_and_room_again() -> None:
    async def look(browser: Browser) -> None:
        held = [await asyncio.open_connection("127.0.0.1", browser.port) for _ in range(3)]
        assert await heard(browser.port, b"") == b""
        for _, writer in held:
            writer.close()
            await writer.wait_closed()
        assert (await browser.ask()).status == 200

    visit(look, bounds=ReadLimits(connections=3, head_within=20))


@pytest.mark.skipif(os.geteuid() != 0 or not peers.are_known(), reason="only root can be another user")
def test_another_users_connections_leave_room_for_ours() -> None:
    hold = "import os, socket, sys, encodings.idna; os.setuid(65534); address = ('127.0.0.1', int(sys.argv[1]))\n"
    hold += "held = [socket.create_connection(address) for _ in range(5)]; print('held', flush=True); sys.stdin.read()"

    async def look(browser: Browser) -> None:
        command = [sys.executable, "-c", hold, str(browser.port)]
        other = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        assert other.stdout is not None
        assert await other.stdout.readline() == b"held\n"
        assert (await browser.ask()).status == 200
        await other.communicate(b"")

    visit(look, bounds=ReadLimits(connections=3, head_within=20))


def test_no_page_waits_for_costs_and_many_pages_cost_one_read() -> None:
    goes_on, reads = threading.Event(), list[str]()

    def read(name: str, _: timedelta | None) -> CostLedger:
        reads.append(name)
        assert goes_on.wait(60)
        if name == "review":
            raise AwsError("AccessDenied")
        return costs(shop(2))

    async def run() -> None:
        readings = Readings(lambda _name, _since: SHOWN, SystemClock(), timedelta(seconds=60))
        paid = Readings(read, SystemClock(), timedelta(0), COSTS_KEEP)
        async with Dashboard(NAMES, readings, paid).serving(0) as url, ClientSession() as session:
            browser = Browser(url, session)
            first = await browser.ask("environments/production")
            await browser.ask("environments/review")
            assert "Saved at 100 %" not in first.text
            assert 'data-every="1"' in first.text
            goes_on.set()
            texts = dict.fromkeys(NAMES, "")
            while not all('data-every="30"' in each for each in texts.values()):
                texts = {name: (await browser.ask(f"environments/{name}")).text for name in NAMES}
            assert "Saved at 100 %" in texts["production"]
            assert "AccessDenied" in texts["review"]
            assert "Saved at 100 %" in (await browser.ask("environments/production?since=6h&route=r2")).text

    asyncio.run(run())
    assert sorted(reads) == ["production", "review"]
