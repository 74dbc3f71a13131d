"""`nox -s fuzz -- SECONDS`: other examples again and again until the time is up or something is found."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time

EXAMPLES = "300"
"""A test and a round, so that all have their turn in a minute."""


def main(seconds: float) -> int:
    """Seek; the exit code says whether something was found."""
    until, rounds = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        seed = secrets.randbelow(2**32)
        command = [sys.executable, "-m", "pytest", "tests/fuzz", "-q", f"--hypothesis-seed={seed}", "--timeout=0"]
        done = subprocess.run(command, env={**os.environ, "ROLLOUT_FUZZ_EXAMPLES": EXAMPLES}, check=False)
        rounds += 1
        if done.returncode:
            print(f"found in round {rounds}, by --hypothesis-seed={seed}")
            return 1
    print(f"{rounds} rounds of {EXAMPLES} examples a test, and nothing was found")
    return 0


if __name__ == "__main__":
    sys.exit(main(float((sys.argv[1:] or ["60"])[0])))
