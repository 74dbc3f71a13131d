"""Where aliases of functions are to point, and their way back, without a stack."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rollout.errors import AwsError, EngineError, Locked, PreflightFailed, RollbackIncomplete
from rollout.fakes.aws import InMemoryAws
from rollout.fakes.calls import ApiCall
from rollout.fakes.clock import InMemoryClock
from rollout.fakes.services import InMemoryFunctions
from rollout.inventory.aliases import AliasTarget, LiveAlias
from rollout.inventory.functions import Function
from rollout.inventory.model import LEGACY_ONLY
from rollout.inventory.quantities import Percent
from rollout.inventory.stacks import CANDIDATE
from rollout.migration import events
from rollout.migration.bearers import ALIAS, FUNCTION
from rollout.migration.context import Builds, PhaseContext
from rollout.migration.phases import PHASES
from rollout.migration.rollback.builds import BuildsBack
from rollout.migration.rollback.rollback import LOCK_WAIT
from tests.codes import codes
from tests.unit.builders import LEGACY_FORWARD, environment, live, places

FUNCTIONS = {
    name: Function(runtime="provided.al2023", handler="bootstrap", alias="live", target_groups=groups)
    for name, groups in (("new", {"public": ("new",)}), ("other", {"public": ("spare",)}))
}
SHOP = environment(functions=FUNCTIONS)
AFTER = dict.fromkeys(SHOP.routes, LEGACY_ONLY)
SECOND = {"new": LiveAlias("1", ("1", "2")), "other": LiveAlias("2", ("1", "2"))}


NEWEST = Builds()


def start(asked: Builds = NEWEST, **aliases: LiveAlias) -> PhaseContext:
    return PhaseContext(live(dict.fromkeys(SHOP.routes, LEGACY_FORWARD)), aliases=SECOND | aliases, asked=asked)


def targets(context: PhaseContext, phase: str = "deploy") -> dict[str, AliasTarget]:
    return dict(PHASES[phase].program_input(CANDIDATE, SHOP, context, AFTER).aliases)


def test_each_alias_goes_to_the_newest_build_and_only_those_that_are_asked_for() -> None:
    newest = AliasTarget("2", before=("1",))
    assert targets(start()) == {"new": newest, "other": AliasTarget("2")}
    assert targets(start(Builds(("other",))))["new"] == AliasTarget("1")
    assert targets(start(Builds(("new",))))["new"] == newest
    ten = Percent.of(10)
    assert targets(start(Builds(share=ten)))["new"] == AliasTarget("1", beside=("2", ten))
    assert targets(start(), "deploy-back")["new"] == AliasTarget("1")


def test_only_an_alias_that_moves_is_told_of() -> None:
    (told,) = PHASES["deploy"].warnings(SHOP, start())
    assert "of new:" in told
    assert list(PHASES["deploy-back"].warnings(SHOP, start())) == []


def test_an_alias_or_a_version_that_is_gone_stops_it() -> None:
    without = PhaseContext(start().live, aliases={"new": LiveAlias("1", ("2",), beside=("3", Percent.of(10)))})
    assert places(PHASES["deploy"].preflight(SHOP, without)) == [("functions.other.alias", "alias-missing")]
    shared = Builds(("new",), share=Percent.of(10))
    gone = start(shared, new=LiveAlias("1", ("2",)))
    assert places(PHASES["deploy"].preflight(SHOP, gone)) == [("functions.new", "version-missing")]
    assert places(PHASES["deploy"].preflight(SHOP, start())) == []


@pytest.mark.parametrize(
    ("now", "wrong"),
    [
        ({"new": LiveAlias("2", ("1", "2")), "other": SECOND["other"]}, []),
        (SECOND, ["new"]),
        ({"new": LiveAlias("2", ("1", "2"), beside=("1", Percent.of(1)))}, ["new", "other"]),
    ],
)
def test_it_is_held_against_where_the_aliases_point_then(now: dict[str, LiveAlias], wrong: list[str]) -> None:
    context = start()
    context = PhaseContext(context.live, aliases=context.aliases, read_aliases=lambda: now)
    found = PHASES["deploy"].verify(SHOP, context, context.live, AFTER)
    assert places(found) == [(f"functions.{name}.alias", "alias-moved") for name in wrong]


# the way back, at once


class Back:
    """A way back of one function's alias, and what it told."""

    def __init__(self, description: str = "rollout: before 2, 1", versions: tuple[str, ...] = ("1", "2", "3")) -> None:
        self.aws = InMemoryAws(SHOP.account, SHOP.region)
        self.aws.resources[FUNCTION, "new"] = {"versions": versions}
        self.held = ALIAS, "new:live"
        self.first = {"functionVersion": "3", "description": description}
        self.aws.resources[self.held] = self.first
        self.functions, self.clock = InMemoryFunctions(self.aws), InMemoryClock()
        self.told: list[events.Event] = []
        self.builds = BuildsBack(SHOP, ["new"], self.functions, self.clock, self.told.append)

    @property
    def version(self) -> object:
        return self.aws.resources[self.held]["functionVersion"]

    def raise_again(self) -> None:
        """Another process deploys what was taken back."""
        self.aws.resources[self.held] = self.first

    def calls(self, action: str) -> int:
        return [call.action for call in self.functions.calls.log].count(action)


