"""The example of approvals by a link, on a ramp in memory: for one person, one step, once, and what was shown."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient, TestServer

from examples.approve_by_link import DAY, Asked, app, digest, read, signed
from rollout import Rollout
from tests.behaviour.team import InMemoryTeam

KEY = b"k" * 32


@pytest.fixture
def ramping(cut_over: InMemoryTeam) -> InMemoryTeam:
    cut_over.set_ramp('steps = [25, 50, 100], bake = "3m", approve-before = [50]')
    cut_over.open().ramp(approve=True, once=True)
    return cut_over


def opened(team: InMemoryTeam) -> Rollout:
    return Rollout.load(team.file, parts=team.world.actor().parts)


def asked(team: InMemoryTeam) -> Asked:
    seen = digest(opened(team), "production", "50")
    return Asked("production", "50", "ada@example.com", seen, int(time.time()) + DAY)


def answered(team: InMemoryTeam, *requests: tuple[str, str]) -> list[int]:
    """The statuses of requests, each a method and a token."""

    async def send() -> list[int]:
        async with TestClient(TestServer(app(opened(team), KEY))) as client:
            return [(await client.request(method, f"/{token}")).status for method, token in requests]

    return asyncio.run(send())


def approvals(team: InMemoryTeam) -> list[str | None]:
    return [each.by for each in team.open().history() if each.what == "ramp approved"]


def test_the_button_approves_once_and_history_names_the_person(ramping: InMemoryTeam) -> None:
    token = signed(asked(ramping), KEY)
    assert answered(ramping, ("GET", token)) == [200]
    assert approvals(ramping) == []  # a chat opens links by itself
    assert answered(ramping, ("POST", token), ("POST", token)) == [200, 409]
    assert approvals(ramping) == ["ada@example.com"]


def test_what_would_happen_must_be_what_was_shown(ramping: InMemoryTeam) -> None:
    token = signed(asked(ramping), KEY)
    ramping.edit('duration = "1h"', 'duration = "2h"')
    assert answered(ramping, ("POST", token)) == [409]
    assert approvals(ramping) == []


def test_nothing_is_approved_for_a_forged_or_an_old_link(ramping: InMemoryTeam) -> None:
    good = asked(ramping)
    body, _, seal = signed(good, KEY).partition(".")
    other = signed(replace(good, person="eve@example.com"), b"e" * 32)
    ended = signed(replace(good, until=1), KEY)
    tokens = [other, f"{other.partition('.')[0]}.{seal}", body, f"{body}.", f"{body}.ü", ended]
    assert [read(token, KEY, time.time()) for token in tokens] == [None] * len(tokens)
    assert set(answered(ramping, *(("POST", token) for token in tokens))) == {403}
    assert approvals(ramping) == []
