"""Where each key of a TOML text stands: for the line of an error, and for changing one value and no other byte.

`tomllib` gives values without their places, and `tomlkit` moves comments and line ends when it writes. This scanner
only ever reads text that `tomllib` accepted, so it needs no errors of its own.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from dataclasses import dataclass, field

Keys = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_KEY_PART = re.compile(r"""[ \t]*("(?:\\.|[^"\\])*"|'[^']*'|[A-Za-z0-9_-]+)[ \t]*""")
_SCALAR = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?'{3,5}|"(?:\\.|[^"\\])*"|'[^']*'|[^\s,\]}#]+(?:\ [0-9][^\s,\]}#]*)?''',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A `key = value` of the text, by offsets.

    Attributes:
        start: Of the whole, possibly dotted, key.
        leaf: Of the key's last part.
        value: Of the value.
        end: Behind the value.
        inline: Whether it stands in an inline table.
    """

    start: int
    leaf: int
    value: int
    end: int
    inline: bool


@dataclass(slots=True)
class Layout:
    """The places of a TOML text's keys.

    Attributes:
        text: The text, which `tomllib` accepts.
        pairs: Each key that has a value, by its full path.
        headers: The offset of each table's `[header]`.
    """

    text: str
    pairs: dict[Keys, Pair] = field(default_factory=dict)
    headers: dict[Keys, int] = field(default_factory=dict)
    _starts: dict[Keys, int] = field(default_factory=dict)
    _ends: list[int] = field(default_factory=list)
    _at: int = 0

    def __post_init__(self) -> None:
        self._ends += [found.start() for found in re.finditer("\n", self.text)]
        table: Keys = ()
        arrays: dict[Keys, int] = {}
        while not self._done():
            start = self._at
            if self.text[start] != "[":
                self._pair(table, inline=False)
                continue
            self._at += 1 + self.text.startswith("[[", start)
            table, _ = self._key(())
            self._note(table, start)
            self.headers[table] = self._starts[table] = start
            self._at = self.text.index("]", self._at) + 1
            if self.text.startswith("[[", start):
                self._at += 1
                arrays[table] = arrays.get(table, -1) + 1
                table = (*table, arrays[table])
                self._note(table, start)

    def line(self, keys: Keys) -> int:
        """The line, from 1, of a key or else of the table nearest above that is in the text."""
        while keys and keys not in self._starts:
            keys = keys[:-1]
        return bisect_left(self._ends, self._starts.get(keys, 0)) + 1

    def _done(self) -> bool:
        """Skips white space and comments; whether the text ends there."""
        self._at = _end(_BLANK, self.text, self._at)
        return self._at == len(self.text)

    def _note(self, keys: Keys, start: int) -> None:
        for length in range(1, len(keys) + 1):
            self._starts.setdefault(keys[:length], start)

    def _key(self, table: Keys) -> tuple[Keys, int]:
        keys = table
        while part := _KEY_PART.match(self.text, self._at):
            self._at = part.end()
            keys = (*keys, _unquoted(part[1]))
            if self.text[self._at] != ".":
                return keys, part.start(1)
            self._at += 1
        raise AssertionError(self._at)  # tomllib accepted the text

    def _pair(self, table: Keys, *, inline: bool) -> None:
        start = self._at
        keys, leaf = self._key(table)
        self._note(keys, start)
        self._at += 1  # the equals sign
        self._done()
        value = self._at
        self._value(keys)
        self.pairs[keys] = Pair(start, leaf, value, self._at, inline)

    def _value(self, keys: Keys) -> None:
        opening = self.text[self._at]
        if opening not in "[{":
            self._at = _end(_SCALAR, self.text, self._at)
            return
        self._at += 1
        index = 0
        while not self._done() and self.text[self._at] not in "]}":
            if self.text[self._at] == ",":
                self._at += 1
            elif opening == "{":
                self._pair(keys, inline=True)
            else:
                self._note((*keys, index), self._at)
                self._value((*keys, index))
                index += 1
        self._at += 1


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _unquoted(part: str) -> str:
    return next(iter(tomllib.loads(f"{part} = 0"))) if part[0] in "\"'" else part
