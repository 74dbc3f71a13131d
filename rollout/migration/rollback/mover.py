"""Moves all routes back, with one lane per load balancer, and reports the progress.

It waits only for AWS: the emitter of events never delays it, and its threads are daemons, so that Ctrl-C ends it at
once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from rollout.base import threads
from rollout.base.clock import Clock
from rollout.base.formatting import count_of
from rollout.errors import Interrupted, Problem
from rollout.inventory.model import Arn, Environment, Split
from rollout.inventory.on_aws import require_account
from rollout.migration import events
from rollout.migration.rollback.by_hand import command_for, describe_rules, modify_rule
from rollout.migration.rollback.lane import Lane, RuleApi
from rollout.migration.rollback.targets import NOTHING_KNOWN, FoundTargets, KnownArns, Target

SILENCE = 3.0
"""After how many seconds without an end it says what it waits for, and how often from then on."""
LAST_LOOK = 2.0
"""How many seconds Ctrl-C leaves for a last look."""
KNOWN = 0.5
"""How many seconds what is known from before is waited for."""
GROUPS = 60.0
"""How many seconds target groups are waited for; a call's own limits are shorter."""
MARKING = 5.0
"""How many seconds a mark is waited for once everything is moved."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How far the routes are.

    Attributes:
        before: Each route's split at the beginning; None if its rule forwarded elsewhere.
        moved: The rules that were changed in this run, by what they are called, in the order of these names.
        back: The routes of which all rules were read back as on legacy alone.
        problems: Why the other routes aren't back, each with the line of the AWS CLI that moves it.
        remedies: What helps against the last failures to read, by what AWS answered.
        targets: All rules that were found.
        listeners: By load balancer.
        unmarked: The routes' own rules that have no mark.
    """

    before: Mapping[str, Split | None] = field(default_factory=dict)
    moved: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    remedies: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    listeners: Mapping[str, Arn] = field(default_factory=dict)
    unmarked: frozenset[Arn] = frozenset()


