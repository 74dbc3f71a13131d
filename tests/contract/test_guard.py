"""What the `Guard` port promises, held on the real adapter and on the fake."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

import pytest

from rollout.adapters.aws.guard import AwsGuard
from rollout.adapters.aws.session import Access
from rollout.errors import AwsError
from rollout.fakes.clock import InMemoryClock
from rollout.fakes.guard import InMemoryGuard
from rollout.guard import heartbeat, table
from rollout.guard import state as guard
from rollout.guard.record import Decision, Firing, Moved
from rollout.guard.state import GuardRefusal, GuardState
from rollout.migration import ports
from tests.sandbox.tenant import REGION, Tenant

TITLE = "rollout-shop-production"
AT = datetime(2026, 11, 23, 8, 0, 0, 250_000, tzinfo=UTC)
accounts = itertools.count(230_000_000_000)


class Site(Protocol):
    """An account, in which a guard may be."""

    @property
    def port(self) -> ports.Guard: ...
    def install(self) -> None: ...
    def spoil(self, body: str) -> None: ...
    def record(self, firing: Firing) -> None: ...
    def beats(self) -> int: ...


class InMemorySite:
    def __init__(self) -> None:
        self.port = InMemoryGuard(InMemoryClock())

    def install(self) -> None:
        self.port.installed = True

    def spoil(self, body: str) -> None:
        self.port.body = body

    def record(self, firing: Firing) -> None:
        self.port.record(firing)

    def beats(self) -> int:
        return len(self.port.beats)


@dataclass
class SandboxSite:
    tenant: Tenant

    @cached_property
    def port(self) -> AwsGuard:
        return AwsGuard(Access(REGION, self.tenant.sandbox.endpoint, self.tenant.account, "any"), TITLE)

    @cached_property
    def items(self) -> Any:
        return self.tenant.client("dynamodb")

    def install(self) -> None:
        keys = (table.HASH, "HASH"), (table.RANGE, "RANGE")
        self.items.create_table(
            TableName=table.table_name(TITLE),
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        )

    def spoil(self, body: str) -> None:
        item = {**table.STATE, "version": {"N": "1"}, "body": {"S": body}}
        self.items.put_item(TableName=table.table_name(TITLE), Item=item)

    def record(self, firing: Firing) -> None:
        self.items.put_item(**table.record_put(table.table_name(TITLE), firing))

    def beats(self) -> int:
        now = datetime.now(UTC)
        got = self.tenant.client("cloudwatch").get_metric_statistics(
            Namespace=heartbeat.NAMESPACE,
            MetricName=heartbeat.METRIC,
            Dimensions=[{"Name": heartbeat.DIMENSION, "Value": TITLE}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=60,
            Statistics=["SampleCount"],
        )
        return int(sum(point["SampleCount"] for point in got["Datapoints"]))


@pytest.fixture(params=["in memory", "sandbox"])
def site(request: pytest.FixtureRequest) -> Site:
    if request.param == "in memory":
        return InMemorySite()
    return SandboxSite(Tenant(request.getfixturevalue("sandbox"), str(next(accounts))))


def firing(minute: int) -> Firing:
    at = AT + minute * timedelta(minutes=1)
    return Firing(f"e{minute}", at, "errors", "too many", Decision.FIRE, {"orders": Moved((90, 10), (1, 0))}, back=True)


def watched(state: GuardState, now: datetime) -> GuardState:
    return guard.watch(state, by="ann", now=now)


def test_without_a_table_there_is_no_guard(site: Site) -> None:
    assert site.port.read() is None
    assert site.port.firings(5) == ()
    with pytest.raises(AwsError) as caught:
        site.port.change(watched)
    assert caught.value.code == "no-guard"


def test_a_new_guard_has_a_new_state_and_each_change_counts(site: Site) -> None:
    site.install()
    assert site.port.read() == GuardState()
    first = site.port.change(watched)
    assert (first.version, site.port.read()) == (1, first)
    assert first.watching
    assert site.port.change(lambda state, _: guard.unwatch(state)) == GuardState(version=2)
    assert site.port.change(lambda state, _: guard.unwatch(state)).version == 2, "nothing to change"


def test_a_change_sees_what_another_process_wrote_meanwhile(site: Site) -> None:
    site.install()
    others = iter(["bob", "eve"])

    def slowly(state: GuardState, now: datetime) -> GuardState:
        if by := next(others, None):
            site.port.change(lambda state, _: guard.begin_raise(state, id_=by, by=by, now=now, until=now, seen=0))
        return guard.watch(state, by="ann", now=now)

    made = site.port.change(slowly)
    assert ([lease.by for lease in made.raising], made.version) == (["bob", "eve"], 3)
    assert made.watching


def test_a_change_gives_up_where_others_never_stop(site: Site) -> None:
    site.install()

    def outrun(state: GuardState, now: datetime) -> GuardState:
        site.port.change(lambda state, _: replace(state, fired=state.fired + 1))
        return watched(state, now)

    with pytest.raises(AwsError) as caught:
        site.port.change(outrun)
    assert caught.value.code == "concurrent-change"


def test_a_refusal_writes_nothing(site: Site) -> None:
    site.install()

    def refuse(_state: GuardState, _now: datetime) -> GuardState:
        raise GuardRefusal("guard-fired")

    with pytest.raises(GuardRefusal):
        site.port.change(refuse)
    assert site.port.read() == GuardState()


@pytest.mark.parametrize("body", ["{", '{"format": 99}', '{"epoch": "many"}'])
def test_what_is_no_state_is_told_and_stays(site: Site, body: str) -> None:
    site.install()
    site.spoil(body)
    for act in (site.port.read, lambda: site.port.change(watched)):
        with pytest.raises(AwsError) as caught:
            act()
        assert caught.value.code == "guard-state-unreadable"


def test_records_are_read_newest_first(site: Site) -> None:
    site.install()
    for minute in (3, 1, 12):
        site.record(firing(minute))
    site.record(replace(firing(3), back=False))
    assert [(each.id, each.back) for each in site.port.firings(2)] == [("e12", True), ("e3", False)]
    assert site.port.firings(9)[2] == firing(1)


def test_time_is_never_later_than_the_true_one(site: Site) -> None:
    site.install()
    site.port.change(watched)
    state = site.port.read()
    assert state
    assert state.watching
    assert state.watching.since <= datetime.now(UTC)


def test_a_heartbeat_is_written(site: Site) -> None:
    site.port.beat()
    assert site.beats() == 1
