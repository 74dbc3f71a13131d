"""Whether legacy may be retired: all requests go to the candidate, and no rule or stack keeps legacy. Pure.

`idle` checks whether legacy still gets requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rollout.alb.header_rules import held_overrides
from rollout.alb.state import AlbState
from rollout.errors import Problem
from rollout.inventory.model import CANDIDATE_ONLY, Arn, Environment, Split
from rollout.inventory.quantities import WHOLE
from rollout.migration.checks.preflight import held_rules
from rollout.migration.context import PhaseContext


def retiring_problems(environment: Environment, context: PhaseContext) -> Iterator[Problem]:
    """What else keeps legacy: requests that may still go there by a rule, or a rule that legacy's stack holds."""
    name, live = environment.name, context.live
    for route, split in live.splits(environment).items():
        if split not in (Split.at(WHOLE), CANDIDATE_ONLY):
            hint = f"run `rollout weight {name} 100` first"
            yield Problem(
                f"the candidate gets {split} of its requests, not 100 %",
                where=f"routes.{route}",
                hint=hint,
                code="candidate-below-100",
            )
    adopted, held = held_rules(environment, live, context.routing), held_rules(environment, live, context.legacy)
    for route in environment.routes:
        if route not in adopted or route in held:
            who = (
                "the legacy stack still manages its rule"
                if route in held
                else "the routing stack doesn't manage its rule"
            )
            yield Problem(
                who,
                where=f"routes.{route}",
                hint=f"run `rollout phase2 {name}` first",
                code="rule-managed-by-legacy" if route in held else "rule-not-managed",
            )
    if theirs := context.ownership:
        for route in theirs.unreleased(adopted):
            hint = f"run `rollout release {name}` first"
            yield Problem(
                f"{theirs.who} still manages its rule", where=f"routes.{route}", hint=hint, code="rule-managed-by-owner"
            )
    if made := held_overrides(environment, live):
        hint = f"run `rollout override {name} --remove` first"
        yield Problem(f"there are header rules: {', '.join(made)}", hint=hint, code="header-rules-left")
    yield from _other_uses(environment, live)


def _other_uses(environment: Environment, live: AlbState) -> Iterator[Problem]:
    groups = {live.group_arn(route.legacy): route.legacy for route in environment.routes.values()}
    own = {rule.arn for route in environment.routes.values() if (rule := live.rule_of(route))}
    for rule in (*live.rules, *live.defaults.values()):
        for arn in rule.forward.weights if rule.forward and rule.arn not in own else ():
            if arn and arn in groups:
                where = f"target group {groups[arn]}"
                what, hint = f"another rule forwards to it: {rule.conditions}", "change that rule"
                if rule.is_default:
                    what, hint = "a default action forwards to it", "change that to forward to the candidate"
                yield Problem(what, where=where, hint=hint, code="target-group-in-use")


def retiring_warnings(context: PhaseContext) -> Iterator[str]:
    """What to know before legacy is retired."""
    if context.legacy is not None:
        yield "the legacy functions are deleted with their log groups; you can't undo that"
    else:
        yield "rollout doesn't manage legacy: it stays, and is listed for its owner to remove"


def left_to_remove(environment: Environment, live: AlbState, targets: Mapping[Arn, Sequence[str]]) -> tuple[str, ...]:
    """What is left of legacy where rollout isn't its owner: each target group with its targets, for people."""
    found = dict[str, str]()
    for route in environment.routes.values():
        if arn := live.group_arn(route.legacy):
            functions = [each.rpartition(":function:")[2] for each in targets.get(arn, ())]
            found[route.legacy] = f"target group {route.legacy} with {', '.join(functions) or 'no target'}"
    return tuple(found.values())
