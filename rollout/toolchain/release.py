"""The official release, by Pulumi's own installer: https://www.pulumi.com/docs/install/.

`PulumiCommand.install` knows no time limit, so it runs in a child process that has one: where get.pulumi.com can't
be reached, the next source must get its turn soon.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from rollout.toolchain.job import Job, Progress
from rollout.toolchain.versions import PINNED

CONNECT_WITHIN = 15.0
"""Seconds."""

DOWNLOAD_WITHIN = timedelta(minutes=15)


def install_release(job: Job) -> None:
    """Download the release, some 150 MB.

    Raises:
        SourceFailed: get.pulumi.com can't be reached, or has none for this system.
    """
    job.on_progress(Progress("Download the official release", f"Pulumi {PINNED} from get.pulumi.com"))
    here = Path(__file__).parents[2]  # where this package is, installed or not
    job.run(
        [sys.executable, "-c", f"from {__name__} import fetch; fetch({str(job.root)!r})"],
        env={**os.environ, "PYTHONPATH": str(here)},
        limit=DOWNLOAD_WITHIN,
    )


def fetch(root: str) -> None:
    """What the child process does: exits with a message where the release can't be had."""
    from pulumi.automation import PulumiCommand  # noqa: PLC0415  # only the child pays for this import
    from semver import VersionInfo  # noqa: PLC0415

    socket.setdefaulttimeout(CONNECT_WITHIN)
    try:
        PulumiCommand.install(root, VersionInfo(*PINNED))
    except subprocess.CalledProcessError as error:
        sys.exit(f"Pulumi's installer failed: {error.output.decode(errors='replace')}")
    except OSError as error:
        sys.exit(f"get.pulumi.com can't be reached: {error}")
