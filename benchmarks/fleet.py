"""`rollout weight` for a fleet of twenty environments of eight routes each, beside the same for one of them."""

from __future__ import annotations

import itertools
import subprocess
import sys

from side_by_side import EIGHT, ENVIRONMENT, compare, many, seconds

from rollout_sandbox.snapshots import add, take

ACCOUNT, SIZE = "123456789012", 20
ENVIRONMENTS = {f"env-{number}": str(300_000_000_000 + number) for number in range(1, SIZE + 1)}
TABLE = '[environments.{0}]\naccount = "{1}"\nregion = "us-west-2"\n'

with many(EIGHT) as checkout:
    stage = take(checkout.sandbox)
    for name, account in ENVIRONMENTS.items():
        add(checkout.sandbox, stage.renamed({ACCOUNT: account, ENVIRONMENT: name}))
    with (checkout.folder / "stacks.toml").open("a", encoding="utf-8") as file:
        file.writelines(TABLE.format(*each) for each in ENVIRONMENTS.items())
        file.write(f"[fleets.all]\nwaves = [{list(ENVIRONMENTS)}]\n")
    weights = itertools.cycle(("5", "10", "25", "50"))

    def weight(*where: str) -> float:
        """Seconds for a weight that nobody has yet."""
        options = (next(weights), "--yes", "--no-save", "--sandbox")
        command = [sys.executable, "-m", "rollout", "weight", *where, *options]  # whose credentials each one has itself
        return seconds(lambda: subprocess.run(command, cwd=checkout.folder, check=True, capture_output=True))

    compare(
        f"rollout weight of {SIZE} environments",
        lambda: weight("--all-in", "all"),
        "rollout weight of one environment",
        lambda: weight("env-1"),
        limit=3,
        times=2,
    )
