"""The live page in a headless Chromium, held to axe's rules, its own policy, a second, and a change while one reads it.

`nox -s browser -- FOLDER` runs it and leaves screenshots there. It needs a `chromium` on PATH, and isn't among the
tests, since not every machine has one.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import sys
import time
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, Response, async_playwright

from rollout.base.clock import SystemClock
from rollout.errors import AwsError
from rollout.inventory.quantities import Percent
from rollout.reports.overview import Overview
from rollout.reports.pages import report_page
from rollout.reports.readings import Readings
from rollout.reports.server import Dashboard
from rollout.state.ramp_journal import Kind
from tests.unit.dashboard.world import HISTORY, Histories, compared, costs, entry, overview, shop
from tests.unit.test_measure import on_aws

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
PAGES = {
    "fleet": "",
    "environment": "environments/production",
    "route": "environments/production?since=1d&route=r2",
    "hundred": "environments/hundred",
    "trouble": "environments/review",
}
WIDTHS = (360, 1280, 2560)
FIRST_PAINT = 500
"""How long a page with a hundred routes may take to show, in milliseconds."""
FIRST_WORK = 300
"""The same by the time of processors, where others have them for most of that."""
MOST_SENT = 150_000
"""How many bytes it may take on the wire, scripts and all."""


class World(SystemClock):
    """What is read, and a clock that stands still; `at_50` is what comes after a raise.

    Attributes:
        raised: Whether that has happened.
        time: The clock's, in seconds.
    """

    def __init__(self) -> None:
        self.raised = False
        self.time = 0.0
        found, many = shop(8), shop(100)
        told = Histories((compared(["r2"], 29, different=4, groups=["body $.score (type)"]), *HISTORY))
        self.known = {
            "production": overview(found, stacks=told, paid=lambda: costs(found)),
            "hundred": overview(many, paid=lambda: costs(many)),
        }
        history = Histories((*told.updates, entry(Kind.RAISED, 0.1, "as good", weight=Percent.of(50))))
        self.at_50 = overview(
            found, paid=lambda: costs(found), live=on_aws(found, **dict.fromkeys(found.routes, 50)), stacks=history
        )

    def now(self) -> float:
        """See `base.clock.Clock`."""
        return self.time

    def read(self, name: str, _since: timedelta | None) -> Overview:
        if name == "review":
            raise AwsError("no AWS credentials were found", hint="sign in")
        return self.at_50 if self.raised and name == "production" else self.known[name]


async def looked_at(browser: Browser, url: str, shot: Path, scheme: Any, width: int) -> list[str]:
    """What is wrong with a page."""
    context = await browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = await context.new_page()
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type in ("error", "warning") else None)
    painted, worked = await first_paint(page, url)
    for _ in range(3):  # something else may have had the processor
        if painted > FIRST_PAINT:
            painted, worked = min((painted, worked), await first_paint(page, url))
    if painted > FIRST_PAINT and worked > FIRST_WORK:
        found.append(f"first paint after {painted:.0f} ms, of which {worked:.0f} ms are work")
    size = await sent(page, url)
    found += [f"{size:,} bytes were sent"] if size > MOST_SENT else []
    await page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    result = await page.evaluate("axe.run()")
    found += [f"{each['id']} ({each['impact']}): {each['nodes'][0]['html']}" for each in result["violations"]]
    if await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        found.append("wider than the window")
    await page.screenshot(path=shot, full_page=True)
    await context.close()
    print(f"{shot.stem:33} {painted:5.0f} ms, {worked:3.0f} of work {size / 1000:6.0f} kB  {found or 'fine'}")
    return found


async def first_paint(page: Page, url: str) -> tuple[float, float]:
    """How long a page takes to show, and how long processors have worked on it by then, in milliseconds.

    The work is that of this process, which serves the page, and of the browser's thread that draws it.
    """
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    began = time.process_time()
    await page.goto(url, wait_until="commit")
    painted: float = await page.evaluate(
        "new Promise(done => new PerformanceObserver(list => done(list.getEntries()[0].startTime))"
        ".observe({type: 'paint', buffered: true}))"
    )
    found = await devtools.send("Performance.getMetrics")
    drawn = next(each["value"] for each in found["metrics"] if each["name"] == "TaskDuration")
    await devtools.detach()
    return painted, 1000 * (time.process_time() - began + drawn)


async def sent(page: Page, url: str) -> int:
    """How many bytes a page and what it loads are on the wire."""
    answers: list[Response] = []

    def keep(answer: Response) -> None:
        answers.append(answer)

    page.on("response", keep)
    await whole(page, url)
    return sum([(await each.request.sizes())["responseBodySize"] for each in answers if each.url.startswith("http")])


async def whole(page: Page, url: str) -> None:
    """Open a page and wait for all that it loads: the charts' scripts come after its first paint."""
    await page.goto(url, wait_until="networkidle")
    await page.wait_for_function("() => !document.getElementById('later') || document.querySelector('.plot')")


