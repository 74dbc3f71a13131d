"""One load balancer's rollback: find its rules, change those that don't forward to legacy only, repeat until all do.

It is independent of the other load balancers. Each look reads the whole listener, so it sees rules that were added,
edited or raised meanwhile, and repeats lost changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from rollout.alb.state import LiveRule
from rollout.alb.weights import ForwardAction, group_name, split_of
from rollout.base import threads
from rollout.base.clock import Clock
from rollout.base.formatting import count_of
from rollout.errors import AwsError, RolloutError, WrongAccount
from rollout.inventory.model import Arn, Environment, LoadBalancer, Split
from rollout.inventory.on_aws import require_account_of
from rollout.migration.rollback.targets import FoundTargets, KnownArns, Target, find_targets

LOOKS, PAUSE = 6, 1.0
AT_ONCE = 16


class RuleApi(Protocol):
    """The calls that a rollback makes; each raises `AwsError`."""

    def account(self) -> str:
        """The account of the credentials."""

    def listener(self, balancer: LoadBalancer) -> Arn | None:
        """The listener of a load balancer at the inventory's port; None where AWS has none."""

    def rules(self, listeners: Sequence[Arn]) -> tuple[LiveRule, ...]:
        """All rules of listeners, default ones too, without tags."""

    def group_arns(self, names: Sequence[str]) -> Mapping[str, Arn]:
        """The target groups of these names that are there."""

    def modify(self, rule: LiveRule, forward: ForwardAction) -> None:
        """Give a rule another forward action, leaving all else that it is as it was read."""

    def mark(self, rules: Sequence[Arn], text: str) -> None:
        """Mark that a rollback was asked for."""


