"""A rollback under each fault that was found: the rules go back, or the exit code says that they didn't."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from rollout import RollbackResult
from rollout.alb.weights import ForwardAction
from rollout.analysis.metrics import AlarmState
from rollout.errors import (
    AnalysisFailed,
    AwsError,
    Drift,
    EngineError,
    Locked,
    RollbackIncomplete,
    RolloutError,
    WrongAccount,
)
from rollout.fakes.calls import ApiCall
from rollout.fakes.services import InMemoryAlarms
from rollout.fakes.world import World
from rollout.inventory.conditions import for_endpoint
from rollout.inventory.model import LEGACY_ONLY, ROLLBACK_TAG, Arn, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.stacks import ROUTING
from rollout.migration import events
from rollout.migration.rollback import mover
from rollout.state.pending import Holder, Lock
from tests.unit.rollback.shop import ROUTES, SHOP, at_risk, before_phase1, cut_over, group, rule_of

REFUSED = AwsError("AccessDenied: no")


@pytest.fixture
def half() -> World:
    """The shop at 50 per cent."""
    return cut_over(50)


def roll_back(world: World, **given: object) -> RollbackResult:
    return world.open(SHOP).rollback(save=False, **given)  # type: ignore[arg-type]


def failed(world: World, **given: object) -> tuple[RollbackIncomplete, dict[str, str]]:
    """The error, and the codes of the routes that aren't back."""
    with pytest.raises(RollbackIncomplete) as caught:
        roll_back(world, **given)
    return caught.value, {str(p.where).removeprefix("routes."): p.code for p in caught.value.problems}


def refuse(world: World, action: str, resource: str = "*", *, times: int | None = None) -> None:
    world.actor().calls.refuse(action, resource, times=times, error=REFUSED)


# A1: others at the same time


@pytest.mark.parametrize("has_engine", [True, False])
def test_who_raises_meanwhile_is_waited_for_and_moved_back(half: World, has_engine: bool) -> None:
    lock = half.backend.hold(SHOP, ROUTING)
    legacy, candidate = group(half, "old-a"), group(half, "new-one")
    done: list[ApiCall] = []

    def others(call: ApiCall) -> None:
        """Who holds the stack raises once everything was moved, and then ends."""
        done.append(call)
        if len(done) == 3:
            half.aws(SHOP).modify_rule(rule_of(half, "a").arn, forward=ForwardAction({legacy: 50, candidate: 50}))
            half.backend.release(SHOP, lock)

    half.actor().calls.before(others, "locks")
    if not has_engine:
        half.actor().calls.refuse("preview", times=None, error=EngineError("no engine"))
    assert roll_back(half).reconciled is has_engine
    assert at_risk(half.aws(SHOP)) == set()


def test_who_still_holds_the_stack_is_no_success(half: World) -> None:
    half.backend.hold(SHOP, ROUTING, Holder.ELSEWHERE)
    with pytest.raises(Locked):
        roll_back(half)
    assert at_risk(half.aws(SHOP)) == set()


def test_a_lock_that_is_older_than_an_engine_may_be_silent_holds_nobody_up(half: World) -> None:
    half.backend.hold(SHOP, ROUTING, Holder.ELSEWHERE)
    half.clock.advance(SHOP.engine_timeout * 2)
    result = roll_back(half)
    assert (result.reconciled, at_risk(half.aws(SHOP))) == (False, set())
    assert result.reason


@pytest.mark.parametrize("may_mark", [True, False])
def test_a_raise_that_was_approved_before_gives_up(may_mark: bool) -> None:
    world = cut_over(10)
    if not may_mark:
        world.actor("on call").calls.refuse("AddTags", times=None, error=REFUSED)

    def approve(_: object) -> bool:
        world.actor("on call").open(SHOP).rollback(save=False)
        return True

    with pytest.raises(Drift) as caught:
        world.open(SHOP).set_weight(50, approve=approve, save=False)
    assert caught.value.code in ("rolled-back", "changed-since-preview")
    assert at_risk(world.aws(SHOP)) == set()


