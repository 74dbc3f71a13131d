"""Pictures of the dashboard for README and docs: of a short migration in the sandbox, and of five situations in memory.

`nox -s screenshots` writes README's and those of `KEPT` to docs/images, in some minutes: README's needs the engine.
`nox -s screenshots -- FOLDER` writes the situations, at all widths.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from playwright.async_api import Browser, async_playwright

from rollout.base.clock import SystemClock
from rollout.reports.overview import Overview
from rollout.reports.readings import Readings
from rollout.reports.server import Dashboard
from tests.browser.look import FLAGS, whole
from tests.browser.migration import migrating
from tests.unit.dashboard.situations import SITUATIONS

WHOLE = timedelta(seconds=60)
"""How long a page may wait for what it shows: a picture shows all of it."""
WIDTHS: Mapping[int, int] = {360: 780, 1280: 800, 2560: 1440}
"""Windows by their width, and how high they are."""


class Shot(NamedTuple):
    """One picture."""

    path: str
    scheme: Any = "light"
    width: int = 1280
    height: int = 0
    is_full: bool = False


KEPT: Mapping[str, Shot] = {
    "waiting-for-a-person": Shot("environments/europe"),
    "guard-fired": Shot("environments/review", "dark"),
}
"""The pictures in docs/images that show situations in memory."""
REAL: Mapping[str, Shot] = {"dashboard": Shot("environments/production", height=1080)}
"""README's, which shows the sandbox."""


def every() -> Iterator[tuple[str, Shot]]:
    """All situations at all widths."""
    for scheme in ("light", "dark"):
        for width in WIDTHS:
            for name in SITUATIONS:
                yield f"{name}-{scheme}-{width}", Shot(f"environments/{ENVIRONMENTS[name]}", scheme, width)
            yield f"fleet-{scheme}-{width}", Shot("", scheme, width)
            yield f"full-{scheme}-{width}", Shot("environments/production", scheme, width, is_full=True)
            yield f"route-{scheme}-{width}", Shot("environments/asia?route=score", scheme, width, is_full=True)


OVERVIEWS: Mapping[str, Overview] = {
    overview.environment: overview for overview in (situation() for situation in SITUATIONS.values())
}
"""By environment, since each situation is one."""
ENVIRONMENTS = dict(zip(SITUATIONS, OVERVIEWS, strict=True))


def read(name: str, _since: timedelta | None) -> Overview:
    """A situation's overview."""
    return OVERVIEWS[name]


async def taken(browser: Browser, url: str, shot: Shot, file: Path) -> None:
    """Take one."""
    size: Any = {"width": shot.width, "height": shot.height or WIDTHS[shot.width]}
    context = await browser.new_context(color_scheme=shot.scheme, viewport=size)
    page = await context.new_page()
    await whole(page, f"{url}{shot.path}")
    picture = await page.screenshot(path=file, full_page=shot.is_full)
    await context.close()
    print(f"{file}  {len(picture) / 1000:.0f} kB")


async def take(dashboard: Dashboard, out: Path, wanted: Mapping[str, Shot]) -> None:
    """Take all of them."""
    async with dashboard.serving(0) as url, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for name, shot in wanted.items():
            await taken(browser, url, shot, out / f"{name}.png")
        await browser.close()


def in_memory(out: Path, wanted: Mapping[str, Shot]) -> None:
    """Take pictures of situations."""
    asyncio.run(take(Dashboard(tuple(OVERVIEWS), Readings(read, SystemClock(), WHOLE)), out, wanted))


def in_sandbox(out: Path) -> None:
    """Take those of a real migration, by what `rollout dashboard` reads."""
    with migrating() as team:
        readings = Readings(lambda name, since: team.open(name).reports.overview(since=since), SystemClock(), WHOLE)
        costs = Readings(lambda name, _: team.open(name).cost(logs=False), SystemClock(), WHOLE)
        asyncio.run(take(Dashboard(("production",), readings, costs), out, REAL))


if __name__ == "__main__":
    if sys.argv[1:]:
        in_memory(Path(sys.argv[1]), dict(every()))
    else:
        in_memory(Path("docs/images"), KEPT)
        in_sandbox(Path("docs/images"))
