"""Prices: those that come with rollout, by region, and those of `[cost]`, which go before them.

They are list prices of the first tier, without the free tier. `prices.json` says of each region when they were read
and where; a region is in it only if its prices were read for it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from rollout.analysis.ports import Architecture
from rollout.inventory.model import Environment
from rollout.inventory.settings import Cost

GB = 1024**3
"""AWS's bills, and its pricing examples, reckon with 1,024 MB a GB."""


@dataclass(frozen=True, slots=True)
class FunctionPrices:
    """US dollars for what a function of one architecture uses; None where a price isn't known.

    Attributes:
        request: An invocation.
        gb_second: A GB-second, also of INIT.
        logs_byte: A byte written to CloudWatch Logs.
        provisioned: A GB-second of provisioned concurrency, used or not.
        provisioned_duration: A GB-second of an invocation on it.
    """

    request: float | None
    gb_second: float | None
    logs_byte: float | None
    provisioned: float | None
    provisioned_duration: float | None


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices that hold for an environment.

    Attributes:
        region: Its region.
        source: Where they are from, for people.
        each: As `[cost]` has them; None where a price isn't known.
    """

    region: str
    source: str
    each: Cost

    def of(self, architecture: Architecture) -> FunctionPrices:
        """Those of one architecture."""
        each, arm = self.each, architecture == "arm64"
        return FunctionPrices(
            _for(each.million_requests, 1_000_000),
            each.gb_second_arm if arm else each.gb_second,
            _for(each.logs_gb, GB),
            each.provisioned_gb_second_arm if arm else each.provisioned_gb_second,
            each.provisioned_duration_arm if arm else each.provisioned_duration,
        )


def prices_of(environment: Environment) -> Prices:
    """The prices for an environment: its own, else its region's."""
    own = environment.cost.model_dump(exclude_none=True)
    listed = _listed().get(environment.region)
    if listed is None:
        source = "the prices of [cost] in stacks.toml" if own else "not known"
        return Prices(environment.region, source, environment.cost)
    source = f"AWS's list prices of {environment.region}, read {listed['read']}"
    source += "; prices in [cost] replace them" if own else ""
    return Prices(environment.region, source, Cost.model_validate(listed["prices"]).model_copy(update=own))


@cache
def _listed() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files(__package__).joinpath("prices.json").read_text("utf-8"))
    return found


def _for(price: float | None, units: int) -> float | None:
    return None if price is None else price / units