@pytest.mark.parametrize("may_mark", [True, False])
def test_a_raise_gives_up_for_a_rollback_that_had_nothing_to_move(may_mark: bool) -> None:
    world = cut_over()
    if not may_mark:
        world.actor("on call").calls.refuse("AddTags", times=None, error=REFUSED)
    world.open(SHOP).rollback(save=False)  # from prepared to legacy alone

    def approve(_: object) -> bool:
        assert world.actor("on call").open(SHOP).rollback(save=False).moved == ()
        return True

    with pytest.raises(Drift, match="rollback") as caught:
        world.open(SHOP).set_weight(50, approve=approve, save=False)
    assert caught.value.code == "rolled-back"
    assert at_risk(world.aws(SHOP)) == set()


def test_a_rollback_of_one_route_never_sets_others_to_what_they_were_before_another_rollback() -> None:
    world = cut_over(10)
    one, every = world.actor("one route"), world.actor("all routes")
    every.calls.refuse("preview", times=None, error=EngineError("no engine"))

    def ask_back(_: ApiCall) -> None:
        with suppress(RolloutError):  # the first still holds the stack
            every.open(SHOP).rollback(save=False)

    one.calls.before(ask_back, "up", times=1)
    one.open(SHOP).rollback(routes=["c"], save=False)
    assert at_risk(world.aws(SHOP)) == set()


@pytest.mark.parametrize("raises", ["weight", "ramp"])
@pytest.mark.parametrize("call", ["DescribeTags", "RemoveTags"])
def test_who_began_before_a_rollback_overrules_no_mark_of_it(raises: str, call: str) -> None:
    """The rollback has no engine: its mark alone tells of it, set before the first look, or while it is taken off."""
    world = cut_over()
    world.open(SHOP).rollback(save=False)  # whose mark is overruled
    raiser, on_call = world.actor("raiser"), world.actor("on call")
    on_call.calls.refuse("preview", times=None, error=EngineError("no engine"))

    def ask_back(_: ApiCall) -> None:
        world.clock.advance(timedelta(seconds=1))
        on_call.open(SHOP).rollback(save=False)

    raiser.calls.before(ask_back, call, times=1)
    door = raiser.open(SHOP)
    with suppress(RolloutError):
        if raises == "weight":
            door.set_weight(10, approve=True, save=False)
        else:
            door.ramp(approve=True, once=True, save=False)
    assert at_risk(world.aws(SHOP)) == set()


def test_a_mark_that_an_earlier_raise_takes_away_as_it_ends_is_set_again(half: World) -> None:
    half.actor().calls.refuse("preview", times=None, error=EngineError("no engine"))
    rules = [rule_of(half, name).arn for name in ROUTES]
    half.actor().calls.before(lambda _: half.aws(SHOP).remove_tag(rules, ROLLBACK_TAG), "locks", times=1)
    roll_back(half)
    assert all(ROLLBACK_TAG in half.aws(SHOP).rules[rule].tags for rule in rules)


def test_a_ramps_abort_too_waits_for_who_raises_meanwhile(half: World) -> None:
    shop = SHOP.model_copy(update={"ramp": SHOP.ramp.model_copy(update={"alarms": ("down",)})})
    half.alarms[SHOP.account] = InMemoryAlarms(half.aws(SHOP), {"down": AlarmState.ALARM})
    both = ForwardAction({group(half, "old-a"): 50, group(half, "new-one"): 50})
    held: list[Lock] = []

    def end(_: ApiCall | None = None) -> None:
        while held:
            half.aws(SHOP).modify_rule(rule_of(half, "a").arn, forward=both)
            half.backend.release(SHOP, held.pop())

    half.actor().calls.before(lambda _: held.append(half.backend.hold(SHOP, ROUTING)), "ModifyRule", times=1)
    half.actor().calls.before(end, "locks", skip=2, times=1)
    with pytest.raises(AnalysisFailed):
        half.open(shop).ramp(approve=True, once=True, save=False)
    end()  # at the latest
    assert at_risk(half.aws(SHOP)) == set()


