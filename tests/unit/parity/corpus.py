"""Pairs of answers, labelled: differences between serialisations that clients have met, and pairs that mean the same.

Mostly Python's json (and FastAPI, Flask, pydantic) beside Rust's serde_json (and axum, chrono), from public reports of
rewrites: forms of floats and integers, None and absent, dates, escapes, order, headers, errors.
"""

from __future__ import annotations

from dataclasses import dataclass

from rollout.parity.answer import FunctionAnswer

Headers = tuple[tuple[str, str], ...]
JSON: Headers = (("content-type", "application/json"),)
TEXT: Headers = (("content-type", "text/plain; charset=utf-8"),)


@dataclass(frozen=True)
class Pair:
    """Two answers.

    Attributes:
        name: What is the matter.
        place: Where a difference has to be found, `PART PATH (KIND)`; empty where both mean the same.
    """

    name: str
    place: str
    legacy: FunctionAnswer
    candidate: FunctionAnswer


def body(name: str, legacy: str | bytes, candidate: str | bytes, place: str = "", headers: Headers = JSON) -> Pair:
    return Pair(name, place, *(FunctionAnswer(200, headers, _bytes(each)) for each in (legacy, candidate)))


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")


def head(name: str, legacy: Headers, candidate: Headers, place: str = "") -> Pair:
    return Pair(name, place, *(FunctionAnswer(200, (*JSON, *each), b"{}") for each in (legacy, candidate)))


def typed(name: str, legacy: str, candidate: str, place: str = "") -> Pair:
    answers = (FunctionAnswer(200, (("content-type", each),), b"[]") for each in (legacy, candidate))
    return Pair(name, place, *answers)


def status(name: str, legacy: int, candidate: int) -> Pair:
    answers = (FunctionAnswer(each, JSON, b'{"detail":"no"}') for each in (legacy, candidate))
    return Pair(name, f"status {legacy} → {candidate}", *answers)