async def reads_by_keyboard(page: Page, url: str) -> list[str]:
    """A chart is read, zoomed with all others, and shown whole again; a mark leads to its change."""
    await page.goto(f"{url}environments/production")
    plot = page.locator("#all-errors-reader")
    await plot.focus()
    await page.keyboard.press("ArrowLeft")
    read = await plot.get_attribute("aria-valuetext") or ""
    found = [f"{each} isn't read" for each in ("legacy", "candidate", "harm above") if each not in read]
    marks = [await page.locator(f"#all-{chart} .u-over a").count() for chart in ("errors", "p99")]
    for _ in range(8):
        await page.keyboard.press("+")
    near = [await page.locator(f"#all-{chart} .u-over a").count() for chart in ("errors", "p99")]
    await page.keyboard.press("0")
    again = [await page.locator(f"#all-{chart} .u-over a").count() for chart in ("errors", "p99")]
    if not (marks == again and near[0] == near[1] < marks[0]):
        found.append(f"marks were {marks}, {near} near by, and {again} after all")
    await page.locator("#all-p50 .u-over a").last.press("Enter")
    if "#change-" not in page.url:
        found.append(f"a mark leads to {page.url}")
    await page.goto(f"{url}{PAGES['route']}")
    ranks = page.locator("#by-rank-reader")
    await ranks.press("End")
    if not (await ranks.get_attribute("aria-valuetext") or "").startswith("p99.8: legacy "):
        found.append("no percentile is read")
    print(f"{'by keyboard':33}  {found or 'fine'}")
    return found


async def reads_by_mouse(page: Page, url: str, shot: Path) -> list[str]:
    """A drag zooms in all charts, the pointer reads all of them, and a print has the drawings."""
    await whole(page, f"{url}environments/production")
    await page.locator("#all-p50").scroll_into_view_if_needed()  # the mouse reaches what is in the window alone
    box = await page.locator("#all-p50 .u-over").bounding_box()
    assert box
    marks = await page.locator("#all-errors .u-over a").count()
    await page.mouse.move(box["x"] + 10, box["y"] + 60)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 60, box["y"] + 60, steps=4)
    await page.mouse.up()
    await page.wait_for_function(
        "marks => document.querySelectorAll('#all-errors .u-over a').length < marks", arg=marks
    )
    await page.mouse.move(box["x"] + 150, box["y"] + 60)
    times = page.locator("#all-p99 .u-legend .u-series:first-child .u-value")
    await page.wait_for_function("() => !document.querySelector('#all-p99 .u-legend').textContent.includes('latest')")
    found = [] if (await times.text_content() or "").startswith("20") else ["the pointer reads nothing"]
    await page.screenshot(path=shot, full_page=True)
    await page.emulate_media(media="print")
    if not await page.locator("#all-p50 svg.chart").is_visible() or await page.locator("canvas").first.is_visible():
        found.append("a print has no drawings")
    print(f"{'by mouse, and printed':33}  {found or 'fine'}")
    return found


async def shows_svg_without_scripts(browser: Browser, url: str) -> list[str]:
    """Without JavaScript the charts are there, as drawings."""
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{url}environments/production")
    found = [] if await page.locator("svg.chart").first.is_visible() else ["no drawing"]
    found += ["a canvas"] if await page.locator("canvas").count() else []
    await context.close()
    print(f"{'without scripts':33}  {found or 'fine'}")
    return found


async def changes_while_one_reads(page: Page, url: str, world: World) -> list[str]:
    """A raise comes by itself, is announced, and takes neither the focus nor what is open."""
    await page.clock.install()
    await page.goto(f"{url}environments/production")
    await page.get_by_text("The numbers behind the charts").click()
    await page.locator("a", has_text="r3").focus()
    world.raised, world.time = True, 60.0
    await page.clock.run_for(40_000)
    await page.get_by_role("rowheader", name="8", exact=True).wait_for()  # the history has it
    found = []
    if not await page.evaluate("document.getElementById('numbers').open"):
        found.append("the open table was closed")
    if await page.evaluate("document.activeElement.textContent") != "r3":
        found.append("the focus was lost")
    if "At 50 %" not in (await page.locator("#said").text_content() or ""):
        found.append("the change wasn't announced")
    print(f"{'a change':33}  {found or 'fine'}")
    return found


def report_in(out: Path, world: World) -> str:
    """A report's address."""
    out.mkdir(parents=True, exist_ok=True)
    file = out / "report.html"
    file.write_text(report_page(world.known["production"]), "utf-8")
    return file.resolve().as_uri()


async def main(out: Path) -> int:
    """Look at all of it; gives the exit code."""
    world = World()
    readings = Readings(world.read, world, timedelta(seconds=60))
    async with (
        Dashboard(("production", "hundred", "review"), readings).serving(0) as url,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        addresses = {name: f"{url}{path}" for name, path in PAGES.items()} | {"report": report_in(out, world)}
        found = [
            await looked_at(browser, address, out / f"{name}-{scheme}-{width}.png", scheme, width)
            for (name, address), scheme, width in itertools.product(
                addresses.items(), ("light", "dark"), (360, 1280, 2560)
            )
        ]
        found.append(await changes_while_one_reads(await browser.new_page(), url, world))
        found.append(await reads_by_keyboard(await browser.new_page(), url))
        found.append(await reads_by_mouse(await browser.new_page(), url, out / "by-mouse.png"))
        found.append(await shows_svg_without_scripts(browser, url))
        await browser.close()
    return int(any(found))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots"))))
