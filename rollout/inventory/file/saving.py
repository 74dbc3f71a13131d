"""A new weight, or that a migration is completed, into stacks.toml, and no other byte of it.

The text is cut and joined at the places that `Layout` gives, read again and compared with what it should say, and only
then put in the file's place in one rename. So comments and line ends stay, and a crash leaves the old file or the new.
"""

from __future__ import annotations

import codecs
import copy
import fcntl
import os
import stat
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rollout.base.files import write_whole
from rollout.errors import ConfigError, UsageError
from rollout.inventory.file.findings import suggestion
from rollout.inventory.file.layout import Keys, Layout, Pair
from rollout.inventory.file.reading import parse, read_text
from rollout.inventory.model import Environment
from rollout.inventory.quantities import WHOLE, Percent

_BY_HAND = "set it by hand, or pass --no-save"


_Texts = Callable[[str, Environment], str]
_Data = Callable[[dict[str, Any], Environment], dict[str, Any]]


def save_weight(path: Path, environment: str, weight: Percent, routes: Sequence[str] | None) -> bool:
    """Write a weight into an inventory.

    Args:
        path: stacks.toml; a symbolic link stays one, and what it points to is written.
        routes: The routes that get it, in `route-weights`; None for all, in `weight`, and `route-weights` goes.

    Returns:
        Whether the file was changed; not if it says so already.

    Raises:
        ConfigError: The file no longer loads, or can't be written.
        UsageError: There is no such environment or route.
    """
    return _save(
        path,
        environment,
        lambda text, inventory: _text_with(text, inventory, weight, routes),
        lambda data, inventory: _data_with(data, inventory, weight, routes),
    )


def save_completed(path: Path, environment: str) -> bool:
    """Write into an inventory that an environment is completed, and so at 100.

    Args:
        path: stacks.toml; as for a weight.

    Returns:
        Whether the file was changed.

    Raises:
        ConfigError: The file no longer loads, or can't be written.
        UsageError: There is no such environment.
    """

    def text_with(text: str, inventory: Environment) -> str:
        own: Keys = ("environments", inventory.name)
        text = _text_with(text, inventory, WHOLE, None)
        return text if inventory.completed else _with_value(text, (*own, "completed"), "true", beside=(*own, "region"))

    def data_with(data: dict[str, Any], inventory: Environment) -> dict[str, Any]:
        data = _data_with(data, inventory, WHOLE, None)
        data["environments"][inventory.name]["completed"] = True
        return data

    return _save(path, environment, text_with, data_with)


def _save(path: Path, environment: str, text_with: _Texts, data_with: _Data) -> bool:
    target = Path(os.path.realpath(path))
    try:
        with _alone(target.parent):
            old = read_text(path)
            inventory = parse(old, path).environment(environment)
            new = text_with(old, inventory)
            if new == old:
                return False
            if not _says(new, data_with(tomllib.loads(old), inventory)):
                raise ConfigError(
                    "has a layout in which it can't be set",
                    (),
                    where=str(path),
                    hint=_BY_HAND,
                    code="layout-not-editable",
                )
            mark = codecs.BOM_UTF8 if target.read_bytes().startswith(codecs.BOM_UTF8) else b""
            write_whole(target, mark + new.encode(), mode=stat.S_IMODE(target.stat().st_mode))
    except OSError as error:
        raise ConfigError(
            f"can't be saved: {error.strerror}", (), where=str(path), hint=_BY_HAND, code="file-not-writable"
        ) from error
    return True


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Holds off other savers, who would undo this change; the folder's own lock leaves no file behind."""
    if not folder.is_dir():
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _differing(inventory: Environment, weight: Percent, routes: Sequence[str]) -> list[str]:
    known = inventory.routes_in_file
    for route in routes:
        if route not in known and route not in inventory.routes:
            raise UsageError(
                f"unknown route {route!r}{suggestion(route, known)}",
                hint=f"known: {', '.join(known)}",
                code="unknown-route",
            )
    named = dict.fromkeys(inventory.in_file.get(route, route) for route in routes)
    return [route for route in named if inventory.desired_weight(route) != weight]


def _reopens(inventory: Environment, weight: Percent) -> bool:
    """Whether a weight says that an environment isn't completed after all, as a rollback's does."""
    return inventory.completed and weight < WHOLE


