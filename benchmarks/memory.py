"""The memory of commands: the most that a process takes at once, Python or its engine."""

from __future__ import annotations

import os
import subprocess
import sys

from landed import Figure
from side_by_side import ENVIRONMENT, cut_over

COMMANDS = (
    ("status",),
    ("rollback", "--no-save"),
    ("preflight",),
    ("drift",),
    ("history",),
    ("weight", "25", "--yes", "--no-save"),
    ("report", "--html", "report.html"),
)
MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""
"""A process of its own for each, since the system tells the most of all children."""

with cut_over() as checkout:
    for name, *options in COMMANDS:
        command = [sys.executable, "-m", "rollout", name, ENVIRONMENT, *options, "--sandbox"]
        environ = {**os.environ, **checkout.variables}
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, *command],
            cwd=checkout.folder,
            env=environ,
            capture_output=True,
            text=True,
            check=True,
        )
        code, megabytes = done.stdout.split()
        if code not in ("0", "7"):
            sys.exit(f"{name}: exit code {code}")
        Figure(f"rollout {name}, MB", int(megabytes), 250, {}).report()
