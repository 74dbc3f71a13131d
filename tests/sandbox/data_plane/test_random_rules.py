"""A thousand random rules of all kinds: where `explain` says a request goes, the data plane sends it.

Two readers of the same conditions, written apart on purpose. What a regular expression takes `explain` doesn't decide:
then the rule that has it may answer, or the one that `explain` names.
"""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from moto.elbv2.exceptions import ELBClientError
from multidict import CIMultiDict, CIMultiDictProxy

from rollout.adapters.aws.alb import live_rule
from rollout.alb.explain import explain
from rollout.alb.state import AlbState
from rollout.inventory.conditions import Request, unmet
from rollout.inventory.model import Arn, LoadBalancer
from rollout_sandbox.data_plane import matching
from rollout_sandbox.data_plane.rules import FixedResponse, Rule, Rules
from rollout_sandbox.strict import conditions as strict
from tests.sandbox.asking import header, host, query, source
from tests.sandbox.tenant import method, path
from tests.unit.seed import SEED

LISTENER, SEEDS, RULES, REQUESTS = Arn("arn:aws:elasticloadbalancing:us-west-2:1:listener/app/public/1/2"), 50, 20, 40
FIXED = {"Type": "fixed-response", "Order": 1, "FixedResponseConfig": {"StatusCode": "200"}}
INVENTORY = SEED.model_copy(
    update={"load_balancers": {"public": LoadBalancer(name="public")}, "routes": {}, "kept_routes": {}}
)


class Draw(Random):
    """Conditions and requests of few letters, so that many fit."""

    def word(self, letters: str, least: int = 1) -> str:
        return "".join(self.choices(letters, k=self.randint(least, 3)))

    def condition(self) -> dict[str, Any]:
        match self.choice(KINDS):
            case "host":
                return host(*(f"{self.word('ab*?A')}.{self.word('ab')}" for _ in range(self.randint(1, 2))))
            case "path":
                return path(*("/" + self.word("abA/*?$&", 0) for _ in range(self.randint(1, 2))))
            case "header":
                return header(self.choice(["x-a", "X-B"]), self.word(r"abA*?. \[(", 1))
            case "query":
                key = self.choice([None, self.word("ab*"), r"\*"])
                return query((key, self.word("abA*?") if self.random() < 0.8 else r"a\*\\"))
            case "source":
                return source(self.choice(["10.0.0.0/8", "10.1.0.0/16", "10.1.1.1/32", "::/0", "2001:db8::/32"]))
            case "regex":
                return self.regex()
            case _:
                return method(*self.sample(["GET", "POST", "PUT"], self.randint(1, 2)))

    def regex(self) -> dict[str, Any]:
        expression = self.choice(["^/a", "b+$", "[ab]{2}", "(?i)^A", r"\w\.a", "a|b", "^$"])
        field, config = self.choice([("host-header", "Host"), ("path-pattern", "Path"), ("http-header", "Http")])
        suffix = {"Host": "HeaderConfig", "Path": "PatternConfig", "Http": "HeaderConfig"}[config]
        name = {"HttpHeaderName": "x-a"} if config == "Http" else {}
        return {"Field": field, f"{config}{suffix}": {**name, "RegexValues": [expression]}}

    def conditions(self) -> list[dict[str, Any]]:
        """Some that AWS takes together."""
        while True:
            drawn = [self.condition() for _ in range(self.choice([1, 1, 2, 3]))]
            try:
                strict.check(drawn)
            except ELBClientError:
                continue
            return strict.as_aws_answers(drawn)

    def request(self) -> tuple[matching.Request, Request]:
        """One request, for each of the readers."""
        verb, where = self.choice(["GET", "POST", "PUT", "get"]), "/" + self.word("abA/$&.", 0)
        pairs = [f"{self.word('abA')}={self.word('abA*', 0)}" for _ in range(self.choice([0, 0, 1, 2]))]
        asked = "&".join([*pairs, *(["a"] if self.random() < 0.1 else [])])
        headers = [(self.choice(["X-A", "x-b"]), self.word(r"abA. \[(", 1)) for _ in range(self.choice([0, 1, 2]))]
        name = f"{self.word('abA')}.{self.word('ab')}"
        client = self.choice(["10.1.1.1", "10.1.2.3", "10.2.0.1", "127.0.0.1", "2001:db8::1", "fe80::1"])
        seen = CIMultiDictProxy(CIMultiDict([("Host", name), *headers]))
        target = f"{where}?{asked}" if asked else where
        return matching.Request(verb, where, asked, seen, client), Request.of(verb, target, headers, name, client)


KINDS = ("host", "path", "path", "header", "query", "source", "regex", "method")


@pytest.mark.parametrize("seed", range(SEEDS))
def test_requests_go_where_explain_says(seed: int) -> None:
    draw = Draw(seed)
    asked = [draw.conditions() for _ in range(RULES)]
    answers = [FixedResponse(200, "text/plain", str(number)) for number in range(1, RULES + 2)]
    compiled = [
        Rule(tuple(map(matching.condition, conditions)), (), (), answer)
        for conditions, answer in zip([*asked, []], answers, strict=True)
    ]
    plane = Rules("http", 80, "app/public/1", tuple(compiled), timedelta(minutes=1))
    rules = [
        live_rule(
            LISTENER,
            {
                "RuleArn": f"{LISTENER}/{number}",
                "Priority": str(number),
                "Conditions": conditions,  # type: ignore[typeddict-item]
                "Actions": [FIXED],  # type: ignore[list-item]
                "IsDefault": not conditions,
            },
        )
        for number, conditions in enumerate([*asked, []], 1)
    ]
    live = AlbState("1", {}, {"public": LISTENER}, tuple(rules[:-1]), {}, {"public": rules[-1]})
    taken, decided = set(), 0
    for _ in range(REQUESTS):
        here, there = draw.request()
        found = explain(INVENTORY, live, "public", there)
        may = {found.rule} | {rule.arn for rule in rules[: len(found.passed)] if unmet(rule.asks, there) is None}
        action = plane.rule_for(here).action
        assert isinstance(action, FixedResponse)
        assert f"{LISTENER}/{action.body}" in may, f"{here}: {found}"
        taken.add(action.body)
        decided += len(may) == 1
    assert len(taken) > 1
    assert decided > REQUESTS / 2