def test_a_raise_in_the_middle_of_its_update_takes_back_what_it_raised() -> None:
    world = cut_over(10)
    raiser, on_call = world.actor("raiser"), world.actor("on call")

    def ask_back(_: ApiCall) -> None:
        """Somebody without an engine isn't told of the lock, so they end honestly, and the raise does the rest."""
        on_call.calls.refuse("locks", times=None, error=EngineError("no engine"))
        on_call.calls.refuse("preview", times=None, error=EngineError("no engine"))
        with pytest.raises(RollbackIncomplete) as caught:
            on_call.open(SHOP).rollback(save=False)
        assert caught.value.code == "not-locked-out"
        assert {problem.where for problem in caught.value.problems} == {f"routes.{name}" for name in ROUTES}

    raiser.calls.before(ask_back, "update", skip=1, times=1)
    with pytest.raises(Drift) as caught:
        raiser.open(SHOP).set_weight(50, approve=True, save=False)
    assert caught.value.code == "rolled-back"
    assert at_risk(world.aws(SHOP)) == set()


def test_who_raises_on_purpose_afterwards_may() -> None:
    world = cut_over(10)
    roll_back(world)
    assert all(rule_of(world, name).tags for name in ROUTES)
    world.open(SHOP).set_weight(50, approve=True, save=False)
    assert len(at_risk(world.aws(SHOP))) == len(ROUTES)
    assert not any("rollout:rollback" in rule_of(world, name).tags for name in ROUTES)
    assert world.open(SHOP).drift(ignore_file=True).problems == ()


# A2: nothing found is no success


def without_rule(world: World) -> None:
    world.aws(SHOP).delete_rule(rule_of(world, "a").arn)


def on_another_port(world: World) -> None:
    world.known.clear()
    aws = world.aws(SHOP)
    listener = aws.listener_of("one")
    aws.listeners[listener] = type(aws.listeners[listener])(listener, aws.listeners[listener].load_balancer, 8443)


def without_load_balancer(world: World) -> None:
    world.known.clear()
    del world.aws(SHOP).load_balancers["one"]


@pytest.mark.parametrize(
    ("damage", "missing"), [(without_rule, "a"), (on_another_port, "ab"), (without_load_balancer, "ab")]
)
def test_a_route_without_a_rule_is_named_and_the_others_go_back(
    half: World, damage: Callable[[World], None], missing: str
) -> None:
    damage(half)
    error, codes = failed(half)
    assert codes.keys() == set(missing)
    assert set(codes.values()) <= {"rule-missing", "listener-missing"}
    assert error.exit_code != 0
    assert "two 10" not in at_risk(half.aws(SHOP))


def test_a_listener_at_another_port_is_known_from_before(half: World) -> None:
    known = dict(half.known)
    on_another_port(half)
    half.known.update(known)
    assert set(roll_back(half).moved) == set(ROUTES)
    assert at_risk(half.aws(SHOP)) == set()


# A3: whoever listens


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(28, "full"), KeyError("bug"), SystemExit(3)])
def test_a_listener_that_raises_stops_nothing(half: World, error: BaseException) -> None:
    def listener(_: events.Event) -> None:
        raise error

    assert half.actor().open(SHOP, on_event=listener).rollback(save=False).reconciled
    assert at_risk(half.aws(SHOP)) == set()


# A4: what isn't an error of ours


@pytest.mark.parametrize("call", ["preview", "up", "backend"])
@pytest.mark.parametrize("error", [PermissionError(30, "read-only"), OSError(28, "no room"), RuntimeError("bug")])
def test_what_fails_once_traffic_is_moved_is_a_warning(half: World, call: str, error: Exception) -> None:
    half.actor().calls.refuse(call, times=None, error=error)  # type: ignore[arg-type]
    result = roll_back(half)
    assert at_risk(half.aws(SHOP)) == set()
    assert result.reconciled is (call == "backend")


def test_routes_that_are_back_are_saved_though_the_state_is_not(half: World) -> None:
    half.actor().calls.refuse("preview", times=None, error=PermissionError(13, "no"))  # type: ignore[arg-type]
    told: list[events.Event] = []
    half.actor().open(SHOP, on_event=told.append).rollback()  # there is no file to save in
    assert [event for event in told if isinstance(event, events.Warned) and "weight 0" in event.message]


# what comes first


def test_no_pause_and_no_state_comes_before_the_rules_are_changed(half: World) -> None:
    earlier: list[str] = []

    def look(_: ApiCall) -> None:
        earlier.extend(call.action for call in (*half.clock.calls.log, *half.actor().calls.log))

    half.actor().calls.before(look, "ModifyRule", times=1)
    result = roll_back(half)
    assert {action for action in earlier if not action.startswith(("Describe", "Get", "AddTags", "Modify"))} == set()
    assert earlier.count("DescribeTargetGroups") <= 1
    assert result.before == dict.fromkeys(ROUTES, Split.at(Percent.of(50)))


