"""A controller's looks, one at a time, over a world in memory."""

from __future__ import annotations

import pytest

from rollout.errors import AwsError, Locked
from rollout.fakes.clock import InMemoryClock
from rollout.fakes.guard import InMemoryGuard
from rollout.inventory.quantities import Percent
from rollout.ramp import controlled
from rollout.ramp.looking import MARGIN
from rollout.state.ramp_journal import Kind, entries
from tests.unit.ramp.account import LIMIT, MINUTE, Account
from tests.unit.ramp.test_runner import fails_at
from tests.unit.ramp.world import Killed, World, inventory

FIVE, WHOLE = Percent.of(5), Percent.of(100)


def test_looks_each_minute_end_a_ramp_that_a_person_began() -> None:
    account = Account()
    last = account.schedule(95)
    assert (last.state, last.code, account.world.shares) == ("finished", "", {WHOLE})
    assert (account.known.last, account.known.lease, account.known.killed) == (last, None, None)


def test_a_look_begins_nothing_and_says_so() -> None:
    account = Account()
    account.world = World(inventory())
    before = list(account.world.updates)
    assert account.look().state == "idle"
    account.world.set(FIVE, "a")
    assert account.look().state == "idle", "weights that differ are nobody's trouble before a ramp"
    assert account.world.updates == before


def test_a_look_that_changes_nothing_writes_only_the_record_and_heartbeat() -> None:
    found = InMemoryGuard(InMemoryClock(), installed=True)
    account = Account(World(inventory(), guarded=found))
    account.schedule(1)
    beats = len(found.beats)
    before = list(account.world.updates)
    writes = len([call for call in account.record.calls.log if call.action == "PutItem"])
    assert account.schedule(5).state == "waiting"
    assert account.world.updates == before
    assert len([call for call in account.record.calls.log if call.action == "PutItem"]) == writes + 10
    assert len(found.beats) == beats + 5


def test_how_a_ramp_failed_stays_what_looks_say() -> None:
    account = Account(World(inventory(), fails_at(FIVE)))
    assert account.schedule(4).state == "failed"
    updates = list(account.world.updates)
    again = account.schedule(3)
    assert (again.state, again.code) == ("failed", "ramp-failed")
    assert (account.world.updates, account.world.shares) == (updates, {None})


def test_what_cannot_be_read_is_an_error_and_looked_at_again() -> None:
    account = Account()
    account.world.broken.add("history")
    assert account.schedule(1).state == "error"
    account.world.broken.clear()
    assert account.schedule(1).state == "waiting"


def test_two_looks_at_once_are_one() -> None:
    account = Account()
    account.world.on_wait = lambda _: None
    seen: list[str] = []

    def meanwhile(*_: object) -> None:
        account.record.calls.forget_orders()
        with pytest.raises(Locked) as caught:
            account.look()
        seen.append(caught.value.code)

    account.record.calls.after(meanwhile, "PutItem", times=1)
    assert account.look().state == "waiting"
    assert seen == ["look-under-way"]


def test_after_a_kill_a_retry_goes_on_at_once_and_any_other_once_the_lease_is_over() -> None:
    account = Account()
    account.world.time += 31 * MINUTE
    account.world.kill_at = account.world.acts + 3  # a rule has the next weight, the other hasn't
    with pytest.raises(Killed):
        account.look("killed")
    account.world.kill_at = None
    account.world.time += MINUTE
    with pytest.raises(Locked):
        account.look()
    assert account.look("killed").state in {"raised", "waiting"}
    assert account.world.shares == {Percent.of(50)}


def test_the_next_look_after_a_kill_finishes_what_was_begun_and_tells_of_it() -> None:
    account = Account()
    account.world.time += 31 * MINUTE
    account.world.kill_at = account.world.acts + 3
    with pytest.raises(Killed):
        account.look("killed")
    account.world.kill_at = None
    account.world.time += LIMIT + MARGIN
    account.look()
    assert account.world.shares == {Percent.of(50)}
    assert account.known.killed
    assert account.known.killed.id == "killed"


def test_an_image_older_than_what_began_the_ramp_looks_at_nothing_and_says_so() -> None:
    account = Account()
    account.record.change(lambda state, _: controlled.ramp_begins(state, "0.3.0", account.clock.utc))
    account.world.time += 31 * MINUTE
    said = account.look()
    assert (said.state, said.code) == ("error", "controller-outdated")
    assert (account.known.last, account.world.shares) == (said, {FIVE})
    kinds = [entry.kind for entry in entries(account.world.updates)]
    assert kinds == [Kind.STARTED, Kind.RAISING, Kind.RAISED]


def test_a_defect_gives_back_the_lease() -> None:
    account = Account()

    def wrong(*_: object) -> object:
        raise ZeroDivisionError

    account.world.judge_of = wrong  # type: ignore[assignment]
    account.world.time += MINUTE
    with pytest.raises(ZeroDivisionError):
        account.look()
    assert account.known.lease is None
    assert account.known.last
    assert account.known.last.code == "defect"


def test_a_record_that_cannot_be_written_stops_the_look_before_it_begins_and_is_tried_again_after_it() -> None:
    account = Account()
    account.world.time += 31 * MINUTE
    account.record.calls.refuse("PutItem")
    with pytest.raises(AwsError):
        account.look()
    assert account.world.shares == {FIVE}
    account.record.calls.refuse("PutItem", skip=1)
    assert account.look().state == "raised"
    assert account.known.lease is None
