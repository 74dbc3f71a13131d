"""How long tests take: remembered for the next run, summed by folder with `--durations`; slow unit tests are named."""

from __future__ import annotations

from collections import defaultdict

import pytest

REMEMBERED = "rollout/seconds"
SLOW = 1.0


class Seconds:
    """Each test's seconds, its preparation and its end among them."""

    def __init__(self) -> None:
        self.of: defaultdict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.of[report.nodeid] += report.duration

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if session.config.cache:
            slow = {test: round(seconds, 1) for test, seconds in self.of.items() if seconds > SLOW}
            others = {test: seconds for test, seconds in remembered(session.config).items() if test not in self.of}
            session.config.cache.set(REMEMBERED, others | slow)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
        if config.getoption("durations") is not None:
            folders: defaultdict[str, float] = defaultdict(float)
            for test, seconds in self.of.items():
                folders[_folder(test)] += seconds
            terminalreporter.section("seconds by folder", "=")
            for folder, seconds in _longest(folders):
                terminalreporter.line(f"{seconds:8.1f}s {folder}")
        slow = [(test, seconds) for test, seconds in _longest(self.of) if _is_unit(test) and seconds > SLOW]
        for test, seconds in slow:
            terminalreporter.line(f"a unit test over a second: {test} took {seconds:.1f} s", yellow=True)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # workers report to who started them
        config.pluginmanager.register(Seconds())


def remembered(config: pytest.Config) -> dict[str, float]:
    """The seconds of the tests that took more than one, from the last runs."""
    known: dict[str, float] = config.cache.get(REMEMBERED, {}) if config.cache else {}
    return known


def _longest(seconds: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(seconds.items(), key=lambda each: -each[1])


def _folder(test: str) -> str:
    path = test.partition("::")[0].split("/")
    return "/".join(path[:2]) if len(path) > 2 else path[0]


def _is_unit(test: str) -> bool:
    return test.startswith("tests/unit/")
