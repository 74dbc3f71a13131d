"""Large texts read in pieces, in constant memory: lines, and the members of a list somewhere in a JSON document."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator
from typing import Any

from rollout.base.foreign import Unexpected

LONGEST = 16 * 2**20
"""The most characters of a line or a member; a request has at most 1 MB, and a browser keeps its answer beside it."""


def lines_in(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines, without their ends; of one that is too long, its beginning."""
    begun, is_cut = b"", False
    for piece in pieces:
        first, *rest = piece.split(b"\n")
        begun += b"" if is_cut else first
        is_cut = len(begun) > LONGEST
        for line in rest:
            yield begun
            begun, is_cut = line, False
    if begun:
        yield begun


def members(pieces: Iterable[bytes], *names: str) -> Iterator[Any]:
    """The members of the list that stands under some names, one below the other, in a JSON object.

    Raises:
        Unexpected: There is no such list, or it isn't JSON until its end.
    """
    text = _Text(pieces)
    try:
        for name in names:
            text.enter(name)
        yield from text.items()
    except RecursionError:
        raise Unexpected("is nested too deeply") from None
    except ValueError as error:
        raise error if isinstance(error, Unexpected) else Unexpected(f"is not JSON: {error}") from None


class _Text:
    """A position in a text of which only what is needed now is in memory."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._decode = codecs.getincrementaldecoder("utf-8-sig")()
        self._text, self._at = "", 0

    def enter(self, name: str) -> None:
        """Go to the value of a member of the object that begins here."""
        self._expect("{")
        while self._next() != "}":
            key = self._value()
            self._expect(":")
            if key == name:
                return
            self._value()
            if self._next() == ",":
                self._at += 1
        raise Unexpected(f"has no {name}")

    def items(self) -> Iterator[Any]:
        """The items of the list that begins here."""
        self._expect("[")
        while self._next() != "]":
            yield self._value()
            if self._next() not in ("]", ","):
                raise Unexpected("is not JSON: a comma is missing")
            self._at += self._next() == ","

    def _expect(self, sign: str) -> None:
        if self._next() != sign:
            raise Unexpected(f"is not JSON of the right form: {sign} is missing")
        self._at += 1

    def _next(self) -> str:
        """The next sign that is no blank; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in " \t\r\n":
                self._at += 1
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def _value(self) -> Any:
        """The value that begins here; a number may go on in the next piece."""
        self._next()
        while True:
            try:
                found, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                if len(self._text) - self._at > LONGEST or not self._more():
                    raise
                continue
            if not self._text[end : end + _LONGEST_NUMBER].strip("0123456789+-.eE") and self._more():
                continue
            self._at = end
            return found

    def _more(self) -> bool:
        """Read as much as there is now, so that a long value is tried few times; False at the end."""
        left = [self._text[self._at :]]
        wanted, read = max(len(left[0]), 1), 0
        for piece in self._pieces:
            left.append(self._decode.decode(piece))
            read += len(piece)
            if read >= wanted:
                break
        self._text, self._at = "".join(left), 0
        return read > 0


_DECODER = json.JSONDecoder()
_LONGEST_NUMBER = 400
