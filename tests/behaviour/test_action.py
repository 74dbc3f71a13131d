"""action/action.yml: its steps as a runner takes them, with an API here, and `rollout` on a world in memory."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from tests.behaviour.team import InMemoryTeam
from tests.conftest import ROOT
from tests.loopback import Answer, Asked, answering

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action/action.yml").read_text("utf-8"))
BOT, PULL, SHA = "github-actions[bot]", 7, "c0ffee"
ROLLOUT = """#!{python}
import json, os, sys, urllib.request
asked = json.dumps([sys.argv[1:], sorted(os.environ)]).encode()
code, out, err = json.load(urllib.request.urlopen("{address}/rollout", asked))
sys.stdout.write(out), sys.stderr.write(err), sys.exit(code)
"""


@dataclass
class Runner:
    """A runner of GitHub's, the repository, and the pull request's comments.

    Attributes:
        merged: The pull requests that a push brought.
        ran: The lines of rollout, and the variables that each could see.
    """

    team: InMemoryTeam
    folder: Path
    address: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    merged: list[dict[str, Any]] = field(
        default_factory=lambda: [{"number": PULL, "merged_at": "2026-11-29", "base": {"ref": "main"}}]
    )
    ran: list[tuple[list[str], list[str]]] = field(default_factory=list)

    def act(self, mode: str, environments: str = "production", **inputs: str) -> tuple[int, str]:
        """Take the action's steps in their order: the first failure's exit code, and the log."""
        given = {name: each.get("default", "") for name, each in ACTION["inputs"].items()}
        given |= {"mode": mode, "environments": environments, "token": "secret-token", **inputs}
        failed, log = 0, ""
        for step in ACTION["runs"]["steps"]:
            wanted = step["if"].removeprefix("!cancelled() && ")
            if wanted != f"inputs.mode == '{mode}'" or (failed and wanted == step["if"]):
                continue
            values = {
                name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: given[m[1]], value)
                for name, value in step["env"].items()
            }
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.team.folder,
                env=self.variables() | values,
                capture_output=True,
                text=True,
                check=False,
            )
            failed, log = failed or done.returncode, log + done.stdout + done.stderr
        return failed, log

    def variables(self) -> dict[str, str]:
        """What a runner sets."""
        event = self.folder / "event.json"
        event.write_text(json.dumps({"pull_request": {"number": PULL}}))
        return {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "GITHUB_ACTION_PATH": str(ROOT / "action"),
            "GITHUB_API_URL": self.address,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REF_NAME": "main",
            "GITHUB_REPOSITORY": "org/repo",
            "GITHUB_SHA": SHA,
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            "RUNNER_TEMP": str(self.folder),
        }

    def answer(self, method: str, path: str, body: Any) -> Any:
        """What the API says; or rollout."""
        place = urlsplit(path)
        match method, place.path.removeprefix("/repos/org/repo/"):
            case "POST", "/rollout":
                self.ran.append((body[0], body[1]))
                done = self.team.run(*body[0], COLUMNS="200")
                return done.returncode, done.stdout, done.stderr
            case "GET", "issues/7/comments":
                asked = {name: int(value) for name, (value,) in parse_qs(place.query).items()}
                start = (asked["page"] - 1) * asked["per_page"]
                return self.comments[start : start + asked["per_page"]]
            case "POST", "issues/7/comments":
                self.say(BOT, body["body"])
                return self.comments[-1]
            case "PATCH", changed if changed.startswith("issues/comments/"):
                self.comments[int(changed.rpartition("/")[2])]["body"] = body["body"]
                return {}
            case "GET", "commits/c0ffee/pulls":
                return self.merged
        raise AssertionError(path)

    def say(self, login: str, body: str) -> None:
        """Somebody comments."""
        self.comments.append({"id": len(self.comments), "user": {"login": login}, "body": body})

    def bodies(self) -> list[str]:
        """What the action's comments say."""
        return [each["body"] for each in self.comments if each["user"]["login"] == BOT]

    def weights(self) -> set[str]:
        """The live ones."""
        return {str(split.weight) for split in self.team.splits().values() if split}


@pytest.fixture
def runner(cut_over: InMemoryTeam, tmp_path: Path) -> Iterator[Runner]:
    made = Runner(cut_over, tmp_path)

    def answer(asked: Asked) -> Answer:
        known = asked.path == "/rollout" or asked.headers["Authorization"] == "Bearer secret-token"
        said = made.answer(asked.method, asked.path, json.loads(asked.body or "null")) if known else {}
        return 200 if known else 401, {}, json.dumps(said).encode()

    with answering(answer) as made.address:
        stub = tmp_path / "rollout"
        stub.write_text(ROLLOUT.format(python=sys.executable, address=made.address))
        stub.chmod(0o755)
        cut_over.edit("weight = 0\n", "weight = 10\n")
        yield made