def test_where_no_rule_is_found_the_state_is_left_alone(half: World) -> None:
    refuse(half, "Describe*")
    half.known.clear()
    failed(half)
    assert not {"preview", "up", "locks"} & {call.action for call in half.actor().calls.log}


# A5: read-backs that fail


def test_a_read_back_that_fails_is_tried_again(half: World) -> None:
    half.actor().calls.refuse("DescribeRules", skip=2, times=3, error=REFUSED)
    assert roll_back(half).reconciled
    assert half.clock.calls.log  # and not at once
    assert at_risk(half.aws(SHOP)) == set()


@pytest.mark.parametrize("reconcile", [True, False])
def test_what_was_changed_and_never_read_back_is_told(half: World, reconcile: bool) -> None:
    for listener in half.aws(SHOP).listeners:  # each is read once
        half.actor().calls.refuse("DescribeRules", listener, skip=1, times=None, error=REFUSED)
    error, codes = failed(half, reconcile=reconcile)
    assert codes == dict.fromkeys(ROUTES, "not-read-back")
    assert all(REFUSED.what in problem.what for problem in error.problems)
    assert at_risk(half.aws(SHOP)) == set()


def test_without_credentials_the_first_thing_to_do_is_to_sign_in(half: World) -> None:
    half.actor().calls.refuse("Describe*", times=None, error=AwsError("nobody", hint="sign in", code="no-credentials"))
    error, codes = failed(half)
    assert codes == dict.fromkeys(ROUTES, "not-read-back")
    assert error.hint
    assert error.hint.startswith("sign in; ")


def test_an_answer_that_got_lost_is_made_up_for(half: World) -> None:
    half.actor().calls.refuse("ModifyRule", times=2, takes_effect=True)
    assert roll_back(half).reconciled
    assert at_risk(half.aws(SHOP)) == set()


# A6: what was read is moved


@pytest.mark.parametrize("call", ["GetCallerIdentity", "DescribeTargetGroups"])
def test_who_is_only_looked_at_beside_may_be_refused(half: World, call: str) -> None:
    refuse(half, call)
    roll_back(half, reconcile=False)
    assert at_risk(half.aws(SHOP)) == set()


def test_a_group_that_cannot_be_looked_up_keeps_no_other_route_of_the_load_balancer(half: World) -> None:
    half.known.clear()
    half.aws(SHOP).modify_rule(rule_of(half, "a").arn, forward=ForwardAction({group(half, "new-one"): 1}))
    refuse(half, "DescribeTargetGroups")
    _, codes = failed(half, reconcile=False)
    assert codes == {"a": "target-group-missing"}
    assert at_risk(half.aws(SHOP)) == {"one 10"}


def test_a_group_that_could_not_be_looked_up_once_is_looked_up_again(half: World) -> None:
    half.known.clear()
    half.aws(SHOP).modify_rule(rule_of(half, "a").arn, forward=ForwardAction({group(half, "new-one"): 1}))
    refuse(half, "DescribeTargetGroups", times=2)
    roll_back(half, reconcile=False)
    assert at_risk(half.aws(SHOP)) == set()


@pytest.mark.parametrize("call", ["DescribeLoadBalancers", "DescribeListeners"])
def test_one_load_balancer_that_cannot_be_looked_up_keeps_no_other(half: World, call: str) -> None:
    half.known.clear()
    balancer = half.aws(SHOP).load_balancers["two"]
    refuse(half, call, "two" if call == "DescribeLoadBalancers" else balancer)
    _, codes = failed(half, reconcile=False)
    assert codes == {"c": "not-read-back"}
    assert at_risk(half.aws(SHOP)) == {"two 10"}


@pytest.mark.parametrize("call", ["DescribeLoadBalancers", "DescribeListeners"])
def test_a_load_balancer_that_cannot_be_looked_up_is_known_from_before(half: World, call: str) -> None:
    refuse(half, call)
    roll_back(half, reconcile=False)
    assert at_risk(half.aws(SHOP)) == set()


