"""Whole answers side by side, on screen and as a page: what a comparison sees, escaped, and without secrets."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from rollout.api.parity import Sources
from rollout.errors import UsageError
from rollout.fakes.resource_types import FUNCTION
from rollout.fakes.services import InMemoryFunctions
from tests.behaviour.team import InMemoryTeam
from tests.codes import raises

ROUTE = "stamp-score"
CANARY = "canary-5e1f-of-a-client"
HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u202e\x1b[2J"


def functions(team: InMemoryTeam) -> InMemoryFunctions:
    return team.world.functions_of(team.inventory)


def answering(value: Callable[[str], Any]) -> Callable[[Mapping[str, Any]], object]:
    def handler(event: Mapping[str, Any]) -> object:
        headers = {"content-type": "application/json"}
        return {"statusCode": 200, "headers": headers, "body": json.dumps(value(event["path"]))}

    return handler


@pytest.fixture
def differing(built: InMemoryTeam) -> InMemoryTeam:
    """A team whose candidate has texts for numbers, and lacks a key."""
    told, named = functions(built), [name for kind, name in built.aws.resources if kind == FUNCTION]
    told.handlers |= dict.fromkeys(named, answering(lambda path: {"path": path, "score": 7, "items": [*range(50)]}))
    told.handlers["rust-scorer"] = answering(lambda path: {"items": [*range(50)], "score": "7", "path": path, "x": 1})
    return built


def requests(team: InMemoryTeam, paths: list[str] | None = None) -> Path:
    file = team.folder / "requests.jsonl"
    some = paths or [f"/v2/stamps/{n}/score/0xA{n:03}" for n in range(5)]
    headers = {"Authorization": f"Bearer {CANARY}"}
    file.write_text("\n".join(json.dumps({"path": path, "route": ROUTE, "headers": headers}) for path in some))
    return file


def test_a_group_is_shown_with_whole_answers(differing: InMemoryTeam) -> None:
    sources, parity = Sources(routes=[ROUTE], files=[requests(differing)]), differing.open().parity
    parity.compare(sources, rate=100)
    found = parity.explain([f"{ROUTE}:1"], sources, rate=100)
    ((group,), (pair, _)) = found.groups, found.groups[0].pairs
    assert group.difference.requests == 5
    differ = [(line.legacy, line.candidate) for line in pair.lines if line.differs]
    assert differ == [('  "score": 7', '  "score": "7"'), (None, '  "x": 1')]
    assert pair.request.startswith("GET /v2/stamps/")
    assert sum(line.left_out for line in pair.lines) > 30


def test_nothing_is_asked_for_groups_that_nobody_asked_for(differing: InMemoryTeam) -> None:
    sources, parity = Sources(routes=[ROUTE], files=[requests(differing)]), differing.open().parity
    parity.compare(sources, rate=100)
    before = sum(call.action == "Invoke" for call in functions(differing).calls.log)
    parity.explain([f"{ROUTE}:2"], sources, pairs=3, rate=100)
    assert sum(call.action == "Invoke" for call in functions(differing).calls.log) - before == 6


@pytest.mark.parametrize("group", ["stamp-score:9", "another", "stamp-score:x"])
def test_a_group_that_is_not_there_is_refused(differing: InMemoryTeam, group: str) -> None:
    sources, parity = Sources(routes=[ROUTE], files=[requests(differing)]), differing.open().parity
    with raises(UsageError, "nothing-compared"):
        parity.explain([group], sources)
    parity.compare(sources, rate=100)
    with raises(UsageError, "unknown-group"):
        parity.explain([group], sources)


def test_the_command_shows_both_sides(differing: InMemoryTeam) -> None:
    file = str(requests(differing))
    assert differing.run("parity", "production", "--route", ROUTE, "--from", file).returncode == 8
    done = differing.run("parity", "explain", "production", f"{ROUTE}:1", "--from", file)
    assert done.returncode == 0, done.stderr
    assert re.search(r'"score": 7 +"score": "7"', done.stdout)


class Page(HTMLParser):
    """What a browser would make of it: elements, and texts outside of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements, self.texts = list[tuple[str, dict[str, str | None]]](), list[str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def page(team: InMemoryTeam, file: Path) -> str:
    html = team.folder / "parity.html"
    done = team.run("parity", "production", "--route", ROUTE, "--from", str(file), "--html", str(html), "--force")
    assert done.returncode == 8, done.stderr
    assert html.stat().st_mode & 0o777 == 0o600
    return html.read_text()


def test_a_page_has_everything_and_needs_nothing(differing: InMemoryTeam) -> None:
    text = page(differing, requests(differing))
    found = Page(text)
    assert not any({"src", "href"} & set(attrs) for tag, attrs in found.elements if tag not in {"link", "a"})
    policy = next(attrs["content"] for tag, attrs in found.elements if attrs.get("http-equiv"))
    for kind in ("script", "style"):
        for content in re.findall(f"<{kind}>(.*?)</{kind}>", text, re.DOTALL):
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in str(policy)
    assert sum(tag == "details" for tag, _ in found.elements) == 2
    assert any('"score": "7"' in each for each in found.texts)


def test_answers_are_only_text_on_a_page(differing: InMemoryTeam) -> None:
    plain = [tag for tag, _ in Page(page(differing, requests(differing))).elements]
    hostile = answering(lambda path: {"score": HOSTILE, HOSTILE: 1, "path": path, "items": []})
    functions(differing).handlers["rust-scorer"] = hostile
    paths = [f"/v2/stamps/{HOSTILE}/score/{n}?{HOSTILE}={HOSTILE}" for n in range(3)]
    text = page(differing, requests(differing, [path.replace(" ", "%20") for path in paths]))
    found = Page(text)
    assert {tag for tag, _ in found.elements} == set(plain)
    assert sum(tag == "script" for tag, _ in found.elements) == 1
    assert not any(name.startswith("on") for _, attrs in found.elements for name in attrs)
    assert "\u202e" not in text
    assert "\x1b" not in text


def test_no_secret_is_on_a_page_or_a_screen(differing: InMemoryTeam) -> None:
    secret = answering(lambda path: {"token": CANARY, "path": path, "echo": f"you are {CANARY}", CANARY: 1})
    functions(differing).handlers["rust-scorer"] = secret
    file = requests(differing, [f"/v2/stamps/{n}/score/0xA?token={CANARY}" for n in range(3)])
    text = page(differing, file)
    shown = differing.run("parity", "explain", "production", "--from", str(file))
    machine = differing.run("parity", "explain", "production", "--from", str(file), "--json")
    assert shown.returncode == machine.returncode == 0
    assert CANARY not in text + shown.stdout + shown.stderr + machine.stdout + machine.stderr


def test_large_answers_are_cut(differing: InMemoryTeam) -> None:
    functions(differing).handlers["rust-scorer"] = answering(lambda _: {"items": [*range(9000, 19000)]})
    sources, parity = Sources(routes=[ROUTE], files=[requests(differing)]), differing.open().parity
    parity.compare(sources, rate=100)
    (pair, *_) = parity.explain([f"{ROUTE}:1"], sources, rate=100).groups[0].pairs
    assert len(pair.lines) < 1000
    assert sum(line.left_out for line in pair.lines) > 9000