def test_an_alias_goes_back_once_and_is_told_once() -> None:
    back = Back()
    for _ in range(2):
        back.builds.move()
        assert (back.version, back.calls("UpdateAlias"), len(back.told)) == ("2", 1, 1)
    assert back.builds.moved["new"].before == ("1",)


def test_what_another_process_changed_since_it_was_read_is_read_anew() -> None:
    back = Back()

    def change(_: ApiCall) -> None:
        back.aws.resources[back.held] = {"functionVersion": "3", "description": "rollout: before 2"}

    back.functions.calls.before(change, "UpdateAlias", times=1)
    back.builds.move()
    assert (back.version, back.calls("UpdateAlias"), len(back.told)) == ("2", 2, 1)


def test_what_has_no_way_back_is_told_before_anything_moves() -> None:
    for back, code in (
        (Back(""), "no-version-before"),
        (Back(versions=("3",)), "version-missing"),
        (Back(), "alias-missing"),
    ):
        if code == "alias-missing":
            del back.aws.resources[back.held]
        with pytest.raises(PreflightFailed) as caught:
            back.builds.move()
        assert code in codes(caught.value)
        assert back.calls("UpdateAlias") == 0


def test_one_that_cannot_be_moved_is_named() -> None:
    back = Back()
    back.functions.calls.refuse("UpdateAlias", times=None, error=AwsError("AccessDenied: no"))
    with pytest.raises(RollbackIncomplete) as caught:
        back.builds.move()
    assert places(caught.value.problems) == [("functions.new.alias", AwsError.code)]


def settled(back: Back, *happens: Callable[[], None]) -> str | None:
    """Have the state follow, of which each attempt comes to something."""
    attempts = list(happens)
    back.builds.move()

    def follow() -> None:
        attempts.pop(0)()

    reason = back.builds.settle(follow)
    assert attempts == []
    return reason


def locked() -> None:
    raise Locked("somebody holds the stack")


def broken() -> None:
    raise EngineError("no engine")


def nothing() -> None:
    pass


def test_the_state_follows_or_says_why_it_does_not() -> None:
    assert settled(Back(), nothing) is None
    assert settled(Back(), broken) == "no engine"


def test_who_holds_the_stack_is_waited_for_as_long_as_a_lock_may_take() -> None:
    back = Back()
    assert settled(back, locked, locked, nothing) is None
    assert len(back.clock.calls.log) == 2
    with pytest.raises(Locked):
        settled(back, *[locked] * (round(LOCK_WAIT) + 1))


def test_what_another_process_moves_meanwhile_goes_back_again() -> None:
    back = Back()
    assert settled(back, back.raise_again, nothing) is None
    assert (back.version, back.calls("UpdateAlias")) == ("2", 2)
