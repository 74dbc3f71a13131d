"""A folder and a bucket as Pulumi's backend: what can't be told from its files is the engine's to tell."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import pytest
from moto.s3.models import s3_backends

from rollout.adapters.aws.session import Access
from rollout.adapters.aws.state_bucket import bucket_at
from rollout.adapters.pulumi.backend_files import Files, files_of
from rollout.adapters.pulumi.locks import locks_among
from rollout.adapters.pulumi.stored import AskEngineError, StoredStack
from rollout_sandbox import Sandbox
from tests.sandbox.tenant import REGION

RULE = {"urn": "urn:pulumi:production::shop-routing::aws:lb/listenerRule:ListenerRule::score"}
STATE = {"version": 3, "checkpoint": {"latest": {"resources": [RULE]}}}
MANY = 1_100
"""More than a page of a bucket."""
accounts = itertools.count(260_000_000_000)


class Backend(Protocol):
    """A backend that tests write to."""

    files: Files | None

    def put(self, path: str, body: bytes) -> None: ...
    def remove(self, path: str) -> None: ...


class InFolder:
    def __init__(self, root: Path) -> None:
        self._root = root / "with a space"
        self.files = files_of(self._root.as_uri())

    def put(self, path: str, body: bytes) -> None:
        file = self._root / ".pulumi" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)

    def remove(self, path: str) -> None:
        (self._root / ".pulumi" / path).unlink()


@dataclass
class InBucket:
    sandbox: Sandbox
    folder: str = "with a space"

    def __post_init__(self) -> None:
        account = f"{next(accounts)}"
        self.name = f"states-{account}"
        self.s3 = self.sandbox.client("s3", account, REGION)
        self.s3.create_bucket(Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.access = Access(REGION, self.sandbox.endpoint, account, "any", self.sandbox.token)
        self.files: Files | None = bucket_at(self.access, f"s3://{self.name}/{quote(self.folder)}?region={REGION}")

    def put(self, path: str, body: bytes) -> None:
        self.s3.put_object(Bucket=self.name, Key=f"{self.folder}/.pulumi/{path}", Body=body)

    def remove(self, path: str) -> None:
        self.s3.delete_object(Bucket=self.name, Key=f"{self.folder}/.pulumi/{path}")


@pytest.fixture(params=["folder", "bucket"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    made: Backend = InFolder(tmp_path) if request.param == "folder" else InBucket(request.getfixturevalue("sandbox"))
    made.put("meta.yaml", b"version: 1\n")
    return made


def stored(backend: Backend) -> StoredStack:
    return StoredStack(backend.files, "shop-routing", "production")


def keep(backend: Backend, state: object) -> None:
    backend.put("stacks/shop-routing/production.json", json.dumps(state).encode())


def update(backend: Backend, number: int, **fields: object) -> None:
    body = {"kind": "update", "result": "succeeded", "startTime": number, "message": "x", **fields}
    backend.put(f"{HISTORY}-{number}.history.json", json.dumps(body).encode())


HISTORY = "history/shop-routing/production/production"


def test_a_state_and_a_history_are_read(backend: Backend) -> None:
    assert stored(backend).resources() is None
    assert stored(backend).history(5) == ()
    keep(backend, STATE)
    for number in (3, 1, 2):
        update(backend, number, endTime=number + 1)
    backend.put(f"{HISTORY}-3.checkpoint.json", b"")
    assert stored(backend).resources() == [RULE]
    assert [each.start.second for each in stored(backend).history(2)] == [2, 3]


@pytest.mark.parametrize("checkpoint", [{}, {"latest": None}, {"latest": {}}])
def test_a_new_stack_holds_nothing(backend: Backend, checkpoint: object) -> None:
    keep(backend, {"version": 3, "checkpoint": checkpoint})
    assert stored(backend).resources() == []


@pytest.mark.parametrize(
    ("latest", "salt"),
    [
        ({"secrets_providers": {"type": "passphrase", "state": {"salt": "v1:a="}}}, "v1:a="),
        ({"secrets_providers": {"type": "cloud", "state": {"url": "awskms://a", "salt": "v1:a="}}}, None),
        ({"secrets_providers": {"type": "passphrase"}}, None),
        ({"secrets_providers": {"type": "b64"}}, None),
        ({}, None),
    ],
)
def test_a_state_tells_the_salt_of_its_passphrase(backend: Backend, latest: object, salt: str | None) -> None:
    assert stored(backend).salt is None
    keep(backend, {"version": 3, "checkpoint": {"latest": latest}})
    assert stored(backend).salt == salt


@pytest.mark.parametrize("state", [{**STATE, "version": 4}, {"version": 3}, [], "", {"version": 3, "checkpoint": []}])
def test_another_state_is_the_engines_to_read(backend: Backend, state: object) -> None:
    keep(backend, state)
    with pytest.raises(AskEngineError):
        stored(backend).resources()


READS: tuple[Callable[[StoredStack], Any], ...] = (StoredStack.resources, lambda stack: stack.history(5))


@pytest.mark.parametrize("read", READS)
def test_half_a_file_is_the_engines_to_read(backend: Backend, read: Callable[[StoredStack], Any]) -> None:
    backend.put("stacks/shop-routing/production.json", json.dumps(STATE).encode()[:20])
    backend.put(f"{HISTORY}-1.history.json", b"")
    with pytest.raises(AskEngineError):
        read(stored(backend))


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("layout", [None, b"version: 2\n", b"version: 0\n", b"\xff"])
def test_another_layout_is_the_engines_to_read(
    backend: Backend, layout: bytes | None, read: Callable[[StoredStack], Any]
) -> None:
    keep(backend, STATE)
    backend.remove("meta.yaml") if layout is None else backend.put("meta.yaml", layout)
    with pytest.raises(AskEngineError):
        read(stored(backend))


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_compressed_files_are_the_engines_to_read(
    backend: Backend, ending: str, read: Callable[[StoredStack], Any]
) -> None:
    keep(backend, STATE)
    backend.put(f"stacks/shop-routing/staging.json.{ending}", b"")
    backend.put(f"{HISTORY}-1.history.json.{ending}", b"")
    with pytest.raises(AskEngineError):
        read(stored(backend))


def test_locks_are_read(backend: Backend) -> None:
    assert backend.files
    held = {"pid": 1, "username": "ana", "hostname": "elsewhere", "timestamp": "2026-11-23T08:00:00Z"}
    assert locks_among(backend.files, "shop", "routing", "production") == ()
    backend.put("locks/organization/shop-routing/production/a.json", json.dumps(held).encode())
    (lock,) = locks_among(backend.files, "shop", "routing", "production")
    assert (lock.user, lock.host) == ("ana", "elsewhere")


def test_of_a_long_history_the_last_updates_alone_are_read(sandbox: Sandbox) -> None:
    bucket = InBucket(sandbox)
    bucket.put("meta.yaml", b"version: 1\n")
    moto = s3_backends[bucket.access.access_key or ""]["global"]
    for number in range(MANY):
        body = {"kind": "update", "result": "succeeded", "startTime": number}
        key = f"{bucket.folder}/.pulumi/{HISTORY}-{number:06}.history.json"
        moto.put_object(bucket.name, key, json.dumps(body).encode())  # without a request each
    before = len(sandbox.calls("s3:*"))
    assert len(stored(bucket).history(5)) == 5
    asked = [call.action for call in sandbox.calls("s3:*")[before:]]
    assert sorted(set(asked)) == ["s3:GetObject", "s3:ListObjectsV2"]
    assert (asked.count("s3:GetObject"), asked.count("s3:ListObjectsV2")) == (6, 2)


def test_what_may_not_be_read_is_the_engines_to_read(sandbox: Sandbox) -> None:
    bucket = InBucket(sandbox)
    bucket.put("meta.yaml", b"version: 1\n")
    keep(bucket, STATE)
    account = bucket.access.access_key or ""
    statement = {"Sid": "A", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    sandbox.enforce(account, {"Version": "2012-10-17", "Statement": [statement]})
    for read in READS:
        with pytest.raises(AskEngineError):
            read(stored(bucket))
    missing = bucket_at(bucket.access, f"s3://nowhere-{account}?region={REGION}")
    with pytest.raises(AskEngineError):
        StoredStack(missing, "shop-routing", "production").resources()


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("s3://states?region=us-west-2&awssdk=v2", True),
        ("s3://states/a/b?region=us-west-2&s3ForcePathStyle=true&endpoint=http://127.0.0.1:1", True),
        ("s3://states?region=us-west-2&use_path_style=1&kmskeyid=alias/a&ssetype=aws:kms", True),
        ("s3://states?region=us-west-2&role=arn:aws:iam::123456789012:role/a", False),
        ("s3://states?region=us-west-2&profile=other", False),
        ("s3://states?region=us-west-2&new_parameter=1", False),
        ("https://api.pulumi.com", False),
        ("azblob://states", False),
        ("gs://states?region=us-west-2", False),
    ],
)
def test_a_bucket_is_opened_if_all_of_its_address_is_known(url: str, known: bool) -> None:
    opened = files_of(url, cache(partial(bucket_at, Access(REGION))))
    assert (opened is not None) == known
    if not known:
        with pytest.raises(AskEngineError):
            StoredStack(opened, "shop-routing", "production").resources()
