"""A line of an access log, held against AWS's own examples, and against whoever would break out of a field."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout_sandbox.data_plane.access_log import Entry, quoted

ANSWERED = datetime(2018, 7, 2, 22, 23, 0, 186641, UTC)
RECEIVED = datetime(2018, 7, 2, 22, 22, 48, 364000, UTC)
GROUP = "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067"
QUICK = (timedelta(0), timedelta(milliseconds=1), timedelta(0))
BY_TARGET = Entry(
    "http",
    "app/my-loadbalancer/50dc6c495c0c9188",
    "192.168.131.39:2817",
    RECEIVED,
    "GET http://www.example.com:80/ HTTP/1.1",
    "curl/7.46.0",
    trace="Root=1-58337262-36d228ad5d99923122bbe354",
    connection="TID_1234abcd5678ef90",
    node="203.0.113.7",
    answered=ANSWERED,
    target="10.0.0.1:80",
    times=QUICK,
    status=200,
    target_status=200,
    received_bytes=34,
    sent_bytes=366,
    group=GROUP,
    priority=0,
    actions=["forward"],
)


def changed(**changes: object) -> Entry:
    kept = {each.name: getattr(BY_TARGET, each.name) for each in fields(Entry)}
    return Entry(**{**kept, **changes})


def documented(line: str) -> str:
    """Without the fields that AWS's page doesn't name."""
    assert line.endswith(' 203.0.113.7 "-" "-"')
    return line.removesuffix(' 203.0.113.7 "-" "-"')


def test_a_target_that_is_an_address() -> None:
    assert documented(BY_TARGET.line) == (
        "http 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 "
        '0.000 0.001 0.000 200 200 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - - '
        f'{GROUP} "Root=1-58337262-36d228ad5d99923122bbe354" "-" "-" 0 2018-07-02T22:22:48.364000Z "forward" "-" "-" '
        '"10.0.0.1:80" "200" "-" "-" TID_1234abcd5678ef90 "-" "-" "-"'
    )


def test_a_function_that_answers() -> None:
    line = documented(changed(target="-").line)
    assert " 192.168.131.39:2817 - 0.000 0.001 0.000 200 200 34 366 " in line
    assert line.endswith('"forward" "-" "-" "-" "-" "-" "-" TID_1234abcd5678ef90 "-" "-" "-"')


def test_a_function_that_fails() -> None:
    line = documented(changed(target="-", status=502, target_status=None, reason="LambdaInvalidResponse").line)
    assert " 192.168.131.39:2817 - 0.000 0.001 0.000 502 - 34 366 " in line
    assert '"forward" "-" "LambdaInvalidResponse" "-" "-" "-" "-" TID_1234abcd5678ef90' in line


def test_an_answer_of_the_load_balancers_own() -> None:
    own = {"target": "-", "times": None, "status": 404, "target_status": None, "group": "-"}
    line = documented(changed(**own, actions=["fixed-response"]).line)
    assert " 192.168.131.39:2817 - -1 -1 -1 404 - 34 366 " in line
    assert ' "curl/7.46.0" - - - "Root=1-58337262-36d228ad5d99923122bbe354" ' in line
    assert ' 0 2018-07-02T22:22:48.364000Z "fixed-response" "-" "-" "-" "-" "-" "-" ' in line


def test_https_with_a_login_a_redirect_and_a_rewritten_host() -> None:
    tls = {"cipher": "ECDHE-RSA-AES128-GCM-SHA256", "tls": "TLSv1.2", "certificate": "arn:aws:acm:x:1:certificate/c"}
    then = {"host": "m.example.com", "transform": "TransformSuccess", "redirect": "https://example.com:80/"}
    line = documented(changed(**tls, **then, priority=1, actions=["authenticate", "redirect"]).line)
    assert " ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 " in line
    assert '"-" "arn:aws:acm:x:1:certificate/c" 1 2018-07-02T22:22:48.364000Z "authenticate,redirect" ' in line
    assert line.endswith('"https://example.com:80/" "-" "10.0.0.1:80" "200" "-" "-" TID_1234abcd5678ef90 '
                         '"m.example.com" "-" "TransformSuccess"')  # fmt: skip


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('a"b', r'"a\x22b"'),
        ("a\\b", r'"a\x5Cb"'),
        ("tab\tend\n", r'"tab\x09end\x0A"'),
        ("é", r'"\xC3\xA9"'),
        ("\udcff", r'"\xFF"'),  # a header that isn't UTF-8, as aiohttp gives it
    ],
)
def test_what_would_end_a_field_is_escaped(text: str, written: str) -> None:
    assert quoted(text) == written


@given(st.text(), st.text())
def test_each_line_has_as_many_fields_whatever_a_client_sends(request: str, agent: str) -> None:
    line = changed(request=request, user_agent=agent).line
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert len(re.findall(r'"[^"]*"|\S+', line)) == 36