class Mover:
    """Moves routes of one environment back, as often as it is told to.

    Args:
        known: Gives what is known from before; a disk that doesn't answer isn't waited for.
        mark: Gives what the rules are marked with; None for no mark.
    """

    def __init__(
        self,
        environment: Environment,
        routes: Sequence[str],
        api: RuleApi,
        clock: Clock,
        emit: Callable[[events.Event], None],
        *,
        known: Callable[[], KnownArns] = lambda: NOTHING_KNOWN,
        mark: Callable[[], str] | None = None,
    ) -> None:
        self._environment = environment
        self._api = api
        self._emit = emit
        self._known = threads.DaemonPool(1, "record").submit(known)
        self._marks = _Marks(api, mark)
        self._told: set[str] = set()
        self._legacy = tuple(sorted({environment.routes[name].legacy for name in routes}))
        self._groups: Future[Mapping[str, Arn]] | None = None
        by_balancer: dict[str, list[str]] = {}
        for name in routes:
            by_balancer.setdefault(environment.routes[name].load_balancer, []).append(name)
        self._lanes = [
            Lane(
                environment,
                balancer,
                names,
                api,
                clock,
                known=self.known,
                groups=self._read_groups,
                on_found=self._marks.begin,
                on_back=self._report_back,
            )
            for balancer, names in by_balancer.items()
        ]

    def run(self) -> Moved:
        """Move the routes, and read back what became of it.

        Raises:
            WrongAccount: Of the credentials; nothing was changed.
            Interrupted: By the user.
        """
        lanes = self._lanes
        try:
            pool = threads.DaemonPool(len(lanes), "rollback")
            self._read_groups_aside()
            running = [pool.submit(lane.run) for lane in lanes]
            while not pool.wait(running, SILENCE):
                waiting = tuple(lane.doing for lane in lanes if lane.doing)
                self._emit(events.RollbackWaiting(self._environment.name, waiting))
            for lane in running:
                lane.result()
            if any(lane.listener is None for lane in lanes):
                self._check(pool.submit(self._api.account))
            self._marks.wait()
        except KeyboardInterrupt:
            raise self._interrupted() from None
        return self._moved()

    def mark_again(self) -> None:
        """See to it that the rules still say that they were moved back."""
        self._marks.again()
        self._marks.wait()

    def known(self) -> KnownArns:
        """What is known from before."""
        try:
            return self._known.result(KNOWN)
        except Exception:  # noqa: BLE001 - it only helps where something else fails
            return NOTHING_KNOWN

    def _read_groups(self) -> Mapping[str, Arn]:
        return self._read_groups_aside().result(GROUPS)

    def _read_groups_aside(self) -> Future[Mapping[str, Arn]]:
        """Begin to read the legacy target groups, again where that failed."""
        if self._groups is None or (self._groups.done() and self._groups.exception()):
            self._groups = threads.DaemonPool(1, "target groups").submit(self._api.group_arns, self._legacy)
        return self._groups

    def _check(self, account: Future[str]) -> None:
        """What isn't found may be in another account."""
        if threads.DaemonPool.wait([account], SILENCE) and not account.exception():
            require_account(self._environment, account.result())

    def _report_back(self, lane: Lane, target: Target) -> None:
        if target.name not in self._told:
            self._told.add(target.name)
            before = lane.before.get(target.name)
            self._emit(events.RouteRolledBack(self._environment.name, target.name, before))

    def _moved(self) -> Moved:
        lanes = self._lanes
        problems = tuple(problem for lane in lanes for problem in self._problems(lane))
        failed = {problem.where for problem in problems}
        targets = tuple(target for lane in lanes if lane.found for target in lane.found.targets)
        return Moved(
            before={name: split for lane in lanes for name, split in lane.before.items()},
            moved=tuple(name for lane in lanes for name in sorted(lane.moved)),
            back=tuple(name for lane in lanes for name in lane.routes if f"routes.{name}" not in failed),
            problems=problems,
            remedies=tuple(dict.fromkeys(lane.remedy for lane in lanes if lane.remedy)),
            targets=targets,
            listeners={lane.balancer: lane.listener for lane in lanes if lane.listener},
            unmarked=self._marks.missing(
                {target.rule.arn for target in targets if target.name == target.route and not target.is_default}
            ),
        )

    def _problems(self, lane: Lane) -> Iterator[Problem]:
        """Why routes of a lane aren't known to be back."""
        region = self._environment.region
        if lane.found is None:
            for name in lane.routes:
                said, command = f"could not be read: {lane.trouble}", self._by_record(name)
                yield Problem(said, where=f"routes.{name}", hint=command, code="not-read-back")
            return
        if lane.listener is None:
            balancer = self._environment.load_balancers[lane.balancer]
            where = f"no listener on port {balancer.listener_port} of {balancer.name or balancer.arn}"
            for name in lane.found.missing:
                yield Problem(f"has no live rule: AWS has {where}", where=f"routes.{name}", code="listener-missing")
        else:
            yield from lane.found.missing.values()
        for target in lane.found.targets:
            arn, command = target.rule.arn, command_for(target, region)
            place = (target.route,) if target.route else lane.routes
            what = "" if target.name == target.route else f"{target.name}: "
            if arn in lane.unseen:
                what += f"was changed and not read back: {lane.errors.get(arn) or lane.trouble}"
                yield from (Problem(what, f"routes.{name}", command, code="not-read-back") for name in place)
            elif not target.legacy:
                what += "its legacy target group doesn't exist, or can't be read"
                yield from (Problem(what, f"routes.{name}", command, code="target-group-missing") for name in place)
            elif not target.is_back:
                what += lane.errors.get(arn) or f"still forwards to {target.rule.does}"
                yield from (Problem(what, f"routes.{name}", command, code="route-not-moved") for name in place)

    def _by_record(self, route: str) -> str | None:
        """The line for a route whose load balancer can't be read, by what is known from before."""
        environment, known = self._environment, self.known()
        rule, listener = known.rules.get(route), known.listeners.get(environment.routes[route].load_balancer)
        legacy = known.groups.get(environment.routes[route].legacy)
        if rule and legacy and route not in known.extras:  # what else such a rule does would be lost
            return modify_rule(rule, legacy, environment.region)
        return describe_rules(listener, environment.region) if listener else None

    def _interrupted(self) -> Interrupted:
        """End at once; what can be read in a moment is told."""
        lanes = self._lanes
        for lane in lanes:
            lane.is_stopped = True
        under_way = sum(len(lane.under_way) for lane in lanes)
        pool = threads.DaemonPool(len(lanes), "last look")
        looks = {pool.submit(self._api.rules, (lane.listener,)): lane for lane in lanes if lane.listener}
        pool.wait(looks, LAST_LOOK)
        for look, lane in looks.items():
            if look.done() and not look.exception():
                lane.see(look.result())
        back = self._moved().back
        total = sum(len(lane.routes) for lane in lanes)
        calls = f"; {under_way} call{'s' * (under_way != 1)} in progress, which may take effect" if under_way else ""
        return Interrupted(
            f"stopped: {len(back)} of {count_of(total, 'route')} confirmed on legacy only{calls}",
            hint=f"run `rollout rollback {self._environment.name}` again for the others",
        )


class _Marks:
    """Marks rules beside everything else, once each."""

    def __init__(self, api: RuleApi, text: Callable[[], str] | None) -> None:
        self._api = api
        self._text = text
        self._pool = threads.DaemonPool(4, "marks")
        self._calls: list[Future[None]] = []
        self._asked: set[Arn] = set()
        self._done: dict[Arn, str] = {}

    def begin(self, found: FoundTargets) -> None:
        """Begin to mark the rules that have no mark yet."""
        new = [t for t in found.targets if not t.is_default and t.rule.arn not in self._asked]
        own, further = (
            [target.rule.arn for target in new if (target.name == target.route) is is_own] for is_own in (True, False)
        )
        for rules in filter(None, (own, further)):  # apart, since a role may have a right to the routes' own alone
            self._asked.update(rules)
            self._calls.append(self._pool.submit(self._mark, rules))

    def again(self) -> None:
        """Mark all of them once more: a raise that ended meanwhile may have taken the mark for an older one."""
        done = dict(self._done)  # calls that are late still add to it
        for text in set(done.values()):
            rules = [rule for rule, said in done.items() if said == text]
            self._calls.append(self._pool.submit(self._api.mark, rules, text))

    def _mark(self, rules: Sequence[Arn]) -> None:
        if self._text:
            text = self._text()
            self._api.mark(rules, text)
            self._done |= dict.fromkeys(rules, text)

    def wait(self) -> None:
        """Wait for what is under way, but not for long."""
        self._pool.wait(self._calls, MARKING)

    def missing(self, rules: set[Arn]) -> frozenset[Arn]:
        """The rules that aren't marked."""
        return frozenset(rules - set(self._done))
