"""What the `Controller` port promises, held on the real adapter and on the fake."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from rollout.adapters.aws.controller import AwsController
from rollout.adapters.aws.session import Access
from rollout.errors import AwsError
from rollout.fakes.clock import InMemoryClock
from rollout.fakes.guard import InMemoryController
from rollout.guard import table
from rollout.ramp import controlled
from rollout.ramp.controlled import Controlled, ControllerRefusal, Installed
from rollout.ramp.ports import Controller
from tests.sandbox.tenant import REGION, Tenant

TITLE = "rollout-shop-production"
MINUTE = timedelta(minutes=1)
INSTALLED = Installed("arn:aws:lambda:us-west-2:1:function:c", "image@sha256:0", "abc", "0.1.0", MINUTE)
accounts = itertools.count(240_000_000_000)
Site = tuple[Controller, Callable[[], None], Callable[[str], None]]


@pytest.fixture(params=["in memory", "sandbox"])
def site(request: pytest.FixtureRequest) -> Site:
    """A controller's record, what installs it, and what puts something else in its place."""
    if request.param == "in memory":
        fake = InMemoryController(InMemoryClock())
        return fake, lambda: setattr(fake, "installed", True), lambda body: setattr(fake, "body", body)
    tenant = Tenant(request.getfixturevalue("sandbox"), str(next(accounts)))
    items, name = tenant.client("dynamodb"), controlled.table_name(TITLE)
    keys = (table.HASH, "HASH"), (table.RANGE, "RANGE")

    def install() -> None:
        items.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        )

    def spoil(body: str) -> None:
        items.put_item(TableName=name, Item={**table.STATE, "version": {"N": "1"}, "body": {"S": body}})

    access = Access(REGION, tenant.sandbox.endpoint, tenant.account, "any")
    return AwsController(access, TITLE), install, spoil


def begun(state: Controlled, now: datetime, id_: str = "1") -> Controlled:
    return controlled.begin_look(state, id_, INSTALLED, now=now, until=now + 15 * MINUTE)


def test_without_a_table_there_is_no_controller(site: Site) -> None:
    controller, _, _ = site
    assert controller.read() is None
    with pytest.raises(AwsError) as caught:
        controller.change(begun)
    assert caught.value.code == "no-controller"


def test_a_look_holds_the_lease_that_another_is_refused(site: Site) -> None:
    controller, install, _ = site
    install()
    assert controller.read() == Controlled()
    first = controller.change(begun)
    assert (controller.read(), first.version, first.installed) == (first, 1, INSTALLED)
    with pytest.raises(ControllerRefusal, match="look-under-way"):
        controller.change(lambda state, now: begun(state, now, "2"))
    assert controller.read() == first


@pytest.mark.parametrize("body", ["{", '{"format": 99}', '{"lease": "mine"}', '{"installed": {"pace": true}}'])
def test_what_is_no_record_is_told_and_stays(site: Site, body: str) -> None:
    controller, install, spoil = site
    install()
    spoil(body)
    for act in (controller.read, lambda: controller.change(begun)):
        with pytest.raises(AwsError) as caught:
            act()
        assert caught.value.code == "controller-state-unreadable"
