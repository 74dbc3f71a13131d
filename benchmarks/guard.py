"""Random orders of firings, raises, rollbacks and alarms: how many, of what, and that no promise broke.

`python -m benchmarks.guard [ORDERS] [SEED]`. An order that breaks one prints its seed and ends with the assertion.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Callable

from tests.unit.guard.interleaving import ALARMS, Interleaving

ORDERS, EVENTS = 1000, 60
GOES_ON, KILLED = 0.7, 0.03
"""How often somebody goes on instead of something new, and how often their process ends before."""
ROUTES = (("orders",), ("users",), ("orders", "users"))
WEIGHTS, WAITS, TIMES = (5, 25, 100), (1, 20, 300, 1000), (1, 2, 3)

Event = Callable[[Interleaving, random.Random], object]


def _deliver(world: Interleaving, chance: random.Random) -> None:
    if world.rises:
        world.deliver(chance.choice(world.rises))


def _flap(world: Interleaving, chance: random.Random) -> None:
    alarm = chance.choice(ALARMS)
    world.rise(alarm)
    world.fall(alarm)


EVENTS_BY_RATE: tuple[tuple[int, Event], ...] = (
    (12, lambda world, chance: world.set_weight(chance.choice(ROUTES), chance.choice(WEIGHTS))),
    (4, lambda world, chance: world.deliver(world.rise(chance.choice(ALARMS)))),
    (6, lambda world, chance: world.fall(chance.choice(ALARMS))),
    (4, _flap),
    (8, _deliver),
    (2, lambda world, _: world.roll_back()),
    (6, lambda world, chance: world.wait(chance.choice(WAITS))),
    (1, lambda world, _: world.disarm(20)),
    (1, lambda world, chance: world.drill(chance.choice(ALARMS))),
    (2, lambda world, chance: world.throttle(chance.choice(TIMES))),
    (1, lambda world, chance: world.fail_table(chance.choice(TIMES))),
    (1, lambda world, chance: world.fail_table(chance.choice(TIMES), takes_effect=True)),
    (2, lambda world, _: world.look()),
    (1, lambda world, chance: world.meddle(chance.choice(ROUTES)[0], gone=chance.choice((True, False)))),
)


def order(seed: int) -> Counter[str]:
    """One order, and what happened in it."""
    world, chance = Interleaving(), random.Random(seed)  # noqa: S311 - not for secrets
    rates, events = zip(*EVENTS_BY_RATE, strict=True)
    for _ in range(EVENTS):
        if world.stage.running and chance.random() < GOES_ON:
            actor = chance.choice(world.stage.running)
            if chance.random() < KILLED:
                world.kill(actor)
            world.steps(actor, chance.choice((1, 1, 2, 4, 8, 40)))
        else:
            chance.choices(events, rates)[0](world, chance)
    world.finish()
    return world.counts


def main(orders: int = ORDERS, first: int = 1) -> None:
    """All orders."""
    counts, began = Counter[str](), time.monotonic()
    for seed in range(first, first + orders):
        try:
            counts += order(seed)
        except BaseException:
            print(f"seed {seed}", file=sys.stderr)
            raise
    print(f"{orders} orders in {time.monotonic() - began:.0f} s, no promise broken")
    for what, count in counts.most_common():
        print(f"{count:8} {what}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
