"""Pulumi's state in S3 and its secrets by KMS, with the rights of each role and none to spare."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rollout.adapters.aws.iam import policy
from rollout.adapters.aws.session import Access
from rollout.adapters.aws.state_bucket import bucket_at
from rollout.adapters.pulumi.backend_files import no_bucket
from rollout.adapters.pulumi.install.locate import require
from rollout.adapters.pulumi.stacks import PulumiStacks
from rollout.adapters.pulumi.states import EngineSettings, PulumiStates
from rollout.errors import EngineError
from rollout.inventory.model import Environment, ProgramInput
from rollout.inventory.stacks import CANDIDATE, LEGACY
from tests.conftest import Team

pytestmark = pytest.mark.engine

REGION = "us-west-2"


class Kept:
    """A team whose state is in a bucket, and whose secrets are under a key, of the sandbox's."""

    def __init__(self, team: Team, folder: Path) -> None:
        self._aws, self._account, self._plan = team.aws, team.account, folder / "plan"
        team.aws.client("s3", team.account, REGION).create_bucket(
            Bucket=team.project, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        kms = team.aws.client("kms", team.account, REGION)
        kms.create_alias(AliasName="alias/rollout", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
        at = f"region={REGION}&s3ForcePathStyle=true&awssdk=v2&endpoint={team.aws.endpoint}"
        self.inventory: Environment = team.open().inventory.model_copy(
            update={
                "backend": f"s3://{team.project}/states?{at}",
                "secrets_provider": f"awskms://alias/rollout?region={REGION}&awssdk=v2",
            }
        )
        engine, backend = require(), self.inventory.backend or ""
        variables = team.aws.environ(team.account, REGION, roots=[team.folder])
        opens = partial(bucket_at, Access(REGION, team.aws.endpoint, team.account, "any", team.aws.token))
        settings = EngineSettings(engine.path, str(engine.version), backend, variables, bucket=opens)
        self.stacks = PulumiStacks(self.inventory, settings)
        self.by_engine = PulumiStates(self.inventory, replace(settings, bucket=no_bucket))
        self.without_engine = PulumiStates(self.inventory, replace(settings, command=folder / "there is none"))

    def enforce(self, document: dict[str, Any] | None) -> None:
        """Hold the account to a policy."""
        self._aws.enforce(self._account, document)

    def preview(self, stack: str = CANDIDATE, *, create: bool = False) -> None:
        """See what a program would do."""
        self.stacks.preview(stack, ProgramInput(self.inventory), self._plan, create=create)

    def up(self) -> None:
        """Do it."""
        self.preview(create=True)
        self.stacks.up(CANDIDATE, ProgramInput(self.inventory), plan=self._plan, message="test")

    def secrets_provider(self) -> str:
        """What the candidate's state says that its secrets are under."""
        s3 = self._aws.client("s3", self._account, REGION)
        bucket = str(self.inventory.backend).removeprefix("s3://").partition("/")[0]
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]
        (key,) = [key for key in keys if "/stacks/" in key and "-candidate/" in key and key.endswith("production.json")]
        state = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        return str(state["checkpoint"]["latest"]["secrets_providers"]["type"])

    def refusals(self) -> int:
        """How many calls were refused so far."""
        calls = self._aws.calls("*", self._account)
        return sum("AccessDenied" in (call.error or "") for call in calls)


@pytest.fixture
def kept(legacy: Team, tmp_path: Path) -> Iterator[Kept]:
    made = Kept(legacy, tmp_path)
    yield made
    made.enforce(None)


def without(document: dict[str, Any], action: str) -> dict[str, Any]:
    """A policy less an action."""
    said = [{**each, "Action": [a for a in each["Action"] if a != action]} for each in document["Statement"]]
    return {**document, "Statement": [each for each in said if each["Action"]]}


def test_the_rights_are_enough_and_each_is_needed(kept: Kept) -> None:
    operate, rollback, observe = (policy(kept.inventory, role) for role in ("operate", "rollback", "observe"))
    kept.enforce(operate)
    kept.up()
    kept.enforce(observe)
    assert kept.stacks.backend()
    assert kept.stacks.resources(CANDIDATE)
    kept.preview()
    assert kept.refusals() == 0

    kept.enforce(without(operate, "kms:Encrypt"))
    with pytest.raises(EngineError, match="kms:Encrypt on arn:aws:kms:"):
        kept.preview(LEGACY, create=True)
    for action in ("kms:Decrypt", "kms:Encrypt", "s3:ListBucket", "s3:GetObject", "s3:PutObject"):
        kept.enforce(without(rollback, action))
        refused = kept.refusals()
        with suppress(EngineError):
            kept.stacks.note(CANDIDATE, f"without {action}")
        assert kept.refusals() > refused, action
    kept.enforce(rollback)
    refused = kept.refusals()
    kept.stacks.note(CANDIDATE, "moved back")
    assert kept.refusals() == refused
    kept.enforce(without(rollback, "s3:DeleteObject"))
    with suppress(EngineError):
        kept.stacks.note(CANDIDATE, "and leaves its lock behind")
    assert kept.refusals() > refused


def test_a_bucket_says_what_the_engine_says_of_it(kept: Kept) -> None:
    kept.up()
    kept.stacks.note(CANDIDATE, "paused")
    kept.enforce(policy(kept.inventory, "observe"))
    assert kept.without_engine.resources(CANDIDATE) == kept.by_engine.resources(CANDIDATE)
    assert kept.without_engine.history(CANDIDATE, 3) == kept.by_engine.history(CANDIDATE, 3)
    assert [each.message for each in kept.without_engine.history(CANDIDATE, 3)] == ["test", "paused"]
    assert kept.without_engine.resources(LEGACY) is None
    assert kept.without_engine.history(LEGACY, 3) == ()
    assert kept.refusals() == 0


def test_secrets_stay_under_the_key_from_update_to_update(kept: Kept, tmp_path: Path) -> None:
    kept.up()
    assert kept.secrets_provider() == "cloud"
    kept.stacks.note(CANDIDATE, "paused")
    assert kept.secrets_provider() == "cloud"
    later = tmp_path / "later"  # another run has another folder
    later.mkdir()
    given = ProgramInput(kept.inventory)
    kept.stacks.preview(CANDIDATE, given, later / "plan")
    kept.stacks.up(CANDIDATE, given, plan=later / "plan", message="again")
    assert kept.secrets_provider() == "cloud"
