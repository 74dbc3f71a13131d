"""A page as its readers' tools see it: tags, ids, links, headings and colours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag."""

    name: str
    given: Mapping[str, str]


@dataclass
class Page(HTMLParser):
    """A page, read.

    Attributes:
        tags: All start tags.
        text: All that is shown.
    """

    html: str
    tags: list[Tag] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._within: list[str] = []
        self.feed(self.html)
        self.close()
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser`."""
        self.tags.append(Tag(tag, {name: value or "" for name, value in attrs}))
        self._within.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser`."""
        self.tags.append(Tag(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """See `HTMLParser`."""
        while self._within and self._within.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        """See `HTMLParser`."""
        if not {"style", "script"} & set(self._within[-1:]):
            self.text += f"{data} "

    def all(self, name: str) -> list[Mapping[str, str]]:
        """The attributes of all tags of a name."""
        return [tag.given for tag in self.tags if tag.name == name]

    def values(self, *names: str) -> list[str]:
        """All values of some attributes."""
        return [tag.given[name] for tag in self.tags for name in names if name in tag.given]


def faults(page: Page) -> list[str]:
    """What a reader by ear or keyboard would stumble over, by axe's rules as far as they're static."""
    found = []
    ids = page.values("id")
    found += [f"duplicate-id {each}" for each in set(ids) if ids.count(each) > 1]
    named = (each for value in page.values("aria-labelledby", "aria-describedby") for each in value.split())
    found += [f"no element {each}" for each in named if each not in ids]
    found += [] if page.all("html")[0].get("lang") else ["html-has-lang"]
    found += [f"{len(page.all(tag))} of {tag}" for tag in ("title", "main", "h1", "header") if len(page.all(tag)) < 1]
    found += ["landmark-one-main"] if len(page.all("main")) != 1 else []
    levels = [int(tag.name[1]) for tag in page.tags if re.fullmatch(r"h[1-6]", tag.name)]
    found += ["heading-order" for a, b in zip([0, *levels], levels, strict=False) if b > a + 1]
    found += ["th without scope" for each in page.all("th") if each.get("scope") not in ("col", "row")]
    found += ["table without caption"] * (len(page.all("table")) - len(page.all("caption")))
    found += ["nav without label" for each in page.all("nav") if not each.get("aria-label")]
    found += [
        "svg-img-alt"
        for each in page.all("svg")
        if each.get("aria-hidden") != "true" and not (each.get("role") == "img" and each.get("aria-labelledby"))
    ]
    scrolled = [tag.given for tag in page.tags if tag.given.get("class") == "scroll"]
    found += ["scrollable-region-focusable" for each in scrolled if each.get("tabindex") != "0"]
    found += ["region without label" for each in scrolled if not each.get("aria-label")]
    return found


def colours(css: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The variables of a style, in light and in dark."""
    light, dark = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    return tuple(dict(re.findall(r"--(\w+): (#\w{6})", each)) for each in (light, dark))  # type: ignore[return-value]


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21. https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)
