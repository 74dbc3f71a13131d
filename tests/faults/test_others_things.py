"""What somebody put in the place of ours, on the real engine: it is neither changed nor deleted."""

from __future__ import annotations

import pytest

from rollout.errors import PreflightFailed
from rollout.inventory.marks import mark_of
from rollout.inventory.stacks import CANDIDATE
from tests.conftest import Team

pytestmark = pytest.mark.engine
NAME = "rust-scorer"


def test_what_replaced_ours_outlives_an_undo_and_is_refused_by_the_next_run(legacy: Team) -> None:
    before = sorted((legacy.aws.folder / "state").rglob("*.json"))
    legacy.open().preview("phase1")
    assert sorted((legacy.aws.folder / "state").rglob("*.json")) == before
    legacy.open().phase1(approve=True)
    functions = legacy.aws.client("lambda", legacy.account, "us-west-2")
    ours = functions.get_function(FunctionName=NAME)["Configuration"]
    assert functions.list_tags(Resource=ours["FunctionArn"])["Tags"] == mark_of(legacy.open().inventory, CANDIDATE).tags

    functions.delete_function(FunctionName=NAME)
    theirs = {"Runtime": "provided.al2023", "Role": ours["Role"], "Handler": "theirs", "Tags": {"team": "b"}}
    functions.create_function(FunctionName=NAME, Code={"ZipFile": b"theirs"}, **theirs)
    undone = legacy.open().undo("phase1", approve=True)
    assert any(f"function {NAME} stays" in warning for warning in undone.gate.warnings)
    assert functions.get_function(FunctionName=NAME)["Configuration"]["Handler"] == "theirs"
    for previewed in (True, False, False):
        with pytest.raises(PreflightFailed) as caught:
            _ = legacy.open().preview("phase1") if previewed else legacy.open().phase1(approve=True)
        assert [problem.code for problem in caught.value.problems] == ["name-taken"]
    assert functions.get_function(FunctionName=NAME)["Configuration"]["Handler"] == "theirs"
