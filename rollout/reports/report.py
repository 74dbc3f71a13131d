"""One environment's overview as a file, for example for a change ticket."""

from __future__ import annotations

from pathlib import Path

from rollout.base.output_file import write_output
from rollout.reports.overview import Overview
from rollout.reports.pages import report_page


def write_report(overview: Overview, path: Path, *, overwrite: bool = False) -> None:
    """Write a report, completely or not at all, readable only by its owner.

    Args:
        overwrite: Whether to replace an existing file.

    Raises:
        UsageError: There is a file already.
        RolloutError: It can't be written.
    """
    write_output(path, report_page(overview).encode(), overwrite=overwrite)