class Lane:
    """A load balancer whose routes go back.

    Args:
        balancer: Its key of the load balancer.
        routes: The routes that go back, all of this load balancer.
        groups: What gives the target groups that could be read.
        on_found: Called with the routes' rules at each look, after the calls that change them have begun.
        on_back: Called once with each rule that is read back.

    Attributes:
        found: What the last look of this run that succeeded saw; None where none did.
        before: Each route's split at the very first look; None where its rule wasn't one of ours.
        moved: The names of the rules that were changed in this run.
        under_way: The rules for which a call is being made.
        unseen: The rules that were changed since the last look that succeeded.
        errors: What went wrong last with a rule.
        trouble: Why the last look failed.
        remedy: What helps against that, where AWS's answer says so.
        doing: What it waits for; empty once it is done.
    """

    def __init__(
        self,
        environment: Environment,
        balancer: str,
        routes: Sequence[str],
        api: RuleApi,
        clock: Clock,
        *,
        known: Callable[[], KnownArns],
        groups: Callable[[], Mapping[str, Arn]],
        on_found: Callable[[FoundTargets], None],
        on_back: Callable[[Lane, Target], None],
    ) -> None:
        self.balancer = balancer
        self.routes = tuple(routes)
        self.found: FoundTargets | None = None
        self.before: dict[str, Split | None] = {}
        self.moved: dict[str, None] = {}
        self.under_way: dict[Arn, None] = {}
        self.unseen: dict[Arn, None] = {}
        self.errors: dict[Arn, str] = {}
        self.trouble = ""
        self.remedy = ""
        self.doing = ""
        self.is_stopped = False
        self.listener: Arn | None = None
        self._environment = environment
        self._api = api
        self._clock = clock
        self._known = known
        self._groups = groups
        self._on_found = on_found
        self._on_back = on_back
        self._told: set[Arn] = set()
        self._own: dict[str, Arn] = {}
        self._further: dict[Arn, Target] = {}
        self._pool = threads.DaemonPool(AT_ONCE, f"rollback-{balancer}")

    def run(self) -> None:
        """Move and read back, a few times.

        Raises:
            WrongAccount: The load balancer is in another account; nothing was changed.
        """
        self.found, self.trouble, self.remedy, self.moved = None, "", "", {}
        for look in range(LOOKS):
            moves = self._look()
            if moves == () or look == LOOKS - 1 or self.is_stopped:
                break
            if look or moves is None:
                self.doing = f"the next look at {self.balancer}"
                self._clock.sleep(PAUSE)
            if moves:
                self._move(moves)
        self.doing = ""

    def see(self, rules: Sequence[LiveRule], groups: Mapping[str, Arn] | None = None) -> FoundTargets:
        """Take rules for what there is now."""
        routes = self._environment.routes
        known = self._known()
        known = replace(known, rules={**known.rules, **self._own})  # a rule that was found once is found again
        found = find_targets(self._environment, self.balancer, self.routes, rules, known=known, groups=groups)
        self._own |= {target.name: target.rule.arn for target in found.targets if target.name == target.route}
        found = self._with_those_moved(found, rules)
        if not self.before:
            self.before = dict.fromkeys(self.routes)
            for target in found.targets:
                if target.name == target.route and target.rule.forward:
                    self.before[target.name] = _split(target.rule.forward, routes[target.name].candidate, target.legacy)
        self.found, self.trouble, self.remedy = found, "", ""
        self.unseen.clear()
        for target in found.targets:
            if target.is_back and target.rule.arn not in self._told:
                self._told.add(target.rule.arn)
                self._on_back(self, target)
        return found

    def _with_those_moved(self, found: FoundTargets, rules: Sequence[LiveRule]) -> FoundTargets:
        """Also the further rules that were changed: once they are back nothing else tells them from others."""
        now, there = {rule.arn: rule for rule in rules}, {target.rule.arn for target in found.targets}
        self._further |= {target.rule.arn: target for target in found.targets if target.name != target.route}
        gone = [
            replace(target, rule=now[arn]) for arn, target in self._further.items() if arn in now and arn not in there
        ]
        return replace(found, targets=(*found.targets, *gone))

    def _look(self) -> tuple[Target, ...] | None:
        """What is left to move; None where that couldn't be read."""
        try:
            rules = self._read_rules()
            found = self.see(rules)
        except WrongAccount:
            raise
        except Exception as error:  # noqa: BLE001 - nothing may keep it from looking again
            self._failed(error)
            return None
        if found.lacks_groups and not found.moves:  # what is known is moved before anything is waited for
            self.doing = "the target groups (DescribeTargetGroups)"
            try:
                found = self.see(rules, self._groups())
            except Exception as error:  # noqa: BLE001 - as above
                self._failed(error)
                return None
        if not found.moves:
            self._on_found(found)
        return found.moves

    def _failed(self, error: Exception) -> None:
        """Keep why a look failed, and what helps."""
        self.trouble, self.remedy = in_words(error), getattr(error, "hint", None) or ""

    def _read_rules(self) -> tuple[LiveRule, ...]:
        """The rules of the inventory's listener, and of the one that is known from before if that is another."""
        recorded = self._known().listeners.get(self.balancer)
        try:
            if self.listener is None:
                self.listener = self._find_listener()
            self.doing = f"the rules of {self.balancer} (DescribeRules)"
            rules = self._api.rules((self.listener,)) if self.listener else ()
        except WrongAccount:
            raise
        except Exception:
            if recorded is None or recorded == self.listener:
                raise
            return self._api.rules((recorded,))
        if recorded and recorded != self.listener:
            with suppress(AwsError):  # most likely it isn't there any more
                rules += self._api.rules((recorded,))
        return rules

    def _find_listener(self) -> Arn | None:
        self.doing = f"the listener of {self.balancer} (DescribeLoadBalancers, DescribeListeners)"
        found = self._api.listener(self._environment.load_balancers[self.balancer])
        if found:
            require_account_of(self._environment, found)
        return found

    def _move(self, moves: Sequence[Target]) -> None:
        """Change rules side by side, and wait for the answers."""

        def modify(target: Target) -> None:
            if self.is_stopped:
                return
            rule = target.rule.arn
            self.under_way[rule] = self.unseen[rule] = self.moved[target.name] = None
            try:
                self._api.modify(target.rule, target.wanted)
            except Exception as error:  # noqa: BLE001 - as above, and the others go on
                self.errors[rule] = in_words(error)
            else:
                self.errors.pop(rule, None)
            self.under_way.pop(rule, None)

        self.doing = f"{count_of(len(moves), 'rule')} of {self.balancer} (ModifyRule)"
        calls: list[Future[None]] = [self._pool.submit(modify, target) for target in moves]
        if self.found:
            self._on_found(self.found)
        for call in calls:
            call.result()


def in_words(error: Exception) -> str:
    """An error as text."""
    return error.what if isinstance(error, RolloutError) else f"{type(error).__name__}: {error}"


def _split(forward: ForwardAction, candidate: str, legacy: Arn) -> Split | None:
    """How a route's rule divides requests."""
    arn = next((arn for arn in forward.weights if group_name(arn) == candidate), Arn("-"))
    return split_of(forward, legacy, arn)
