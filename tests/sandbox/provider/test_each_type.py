"""What holds for every resource type: nothing differs after a create, refresh or import, and what is gone is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import cache
from itertools import count
from typing import Any

import pytest

from rollout_sandbox.daemon import SandboxInfo
from tests.sandbox.provider.engine import (
    ALARM,
    ALIAS,
    ATTACHMENT,
    COMPOSITE,
    FUNCTION,
    GROUP,
    LOGS,
    OBJECT,
    PERMISSION,
    POLICY,
    POLICY_ATTACHMENT,
    ROLE,
    RULE,
    STATE_MACHINE,
    TABLE,
    Engine,
    Made,
    failing,
    without,
)
from tests.sandbox.provider.samples import MANAGED, SAMPLES
from tests.sandbox.tenant import REGION, Tenant

IMPORT_IDS = {ALIAS: "scorer/live", PERMISSION: "scorer/balancer", POLICY_ATTACHMENT: f"runner/{MANAGED}"}
NOT_REGIONAL = {ROLE, POLICY, POLICY_ATTACHMENT}
TAGGED = {RULE, GROUP, FUNCTION, ROLE, LOGS, ALARM, COMPOSITE, OBJECT, TABLE, STATE_MACHINE}
AFTER_IMPORT = {
    FUNCTION: ["code", "lastModified"],
    GROUP: ["deregistrationDelay"],
    OBJECT: ["source", "versionId"],
}
types = pytest.mark.parametrize("type_", SAMPLES)
_accounts = count(350_000_000_000)  # a worker that gets back to these tests begins with new ones


@pytest.fixture(scope="module")
def made(aws: SandboxInfo) -> Iterator[Callable[[str], Made]]:
    """A resource of a type, in an account of its own, for tests that leave it as it is."""
    with ExitStack() as engines:

        @cache
        def make(type_: str) -> Made:
            tenant = Tenant(aws, str(next(_accounts)))
            engine = engines.enter_context(closing(Engine(aws.provider_port(tenant.account, REGION))))
            return engine.make(type_, SAMPLES[type_](tenant))

        yield make


def given(one: Made) -> dict[str, Any]:
    """The inputs as the program gave them, and the defaults."""
    return without(one.inputs, "__defaults", "region", "tagsAll")


def still(found: Made | None) -> Made:
    assert found is not None
    return found


@types
def test_nothing_differs_after_a_create(made: Callable[[str], Made], type_: str) -> None:
    one = made(type_)
    found = one.diff(given(one))
    assert (found.changes, found.names, found.paths) == (False, [], {})


@types
def test_a_refresh_tells_the_state_and_inputs_again(made: Callable[[str], Made], type_: str) -> None:
    one = made(type_)
    again = still(one.refresh())
    assert (again.id, again.inputs, again.outputs) == (one.id, one.inputs, one.outputs)


@pytest.mark.parametrize("type_", sorted(set(SAMPLES) - {ATTACHMENT}))
def test_after_an_import_only_what_aws_does_not_tell_differs(made: Callable[[str], Made], type_: str) -> None:
    one = made(type_)
    imported = still(one.engine.import_(type_, IMPORT_IDS.get(type_, one.id)))
    assert imported.inputs["__defaults"] == []
    found = imported.diff(given(one))
    assert (found.names, found.replaces) == (AFTER_IMPORT.get(type_, []), [])


@types
def test_what_is_deleted_is_gone_and_may_be_deleted_again(engine: Engine, tenant: Tenant, type_: str) -> None:
    one = engine.make(type_, SAMPLES[type_](tenant))
    one.delete()
    assert one.refresh() is None
    if type_ != ATTACHMENT:
        assert engine.import_(type_, IMPORT_IDS.get(type_, one.id)) is None
    one.delete()


@types
def test_checked_inputs_have_the_region_and_all_tags(made: Callable[[str], Made], type_: str) -> None:
    inputs = made(type_).inputs
    assert inputs.get("region") == (None if type_ in NOT_REGIONAL else REGION)
    assert inputs.get("tagsAll") == ({} if type_ in TAGGED else None)
    assert "tags" not in inputs


@pytest.mark.parametrize("type_", sorted(set(SAMPLES) - NOT_REGIONAL))
def test_an_old_state_without_a_region_is_no_difference(made: Callable[[str], Made], type_: str) -> None:
    one = made(type_)
    old = Made(one.engine, type_, one.id, one.inputs, without(one.outputs, "region"))
    assert not old.diff(given(one)).changes
    moved = one.diff({**given(one), "region": "eu-west-1"})
    assert (moved.replaces, moved.paths) == (["region"], {"region": "UPDATE_REPLACE"})


@pytest.mark.parametrize("type_", sorted(TAGGED))
def test_tags_are_set_changed_and_taken_away_in_place(engine: Engine, tenant: Tenant, type_: str) -> None:
    inputs = SAMPLES[type_](tenant)
    one = engine.make(type_, {**inputs, "tags": {"team": "scores", "stage": "one"}})
    assert one.outputs["tagsAll"] == {"team": "scores", "stage": "one"}
    found = one.diff({**inputs, "tags": {"stage": "two"}})
    assert (found.names, found.replaces) == (["tags", "tagsAll"], [])
    assert still(one.update({**inputs, "tags": {"stage": "two"}}).refresh()).outputs["tags"] == {"stage": "two"}


def test_a_type_that_is_not_there_is_named(engine: Engine) -> None:
    with failing("the sandbox's provider has no resource type aws:s3/bucket:Bucket"):
        engine.check("aws:s3/bucket:Bucket", {})
