"""One line of an access log: AWS's examples, lines of odd clients, and broken ones."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rollout.analysis.measuring.access_log import Answer, Minutes, answer_of, asked_of, without_quotes

GROUP = b"arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067"
HEAD = b"2018-11-30T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 "
REST = b' "Root=1-58337364-23a8c76965a2ef7629b185e3" "-" "-" '
# From AWS's page; the second is a function's failure.
LAMBDA = (
    b"http " + HEAD + b"192.168.131.39:2817 - 0.000 0.001 0.000 200 200 34 366 "
    b'"GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - - ' + GROUP + REST + b"0 2018-11-30T22:22:48.364000Z "
    b'"forward" "-" "-" "-" "-" "-" "-"'
)
FAILED = LAMBDA.replace(b"200 200", b"502 -").replace(b'"forward" "-" "-"', b'"forward" "-" "LambdaInvalidResponse"')
SECURE = (
    b"https " + HEAD + b"2001:db8::1:2817 10.0.0.1:80 0.086 0.048 0.037 404 404 0 57 "
    b'"GET https://www.example.com:443/a b HTTP/1.1" "Mozilla/5.0 (X11; \\x22odd\\x22)" ECDHE-RSA-AES128-GCM-SHA256 '
    b"TLSv1.2 " + GROUP + b' "Root=1-58337281-1d84f3d73c47ec4e58577259" "www.example.com" '
    b'"arn:aws:acm:us-east-2:123456789012:certificate/1" 12 2018-07-02T22:22:48.364000Z "authenticate,forward" "-" "-" '
    b'"10.0.0.1:80" "404" "-" "-" TID_1234 "shop.example.com" "/b" "TransformSuccess" "more" of AWS\'s'
)


def read(line: bytes) -> tuple[tuple[bytes, ...], Answer]:
    try:
        *asked, rest = asked_of(line)
    except ValueError:
        *asked, rest = asked_of(without_quotes(line))
    return tuple(asked), answer_of(rest)


def test_a_function_answers() -> None:
    asked, answer = read(LAMBDA)
    assert asked == (b"2018-11-30T22:23:00.186641Z", b"192.168.131.39", b"curl/7.46.0", GROUP, b"0")
    assert answer == (b"200", b"200", b"0.001", b"-")


def test_a_function_fails() -> None:
    assert read(FAILED)[1] == (b"502", b"-", b"0.001", b"LambdaInvalidResponse")


def test_later_fields_and_spaces_and_encoded_quotes_are_no_obstacle() -> None:
    asked, answer = read(SECURE)
    assert asked[1:] == (b"2001:db8::1", b"Mozilla/5.0 (X11; \\x22odd\\x22)", GROUP, b"12")
    assert answer == (b"404", b"404", b"0.048", b"-")


@pytest.mark.parametrize("request_", [b'GET /"a" HTTP/1.1', b'GET /a" "b HTTP/1.1', b'" "x" - - arn "', b"- - - ", b""])
def test_a_request_with_quotes_of_its_own_changes_no_other_field(request_: bytes) -> None:
    line = LAMBDA.replace(b"GET http://www.example.com:80/ HTTP/1.1", request_)
    assert read(line) == read(LAMBDA)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"Enable AccessLog for ELB: app/my-loadbalancer at 2026",
        LAMBDA.replace(b"192.168.131.39:2817", b"nobody"),
        LAMBDA.replace(b" 34 366 ", b" "),
        LAMBDA.replace(GROUP, b"a b"),
    ],
)
def test_a_strange_line_is_told_as_such(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"^"):
        read(line)


@given(st.integers(0, len(SECURE)))
def test_a_line_that_is_cut_off_is_strange_or_complete_in_what_is_read(length: int) -> None:
    try:
        assert read(SECURE[:length]) == read(SECURE)
    except ValueError:
        assert length < SECURE.index(b'"10.0.0.1:80"')


@given(st.binary(max_size=300))
@example(b'"' * 16)
@example(b' " " " "' * 4)
def test_nothing_but_a_value_error_comes_of_any_bytes(line: bytes) -> None:
    with suppress(ValueError):
        read(line)


def test_minutes_count_from_1970() -> None:
    minutes = Minutes()
    assert minutes[b"1970-01-02T00:01"] == 24 * 60 + 1
    assert minutes[b"2024-03-01T00:00"] - minutes[b"2024-02-28T23:59"] == 24 * 60 + 1
    for strange in (b"2026-13-01T00:00", b"", b"\xff" * 16):
        with pytest.raises(ValueError, match=r"^"):
            minutes[strange]