def _text_with(text: str, inventory: Environment, weight: Percent, routes: Sequence[str] | None) -> str:
    own: Keys = ("environments", inventory.name)
    shares = (*own, "route-weights")
    if _reopens(inventory, weight):
        text = _without(text, (*own, "completed"))
    if routes is not None:
        for route in _differing(inventory, weight, routes):
            text = _with_share(text, shares, route, str(weight))
        return text
    if inventory.weight != weight:
        text = _with_value(text, (*own, "weight"), str(weight), beside=(*own, "region"))
    return _without(text, shares)


def _says(text: str, data: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == data
    except tomllib.TOMLDecodeError:
        return False


def _data_with(
    data: dict[str, Any], inventory: Environment, weight: Percent, routes: Sequence[str] | None
) -> dict[str, Any]:
    """What the file's text must say in the end."""
    data = copy.deepcopy(data)
    table = data["environments"][inventory.name]
    value = tomllib.loads(f"weight = {weight}")["weight"]
    if _reopens(inventory, weight):
        del table["completed"]
    if routes is not None:
        table.setdefault("route-weights", {}).update(dict.fromkeys(_differing(inventory, weight, routes), value))
        return data
    table.pop("route-weights", None)
    if inventory.weight != weight:
        table["weight"] = value
    return data


def _with_share(text: str, shares: Keys, route: str, value: str) -> str:
    """The text with one route's share in the `route-weights` table, in whichever form that table has."""
    layout = Layout(text)
    others = [keys for keys in layout.pairs if keys[:-1] == shares]
    if others:
        return _with_value(text, (*shares, route), value, beside=others[-1])
    if shares in layout.pairs or shares not in layout.headers:
        own = shares[:-1]
        beside = next(keys for keys in ((*own, "weight"), (*own, "region")) if keys in layout.pairs)
        return _with_value(text, shares, f"{{ {route} = {value} }}", beside=beside)
    return _with_line(text, layout.headers[shares], f"{route} = {value}")


def _with_value(text: str, keys: Keys, value: str, *, beside: Keys) -> str:
    """The text with a key's value replaced, or the key put behind a neighbour of the same table."""
    pairs = Layout(text).pairs
    if pair := pairs.get(keys):
        return text[: pair.value] + value + text[pair.end :]
    neighbour = pairs[beside]
    added = f"{text[neighbour.start : neighbour.leaf]}{keys[-1]} = {value}"
    if neighbour.inline:
        return f"{text[: neighbour.end]}, {added}{text[neighbour.end :]}"
    return _with_line(text, neighbour.end, added, indent=text[_line_start(text, neighbour.start) : neighbour.start])


def _with_line(text: str, at: int, line: str, indent: str = "") -> str:
    """The text with a line put below the one that has an offset."""
    end = text.find("\n", at)
    newline = "\r\n" if "\r\n" in text else "\n"
    if end < 0:
        return f"{text}{newline}{indent}{line}"
    return f"{text[: end + 1]}{indent}{line}{newline}{text[end + 1 :]}"


def _without(text: str, keys: Keys) -> str:
    """The text without a table, be it a section, an inline table or dotted keys; comments of their own lines stay."""
    layout = Layout(text)
    spans = [_span(text, pair) for path, pair in layout.pairs.items() if path[: len(keys)] == keys]
    spans += [_line_span(text, start, start) for path, start in layout.headers.items() if path[: len(keys)] == keys]
    if not spans:
        return text
    # One at a time, since neighbours share a comma; the last first, since a section's pairs need its header.
    start, end = max(spans)
    return _without(text[:start] + text[end:], keys)


def _span(text: str, pair: Pair) -> tuple[int, int]:
    """What goes with a pair: its line, or in an inline table one comma."""
    if not pair.inline:
        return _line_span(text, pair.start, pair.end)
    before = text[: pair.start].rstrip()
    if before.endswith(","):
        return len(before) - 1, pair.end
    after = text[pair.end :].lstrip()
    return pair.start, len(text) - len(after[1:].lstrip()) if after.startswith(",") else pair.end


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_span(text: str, start: int, end: int) -> tuple[int, int]:
    newline = text.find("\n", end)
    return _line_start(text, start), newline + 1 or len(text)
