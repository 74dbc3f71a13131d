"""`rollout --help` beside `import typer`."""

from __future__ import annotations

import subprocess
import sys

from side_by_side import compare, seconds


def run(*arguments: str) -> float:
    """Run Python."""
    return seconds(lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True))


compare(
    "rollout --help",
    lambda: run("-m", "rollout", "--help"),
    'python -c "import typer"',
    lambda: run("-c", "import typer"),
    limit=1.5,
    times=15,
)
