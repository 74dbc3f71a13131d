"""The guard's function as Lambda runs it: the archive's files alone, in a process of its own, against the sandbox."""

from __future__ import annotations

import io
import itertools
import json
import os
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rollout.alb.weights import ForwardAction
from rollout.guard import table
from rollout.guard.alarm import LOOK
from rollout.guard.config import GuardConfig, GuardedRoute, Silence
from rollout.guard.record import Decision
from rollout.guard.state import arm, disarm
from rollout.inventory.model import Arn
from rollout.programs.guarding import guard_files
from rollout_sandbox import Sandbox
from tests.contract.sites import SandboxSite
from tests.contract.test_guard import TITLE
from tests.contract.test_guard import SandboxSite as GuardSite
from tests.sandbox.tenant import REGION, Tenant
from tests.unit.builders import HOUR
from tests.unit.guard.builders import ERRORS, SILENT, event_json

accounts = itertools.count(240_000_000_000)
LARGEST = 1_000_000
RUN = """
import json, sys
sys.path.insert(0, sys.argv[1])
from rollout.guard import handler
class Context:
    aws_request_id = "1"
    def get_remaining_time_in_millis(self):
        return 60_000
done = handler.handle(json.load(sys.stdin), Context())
ours = [module.__file__ or module.__path__ for name, module in sys.modules.items() if name.startswith("rollout")]
print(json.dumps({"done": done, "modules": sorted({name.split(".")[0] for name in sys.modules}), "ours": ours}))
"""
RUNTIME = {"boto3", "botocore", "brotli", "certifi", "dateutil", "jmespath", "s3transfer", "six", "urllib3"}
"""boto3, and what it may use."""
BESIDE = {*RUNTIME, *sys.stdlib_module_names, "rollout", "__main__", "__mp_main__", "_distutils_hack"}
BESIDE |= {"sitecustomize", "usercustomize"}  # a system's own, which Python imports at its start


class Installed:
    """An account with a route at 90/10, a table, a topic and the function's files."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.site = SandboxSite(Tenant(sandbox, str(next(accounts))))
        assert self.site.tenant.landscape
        old, new = self.site.group("old"), self.site.group("new")
        self.rule = self.site.rule("public", 10, "/score", ["GET"], ForwardAction({old: 90, new: 10}, HOUR))
        self.guard = GuardSite(self.site.tenant)
        self.guard.install()
        self.topic = str(self.site.tenant.client("sns").create_topic(Name="ops")["TopicArn"])
        self.old, self.folder = old, folder
        conditions = tuple(self.described()["Conditions"])
        self.config = GuardConfig(
            "production",
            TITLE,
            table.table_name(TITLE),
            Silence(SILENT),
            (self.topic,),
            {ERRORS: ("score",)},
            {"score": GuardedRoute(self.rule, conditions, old, new)},
        )
        for path, text in guard_files(self.config).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)

    def described(self) -> Any:
        """The rule as DescribeRules gives it."""
        return self.site.tenant.elb.describe_rules(RuleArns=[self.rule])["Rules"][0]

    def invoke(self, event: object) -> Any:
        """Run the function as Lambda does."""
        sandbox = self.site.tenant.sandbox
        variables = {
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": sandbox.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.site.account,
            "AWS_SECRET_ACCESS_KEY": "any",
        }
        ran = subprocess.run(
            [sys.executable, "-I", "-c", RUN, str(self.folder)],
            input=json.dumps(event),
            capture_output=True,
            text=True,
            env=variables,
            check=False,
        )
        assert not ran.returncode, ran.stderr
        return json.loads(ran.stdout)


@pytest.fixture
def installed(sandbox: Sandbox, tmp_path: Path) -> Installed:
    return Installed(sandbox, tmp_path)


def test_the_function_takes_traffic_back_with_nothing_but_its_files_and_the_runtimes_boto3(
    installed: Installed,
) -> None:
    told = installed.invoke(event_json(ERRORS))
    assert told["done"]["decision"] == Decision.FIRE
    assert told["done"]["back"]
    groups = installed.described()["Actions"][0]["ForwardConfig"]["TargetGroups"]
    assert [group["TargetGroupArn"] for group in groups] == [Arn(installed.old)]
    assert all(str(installed.folder) in str(place) for place in told["ours"])
    assert {*told["modules"]} - BESIDE == set()
    (record,) = installed.guard.port.firings(5)
    assert (record.back, record.routes["score"].before, record.routes["score"].after) == (True, (90, 10), (1, 0))
    state = installed.guard.port.read()
    assert state
    assert (state.fired, state.firing, state.handled) == (1, (), (record.id,))
    assert installed.invoke(event_json(ERRORS))["done"]["decision"] == Decision.REPEATED


def test_what_is_no_alarm_of_ours_changes_nothing(installed: Installed) -> None:
    before = installed.described()
    assert installed.invoke({"source": "aws.s3"})["done"] is None
    assert installed.invoke(event_json("another"))["done"]["decision"] == Decision.IGNORED
    assert installed.described() == before


def test_a_look_hears_what_went_off_while_it_was_disarmed(installed: Installed) -> None:
    watched = installed.site.tenant.client("cloudwatch")
    for name in (ERRORS, "of-others"):
        watched.put_metric_alarm(
            AlarmName=name,
            Namespace="shop",
            MetricName="errors",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=5,
            ComparisonOperator="GreaterThanThreshold",
        )
        watched.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="no errors")
    assert installed.invoke(LOOK)["done"] == []
    for name in (ERRORS, "of-others"):
        watched.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="9 errors")
    port, hour = installed.guard.port, timedelta(hours=1)
    port.change(lambda state, now: disarm(state, by="ann", why="a trial", now=now, until=now + hour))
    assert installed.invoke(LOOK)["done"] == []
    port.change(lambda state, _: arm(state))
    (done,) = installed.invoke(LOOK)["done"]
    assert (done["decision"], done["alarm"], done["back"]) == (Decision.FIRE, ERRORS, True)
    (again,) = installed.invoke(LOOK)["done"]
    assert again["decision"] == Decision.REPEATED


def test_a_rule_that_is_gone_is_told(installed: Installed) -> None:
    installed.site.delete(installed.rule)
    done = installed.invoke(event_json(ERRORS))["done"]
    assert (done["back"], len(done["problems"])) == (False, 1)


def test_the_archive_is_small(installed: Installed) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in guard_files(installed.config).items():
            archive.writestr(path, text)
    assert len(packed.getvalue()) < LARGEST