def test_another_account_is_left_alone(half: World) -> None:
    half.actor("stranger").account = "999999999999"
    half.actor("stranger").calls.refuse("GetCallerIdentity", times=None, error=REFUSED)  # its ARNs tell
    for balancer, arn in list(half.aws(SHOP).load_balancers.items()):
        half.aws(SHOP).load_balancers[balancer] = Arn(arn)
    listeners = half.aws(SHOP).listeners
    for arn in list(listeners):
        other = Arn(arn.replace(SHOP.account, "999999999999"))
        listeners[other] = type(listeners[arn])(other, listeners[arn].load_balancer, listeners[arn].port)
        del listeners[arn]
    before = dict(half.aws(SHOP).rules)
    with pytest.raises(WrongAccount):
        half.actor("stranger").open(SHOP).rollback(save=False)
    assert half.aws(SHOP).rules == before


def test_a_listener_that_is_in_another_account_is_no_listener_that_is_gone(half: World) -> None:
    half.known.clear()
    half.actor("stranger").account = "999999999999"
    half.aws(SHOP).listeners.clear()
    with pytest.raises(WrongAccount):
        half.actor("stranger").open(SHOP).rollback(save=False)


def test_whose_the_credentials_are_may_stay_unknown(half: World) -> None:
    half.known.clear()
    half.aws(SHOP).listeners.clear()
    refuse(half, "GetCallerIdentity")
    error, codes = failed(half)
    assert codes == dict.fromkeys(ROUTES, "listener-missing")
    assert {balancer for balancer in ("one", "two") if f" of {balancer}" in str(error)} == {"one", "two"}


def test_whose_the_credentials_are_is_waited_for_only_a_while(half: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mover, "SILENCE", 0.01)
    half.known.clear()
    half.aws(SHOP).listeners.clear()
    ended, was_waited_for = threading.Event(), list[bool]()
    half.actor().calls.before(lambda _: was_waited_for.append(not ended.wait(2)), "GetCallerIdentity")
    failed(half, reconcile=False)
    ended.set()
    assert True not in was_waited_for


# A8 and F4: rules that somebody edited


def renumbered(world: World) -> None:
    world.aws(SHOP).set_rule_priority(rule_of(world, "a").arn, 15)


def swapped(world: World) -> None:
    aws, a, b = world.aws(SHOP), rule_of(world, "a").arn, rule_of(world, "b").arn
    aws.set_rule_priority(a, 99)
    aws.set_rule_priority(b, 10)
    aws.set_rule_priority(a, 20)


def for_other_requests(world: World) -> None:
    world.aws(SHOP).modify_rule(rule_of(world, "a").arn, asks=for_endpoint("/other", ("GET",)))


def copied(world: World) -> None:
    rule = rule_of(world, "a")
    world.aws(SHOP).create_rule(rule.listener, 5, for_endpoint("/a/special", ()), rule.forward)


def for_other_methods(world: World) -> None:
    world.aws(SHOP).modify_rule(rule_of(world, "a").arn, asks=for_endpoint("/a", ("POST", "DELETE")))


def renumbered_and_for_other_requests(world: World) -> None:
    for_other_requests(world)
    renumbered(world)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    "edit",
    [renumbered, swapped, for_other_requests, for_other_methods, copied, renumbered_and_for_other_requests],
)
def test_rules_that_somebody_edited_go_back_too_and_again(
    half: World, edit: Callable[[World], None], known: bool
) -> None:
    edit(half)
    if not known:
        half.known.clear()
    is_found_again = known or edit is not renumbered_and_for_other_requests  # nothing tells that one from others
    assert roll_back(half).reconciled is is_found_again
    assert at_risk(half.aws(SHOP)) == set()
    if is_found_again:
        assert roll_back(half).moved == ()


def test_a_default_rule_with_the_candidate_is_named_with_its_own_command(half: World) -> None:
    aws = half.aws(SHOP)
    default = next(
        rule for rule in aws.rules.values() if rule.listener == aws.listener_of("two") and rule.priority > 50_000
    )
    aws.modify_rule(default.arn, forward=ForwardAction({group(half, "new-two"): 1}))
    error, codes = failed(half)
    assert codes == {"c": "route-not-moved"}
    assert "aws elbv2 modify-listener " in str(error)
    assert at_risk(aws) == {"two 50001"}


