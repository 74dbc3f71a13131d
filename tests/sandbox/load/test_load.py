"""What the load generator sends and keeps, against a server that says what a test wants."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from itertools import count, pairwise
from random import Random
from threading import Event

import pytest

from rollout.inventory.quantities import Percent
from rollout_sandbox.load import Endpoint, Load, Verdict, tally
from rollout_sandbox.load.clients import Clients
from tests.sandbox.load.echo import Said, serving

NONE, ALL = Percent.of(0), Percent.of(100)


def endpoint(url: str, route: str = "score", balancer: str = "public", path: str = "/score/*") -> Endpoint:
    return Endpoint(route, balancer, url, "GET", path, "legacy", "candidate")


def test_requests_start_on_schedule_whatever_the_answers_do() -> None:
    together, waiting = Event(), count(1)

    def answer(_path: str, _cookies: str) -> Said:
        if next(waiting) == 30:  # nobody is answered before
            together.set()
        together.wait(timeout=30)
        return Said()

    with serving(answer) as url, Load([endpoint(url)], 300, sticky=NONE) as load:
        load.wait(30)
    assert tally(load.answers).statuses == {200: len(load.answers)}


def test_what_came_is_known_of_each_request() -> None:
    answers = {
        "/fine": Said(),
        "/candidate": Said("candidate"),
        "/refused": Said(status=404),
        "/missing": Said("", 404),
        "/other": Said("somebody"),
        "/mixed": Said(path="/somewhere"),
        "/broken": Said(status=502),
        "/cut": None,
    }
    with serving(lambda path, _: answers[path]) as url:
        asked = [endpoint(url, path[1:], path=path) for path in answers]
        with Load(asked, 300, sticky=NONE) as load:
            load.wait(100)
    found = {(answer.endpoint.route, answer.status, answer.by, answer.verdict) for answer in load.answers}
    assert found == {
        ("fine", 200, "legacy", Verdict.FINE),
        ("candidate", 200, "candidate", Verdict.FINE),
        ("refused", 404, "legacy", Verdict.FINE),
        ("missing", 404, "", Verdict.WRONG),
        ("other", 200, "somebody", Verdict.WRONG),
        ("mixed", 200, "legacy", Verdict.WRONG),
        ("broken", 502, "legacy", Verdict.LOST),
        ("cut", 0, "", Verdict.LOST),
    }
    assert {answer.endpoint.route for answer in load.answers if answer.error} == {"cut"}
    assert all(timedelta(0) <= answer.started <= answer.ended <= load.now for answer in load.answers)


def test_an_answer_that_does_not_come_is_lost_after_a_while() -> None:
    never = Event()

    def answer(_path: str, _cookies: str) -> None:
        never.wait()

    with serving(answer) as url:
        with Load([endpoint(url)], 100, sticky=NONE, patience=timedelta(milliseconds=50)) as load:
            load.wait(3)
        never.set()
    assert {answer.verdict for answer in load.answers} == {Verdict.LOST}
    assert "TimeoutError" in load.answers[0].error


def test_users_keep_a_load_balancers_cookies_to_it_and_one_request_at_a_time() -> None:
    seen: defaultdict[str, set[str]] = defaultdict(set)

    def answer(path: str, cookies: str) -> Said:
        balancer = path.split("/")[1]
        seen[balancer].add(cookies)
        return Said(cookie=f"AWSALBTG={balancer}")

    with serving(answer) as url:
        asked = [endpoint(url, name, name, f"/{name}") for name in ("public", "internal")]
        with Load(asked, 600, sticky=Percent.of(50), users=5, visits=10) as load:
            load.wait(400)
    assert seen == {"public": {"", "AWSALBTG=public"}, "internal": {"", "AWSALBTG=internal"}}
    users = defaultdict(list)
    for answered in load.answers:
        users[answered.user].append(answered)
    assert not any(answered.cookie for answered in users.pop(None))
    assert max(map(len, users.values())) <= 10
    for theirs in users.values():
        for name in ("public", "internal"):
            assert [a.cookie for a in theirs if a.endpoint.route == name][:2] in ([], [False], [False, True])
        assert all(one.ended <= next_one.started for one, next_one in pairwise(theirs))


def test_after_its_visits_somebody_new_comes_instead_of_a_user() -> None:
    clients = Clients([endpoint("")], Percent.of(100), users=1, visits=3, random=Random(1))  # noqa: S311 - no secret
    numbers = []
    for _ in range(7):
        _, _, user = clients.draw()
        assert user is not None
        numbers.append(user.number)
        clients.back(user)
    assert numbers == [1, 1, 1, 2, 2, 2, 3]


def test_each_endpoint_is_asked_for_as_often() -> None:
    asked = [endpoint("", f"route-{number}") for number in range(13)]
    clients = Clients(asked, NONE, users=1, visits=1, random=Random(1))  # noqa: S311 - no secret
    assert Counter(clients.draw()[0].route for _ in range(39)) == dict.fromkeys((each.route for each in asked), 3)


def test_the_same_seed_asks_the_same() -> None:
    def drawn(seed: int) -> list[str]:
        asked = [endpoint("", path="/v2/stamps/*/score/*"), endpoint("", path="/a?")]
        clients = Clients(asked, NONE, users=1, visits=1, random=Random(seed))  # noqa: S311 - no secret
        return [clients.draw()[1] for _ in range(50)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert len(set(drawn(1))) > 25
    assert not any("*" in path or "?" in path for path in drawn(1))


def test_what_goes_wrong_in_its_thread_is_raised_where_it_is_used() -> None:
    with pytest.raises(ExceptionGroup), Load([], 100) as load:
        load.wait(1)