DIFFERENT = (
    body("a number became a text", '{"score": 12}', '{"score": "12"}', "body $.score (type)"),
    body("a text became a number", '{"id": "0012"}', '{"id": 12}', "body $.id (type)"),
    body("an integer became a float", '{"score": 12}', '{"score": 12.0}', "body $.score (number's form)"),
    body("a float became an integer", "[1.0, 2.5]", "[1, 2.5]", "body $[*] (number's form)"),
    body("an exponent is a float", '{"n": 100}', '{"n": 1e2}', "body $.n (number's form)"),
    body("a float as a 32-bit float", '{"x": 0.1}', '{"x": 0.10000000149011612}', "body $.x (value)"),
    body("a float's last digit", '{"x": 0.30000000000000004}', '{"x": 0.3}', "body $.x (value)"),
    body("rounded to two digits", '{"x": 2.675}', '{"x": 2.68}', "body $.x (value)"),
    body("half to even and half up", '{"x": 2}', '{"x": 3}', "body $.x (value)"),
    body("Decimal as text", '{"price": 9.90}', '{"price": "9.90"}', "body $.price (type)"),
    body("2^53 + 1 through a double", '{"id": 9007199254740993}', '{"id": 9007199254740992}', "body $.id (value)"),
    body("a u64 that overflowed", '{"id": 18446744073709551615}', '{"id": -1}', "body $.id (value)"),
    body("a big integer as a float", '{"n": 10000000000000000000000}', '{"n": 1e22}', "body $.n (number's form)"),
    body("a big integer as text", '{"wei": 100000000000000000}', '{"wei": "100000000000000000"}', "body $.wei (type)"),
    body("NaN became null", '{"x": NaN}', '{"x": null}', "body $.x (type)"),
    body("Infinity became a large number", '{"x": Infinity}', '{"x": 1.7976931348623157e308}', "body $.x (value)"),
    body("None is left out", '{"a": 1, "b": null}', '{"a": 1}', "body $.b (missing)"),
    body("absent became null", '{"a": 1}', '{"a": 1, "b": null}', "body $.b (added)"),
    body("null became an empty text", '{"name": null}', '{"name": ""}', "body $.name (type)"),
    body("null became an empty list", '{"items": null}', '{"items": []}', "body $.items (type)"),
    body("null became zero", '{"n": null}', '{"n": 0}', "body $.n (type)"),
    body("an empty object became a list", '{"meta": {}}', '{"meta": []}', "body $.meta (type)"),
    body("a boolean became a number", '{"ok": true}', '{"ok": 1}', "body $.ok (type)"),
    body("a boolean became a text", '{"ok": true}', '{"ok": "true"}', "body $.ok (type)"),
    body("True as Python prints it", '{"ok": "true"}', '{"ok": "True"}', "body $.ok (text's form)"),
    body("a date's offset", '{"at": "2026-01-02T03:04:05+00:00"}', '{"at": "2026-01-02T03:04:05Z"}',
         "body $.at (text's form)"),
    body("a date's T", '{"at": "2026-01-02 03:04:05"}', '{"at": "2026-01-02T03:04:05"}', "body $.at (text's form)"),
    body("a date's fraction", '{"at": "2026-01-02T03:04:05.120000Z"}', '{"at": "2026-01-02T03:04:05.12Z"}',
         "body $.at (text's form)"),
    body("nanoseconds", '{"at": "2026-01-02T03:04:05.123456Z"}', '{"at": "2026-01-02T03:04:05.123456789Z"}',
         "body $.at (text's form)"),
    body("a date became seconds", '{"at": "2026-01-02T03:04:05Z"}', '{"at": 1767323045}', "body $.at (type)"),
    body("seconds became milliseconds", '{"at": 1767323045}', '{"at": 1767323045000}', "body $.at (value)"),
    body("a date in local time", '{"at": "2026-01-02T03:04:05Z"}', '{"at": "2026-01-02T04:04:05Z"}',
         "body $.at (value)"),
    body("a duration as ISO", '{"ttl": "1:00:00"}', '{"ttl": "PT1H"}', "body $.ttl (value)"),
    body("an enum's name and value", '{"state": "active"}', '{"state": "Active"}', "body $.state (text's form)"),
    body("snake and camel case", '{"user_id": 1}', '{"userId": 1}', "body $.userId (added)"),
    body("an externally tagged enum", '{"kind": "a", "n": 1}', '{"a": {"n": 1}}', "body $.kind (missing)"),
    body("an Option of an Option", '{"a": [null]}', '{"a": []}', "body $.a (length)"),
    body("a tuple as an object", '{"point": [1, 2]}', '{"point": {"x": 1, "y": 2}}', "body $.point (type)"),
    body("bytes as a list of numbers", '{"key": "AQID"}', '{"key": [1, 2, 3]}', "body $.key (type)"),
    body("another alphabet of base64", '{"key": "-_8="}', '{"key": "+/8="}', "body $.key (value)"),
    body("hexadecimal in capitals", '{"address": "0xAbCd"}', '{"address": "0xabcd"}', "body $.address (text's form)"),
    body("a UUID without hyphens", '{"u": "9b2d6f0e-7d0d-4b0e-9c6a-0c8b7e0c6f11"}',
         '{"u": "9b2d6f0e7d0d4b0e9c6a0c8b7e0c6f11"}', "body $.u (value)"),
    body("an accent composed", '{"name": "e\u0301"}', '{"name": "\u00e9"}', "body $.name (text's form)"),
    body("a surrogate became a question mark", '{"name": "\\ud83d"}', '{"name": "\ufffd"}', "body $.name (value)"),
    body("escaped twice", '{"q": "a\\"b"}', '{"q": "a\\\\\\"b"}', "body $.q (value)"),
    body("HTML escaped", '{"t": "a & b"}', '{"t": "a &amp; b"}', "body $.t (value)"),
    body("a blank at the end", '{"t": "a"}', '{"t": "a "}', "body $.t (text's form)"),
    body("a list in another order", '{"ids": [3, 1, 2]}', '{"ids": [1, 2, 3]}', "body $.ids (order)"),
    body("an item less", '{"ids": [1, 2, 3]}', '{"ids": [1, 2]}', "body $.ids (length)"),
    body("an item twice", '{"ids": [1, 2]}', '{"ids": [1, 1, 2]}', "body $.ids (length)"),
    body("a key twice", '{"a": 1}', '{"a": 2, "a": 1}', "body $ (duplicate key)"),
    body("a member of a map by address", '{"s": {"0x00000000000000aa": 1}}', '{"s": {"0x00000000000000aa": 2}}',
         "body $.s.* (value)"),
    body("JSON in a text", '{"a": 1}', '"{\\"a\\": 1}"', "body $ (type)"),
    body("no JSON any more", '{"a": 1}', "{'a': 1}", "body $ (type)"),
    body("an empty body", '{"a": 1}', "", "body $ (type)"),
    body("an error's text", "Not found\n", "not here\n", "body text (value)", TEXT),
    body("other bytes", b"\x89PNG\xff\x00", b"\x89PNG\xff\x01", "body bytes (value)", (("content-type", "image/png"),)),
    status("401 became 403", 401, 403),
    status("400 became 422", 400, 422),
    status("a slash at the end redirects", 200, 307),
    status("created became done", 201, 200),
    head("a header less", (("cache-control", "no-store"),), (), "header cache-control (missing)"),
    head("a header's value", (("cache-control", "max-age=60"),), (("cache-control", "max-age=0"),),
         "header cache-control (value)"),
    head("a location without its host", (("location", "https://a.example/x"),), (("location", "/x"),),
         "header location (value)"),
    head("one of two cookies", (("set-cookie", "a=1"), ("set-cookie", "b=2")), (("set-cookie", "b=2"),),
         "header set-cookie (value)"),
    head("a cookie's attribute", (("set-cookie", "a=1; HttpOnly"),), (("set-cookie", "a=1"),),
         "header set-cookie (value)"),
    head("a date as ISO", (("expires", "Sun, 06 Nov 1994 08:49:37 GMT"),), (("expires", "1994-11-06T08:49:37Z"),),
         "header expires (value)"),
    typed("JSON as text", "application/json", "text/plain; charset=utf-8", "header content-type (value)"),
    typed("another charset", "text/html; charset=utf-8", "text/html; charset=latin1", "header content-type (value)"),
)  # fmt: skip