def test_a_pull_request_gets_one_comment_and_its_merge_applies_that(runner: Runner) -> None:
    for number in range(150):
        runner.say("somebody", f"remark {number}")
    assert runner.act("preview")[0] == 0
    (first,) = runner.bodies()
    assert "0 %  →  10 %" in first
    runner.team.edit("weight = 10\n", "weight = 20\n")
    assert runner.act("preview")[0] == 0
    (second,) = runner.bodies()
    assert "0 %  →  20 %" in second
    assert (runner.folder / "summary.md").read_text().endswith(second)
    assert runner.weights() == {"0"}
    assert runner.act("apply")[0] == 0
    assert runner.weights() == {"20"}
    assert not [line for line, seen in runner.ran if "GITHUB_TOKEN" in seen]  # it runs the pull request's programs
    assert runner.act("apply")[0] == 0  # a job that is run again finds nothing to do


def test_another_plan_than_the_comments_is_not_applied(runner: Runner) -> None:
    assert runner.act("preview")[0] == 0
    runner.team.edit("weight = 10\n", "weight = 50\n")
    code, log = runner.act("apply")
    assert (code, "[another-plan]" in log, runner.weights()) == (3, True, {"0"})


def test_a_ramp_since_the_preview_makes_it_another_plan(runner: Runner) -> None:
    assert runner.act("preview")[0] == 0
    assert runner.team.run("weight", "production", "20", "--yes", "--no-save").returncode == 0
    code, log = runner.act("apply")
    assert (code, "[another-plan]" in log, runner.weights()) == (3, True, {"20"})


def test_where_nothing_was_to_do_nothing_is_done(runner: Runner) -> None:
    runner.team.edit("weight = 10\n", "weight = 0\n")
    assert runner.act("preview")[0] == 0
    assert "Nothing to do" in runner.bodies()[0]
    assert runner.act("apply")[0] == 0
    runner.team.edit("weight = 0\n", "weight = 10\n")
    assert runner.act("apply")[0] == 3
    assert runner.weights() == {"0"}


def test_a_preview_that_fails_takes_the_digest_away(runner: Runner) -> None:
    assert runner.act("preview")[0] == 0
    runner.team.edit("weight = 10\n", "weight = 101\n")
    assert runner.act("preview")[0] == 2
    (said,) = runner.bodies()
    assert "Failed" in said
    assert "0 to 100" in said
    runner.team.edit("weight = 101\n", "weight = 10\n")
    assert runner.act("apply")[0] == 3
    assert runner.weights() == {"0"}


def test_nobody_elses_comment_is_believed(runner: Runner) -> None:
    assert runner.act("preview")[0] == 0
    runner.comments[0]["user"]["login"] = "somebody"
    assert runner.act("apply")[0] == 3
    assert runner.act("preview")[0] == 0
    assert [each["user"]["login"] for each in runner.comments] == ["somebody", BOT]
    assert runner.act("apply")[0] == 0


@pytest.mark.parametrize(
    "merged",
    [
        [],
        [{"number": PULL, "merged_at": None, "base": {"ref": "main"}}],
        [{"number": PULL, "merged_at": "2026-11-29", "base": {"ref": "other"}}],
    ],
    ids=["a push of its own", "still open", "into another branch"],
)
def test_a_push_that_merged_no_pull_request_applies_nothing(runner: Runner, merged: list[dict[str, Any]]) -> None:
    assert runner.act("preview")[0] == 0
    runner.merged = merged
    assert runner.act("apply")[0] == 3
    assert runner.weights() == {"0"}


def test_an_environment_that_was_not_previewed_stops_all_of_them(runner: Runner) -> None:
    assert runner.act("preview")[0] == 0
    assert runner.act("apply", "production staging")[0] == 3
    assert runner.weights() == {"0"}


def test_an_answer_of_github_that_refuses_is_an_error_and_no_traceback(runner: Runner) -> None:
    code, log = runner.act("preview", token="wrong")
    assert (code, "::error" in log, "Traceback" in log) == (3, True, False)


def test_inputs_are_data(runner: Runner) -> None:
    assert runner.act("preview", "$(touch${IFS}pwned) ```touch${IFS}pwned```")[0] == 2
    assert not list(runner.team.folder.rglob("pwned"))
    (said,) = runner.bodies()
    assert "\n````text\n" in said  # longer than what is in it
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
        assert "uses" not in step
