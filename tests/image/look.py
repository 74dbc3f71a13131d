"""Builds the controller's image and lets it look, as Lambda does: `python -m tests.image.look [--base IMAGE]`.

A sandbox has an environment with an installed controller. The image gets that function's variables, its role's keys,
and two events by Lambda's runtime API: so its lock, its start, its handler and the project's way into it are tried,
with the rights of the role. Where nothing builds images it says so, and that is no failure. --strict makes it one.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rollout.adapters.pulumi.install.versions import PINNED
from rollout.inventory.marks import controller_name
from rollout_sandbox import daemon, reach
from rollout_sandbox.story import seed
from tests.conftest import Team, made_team
from tests.image.runtime_api import RuntimeApi
from tests.image.tools import Tool, first

IMAGE = f"123456789012.dkr.ecr.us-west-2.amazonaws.com/rollout/controller@sha256:{'a' * 64}"
KEYS = f"""backend = "s3://{{project}}/rollout"
secrets-provider = "awskms://alias/rollout?region=us-west-2&awssdk=v2"
controller = {{{{ image = "{IMAGE}" }}}}
"""
WITHIN = 120.0
NONE = """No image was built: neither docker, nor podman, nor buildah is installed here and works.
  → install one of them, such as by `apt-get install buildah`, and run `nox -s image` again"""


def main() -> int:
    """Build, run, and tell what came of it."""
    parser = argparse.ArgumentParser(description="Build the controller's image, and let it look.")
    parser.add_argument("--base", help="The image that it is built on, if not the Dockerfile's.")
    parser.add_argument("--strict", action="store_true", help="Fail where nothing can build images.")
    asked = parser.parse_args()
    tool = first()
    if tool is None:
        print(NONE, file=sys.stderr)
        return int(asked.strict)
    began = time.monotonic()
    tool.build(asked.base)
    print(f"{tool.name} built the image in {time.monotonic() - began:.0f} s: {tool.size()}")
    engine = _printed(tool, "pulumi", "version")
    assert engine == f"v{PINNED}", f"the image has the engine {engine}, but v{PINNED} is pinned"
    with tempfile.TemporaryDirectory() as folder:
        looked(tool, Path(folder))
    return 0


def looked(tool: Tool, folder: Path) -> None:
    """Let it look twice at an environment without a ramp."""
    info = daemon.start(folder / "aws")
    try:
        team = installed(made_team(info, folder / "checkout", whole=False))
        environment = team.open().inventory
        name = controller_name(environment)
        functions = info.client("lambda", team.account, environment.region)
        said = functions.get_function_configuration(FunctionName=name)
        key = info.session(team.account, said["Role"].rpartition("/")[2], name)
        with RuntimeApi(said["FunctionArn"]).serving() as api:
            variables = {
                **said["Environment"]["Variables"],
                **reach.variables(info.endpoint, info.token, key, environment.region, None),
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.port}",
                "AWS_LAMBDA_FUNCTION_NAME": name,
            }
            with tool.command(variables) as command:
                child = subprocess.Popen(command)
                try:
                    for turn in ("first", "second"):
                        began = time.monotonic()
                        answered(turn, *api.invoke({"act": "look"}, WITHIN), time.monotonic() - began)
                finally:
                    child.terminate()
                    child.wait()
    finally:
        daemon.stop(info.folder)


def installed(team: Team) -> Team:
    """With its state in S3, its rules managed, and its controller installed."""
    team.edit("[environments.production]\n", f"[environments.production]\n{KEYS.format(project=team.project)}")
    seed(team.open().inventory, team.aws, lambda _: None)
    team.open().phase1(approve=True)
    team.open().phase2(approve=True)
    team.open().controller.install(approve=True)
    return team


def answered(turn: str, kind: str, said: Any, took: float) -> None:
    """Whether a look came to its end: there is no ramp, and that is what it found out."""
    assert (kind, said.get("act")) == ("response", "look"), said
    assert said["state"] != "error", said
    print(f"the {turn} look took {took:.1f} s: {said['state']}: {said['sentence']}")


def _printed(tool: Tool, *words: str) -> str:
    with tool.command({}, *words) as command:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
