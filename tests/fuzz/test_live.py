"""Whatever load balancers have and AWS says: looks end as commands do, and nothing of it acts on a terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.adapters.aws.alb import live_rule
from rollout.alb.discovered import Listener, sorted_out
from rollout.fakes.world import World
from rollout.inventory.model import Arn
from tests.fuzz.anything import texts
from tests.fuzz.running import checkout, looks, run

FUZZ = settings.get_profile("fuzz")
values = st.lists(texts, min_size=1, max_size=3)
pairs = st.fixed_dictionaries({"Key": texts, "Value": texts})


def fixed(**shapes: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(shapes)


def optional(**shapes: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=shapes)


CONDITIONS = st.one_of(
    fixed(Field=st.just("path-pattern"), PathPatternConfig=fixed(Values=values)),
    fixed(Field=st.just("path-pattern"), Values=values),
    fixed(Field=st.just("host-header"), HostHeaderConfig=fixed(Values=values)),
    fixed(Field=st.just("http-header"), HttpHeaderConfig=fixed(HttpHeaderName=texts, Values=values)),
    fixed(Field=st.just("http-request-method"), HttpRequestMethodConfig=fixed(Values=values)),
    fixed(Field=st.just("query-string"), QueryStringConfig=fixed(Values=st.lists(pairs, min_size=1, max_size=2))),
    fixed(Field=st.just("source-ip"), SourceIpConfig=fixed(Values=values)),
    fixed(Field=texts),
)
GROUPS = st.lists(
    st.fixed_dictionaries({"TargetGroupArn": texts}, optional={"Weight": st.integers(0, 999)}), min_size=1, max_size=3
)
STICKY = optional(Enabled=st.booleans(), DurationSeconds=st.integers(1, 604_800))
PLACE = optional(Host=texts, Port=texts, Path=texts, Protocol=texts, Query=texts)
STATUS = st.sampled_from(["HTTP_301", "HTTP_302"])
ACTIONS = st.one_of(
    fixed(Type=st.just("forward"), TargetGroupArn=texts),
    fixed(Type=st.just("forward"), ForwardConfig=fixed(TargetGroups=GROUPS, TargetGroupStickinessConfig=STICKY)),
    fixed(
        Type=st.just("redirect"), RedirectConfig=PLACE.flatmap(lambda to: STATUS.map(lambda s: {**to, "StatusCode": s}))
    ),
    fixed(Type=st.just("fixed-response"), FixedResponseConfig=fixed(StatusCode=texts)),
    fixed(Type=st.sampled_from(["authenticate-oidc", "authenticate-cognito", "jwt-validation", "new"])),
)
RULES = st.fixed_dictionaries(
    {
        "Priority": st.sampled_from(["1", "1001", "1002", "2022", "2023", "2060", "2100", "49999"]),
        "Conditions": st.lists(CONDITIONS, max_size=3),
        "Actions": st.lists(ACTIONS, min_size=1, max_size=2),
    },
    optional={"Transforms": st.lists(fixed(Type=texts), max_size=1)},
)


@FUZZ
@given(st.lists(RULES, min_size=1, max_size=3), st.sampled_from(["legacy", "cut over"]), texts, texts, st.booleans())
def test_looks_bear_whatever_is_live(rules: list[Any], stage: str, tag: str, policy: str, json: bool) -> None:
    environment = checkout()
    world = World.legacy(environment) if stage == "legacy" else World.cut_over(environment)
    aws = world.aws(environment)
    for number, told in enumerate(rules):
        for listener in aws.listeners:
            rule = live_rule(listener, cast("Any", {"RuleArn": f"{listener}/rule/{number}", **told}))
            was = next(
                (r.arn for r in aws.rules.values() if (r.listener, r.priority) == (listener, rule.priority)), None
            )
            arn = was or rule.arn
            aws.rules[arn] = replace(rule, arn=arn, tags={tag: tag})
    for function in aws.policies:
        aws.policies[function] = policy
    for command in looks("production"):
        run(world, *command, *(["--json"] if json else []))


@FUZZ
@given(st.lists(RULES, max_size=4))
def test_init_sorts_out_whatever_is_live(rules: list[Any]) -> None:
    found = tuple(live_rule(Arn("arn:l"), cast("Any", {"RuleArn": f"arn:{n}", **rule})) for n, rule in enumerate(rules))
    for each in sorted_out([Listener("shop", 443, found)], {}):
        assert str(each)
