"""A thousand random rules with conditions of all kinds, read by `explain` and by the data plane, written apart."""

from __future__ import annotations

import random
from typing import Any

from multidict import CIMultiDict, CIMultiDictProxy

from rollout.adapters.aws.alb import live_rule
from rollout.inventory.conditions import Request as Asked
from rollout.inventory.conditions import unmet
from rollout.inventory.model import Arn
from rollout_sandbox.data_plane.matching import Request, condition

RULES, REQUESTS = 1000, 20
PATHS, METHODS = ("/", "/a", "/A", "/a/b", "/ab", "/b.png", "/a*"), ("GET", "PUT", "get")
HOSTS, ADDRESSES = ("a.test", "B.A.test", "b.test", ""), ("10.0.0.1", "10.0.1.1", "127.0.0.1", "2001:db8::1")
QUERIES, VALUES = ("", "x=a", "X=A&y=b", "x=*", "=a", "a", "x=a=b", "x"), ("s3cr3t", "S3CR3T", "", "other")


def pattern(draw: random.Random, letters: str) -> str:
    return "".join(draw.choice(letters + "*?") for _ in range(draw.randint(1, 4)))


def conditions(draw: random.Random) -> list[dict[str, Any]]:
    def several(letters: str, before: str = "") -> list[str]:
        return [before + pattern(draw, letters) for _ in range(draw.randint(1, 2))]

    def pair() -> dict[str, str]:
        value = draw.choice([pattern(draw, "xab"), r"\*", r"a\?", "a=b"])
        return {"Value": value} | ({"Key": pattern(draw, "xya")} if draw.random() < 0.6 else {})

    kinds: list[dict[str, Any]] = [
        {"Field": "path-pattern", "PathPatternConfig": {"Values": several("aAb/.", draw.choice(["/", ""]))}},
        {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": draw.sample(METHODS[:2], 1)}},
        {"Field": "host-header", "HostHeaderConfig": {"Values": several("aB.test")}},
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x-Key", "Values": several("s3cr3tO")}},
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Key", "Values": several("S3*")}},
        {"Field": "query-string", "QueryStringConfig": {"Values": [pair(), pair()]}},
        {"Field": "query-string", "QueryStringConfig": {"Values": [pair()]}},
        {"Field": "source-ip", "SourceIpConfig": {"Values": [draw.choice(["10.0.0.0/24", "10.0.0.0/8", "::/0"])]}},
    ]
    return draw.sample(kinds, draw.randint(1, 3))


def test_a_thousand_rules_are_read_alike() -> None:
    draw, taken = random.Random(19), 0  # noqa: S311 - the same ones each time
    for _ in range(RULES):
        said = conditions(draw)
        rule = live_rule(Arn("l"), {"RuleArn": "r", "Priority": "1", "Conditions": said, "Actions": []})  # type: ignore[typeddict-item] # as they come
        theirs = [condition(each) for each in said]
        for _ in range(REQUESTS):
            method, path, host = draw.choice(METHODS), draw.choice(PATHS), draw.choice(HOSTS)
            query, address, value = draw.choice(QUERIES), draw.choice(ADDRESSES), draw.choice(VALUES)
            headers = CIMultiDictProxy(CIMultiDict({"Host": host, "X-Key": value}))
            sent = Request(method, path, query, headers, address)
            asked = Asked.of(method, f"{path}?{query}", [("X-Key", value)], host, address)
            takes = all(each(sent) for each in theirs)
            assert takes == (unmet(rule.asks, asked) is None), f"{said} {asked}"
            taken += takes
    assert taken > RULES  # of twenty thousand
