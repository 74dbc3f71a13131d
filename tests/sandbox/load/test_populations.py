"""Heavy, sticky and retrying clients, and functions that treat each client in its own way."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from datetime import timedelta
from itertools import count
from random import Random
from statistics import fmean, pstdev

import pytest

from rollout.inventory.quantities import Percent
from rollout_sandbox import Profile
from rollout_sandbox.load import Endpoint, Load, Population
from rollout_sandbox.load.clients import Crowd
from tests.loopback import Answer, Asked, answering
from tests.sandbox.load.echo import Said, serving

NONE, HALF, ALL = Percent.of(0), Percent.of(50), Percent.of(100)
ASKED = Endpoint("score", "public", "", "GET", "/score/*", "legacy", "candidate")


def drawn(population: Population, times: int, sticky: Percent = HALF) -> Counter[int]:
    crowd = Crowd([ASKED], population, sticky, Random(1))  # noqa: S311 - no secret
    users = [user for _, _, user in (crowd.draw() for _ in range(times)) if user]
    return Counter(user.number for user in users)


def test_one_of_a_hundred_makes_half_of_the_requests() -> None:
    found = drawn(Population(1000), 20_000)
    heavy = sum(found[number] for number in range(1, 11))
    assert heavy == pytest.approx(10_000, rel=0.05)
    assert min(found[number] for number in range(1, 11)) > 20 * max(found[number] for number in range(11, 1001))
    assert len(found) > 950


@pytest.mark.parametrize("population", [Population(50, heavy=NONE), Population(50, heavy=ALL), Population(1)])
def test_all_alike_are_heavy_or_light(population: Population) -> None:
    found = drawn(population, 2000)
    assert len(found) == population.size
    assert max(found.values()) < 3 * min(found.values())


def test_clients_have_addresses_and_names_of_their_own_and_so_many_keep_cookies() -> None:
    crowd = Crowd([ASKED], Population(70_000, heavy=NONE), Percent.of(30), Random(1))  # noqa: S311 - no secret
    users = [user for _, _, user in (crowd.draw() for _ in range(20_000)) if user]
    known = {user.number: user for user in users}
    assert len({user.address for user in known.values()}) == len({user.agent for user in known.values()}) == len(known)
    assert fmean(user.keeps_cookies for user in known.values()) == pytest.approx(0.3, abs=0.02)
    assert all(user.address and user.address.startswith("127.") for user in known.values())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.1 alone is this machine's")
def test_each_client_comes_from_its_own_address() -> None:
    seen: defaultdict[str, set[str]] = defaultdict(set)

    def answer(asked: Asked) -> Answer:
        seen[asked.headers["User-Agent"]].add(asked.client)
        return 204, {}, b""

    with answering(answer) as url:
        there = Endpoint("score", "public", url, "GET", "/", "legacy")
        with Load([there], 300, population=Population(20)) as load:
            load.wait(100)
    assert len(seen) > 10
    assert all(len(addresses) == 1 for addresses in seen.values())
    assert len(set.union(*seen.values())) == len(seen)


@pytest.mark.parametrize(("fails", "tries"), [(0, 1), (2, 3), (9, 4)])
def test_a_failed_request_is_sent_again_until_it_succeeds(fails: int, tries: int) -> None:
    asked: defaultdict[str, int] = defaultdict(int)

    def answer(path: str, _cookies: str) -> Said:
        asked[path] += 1
        return Said(status=502 if asked[path] <= fails else 200)

    with serving(answer) as url:
        there = Endpoint("score", "public", url, "GET", "/score/*", "legacy")
        with Load([there], 200, population=Population(5, retries=3)) as load:
            load.wait(40)
    assert max(asked.values()) == tries
    assert Counter(asked.values()).most_common(1)[0][0] == tries


def test_who_keeps_no_cookies_sends_none() -> None:
    seen: set[str] = set()

    def answer(_path: str, cookies: str) -> Said:
        seen.add(cookies)
        return Said(cookie="AWSALBTG=x")

    with serving(answer) as url:
        there = Endpoint("score", "public", url, "GET", "/", "legacy")
        with Load([there], 300, sticky=NONE, population=Population(5)) as load:
            load.wait(50)
        assert seen == {""}
        with Load([there], 300, sticky=ALL, population=Population(5)) as load:
            load.wait(50)
    assert "AWSALBTG=x" in seen


def rate(profile: Profile, client: str, times: int = 400) -> float:
    random, numbers = Random(client), count()  # noqa: S311 - no secret
    return fmean(profile.draw_failure(random, client, f"/{next(numbers)}") is not None for _ in range(times))


def test_each_client_has_its_own_rate_of_errors_with_the_same_mean() -> None:
    clients = [f"client {number}" for number in range(300)]
    alike = [rate(Profile(client_errors=Percent.of(10)), each) for each in clients]
    apart = [rate(Profile(client_errors=Percent.of(10), errors_by_client=1.0), each) for each in clients]
    assert fmean(alike) == pytest.approx(0.1, abs=0.01)
    assert fmean(apart) == pytest.approx(0.1, abs=0.02)
    assert pstdev(alike) < 0.03
    assert pstdev(apart) > 0.06
    assert apart == [rate(Profile(client_errors=Percent.of(10), errors_by_client=1.0), each) for each in clients]


def test_each_client_has_its_own_latency() -> None:
    profile = Profile(latency=timedelta(milliseconds=100), latency_by_client=0.3)
    random = Random(1)  # noqa: S311 - no secret
    times = [profile.draw_latency(random, f"client {number}").total_seconds() for number in range(500)]
    assert 0.095 < sorted(times)[250] < 0.105
    assert 0.02 < pstdev(times) < 0.045
    assert profile.draw_latency(random, "client 7") == profile.draw_latency(random, "client 7")


def test_what_is_repeated_fails_again() -> None:
    random = Random(1)  # noqa: S311 - no secret
    half = Profile(crashes=HALF, again=True)
    first = [half.draw_failure(random, "a client", f"/{number}") for number in range(200)]
    assert first == [half.draw_failure(random, "a client", f"/{number}") for number in range(200)]
    assert 70 < first.count("crashes") < 130
    assert first != [half.draw_failure(random, "another", f"/{number}") for number in range(200)]


@pytest.mark.parametrize("wrong", [{"errors_by_client": -0.1}, {"latency_by_client": -1.0}])
def test_a_variation_is_not_negative(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="negative"):
        Profile(errors_by_client=wrong.get("errors_by_client", 0), latency_by_client=wrong.get("latency_by_client", 0))
