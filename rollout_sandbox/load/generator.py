"""The load generator, open loop: requests start on schedule even if answers are slow."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from types import TracebackType
from typing import Self

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar
from yarl import URL

from rollout.inventory.quantities import Percent
from rollout_sandbox.load.answers import Answer, Endpoint, Verdict, judge
from rollout_sandbox.load.clients import HALF, Clients, Crowd, Population, Senders, User
from rollout_sandbox.load.sources import connector, sending_from

COOKIE = "AWSALBTG"
PATIENCE = timedelta(minutes=1)
"""As long as a load balancer lets a connection idle, by default."""


class Load:
    """Requests at a rate, in a separate thread, during its `with` block.

    Args:
        endpoints: What is asked for, each as often.
        rate: Requests a second, above 0; the gaps between them are random, as those of independent clients are.
        sticky: How many requests of a hundred come from users who keep cookies; of a population, how many clients do.
        users: How many of those there are at a time, 1 or more.
        visits: How many requests each of them sends before somebody new comes instead.
        population: Who asks in place of such users, and of clients that never come again.
        patience: How long an answer is waited for.
        seed: What the gaps, clients and words are drawn from.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        rate: int,
        *,
        sticky: Percent = HALF,
        users: int = 50,
        visits: int = 20,
        population: Population | None = None,
        patience: timedelta = PATIENCE,
        seed: int = 0,
    ) -> None:
        self._rate = rate
        self._patience = patience
        self._random = Random(seed)  # noqa: S311 - for the same load again, not for secrets
        self._population = population
        self._clients: Senders = (
            Crowd(endpoints, population, sticky, self._random)
            if population
            else Clients(endpoints, sticky, users=users, visits=visits, random=self._random)
        )
        self._answers: list[Answer] = []
        self._news = threading.Condition()
        self._stopping = threading.Event()
        self._failure: BaseException | None = None
        self._over = False
        self._thread = threading.Thread(target=self._main, name="load", daemon=True)
        self._began = 0.0

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()
        if self._failure and error is None:
            raise self._failure

    @property
    def now(self) -> timedelta:
        """The time since it began, as its answers count it."""
        return timedelta(seconds=time.monotonic() - self._began)

    @property
    def answers(self) -> tuple[Answer, ...]:
        """All answers so far, in the order of their coming; those that are waited for aren't among them."""
        return tuple(self._answers)

    def wait(self, answers: int) -> None:
        """Wait until so many more requests have been answered, or given up."""
        with self._news:
            until = len(self._answers) + answers
            self._news.wait_for(lambda: len(self._answers) >= until or self._over)
        if self._failure:
            raise self._failure

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as failure:  # noqa: BLE001 - for whoever waits in another thread
            self._failure = failure
        with self._news:
            self._over = True
            self._news.notify_all()

    async def _run(self) -> None:
        timeout = ClientTimeout(total=self._patience.total_seconds())
        connections = connector(of_many=self._population is not None)
        session = ClientSession(connector=connections, cookie_jar=DummyCookieJar(), timeout=timeout)
        async with session, asyncio.TaskGroup() as asking:
            due = time.monotonic()
            while not self._stopping.is_set():
                due += self._random.expovariate(self._rate)
                await asyncio.sleep(max(0, due - time.monotonic()))
                asking.create_task(self._ask(session, *self._clients.draw()))

    async def _ask(self, session: ClientSession, endpoint: Endpoint, path: str, user: User | None) -> None:
        for _ in range(1 + (self._population.retries if self._population else 0)):
            answer = await self._answer(session, endpoint, path, user)
            with self._news:
                self._answers.append(answer)
                self._news.notify_all()
            if answer.verdict is not Verdict.LOST:
                break
        if user:
            self._clients.back(user)

    async def _answer(self, session: ClientSession, endpoint: Endpoint, path: str, user: User | None) -> Answer:
        jar = user.jars.setdefault(endpoint.load_balancer, {}) if user and user.keeps_cookies else {}
        headers, cookie = dict(endpoint.headers), COOKIE in jar
        if user and user.agent:
            headers.setdefault("User-Agent", user.agent)
        if jar:
            own = headers.get("Cookie", "").split("; ") if "Cookie" in headers else []
            headers["Cookie"] = "; ".join([*own, *(f"{name}={value}" for name, value in jar.items())])
        status, by, echoed, error = 0, "", True, ""
        started = self.now
        try:
            url = URL(endpoint.url + path + ("?" + endpoint.query if endpoint.query else ""), encoded=True)
            asking = session.request(endpoint.method, url, headers=headers, allow_redirects=False)
            with sending_from(user.address if user else None):
                async with asking as response:
                    by, echoed = await _said(response, endpoint.method, path)
                    status = response.status
                    jar.update({name: morsel.value for name, morsel in response.cookies.items()})
        except (ClientError, TimeoutError) as caught:
            error = f"{type(caught).__name__}: {caught}"
        verdict = judge(endpoint, status, by, echoed=echoed)
        number = user.number if user else None
        return Answer(endpoint, number, started, self.now - started, status, by, cookie, verdict, error)


async def _said(response: ClientResponse, method: str, path: str) -> tuple[str, bool]:
    """Who answered, and whether it was to this very request, as far as it says."""
    body = await response.read()
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    told = said if isinstance(said, dict) else {}
    by = response.headers.get("x-served-by", "")
    return by, (told.get("method", method), told.get("path", path)) == (method, path)
