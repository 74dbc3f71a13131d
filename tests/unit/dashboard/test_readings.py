"""Overviews that are remembered: who waits, and how often anything is read."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from datetime import timedelta

from rollout.errors import AwsError
from rollout.reports.overview import Overview
from rollout.reports.readings import KEEP, MOST_KEPT, Reading, Readings
from tests.unit.dashboard.world import DAY, overview, shop

SHOWN = overview(shop(1))
KEY = ("production", DAY)
LONG = timedelta(seconds=60)


@dataclass
class Time:
    """A clock that stands still until it is moved."""

    at: float = 0.0

    def now(self) -> float:
        """See `base.clock.Clock`."""
        return self.at

    def sleep(self, seconds: float) -> None:  # noqa: ARG002 - never called
        """See `base.clock.Clock`."""
        raise AssertionError


@dataclass
class Aws:
    """Something to read that may be made to wait or to fail.

    Attributes:
        reads: What was read so far.
        goes_on: Cleared, it holds up whoever reads.
        trouble: What it fails by.
    """

    reads: list[tuple[str, timedelta | None]] = field(default_factory=list)
    goes_on: threading.Event = field(default_factory=threading.Event)
    trouble: AwsError | None = None

    def __post_init__(self) -> None:
        self.goes_on.set()

    def read(self, name: str, since: timedelta | None) -> Overview:
        self.reads.append((name, since))
        assert self.goes_on.wait(60)
        if self.trouble:
            raise self.trouble
        return SHOWN


def test_ten_tabs_cost_one_read() -> None:
    aws = Aws()

    async def look() -> None:
        readings = Readings(aws.read, Time(), LONG)
        tabs = await asyncio.gather(*(readings.of([KEY]) for _ in range(10)))
        assert tabs == [(Reading(SHOWN, None, 0.0),)] * 10
        await readings.of([KEY])
        readings.close()

    asyncio.run(look())
    assert aws.reads == [KEY]


def test_what_is_old_is_read_anew_and_shown_meanwhile() -> None:
    aws, time = Aws(), Time()

    async def look() -> None:
        readings = Readings(aws.read, time, LONG)
        await readings.of([KEY])
        time.at = KEEP.total_seconds()
        aws.goes_on.clear()
        hurried = Readings(aws.read, time, timedelta(0))
        assert await hurried.of([KEY]) == (Reading(is_pending=True),)
        aws.goes_on.set()
        assert await readings.of([KEY]) == (Reading(SHOWN, None, time.at),)
        hurried.close()
        readings.close()

    asyncio.run(look())
    assert len(aws.reads) == 3


def test_a_failure_is_told_beside_what_was_read_before_and_not_tried_at_once() -> None:
    aws, time = Aws(), Time()

    async def look() -> None:
        readings = Readings(aws.read, time, LONG)
        await readings.of([KEY])
        time.at, aws.trouble = 100, AwsError("AWS throttles", hint="try again")
        failed = (Reading(SHOWN, "AWS throttles; try again", 100),)
        assert await readings.of([KEY]) == failed
        assert await readings.of([KEY]) == failed
        time.at, aws.trouble = 200, None
        assert await readings.of([KEY]) == (Reading(SHOWN, None, 200),)
        readings.close()

    asyncio.run(look())
    assert len(aws.reads) == 3


def test_one_environment_does_not_hold_up_another() -> None:
    aws = Aws(trouble=None)
    other = Aws(trouble=AwsError("no credentials"))

    async def look() -> None:
        readings = Readings(lambda name, since: (other if name == "review" else aws).read(name, since), Time(), LONG)
        fine, broken = await readings.of([KEY, ("review", DAY)])
        assert (fine.found, broken.found, broken.trouble) == (SHOWN, None, "no credentials")
        readings.close()

    asyncio.run(look())


def test_only_so_many_are_remembered() -> None:
    aws = Aws()

    async def look() -> None:
        readings = Readings(aws.read, Time(), LONG)
        keys = [("production", timedelta(minutes=10 + n)) for n in range(MOST_KEPT + 1)]
        await readings.of(keys)
        await readings.of(keys[-1:])
        assert len(aws.reads) == MOST_KEPT + 1
        await readings.of(keys)
        readings.close()

    asyncio.run(look())
    assert len(aws.reads) > MOST_KEPT + 1


def test_a_reading_is_kept_as_long_as_it_is_said() -> None:
    aws, time = Aws(), Time()

    async def look() -> None:
        readings = Readings(aws.read, time, LONG, timedelta(minutes=15))
        for time.at in (0, 899, 900):
            await readings.of([KEY])
        assert len(aws.reads) == 2
        aws.trouble = AwsError("AWS throttles")
        for time.at in (1800, 1829, 1830):  # and is tried again as soon as any other
            await readings.of([KEY])
        readings.close()

    asyncio.run(look())
    assert len(aws.reads) == 4
