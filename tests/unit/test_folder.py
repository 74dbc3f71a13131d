"""A folder as Pulumi's backend: what can't be told from its files is the engine's to tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rollout.adapters.pulumi.folder import AskEngineError, Folder

RULE = {"urn": "urn:pulumi:production::shop-routing::aws:lb/listenerRule:ListenerRule::score"}
STATE = {"version": 3, "checkpoint": {"latest": {"resources": [RULE]}}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "with a space" / ".pulumi"
    for folder in ("stacks/shop-routing", "history/shop-routing/production"):
        (root / folder).mkdir(parents=True)
    (root / "meta.yaml").write_text("version: 1\n")
    return root


def folder(root: Path) -> Folder:
    return Folder(root.parent.as_uri(), "shop-routing", "production")


def keep(root: Path, state: object) -> None:
    (root / "stacks" / "shop-routing" / "production.json").write_text(json.dumps(state))


def update(root: Path, number: int, **fields: object) -> Path:
    file = root / "history" / "shop-routing" / "production" / f"production-{number}.history.json"
    file.write_text(
        json.dumps({"kind": "update", "result": "succeeded", "startTime": number, "message": "x", **fields})
    )
    return file


def test_a_state_and_a_history_are_read(root: Path) -> None:
    assert folder(root).resources() is None
    assert folder(root).history(5) == ()
    keep(root, STATE)
    for number in (3, 1, 2):
        update(root, number, endTime=number + 1)
    assert folder(root).resources() == [RULE]
    assert [each.start.second for each in folder(root).history(2)] == [2, 3]


@pytest.mark.parametrize("checkpoint", [{}, {"latest": None}, {"latest": {}}])
def test_a_new_stack_holds_nothing(root: Path, checkpoint: object) -> None:
    keep(root, {"version": 3, "checkpoint": checkpoint})
    assert folder(root).resources() == []


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
def test_a_state_tells_the_salt_of_its_passphrase(root: Path, latest: object, salt: str | None) -> None:
    assert folder(root).salt is None
    keep(root, {"version": 3, "checkpoint": {"latest": latest}})
    assert folder(root).salt == salt


@pytest.mark.parametrize("state", [{**STATE, "version": 4}, {"version": 3}, [], "", {"version": 3, "checkpoint": []}])
def test_another_state_is_the_engines_to_read(root: Path, state: object) -> None:
    keep(root, state)
    with pytest.raises(AskEngineError):
        folder(root).resources()


def test_half_a_file_is_the_engines_to_read(root: Path) -> None:
    keep(root, STATE)
    file = root / "stacks" / "shop-routing" / "production.json"
    file.write_text(file.read_text()[:20])
    update(root, 1).write_text("")
    with pytest.raises(AskEngineError):
        folder(root).resources()
    with pytest.raises(AskEngineError):
        folder(root).history(5)


@pytest.mark.parametrize("layout", [None, "version: 2\n", "version: 0\n"])
def test_another_layout_is_the_engines_to_read(root: Path, layout: str | None) -> None:
    (root / "meta.yaml").unlink() if layout is None else (root / "meta.yaml").write_text(layout)
    with pytest.raises(AskEngineError):
        folder(root).resources()
    with pytest.raises(AskEngineError):
        folder(root).history(5)


def test_compressed_files_are_the_engines_to_read(root: Path) -> None:
    keep(root, STATE)
    (root / "stacks" / "shop-routing" / "staging.json.gz").write_bytes(b"")
    update(root, 1).with_suffix(".json.gz").write_bytes(b"")
    with pytest.raises(AskEngineError):
        folder(root).resources()
    with pytest.raises(AskEngineError):
        folder(root).history(5)


@pytest.mark.parametrize("backend", ["s3://states?region=us-west-2", "https://api.pulumi.com", "azblob://x"])
def test_another_backend_is_the_engines_to_read(backend: str) -> None:
    with pytest.raises(AskEngineError):
        Folder(backend, "shop-routing", "production").resources()
