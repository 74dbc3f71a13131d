"""A rollback beside somebody's raise, two real processes in a sandbox, again and again: no success may be a false one.

`python -m tests.faults.race [TIMES]`, or `nox -s race`, raises from 10 to 50 per cent, rolls back a while later, lets
both end, and reads the rules. It prints what each came to, and ends with exit code 1 if a rollback ended with 0 and a
candidate is in a rule.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rollout.inventory.model import LEGACY_ONLY
from rollout_sandbox import daemon
from rollout_sandbox.story import seed
from tests.conftest import Team, made_team

LATEST = 8.0
"""How many seconds after the raise a rollback begins at most; a raise takes some five."""


def begin(team: Team, *command: str) -> subprocess.Popen[str]:
    """Start a command."""
    variables = {**os.environ, "ROLLOUT_SANDBOX": str(team.aws.folder)}
    return subprocess.Popen(
        team.command(*command),
        cwd=team.folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def race(team: Team, after: float) -> tuple[int, int, bool]:
    """Let them race: the exit codes of the raise and the rollback, and whether all is on legacy alone."""
    team.open().set_weight(10, approve=True, save=False, accept_live=True)
    raising = begin(team, "weight", "production", "50", "--yes", "--accept-live", "--no-save")
    time.sleep(after)
    back = begin(team, "rollback", "production", "--no-save")
    for process in (back, raising):
        process.communicate()
    splits = team.open().traffic.alb_state().splits(team.open().inventory)
    return raising.returncode, back.returncode, set(splits.values()) == {LEGACY_ONLY}


def main(times: int) -> int:
    """Race so many times."""
    came_to: Counter[str] = Counter()
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="rollout-race-") as name:
        info = daemon.start(Path(name) / "aws")
        try:
            team = made_team(info, Path(name) / "checkout", whole=False)
            seed(team.open().inventory, info, lambda _: None)
            team.open().phase1(approve=True)
            team.open().phase2(approve=True)
            for number in range(times):
                after = random.uniform(0, LATEST)  # noqa: S311 - any moment will do
                raised, rolled, is_back = race(team, after)
                is_wrong = rolled == 0 and not is_back
                wrong += is_wrong
                came_to[f"raise {raised}, rollback {rolled}, {'legacy alone' if is_back else 'a candidate too'}"] += 1
                print(
                    f"{number + 1}: after {after:.1f} s: raise {raised}, rollback {rolled}, back {is_back}", flush=True
                )
        finally:
            daemon.stop(info.folder)
    print("\n".join(f"{count:4} times: {what}" for what, count in came_to.most_common()))
    print(f"{wrong} of {times} wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
