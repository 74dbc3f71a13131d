"""A fault of one feature, seen by the commands: it stops those that go by it, and never a way back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rollout import EnvironmentRollout
from rollout.errors import ConfigError
from rollout.inventory.conditions import ConditionField
from rollout.inventory.model import LEGACY_ONLY, Split
from rollout.inventory.quantities import Percent
from tests.behaviour.team import InMemoryTeam

FAULTS = {
    "header-override": "[header-override]\npriority-base = 49000",
    "ramp": "[ramp]\nmin-requests = -1",
    "notifications": '[notifications.team]\nwebhook = "no URL"',
}


@pytest.mark.parametrize("table", FAULTS)
def test_phases_weights_and_rollback_go_on(built: InMemoryTeam, table: str) -> None:
    built.file.write_text(f"{built.file.read_text()}\n{FAULTS[table]}\n")
    gate = built.open().phase2(approve=True).gate
    assert any(table in warning for warning in gate.warnings)
    built.open().set_weight(10, approve=True)
    assert set(built.splits().values()) == {Split.at(Percent.of(10))}
    done = built.run("rollback", "production")
    assert done.returncode == 0, done.stderr
    assert set(built.splits().values()) == {LEGACY_ONLY}
    assert not built.open().drift().problems


def test_the_feature_itself_is_refused_and_looks_say_why(cut_over: InMemoryTeam) -> None:
    sound = cut_over.file.read_text()
    actions: dict[str, Callable[[EnvironmentRollout], object]] = {
        "header-override": lambda production: production.override(approve=True),
        "ramp": lambda production: production.ramp(approve=True, once=True),
        "notifications": lambda production: production.monitoring(approve=True),
    }
    for table, act in actions.items():
        cut_over.file.write_text(f"{sound}\n{FAULTS[table]}\n")
        with pytest.raises(ConfigError) as caught:
            act(cut_over.open())
        assert caught.value.problems
        assert set(caught.value.problems) <= set(cut_over.open().status().problems)
        assert cut_over.run("preflight", "production").returncode == 2
        assert cut_over.run("drift", "production").returncode == 0


def test_a_route_of_many_methods_has_a_header_rule_for_some_of_them_each(cut_over: InMemoryTeam) -> None:
    methods = ("GET", "POST", "PUT", "DELETE")
    cut_over.edit('methods = ["GET"]\npriority = 2023', f"methods = {list(methods)}\npriority = 2023")
    arn = next(arn for arn, rule in cut_over.aws.rules.items() if rule.priority == 2023)
    asks = [c for c in cut_over.aws.rules[arn].asks if c.field != ConditionField.METHOD]
    cut_over.aws.modify_rule(arn, asks=[type(asks[0])(ConditionField.METHOD, methods), *asks])
    cut_over.world.backend.stacks.clear()
    cut_over.edit('legacy = "programs.legacy:program"', '# legacy = "programs.legacy:program"')
    cut_over.file.write_text(f"{cut_over.file.read_text()}\n[header-override]\npriority-base = 500\n")
    cut_over.open().phase2(approve=True)
    cut_over.open().override(approve=True)

    def header_rules() -> list[tuple[frozenset[str], bool]]:
        live = cut_over.open().traffic.alb_state()
        candidate = live.group_arn(cut_over.inventory.routes["stamp-score"].candidate)
        found = [rule for rule in live.rules_of("public") if rule.headers and rule.paths == {"/v2/stamps/*/score/*"}]
        return [(rule.methods, bool(rule.forward and candidate in rule.forward.weights)) for rule in found]

    assert sorted(map(len, (asked for asked, _ in header_rules()))) == [1, 3]
    assert frozenset().union(*(asked for asked, _ in header_rules())) == set(methods)
    assert all(on_candidate for _, on_candidate in header_rules())
    assert not cut_over.open().preview("override").gate.previews[0].changes
    cut_over.open().set_weight(10, approve=True)
    cut_over.open().rollback()
    assert not any(on_candidate for _, on_candidate in header_rules())
    cut_over.open().override(remove=True, approve=True)
    assert header_rules() == []
