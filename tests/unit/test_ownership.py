"""Which of the routes' rules another owner holds, and what is said of it at the gate and in status."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Literal

import pytest

from rollout.base.plain import plain
from rollout.errors import OwnerError
from rollout.inventory.model import Arn, Environment
from rollout.inventory.settings import Legacy, Programs
from rollout.migration.checks.ownership import Command, OwnedRule, Ownership, asked, cutover_warnings, ownership_of
from rollout.migration.checks.status import Held, status_of
from tests.unit.builders import LEGACY_FORWARD, environment, live, rule_arn, rule_inputs, state

NOW = live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD})
SCORE, BULK = (OwnedRule(rule_arn(name), f"r.{name}") for name in ("score", "bulk"))
STRANGER = OwnedRule(Arn("arn:rule/other"), "r.other")


class Owner:
    """Somebody's Terraform, as far as it tells what it holds."""

    place, update, advice, placeholder = "directory infra", "terraform apply", "change its code", "ADDRESS"

    def __init__(self, *rules: OwnedRule, broken: str | None = None) -> None:
        self._rules = rules
        self._broken = broken

    def rules(self, limit: timedelta) -> tuple[OwnedRule, ...]:  # noqa: ARG002 - the port's
        if self._broken:
            raise OwnerError(self._broken)
        return self._rules

    def letting_go(self, rules: Sequence[OwnedRule]) -> tuple[Command, ...]:
        return (Command(("rm", *(rule.address for rule in rules))),)

    def taking_back(self, rule: Arn) -> Command:
        return Command(("import", "ADDRESS", rule))

    def run(self, command: Command) -> None:
        raise AssertionError(command)


def inventory(owner: Literal["rollout", "pulumi", "terraform", "none"] | None = "terraform") -> Environment:
    programs = Programs(legacy=None, candidate="p:candidate", routing="p:routing")
    return environment(programs=programs, legacy=Legacy(owner=owner))


def ownership(*rules: OwnedRule, broken: str | None = None) -> Ownership:
    owner = Owner(*rules, broken=broken)
    return ownership_of(inventory(), NOW, owner, asked(owner, timedelta(seconds=1)))


def warnings(found: Ownership | None, routing: Collection[str] = ()) -> list[str]:
    return list(cutover_warnings(inventory(), found, ours=False, routing=routing))


def test_its_rules_are_found_by_their_arns_and_others_are_none_of_our_business() -> None:
    found = ownership(SCORE, STRANGER)
    assert found.held == {"score": SCORE}
    assert list(map(str, found.commands)) == ["rm r.score"]
    assert ownership(STRANGER).commands == ()


def test_the_gate_tells_what_it_holds_and_which_rule_is_not_where_it_should_be() -> None:
    (danger, nowhere) = warnings(ownership(SCORE))
    assert "terraform (directory infra) manages 1 of 2 rules" in danger
    assert "its next `terraform apply` sends all traffic to legacy" in danger
    assert "doesn't manage the rule of bulk" in nowhere
    assert warnings(ownership(SCORE), routing=["bulk"]) == [danger]  # adopted and released before
    assert warnings(ownership(), routing=["score", "bulk"]) == []


def test_an_owner_that_cannot_be_asked_gets_a_command_with_a_gap_and_stops_nothing() -> None:
    found = ownership(broken="no backend")
    assert (found.held, list(map(str, found.commands))) == (None, ["rm ADDRESS"])
    (why, danger) = warnings(found)
    assert why.endswith("these rules: no backend")
    assert "if it manages them" in danger


@pytest.mark.parametrize(
    ("owner", "ours", "count"), [(None, True, 0), (None, False, 1), ("rollout", False, 1), ("none", False, 0)]
)
def test_rules_of_nobody_known_are_warned_of_unless_that_is_meant(
    owner: Literal["rollout", "none"] | None, *, ours: bool, count: int
) -> None:
    assert len(list(cutover_warnings(inventory(owner), None, ours=ours, routing=()))) == count


def test_status_does_not_know_whose_a_rule_is_where_the_owner_cannot_be_asked() -> None:
    unknown = ownership(broken="no backend")
    routing = (state("score", rule_inputs("score", LEGACY_FORWARD)),)
    found = status_of(inventory(), NOW, Held(None, routing), unknown)
    assert [route.owners for route in found.routes] == [("routing",), None]
    assert plain(found)["ownership"]["commands"] == ["rm ADDRESS"]


def test_status_nags_until_it_has_let_go() -> None:
    routing = tuple(state(name, rule_inputs(name, LEGACY_FORWARD)) for name in ("score", "bulk"))
    before = status_of(inventory(), NOW, Held(None, None), ownership(SCORE, BULK))
    assert ({route.owners for route in before.routes}, before.unreleased) == ({("terraform",)}, ())
    between = status_of(inventory(), NOW, Held(None, routing), ownership(BULK))
    assert [route.owners for route in between.routes] == [("routing",), ("terraform", "routing")]
    assert (between.unreleased, between.next_step) == (("bulk",), "rollout release production")
    after = status_of(inventory(), NOW, Held(None, routing), ownership())
    assert (after.unreleased, after.next_step) == ((), None)