ALIKE = (
    body("keys in another order", '{"a": 1, "b": 2}', '{"b": 2, "a": 1}'),
    body("blanks", '{"a": [1, 2]}', '{"a":[1,2]}'),
    body("a line end", '{"a": 1}', '{"a": 1}\n'),
    body("escaped letters", '{"a": "\\u00e9"}', '{"a": "é"}'),
    body("an escaped pair of surrogates", '{"a": "\\ud83d\\ude00"}', '{"a": "😀"}'),
    body("an escaped slash", '{"a": "a\\/b"}', '{"a": "a/b"}'),
    body("an escaped delete", '{"a": "\\u007f"}', '{"a": "\x7f"}'),
    body("escapes in capitals", '{"a": "\\u00E9"}', '{"a": "\\u00e9"}'),
    body("escaped keys", '{"\\u0061": 1}', '{"a": 1}'),
    body("a float's zeros", '{"a": 1.50}', '{"a": 1.5}'),
    body("a float's exponent", '{"a": 1e-7}', '{"a": 0.0000001}'),
    body("an exponent's sign", '{"a": 1e16}', '{"a": 1e+16}'),
    body("an exponent's case", '{"a": 1E16}', '{"a": 1e16}'),
    body("a whole float", '{"a": 1e2}', '{"a": 100.0}'),
    body("the same double", '{"a": 0.1}', '{"a": 0.1000000000000000055}'),
    body("a zero's sign", '{"a": 0.0}', '{"a": -0.0}'),
    body("a byte-order mark", '{"a": 1}', '\ufeff{"a": 1}'),
    body("NaN on both sides", '{"a": NaN, "b": 1}', '{"b": 1, "a": NaN}'),
    typed("JSON's charset", "application/json", "application/json; charset=utf-8"),
    typed("a media type's case", "text/html; charset=utf-8", "Text/HTML;charset=UTF-8"),
    head("a name's case", (("X-Score", "1"),), (("x-score", "1"),)),
    head("two lines or one", (("vary", "a"), ("vary", "b")), (("vary", "a, b"),)),
    head("a list's blanks", (("vary", "a,b"),), (("vary", "a, b"),)),
    head("what is the connection's", (("connection", "keep-alive"),), ()),
    head("the server's name", (("server", "uvicorn"),), (("server", "hyper"),)),
    head("dates", (("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),),
         (("last-modified", "Mon, 07 Nov 1994 08:49:37 GMT"),)),
    head("a cookie's attributes in another order", (("set-cookie", "a=1; Path=/; HttpOnly"),),
         (("set-cookie", "a=1; httponly; path=/"),)),
)  # fmt: skip