@pytest.mark.parametrize("beside", [("old-b",), ()])
def test_a_rule_of_no_route_goes_to_the_one_other_group_it_has(half: World, beside: tuple[str, ...]) -> None:
    """Two routes of a load balancer share a candidate, and have a legacy group each."""
    aws, candidate = half.aws(SHOP), group(half, "new-one")
    weights = {candidate: 1} | {group(half, name): 1 for name in beside}
    strange = aws.create_rule(aws.listener_of("one"), 7, for_endpoint("/strange", ()), ForwardAction(weights))
    if beside:
        roll_back(half)
        assert at_risk(aws) == set()
        assert aws.rules[strange].forward == ForwardAction({group(half, "old-b"): 1})
    else:
        assert failed(half)[1] == dict.fromkeys(("a", "b"), "target-group-missing")
        assert at_risk(aws) == {"one 7"}


def test_an_update_that_no_longer_fits_its_plan_is_made_anew(half: World) -> None:
    """Somebody uses the console once the update's own look at the rules is over."""

    def begin(_: ApiCall) -> None:
        half.actor().calls.after(edit, "DescribeTargetGroups", times=1)

    def edit(_: ApiCall) -> None:
        half.aws(SHOP).modify_rule(rule_of(half, "a").arn, forward=ForwardAction({group(half, "new-one"): 1}))

    half.actor().calls.before(begin, "up", times=1)
    assert roll_back(half, routes=["b", "c"]).reconciled


# F6: an end, and the true next step


def test_after_phase_2_was_undone_the_state_holds_no_rule_to_bring_up_to_date(half: World) -> None:
    roll_back(half)
    half.open(SHOP).undo("phase2", approve=True)
    assert roll_back(half).reason is None


def test_where_the_state_holds_no_rule_who_holds_the_stack_is_no_success_either() -> None:
    world = before_phase1()
    world.backend.hold(SHOP, ROUTING, Holder.ELSEWHERE)
    with pytest.raises(Locked):
        roll_back(world)


@pytest.mark.parametrize("make", [lambda: cut_over(50), before_phase1])
def test_the_state_is_previewed_once_where_it_has_the_inventorys_names(make: Callable[[], World]) -> None:
    world = make()
    assert roll_back(world).reconciled
    assert [call.action for call in world.actor().calls.log].count("preview") == 1


def test_rules_that_others_change_until_the_end_leave_the_state_behind(half: World) -> None:
    def others(_: ApiCall) -> None:
        weights = {group(half, "old-a"): 50, group(half, "new-one"): 50}
        half.aws(SHOP).modify_rule(rule_of(half, "a").arn, forward=ForwardAction(weights))
        half.clock.advance(timedelta(minutes=2))

    half.actor().calls.after(others, "up", times=1)
    result = roll_back(half)
    assert (result.reconciled, bool(result.reason), at_risk(half.aws(SHOP))) == (False, True, set())


def test_a_rule_of_another_route_that_forwards_strangely_keeps_the_state_behind(half: World) -> None:
    weights = {group(half, "old-b"): 1, group(half, "new-one"): 1}
    half.aws(SHOP).modify_rule(rule_of(half, "a").arn, forward=ForwardAction(weights))
    result = roll_back(half, routes=("b",))
    assert (result.reconciled, bool(result.reason), result.moved) == (False, True, ("b",))


def test_before_phase_2_there_is_nothing_to_do(half: World) -> None:
    world = before_phase1()
    assert roll_back(world) == RollbackResult(SHOP.name, dict.fromkeys(ROUTES, LEGACY_ONLY), (), reconciled=True)
    world.open(SHOP).phase1(approve=True)
    world.open(SHOP).preview("phase2")
    assert roll_back(world).reconciled


def test_a_route_that_has_another_name_by_now_is_no_reason_for_a_state_behind(half: World) -> None:
    routes = {("z" if name == "a" else name): route for name, route in ROUTES.items()}
    renamed = SHOP.model_copy(update={"routes": routes})
    result = half.open(renamed).rollback(save=False)
    assert result.reconciled
    assert at_risk(half.aws(SHOP)) == set()
    assert half.open(SHOP).drift(ignore_file=True).problems == ()


