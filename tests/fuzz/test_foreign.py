"""Whatever others wrote, be it states, answers, policies, histories or locks: it is read, or refused in one way."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.adapters.owners import pulumi_stack, terraform
from rollout.adapters.pulumi.locks import locks_in
from rollout.adapters.pulumi.states import PulumiStates
from rollout.adapters.pulumi.stored import AskEngineError
from rollout.alb.invocation import Invocation
from rollout.errors import RolloutError
from rollout.inventory.file import load
from rollout.inventory.model import Arn
from rollout.migration.checks.inspection import lets_in
from rollout.migration.smoke.report import judge
from rollout.migration.smoke.samples import read_samples
from rollout.state.history.audit import changes_of
from rollout.state.history.entries import Update
from rollout.state.history.record import MARK, record_in
from rollout.state.plan import states_of
from rollout.state.ramp_journal import entries
from tests.fuzz.anything import anything, soon, texts
from tests.fuzz.inventories import ROOT

FUZZ = settings.get_profile("fuzz")
GROUP = Arn("arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/a/b")


def mostly(shape: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What it should be, or anything else."""
    return st.integers(0, 9).flatmap(lambda number: shape if number else anything)


def fields(**shapes: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An object with these or some of them, each mostly as it should be."""
    each = {name: mostly(shape) for name, shape in shapes.items()}
    return mostly(st.one_of(st.fixed_dictionaries(each), st.fixed_dictionaries({}, optional=each)))


some_json = st.one_of(anything.map(json.dumps), texts, st.integers(1, 9000).map(lambda deep: "[" * deep))
INSTANCE = fields(attributes=fields(id=texts), index_key=st.one_of(texts, st.integers()), deposed=texts)
TERRAFORM = fields(
    version=st.just(4),
    resources=st.lists(
        fields(
            mode=st.just("managed"),
            type=st.sampled_from(terraform.RULES),
            name=texts,
            module=texts,
            instances=st.lists(INSTANCE, max_size=2),
        ),
        max_size=2,
    ),
)
RESOURCE = fields(
    urn=texts,
    type=st.sampled_from(["aws:lb/listenerRule:ListenerRule", "aws:alb:ListenerRule", "x"]),
    id=texts,
    delete=st.booleans(),
    protect=st.booleans(),
    custom=st.booleans(),
    inputs=st.dictionaries(texts, anything, max_size=2),
    outputs=st.dictionaries(texts, anything, max_size=2),
)
PULUMI = fields(version=st.just(3), deployment=fields(resources=st.lists(RESOURCE, max_size=2)))
STATEMENT = fields(
    Effect=st.sampled_from(["Allow", "Deny"]),
    Principal=st.one_of(st.just("*"), fields(Service=st.just("elasticloadbalancing.amazonaws.com"))),
    Action=st.sampled_from(["lambda:InvokeFunction", ["lambda:InvokeFunction"], "*"]),
    Condition=fields(ArnLike=fields(**{"AWS:SourceArn": texts}), StringEquals=fields(**{"AWS:SourceAccount": texts})),
)
ANSWER = fields(
    statusCode=st.integers(0, 700),
    headers=st.one_of(st.none(), st.dictionaries(texts, mostly(texts), max_size=2)),
    body=st.one_of(st.none(), texts),
    isBase64Encoded=st.booleans(),
)
UPDATE = fields(
    kind=st.just("update"),
    result=st.just("succeeded"),
    message=texts,
    startTime=st.sampled_from(["2026-11-25T22:00:00.000Z", "0001-01-01T00:00:00Z", "x"]),
    endTime=st.sampled_from(["2026-11-25T22:00:00.000Z", ""]),
    version=st.integers(0, 9),
)


def told(read: Callable[[], object]) -> None:
    """It is read, or one of our errors."""
    with soon(), suppress(RolloutError):
        read()


@FUZZ
@given(TERRAFORM.map(json.dumps), PULUMI.map(json.dumps), some_json)
def test_states_of_other_tools(state: str, stack: str, text: str) -> None:
    for each in (state, stack, text):
        told(lambda each=each: tuple(terraform.rules_in(each)))  # type: ignore[misc]
        told(lambda each=each: tuple(pulumi_stack.rules_in(each)))  # type: ignore[misc]


@FUZZ
@given(st.lists(RESOURCE, max_size=3))
def test_states_of_our_own(resources: list[Any]) -> None:
    told(lambda: states_of(resources))


def nothing(*_: object) -> Any:
    raise AskEngineError


@FUZZ
@given(st.one_of(st.lists(UPDATE, max_size=2).map(json.dumps), some_json))
def test_histories(text: str) -> None:
    asked = type("Told", (PulumiStates,), {"_ask": lambda *_: text, "_stored": nothing})(None, None)
    told(lambda: asked.history("routing", 9))
    told(lambda: asked.resources("routing"))


@FUZZ
@given(st.one_of(fields(Statement=st.one_of(STATEMENT, st.lists(STATEMENT, max_size=2))).map(json.dumps), some_json))
def test_policies(text: str) -> None:
    told(lambda: lets_in(text, GROUP))


@FUZZ
@given(ANSWER, mostly(fields(type=st.sampled_from(["object", "x"]), pattern=texts)))
def test_answers_of_functions(answer: Any, schema: Any) -> None:
    went = Invocation(answer, None, timedelta(seconds=1))
    status, wrong = judge(went, (), None)
    assert status is None or 100 <= status < 600
    assert all(isinstance(each, str) for each in wrong)


@FUZZ
@given(texts, st.one_of(some_json, fields(phase=texts, by=texts, moves=anything).map(json.dumps)))
def test_messages(first: str, second: str) -> None:
    for mark in (MARK, "rollout-ramp: "):
        message = f"{first}\n{mark}{second}"
        record_in(message)
        update = Update("update", "succeeded", message, datetime(2026, 11, 25, tzinfo=UTC))
        entries([update])
        changes_of({"routing": [update]})


@FUZZ
@given(texts, texts)
def test_locks(who: str, when: str) -> None:
    told(lambda: tuple(locks_in("routing", f"created by {who}@host (pid 1) at {when}")))


@FUZZ
@given(
    st.one_of(
        fields(
            request=fields(method=texts, path=texts, headers=st.dictionaries(texts, texts, max_size=2), body=anything),
            expect=fields(status=st.integers(0, 999), schema=fields(type=texts, pattern=texts, properties=anything)),
        ).map(json.dumps),
        some_json,
    )
)
def test_samples(text: str) -> None:
    folder = Path("samples")
    folder.mkdir(exist_ok=True)
    (folder / "stamp-score.json").write_text(text)
    inventory = load(ROOT / "stacks.toml").environment("production")
    told(lambda: read_samples(folder, inventory, wanted=True))
