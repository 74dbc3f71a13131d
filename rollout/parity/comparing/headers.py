"""Headers, compared as HTTP has them: names without case, several values of a name as one list.

https://www.rfc-editor.org/rfc/rfc9110#section-5 and, for what only holds for one connection, section 7.6.1.
"""

from __future__ import annotations

from collections.abc import Mapping

from rollout.parity.answer import FunctionAnswer
from rollout.parity.comparing.json_values import is_http_date
from rollout.parity.comparing.places import Differences, Kind

ASIDE = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"),
        *("transfer-encoding", "upgrade", "age", "content-length", "date", "server", "via"),
        *("x-amzn-trace-id", "x-amzn-requestid", "x-request-id"),
    }
)
"""What isn't compared: what holds for one connection, is the load balancer's, or names one request."""
_Header = tuple[tuple[str, ...], tuple[str, ...]]  # names as they were written, and values


def compare_headers(legacy: FunctionAnswer, candidate: FunctionAnswer, found: Differences) -> None:
    """Compare the headers of two answers."""
    ours, theirs = _by_name(legacy), _by_name(candidate)
    for name in (*ours, *(name for name in theirs if name not in ours)):
        kind = _difference(name, ours.get(name), theirs.get(name))
        if kind is None:
            continue
        left, right = (_text(kind, each.get(name)) for each in (ours, theirs))
        if left and right and (used := [*found.rules.normalises(f"header:{name}", left, right)]):
            found.used.update(used)
        else:
            found.add("header", name, kind, left, right)


def _by_name(answer: FunctionAnswer) -> Mapping[str, _Header]:
    names: dict[str, _Header] = {}
    for name, value in answer.headers:
        key = name.lower()
        if key not in ASIDE:
            written, values = names.get(key, ((), ()))
            names[key] = ((*written, name), (*values, value))
    return names


def _difference(name: str, ours: _Header | None, theirs: _Header | None) -> Kind | None:
    if ours is None or theirs is None:
        return Kind.ADDED if ours is None else Kind.MISSING
    if _meaning(name, ours[1]) != _meaning(name, theirs[1]):
        return Kind.TEXT if _one(ours[1]).casefold() == _one(theirs[1]).casefold() else Kind.VALUE
    return None if set(ours[0]) == set(theirs[0]) else Kind.CASE


def _meaning(name: str, values: tuple[str, ...]) -> object:
    if name == "set-cookie":
        return sorted(_cookie(value) for value in values)
    if len(values) == 1 and is_http_date(values[0]):
        return "a date"  # which differs between two answers of one function
    if name == "content-type":
        return _media_type(values[-1])
    return _one(values)


def _one(values: tuple[str, ...]) -> str:
    return ", ".join(part.strip() for value in values for part in value.split(","))


def _cookie(value: str) -> tuple[str, ...]:
    """A cookie whose attributes have neither case nor order; when it expires is a date."""
    pair, *attributes = (part.strip() for part in value.split(";"))
    kept = (each for each in attributes if not each.lower().startswith("expires="))
    return pair, *sorted(each.lower() for each in kept if each)


def _media_type(value: str) -> tuple[str, ...]:
    kind, *parameters = (part.strip().lower().replace('"', "") for part in value.split(";"))
    is_json = kind == "application/json" or kind.endswith("+json")  # which is always UTF-8
    return kind, *sorted(each for each in parameters if each and not (is_json and each == "charset=utf-8"))


def _text(kind: Kind, header: _Header | None) -> str | None:
    if header is None:
        return None
    return ", ".join(header[0]) if kind is Kind.CASE else _one(header[1])