def test_a_route_that_is_new_in_the_file_is_no_reason_either(half: World) -> None:
    aws = half.aws(SHOP)
    new = ROUTES["a"].model_copy(update={"path": "/new", "priority": 12})
    aws.create_rule(
        aws.listener_of("one"), 12, for_endpoint("/new", ("GET",)), ForwardAction({group(half, "old-a"): 1})
    )
    more = SHOP.model_copy(update={"routes": {**ROUTES, "new": new}})
    assert half.open(more).rollback(save=False).reconciled
    assert at_risk(aws) == set()


def test_only_the_named_routes_go_back(half: World) -> None:
    assert roll_back(half, routes=("b",)).moved == ("b",)
    assert at_risk(half.aws(SHOP)) == {"one 10", "two 10"}


def test_two_rollbacks_at_once_undo_nothing_of_each_other(half: World) -> None:
    def other(_: ApiCall) -> None:
        half.actor("other").open(SHOP).rollback(routes=("c",), save=False, reconcile=False)

    half.actor().calls.before(other, "up", times=1)
    assert roll_back(half, routes=("b",)).reconciled
    assert at_risk(half.aws(SHOP)) == {"one 10"}


def test_errors_have_exit_codes() -> None:
    assert {error.exit_code for error in (RollbackIncomplete, Locked, Drift, RolloutError)} == {1, 5, 7}


# marks


def test_each_rule_is_marked_once_however_often_it_is_looked_at(half: World) -> None:
    roll_back(half, reconcile=False)
    assert [call.action for call in half.actor().calls.log].count("AddTags") == len(SHOP.load_balancers)


def test_rules_that_are_back_already_are_marked_too(half: World) -> None:
    roll_back(half, reconcile=False)
    rules = [rule_of(half, name).arn for name in ROUTES]
    half.aws(SHOP).remove_tag(rules, ROLLBACK_TAG)
    roll_back(half, reconcile=False)
    assert all(ROLLBACK_TAG in half.aws(SHOP).rules[rule].tags for rule in rules)


def test_rules_that_cannot_be_changed_are_marked_and_not_reported_as_back(half: World) -> None:
    stuck = rule_of(half, "a").arn
    refuse(half, "ModifyRule", stuck)
    told: list[events.Event] = []
    with pytest.raises(RollbackIncomplete):
        half.actor().open(SHOP, on_event=told.append).rollback(save=False, reconcile=False)
    assert ROLLBACK_TAG in half.aws(SHOP).rules[stuck].tags
    assert {event.route for event in told if isinstance(event, events.RouteRolledBack)} == {"b", "c"}


def test_a_further_rule_to_the_candidate_is_moved_and_marked(half: World) -> None:
    aws = half.aws(SHOP)
    forward = ForwardAction({group(half, "old-a"): 1, group(half, "new-one"): 1})
    strange = aws.create_rule(aws.listener_of("one"), 7, for_endpoint("/strange", ("GET",)), forward)
    roll_back(half, reconcile=False)
    assert at_risk(aws) == set()
    assert ROLLBACK_TAG in aws.rules[strange].tags


# rules that are no forward, and what is known of those that can't be read


def test_a_route_whose_rule_redirects_goes_back_too(half: World) -> None:
    aws = half.aws(SHOP)
    rule = rule_of(half, "a")
    aws.rules[rule.arn] = replace(rule, forward=None, action="redirect")
    result = roll_back(half, reconcile=False)
    fifty = Split.at(Percent.of(50))
    assert result.before == {"a": None, "b": fifty, "c": fifty}
    assert rule_of(half, "a").forward == ForwardAction({group(half, "old-a"): 1})


@pytest.mark.parametrize(("forgotten", "command"), [("rules", "describe-rules"), ("", "modify-rule")])
def test_the_command_for_a_rule_that_cannot_be_read_names_what_is_known(
    half: World, forgotten: str, command: str
) -> None:
    for name, known in half.known.items():
        half.known[name] = replace(known, **{forgotten: {}}) if forgotten else known
    refuse(half, "Describe*")
    error, _ = failed(half, reconcile=False)
    assert all(problem.hint and f"elbv2 {command} " in problem.hint for problem in error.problems)
