"""Try rollout on a real AWS account: make two small functions behind one balancer, move requests, remove it all.

    python scripts/real_aws_trial.py up   --account 123456789012 --region us-west-2
    python scripts/real_aws_trial.py play --account 123456789012 --region us-west-2
    python scripts/real_aws_trial.py down --account 123456789012 --region us-west-2

docs/real-aws.md says what it costs and what is seen. `all --sandbox` does the three on an AWS of this machine.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections import Counter
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3

sys.path.insert(0, str(Path(__file__).parent))
import aws_trial as trial

from rollout import Rollout, RolloutError
from rollout_sandbox import Sandbox

STACKS = """
[project]
name = "{name}"
[legacy]
owner = "none"
[stickiness]
duration = "1m"
[load-balancers.main]
name = "{name}"
listener-port = 80
[functions.{candidate}]
runtime = "python3.12"
handler = "hello.handler"
code = "hello.zip"
target-groups = {{ main = "{candidate}" }}
[routes.hello]
load-balancer = "main"
path = "{path}"
priority = {priority}
legacy = "{legacy}"
candidate = "{candidate}"
[environments.trial]
account = "{account}"
region = "{region}"
"""
REQUESTS = 200
SEEN = 60
"""How many seconds a changed rule is given to hold at every node of the load balancer."""


def main() -> None:
    """Do what the command line says."""
    said = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    said.add_argument("act", choices=("up", "play", "down", "all"))
    said.add_argument("--account", default="123456789012", help="the AWS account, twelve digits")
    said.add_argument("--region", default="us-west-2")
    said.add_argument("--visitor", default=None, help="the client address, as 203.0.113.7/32; required by up")
    said.add_argument("--folder", type=Path, default=Path("real-aws-trial"), help="folder of stacks.toml and state")
    said.add_argument("--sandbox", action="store_true", help="use the sandbox; only with all")
    asked = said.parse_args()
    if asked.sandbox != (asked.act == "all"):
        said.error("`all` goes with --sandbox, and on AWS it is `up`, `play` and `down`, one after the other")
    with ExitStack() as stack:
        aws = stack.enter_context(Sandbox.start(asked.folder / "sandbox")) if asked.sandbox else None
        try:
            run(asked, aws)
        except RolloutError as error:
            sys.exit(str(error))


def run(asked: argparse.Namespace, aws: Sandbox | None) -> None:
    """The acts that were asked for, in their order."""

    def client(service: str) -> Any:
        if aws is not None:
            return aws.client(service, asked.account, asked.region)
        session: Any = boto3.Session(region_name=asked.region)
        return session.client(service)

    found = client("sts").get_caller_identity()["Account"]
    if found != asked.account:
        sys.exit(f"these credentials are for account {found}, not {asked.account}; nothing was changed")
    if asked.act in ("up", "all"):
        if not (asked.visitor or aws):
            sys.exit("say who may send requests: --visitor ADDRESS/32, your own as the internet sees it")
        print("made, and answering at", trial.make(client, asked.account, asked.visitor or "127.0.0.1/32"))
    if asked.act in ("play", "all"):
        play(asked, client, aws)
    if asked.act in ("down", "all"):
        print("gone:", *trial.remove(client), sep="\n  ")
        shutil.rmtree(asked.folder / ".rollout", ignore_errors=True)


def play(asked: argparse.Namespace, client: Any, aws: Sandbox | None) -> None:
    """Phases 1 and 2, half of the requests, and back; after each, who answers."""
    asked.folder.mkdir(exist_ok=True)
    (asked.folder / "hello.zip").write_bytes(trial.package())
    names = {"name": trial.NAME, "legacy": trial.LEGACY, "candidate": trial.CANDIDATE, "path": trial.PATH}
    text = STACKS.format(**names, priority=trial.PRIORITY, account=asked.account, region=asked.region)
    (asked.folder / "stacks.toml").write_text(text, "utf-8")
    target = Rollout.load(asked.folder / "stacks.toml", sandbox=aws).environment("trial")
    if aws is not None:
        url = aws.url(asked.account, asked.region, trial.NAME, 80)
    else:
        (balancer,) = client("elbv2").describe_load_balancers(Names=[trial.NAME])["LoadBalancers"]
        url = f"http://{balancer['DNSName']}"
    for title, act in (
        ("before", lambda: None),
        ("phase 1", lambda: target.phase1(approve=True)),
        ("phase 2", lambda: target.phase2(approve=True)),
        ("weight 50", lambda: target.set_weight(50, approve=True, save=False)),
        ("rollback", lambda: target.rollback(save=False)),
    ):
        began = time.monotonic()
        act()
        took = time.monotonic() - began
        if aws is None:
            time.sleep(SEEN)
        print(f"{title:10} {took:5.1f} s  answered by {dict(sorted(who_answers(url).items()))}")


def who_answers(url: str) -> Counter[str]:
    """Who answers requests that carry no cookie, each on a connection of its own, as new clients do."""
    answers: Counter[str] = Counter()
    for _ in range(REQUESTS):
        with closing(HTTPConnection(urlsplit(url).netloc, timeout=30)) as connection:
            connection.request("GET", trial.PATH)
            answer = connection.getresponse()
            answers[answer.headers["x-served-by"] or f"nobody, with status {answer.status}"] += 1
    return answers


if __name__ == "__main__":
    main()
