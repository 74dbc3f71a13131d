"""What the sandboxes of a failed test have said, beneath its failure: one that ended can't be asked any more."""

from __future__ import annotations

from collections.abc import Generator

import pytest

LINES = 40
FOLDERS = ("tmp_path", "aws", "fast_aws")
"""The fixtures that are a folder, or have one."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the last lines of each sandbox's log that isn't empty."""
    report = yield
    given = getattr(item, "funcargs", {})
    for folder in [given[name] for name in FOLDERS if name in given] if report.failed else ():
        for log in sorted(getattr(folder, "folder", folder).rglob("daemon.log")):
            said = log.read_text("utf-8", "replace").splitlines()[-LINES:]
            report.sections.extend([(str(log), "\n".join(said))] if said else [])
    return report
