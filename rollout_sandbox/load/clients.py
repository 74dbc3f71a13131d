"""The clients: users with cookies who return, and clients without cookies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random

from rollout.inventory.quantities import ALL_TENTHS, Percent
from rollout_sandbox.load.answers import Endpoint


@dataclass(slots=True)
class User:
    """A user with cookies, one request at a time.

    Attributes:
        number: From 1 on.
        requests: How many requests are left before somebody new comes instead.
        jars: The cookies by load balancer, name to value: all listeners are on one host here, as on AWS they aren't.
    """

    number: int
    requests: int
    jars: dict[str, dict[str, str]] = field(default_factory=dict)


class Clients:
    """All clients.

    Args:
        endpoints: What they ask for: each once a round, in another order each time.
        sticky: How many requests of a hundred come from users who keep cookies.
        users: How many of those there are at a time, 1 or more.
        visits: How many requests each of them sends, over endpoints at random, before somebody new comes instead.
        random: What draws them.
    """

    def __init__(
        self, endpoints: Sequence[Endpoint], sticky: Percent, *, users: int, visits: int, random: Random
    ) -> None:
        self._endpoints = endpoints
        self._round: list[Endpoint] = []
        self._sticky = sticky
        self._visits = visits
        self._random = random
        self._numbers = count(1)
        self._idle = [self._newcomer() for _ in range(users)]

    def draw(self) -> tuple[Endpoint, str, User | None]:
        """Who asks next, and for what: an endpoint, and a path that fits it."""
        if not self._round:
            self._round = self._random.sample(self._endpoints, len(self._endpoints))
        endpoint = self._round.pop()
        path = endpoint.path
        for wildcard, digits in (("*", 8), ("?", 1)):
            while wildcard in path:
                path = path.replace(wildcard, f"{self._random.getrandbits(4 * digits):0{digits}x}", 1)
        if self._random.randrange(ALL_TENTHS) >= self._sticky.tenths:
            return endpoint, path, None
        # nobody waits for an answer: where all are busy, one more comes
        user = self._idle.pop(self._random.randrange(len(self._idle))) if self._idle else self._newcomer()
        return endpoint, path, user

    def back(self, user: User) -> None:
        """A user has its answer."""
        user.requests -= 1
        self._idle.append(user if user.requests else self._newcomer())

    def _newcomer(self) -> User:
        return User(next(self._numbers), self._visits)
