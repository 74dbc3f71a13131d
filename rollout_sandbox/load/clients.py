"""The clients: users with cookies who return, and clients without cookies; or a population, each with an address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from itertools import count
from random import Random
from typing import Protocol

from rollout.inventory.quantities import ALL_TENTHS, Percent
from rollout_sandbox.load.answers import Endpoint

FEW, HALF = Percent.of(1), Percent.of(50)
_SPREAD = 619
"""Prime to `ALL_TENTHS`: of each thousand clients one has each place."""


@dataclass(slots=True)
class User:
    """A user, or a client of a population.

    Attributes:
        number: From 1 on.
        requests: How many requests are left before somebody new comes instead.
        jars: The cookies by load balancer, name to value: all listeners are on one host here, as on AWS they aren't.
        keeps_cookies: Whether it sends them back.
        address: Its own of 127.0.0.0/8; None for this machine's usual one.
        agent: What it calls itself; None for what the HTTP client says.
    """

    number: int
    requests: int
    jars: dict[str, dict[str, str]] = field(default_factory=dict)
    keeps_cookies: bool = True
    address: str | None = None
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class Population:
    """Clients that come again and again, each from an address of its own, where the system lets it, and with a name.

    Attributes:
        size: How many there are, 1 to 4,000,000.
        heavy: How many of a hundred are heavy, such as another team's service.
        heavy_requests: How many of a hundred requests the heavy ones send.
        retries: How often a client sends a request again that failed, until it doesn't.
    """

    size: int
    _: KW_ONLY
    heavy: Percent = FEW
    heavy_requests: Percent = HALF
    retries: int = 0


class Senders(Protocol):
    """Whoever asks."""

    def draw(self) -> tuple[Endpoint, str, User | None]:
        """Who asks next, and for what: an endpoint, and a path that fits it."""
        ...

    def back(self, user: User) -> None:
        """A user has its answer."""
        ...


class Requests:
    """What is asked for: each endpoint once a round, in another order each time."""

    def __init__(self, endpoints: Sequence[Endpoint], random: Random) -> None:
        self._endpoints, self._random = endpoints, random
        self._round: list[Endpoint] = []

    def draw(self) -> tuple[Endpoint, str]:
        """An endpoint, and a path that fits it."""
        if not self._round:
            self._round = self._random.sample(self._endpoints, len(self._endpoints))
        endpoint = self._round.pop()
        path = endpoint.path
        for wildcard, digits in (("*", 8), ("?", 1)):
            while wildcard in path:
                path = path.replace(wildcard, f"{self._random.getrandbits(4 * digits):0{digits}x}", 1)
        return endpoint, path


class Clients:
    """Users with cookies, and others that never come again.

    Args:
        endpoints: What they ask for.
        sticky: How many requests of a hundred come from users who keep cookies.
        users: How many of those there are at a time, 1 or more.
        visits: How many requests each of them sends, over endpoints at random, before somebody new comes instead.
        random: What draws them.
    """

    def __init__(
        self, endpoints: Sequence[Endpoint], sticky: Percent, *, users: int, visits: int, random: Random
    ) -> None:
        self._requests = Requests(endpoints, random)
        self._sticky = sticky
        self._visits = visits
        self._random = random
        self._numbers = count(1)
        self._idle = [self._newcomer() for _ in range(users)]

    def draw(self) -> tuple[Endpoint, str, User | None]:
        """See `Senders`."""
        endpoint, path = self._requests.draw()
        if self._random.randrange(ALL_TENTHS) >= self._sticky.tenths:
            return endpoint, path, None
        # nobody waits for an answer: where all are busy, one more comes
        user = self._idle.pop(self._random.randrange(len(self._idle))) if self._idle else self._newcomer()
        return endpoint, path, user

    def back(self, user: User) -> None:
        """See `Senders`."""
        user.requests -= 1
        self._idle.append(user if user.requests else self._newcomer())

    def _newcomer(self) -> User:
        return User(next(self._numbers), self._visits)


class Crowd:
    """A population's clients; the first ones are heavy.

    Args:
        endpoints: What they ask for.
        population: Who they are.
        sticky: How many clients of a hundred keep cookies.
        random: What draws them.
    """

    def __init__(self, endpoints: Sequence[Endpoint], population: Population, sticky: Percent, random: Random) -> None:
        self._requests = Requests(endpoints, random)
        self._population, self._sticky, self._random = population, sticky, random
        self._heavy = -(-population.size * population.heavy.tenths // ALL_TENTHS)
        self._known: dict[int, User] = {}

    def draw(self) -> tuple[Endpoint, str, User | None]:
        """See `Senders`."""
        heavy = self._random.randrange(ALL_TENTHS) < self._population.heavy_requests.tenths
        first, last = (1, self._heavy) if heavy else (self._heavy + 1, self._population.size)
        number = self._random.randint(first, last) if first <= last else self._random.randint(1, self._population.size)
        return *self._requests.draw(), self._known.setdefault(number, self._client(number))

    def back(self, user: User) -> None:
        """See `Senders`; nobody new comes."""

    def _client(self, number: int) -> User:
        keeps_cookies = number * _SPREAD % ALL_TENTHS < self._sticky.tenths
        address = f"127.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
        kind = "heavy" if number <= self._heavy else "light"
        return User(number, 0, {}, keeps_cookies, address, f"load/1 ({kind} client {number})")
