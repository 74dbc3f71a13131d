"""Each command runs with its role's policy enforced, and nothing in a policy is there for nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import pytest

from rollout import EnvironmentRollout, Request
from rollout.adapters.aws.iam import Role
from rollout.adapters.aws.iam.needs import COMMANDS, PLUGIN_ONLY
from rollout.adapters.aws.iam.policies import ROLES
from rollout.adapters.aws.iam.resources import Resources
from rollout.api.parity import Sources
from rollout.errors import UsageError
from rollout.inventory.marks import mark_of
from rollout.inventory.model import OVERRIDE_TAG
from rollout.migration.events import Judged
from rollout_sandbox import Call
from rollout_sandbox.authorization import rights_of
from rollout_sandbox.daemon import SandboxInfo
from rollout_sandbox.landscape import deliver_logs
from rollout_sandbox.load import Load, Population, endpoints_of
from rollout_sandbox.policies import Asked, Policy
from rollout_sandbox.request import ApiRequest
from rollout_sandbox.story import seed
from tests.codes import raises
from tests.conftest import Prepared, Team, made_team

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]  # long, so begun early

NEEDS_NO_RIGHT = "sts:GetCallerIdentity"
MARK, UNMARK = "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"
QUERY = "dynamodb:Query"
"""Why the guard fired, where it did."""
CONCURRENCY = {"lambda:GetAccountSettings", "lambda:GetFunctionConcurrency"}
"""How many environments a raise may have."""
ALIAS, CODE = "lambda:GetAlias", "lambda:GetFunctionConfiguration"
"""Whether an alias divides its requests, where here are none; and what a function runs."""
# a ramp that goes back marks the rules; the first raise after a rollback takes the marks away, which here is the ramp
NOT_IN_THE_STORY = {
    "calibrate": {"s3:GetObject"},
    "ramp": {MARK, QUERY, ALIAS},
    "parity": {"s3:GetObject", "s3:ListBucket", ALIAS},
    "weight": {UNMARK, ALIAS},
    "preview": {ALIAS, CODE, *CONCURRENCY},  # of weights that the file has at 0
    "report": {ALIAS},
    "dashboard": {ALIAS},
    # it lowers there, which needs no guard
    "phase3": {
        *CONCURRENCY,
        UNMARK,
        ALIAS,
        "lambda:GetFunctionConfiguration",
        "lambda:ListTags",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "cloudwatch:DescribeAlarms",
    },
    "override": {UNMARK},
    **{command: {QUERY} for command in ("drift", "guard-status", "guard-disarm", "guard-arm")},
    **{command: {QUERY, ALIAS} for command in ("preflight", "status")},
    "guard-install": {"lambda:UpdateFunctionConfiguration", "scheduler:UpdateSchedule"},  # another version's settings
    "guard-remove": {"cloudwatch:DeleteDashboards"},  # where alarms can't be made any more
}
NEVER_ASKS = {"freeze", "unlock"}  # they are about Pulumi's state alone
CONTROLLER = {"controller-install", "controller-remove", "controller-status", "controlled"}
"""They need a state in S3: see test_controller_rights.py."""
FLEET = {f"fleet-{each}" for each in ("install", "remove", "status", "history", "ramp", "approve", "stop")}
"""They need a controller: see test_fleet_rights.py."""
NOT_RUN = {"unlock", *CONTROLLER, *FLEET}
WITH_ANOTHER_OWNER = {"release"}


class Story:
    """A migration in which each command is run by the smallest role that has it."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.calls: dict[str, list[Call]] = {}

    def run(self, steps: Iterable[Step]) -> None:
        """Run commands, each with a role's policy enforced."""
        team = self.team
        for role, command, call in steps:
            policy = self.policy(role)
            before = len(team.aws.calls("*", team.account))
            team.aws.enforce(team.account, policy)
            call(team.open())
            team.aws.enforce(team.account, None)
            calls = team.aws.calls("*", team.account)[before:]
            self.calls.setdefault(command, []).extend(each for each in calls if each.by is None)  # not the guard's own
            if command == "ramp":
                team.aws.clock.pass_by(seconds=600)  # so that the next look judges

    @cached_property
    def _rules(self) -> frozenset[str]:
        live, routes = self.team.open().traffic.alb_state(), self.team.open().inventory.routes.values()
        return frozenset(rule.arn for route in routes if (rule := live.rule_of(route)))

    def policy(self, role: Role) -> dict[str, Any]:
        """A role's policy, with rules named one by one for whoever may only roll back."""
        return self.team.open().iam_policy(role, live=role == "rollback")

    def asked(self, role: Role) -> list[Asked]:
        """What a role's commands needed."""
        return [right for command in ROLES[role] for call in self.calls.get(command, ()) for right in self.rights(call)]

    def rights(self, call: Call) -> Iterator[Asked]:
        """What AWS asked for a call."""
        if call.action == NEEDS_NO_RIGHT:
            return
        service, operation = call.action.split(":")
        for right in rights_of(ApiRequest(call.account, call.region, service, operation, call.parameters)):
            # any other rule was a header rule, which had a tag
            header = ":listener-rule/" in right.resource and right.resource not in self._rules
            tagged = {f"aws:resourcetag/{OVERRIDE_TAG}": ("name",)} if header and operation != "CreateRule" else {}
            yield Asked(right.action, right.resource, {**right.context, **tagged})

    def unmark(self) -> None:
        """Take the marks off, as an earlier version made everything."""
        team, tags = self.team, list(mark_of(self.team.open().inventory, "candidate").tags)
        name, live = "rust-scorer", self.team.open().traffic.alb_state()
        functions, logs, iam, elb = (
            team.aws.client(service, team.account, "us-west-2") for service in ("lambda", "logs", "iam", "elbv2")
        )
        place = f"us-west-2:{team.account}"
        functions.untag_resource(Resource=f"arn:aws:lambda:{place}:function:{name}", TagKeys=tags)
        logs.untag_resource(resourceArn=f"arn:aws:logs:{place}:log-group:/aws/lambda/{name}", tagKeys=tags)
        iam.untag_role(RoleName=name, TagKeys=tags)
        header = next(rule.arn for rule in live.rules if rule.tags.get(OVERRIDE_TAG) == "embed-score-override")
        for arn in (live.group_arn("l-passport-v2-rust-scorer"), header):
            elb.remove_tags(ResourceArns=[arn], TagKeys=tags)


def adopted(it: EnvironmentRollout) -> None:
    """Mark all that `unmark` took the marks off."""
    candidate = [f"{kind}:rust-scorer" for kind in ("Function", "LogGroup", "Role")]
    it.ownership.adopt(
        [*candidate, "TargetGroup:rust-scorer-public", "ListenerRule:embed-score-override"], approve=True
    )


Step = tuple[Role, str, Callable[[EnvironmentRollout], object]]


def planned(it: EnvironmentRollout) -> None:
    """Plan a ramp, for which there were no requests."""
    with suppress(UsageError):
        it.ramp.plan()


def compared(it: EnvironmentRollout) -> None:
    """Compare answers to two requests a route; no traffic was logged."""
    file = it.inventory.root / "requests.jsonl"
    lines = [{"route": name, "method": "POST", "path": f"/{n}"} for name in it.inventory.routes for n in range(2)]
    file.write_text("\n".join(map(json.dumps, lines)))
    it.parity.compare(Sources(files=[file]), rate=100)


def calibrated(it: EnvironmentRollout) -> None:
    """Calibrate, for which there are no logs of enough time."""
    with raises(UsageError, "too-few-logs"):
        it.ramp.calibrate()


BUILD: tuple[Step, ...] = (
    ("observe", "preflight", lambda it: it.preflight()),
    ("observe", "preview", lambda it: it.preview("phase1")),
    ("operate", "phase1", lambda it: it.phase1(approve=True)),
)
MOVE: tuple[Step, ...] = (
    ("observe", "preflight", lambda it: it.preflight()),
    ("observe", "preview", lambda it: it.preview("phase1")),
    ("operate", "phase1", lambda it: it.phase1(approve=True)),
    ("operate", "monitoring", lambda it: it.monitoring(approve=True)),
    ("operate", "monitoring", lambda it: it.monitoring(remove=True, approve=True)),
    ("observe", "preview", lambda it: it.preview("phase2")),
    ("observe", "explain", lambda it: it.traffic.explain(Request.of("GET", "/v2/stamps/1/score/2"), after="phase2")),
    ("operate", "phase2", lambda it: it.phase2(approve=True)),
    ("guard", "guard-install", lambda it: it.guard.install(approve=True)),
    ("observe", "preview", lambda it: it.preview("phase3")),
    ("operate", "override", lambda it: it.override(approve=True)),
)
RAMP: tuple[Step, ...] = (
    ("guard", "guard-install", lambda it: it.guard.install(approve=True)),
    ("observe", "preflight", lambda it: it.preflight()),
    ("operate", "monitoring", lambda it: it.monitoring(approve=True)),
    ("operate", "adopt", adopted),
    ("parity", "parity", compared),
    ("operate", "weight", lambda it: it.set_weight(10, approve=True, save=False)),
    ("operate", "phase3", lambda it: it.phase3(approve=True)),
    ("operate", "weight", lambda it: it.set_weight(10, approve=True, save=False)),
    ("observe", "status", lambda it: it.status()),
    ("observe", "plan-ramp", planned),
    ("observe", "cost", lambda it: it.cost()),
    ("calibrate", "calibrate", calibrated),
    ("observe", "drift", lambda it: it.drift()),
    ("observe", "history", lambda it: it.history()),
    ("rollback", "rollback", lambda it: it.rollback()),
    ("operate", "override", lambda it: it.override(remove=True, approve=True)),
    ("operate", "smoke", lambda it: it.smoke()),
    ("operate", "ramp", lambda it: it.ramp(approve=True, once=True, save=False)),
    ("operate", "ramp", lambda it: it.ramp(approve=True, once=True, save=False)),
    ("observe", "report", lambda it: it.reports.overview()),  # of a ramp under way, which is judged
    ("observe", "dashboard", lambda it: it.reports.overview()),
    ("operate", "pause", lambda it: it.ramp.pause()),
    ("operate", "resume", lambda it: it.ramp.resume()),
    ("operate", "skip-wait", lambda it: it.ramp.skip_wait()),
    ("operate", "approve", lambda it: it.ramp.approve()),
    ("operate", "freeze", lambda it: it.ramp.freeze("1h")),
    ("operate", "guard-test", lambda it: it.guard.test(real=True, approve=True)),
    ("operate", "guard-disarm", lambda it: it.guard.disarm("5m", "a trial")),
    ("operate", "guard-arm", lambda it: it.guard.arm()),
    ("observe", "guard-status", lambda it: it.guard.status()),
    ("rollback", "rollback", lambda it: it.rollback()),
    ("guard", "guard-remove", lambda it: it.guard.remove(approve=True)),
)


@pytest.fixture(scope="module")
def story(aws: SandboxInfo, tmp_path_factory: pytest.TempPathFactory) -> Story:
    team = made_team(aws, tmp_path_factory.mktemp("rights") / "checkout", whole=False)
    seed(team.open().inventory, aws, lambda _: None)
    topic = aws.client("sns", team.account, "us-west-2").create_topic(Name="ramp")["TopicArn"]
    alarm = {"Namespace": "n", "MetricName": "m", "Period": 60, "EvaluationPeriods": 1, "Statistic": "Sum"}
    for name in ("slow", "slower"):
        aws.client("cloudwatch", team.account, "us-west-2").put_metric_alarm(
            AlarmName=name, Threshold=1, ComparisonOperator="GreaterThanThreshold", **alarm
        )
    team.edit(
        "[stickiness]", '[header-override]\n\n[guard]\nalarms = ["slow", "slower"]\nrequired = true\n\n[stickiness]'
    )
    required = 'parity = "required", max-difference = 100'
    team.edit("[5, 10, 25, 50, 100]", f'[5, 10], smoke = true, alarms = ["slow"], approve-before = [10], {required}')
    replayed = (f'\n[routes.{name}.parity]\nreplay = "idempotent"\n' for name in team.open().inventory.routes)
    team.append(f'[environments.production.notifications.people]\nsns = "{topic}"\n{"".join(replayed)}')
    told = Story(team)
    told.run(BUILD)
    team.edit("memory-size = 256", "memory-size = 512")
    team.edit("log-retention-days = 30", "log-retention-days = 60")
    (team.folder / "programs" / "code" / "rust-scorer" / "more").write_text("more")
    told.run(MOVE)
    told.unmark()
    team.edit('[guard]\nalarms = ["slow", "slower"]', '[guard]\nalarms = ["slow"]\non-silence = "rollback"')
    told.run(RAMP)
    team.edit("required = true", "required = false")
    return told


def test_no_command_lacks_a_right(story: Story) -> None:
    refused = [call for calls in story.calls.values() for call in calls if "Denied" in (call.error or "")]
    assert refused == []
    assert set(COMMANDS) - set(story.calls) == NOT_RUN | WITH_ANOTHER_OWNER
    assert story.calls["freeze"] == []


def test_the_table_says_of_each_command_what_it_calls(story: Story) -> None:
    names, missing, needless = Resources(story.team.open().inventory), {}, {}
    for command in COMMANDS.keys() - NEVER_ASKS - NOT_RUN - WITH_ANOTHER_OWNER:
        called = {right.action for call in story.calls[command] for right in story.rights(call)}
        needed = {action for need in COMMANDS[command] if need.on(names) for action in need.actions}
        missing[command] = called - needed
        needless[command] = needed - called - PLUGIN_ONLY - NOT_IN_THE_STORY.get(command, set())
    assert {command: actions for command, actions in missing.items() if actions} == {}
    assert {command: actions for command, actions in needless.items() if actions} == {}


@pytest.mark.parametrize("role", sorted(set(get_args(Role)) - {"controller", "fleet"}))
def test_each_statement_and_each_of_its_actions_is_needed(story: Story, role: Role) -> None:
    policy, asked = story.policy(role), story.asked(role)
    assert [right for right in asked if Policy.parse(policy).refusal(right)] == []
    needless = []
    for number, statement in enumerate(policy["Statement"]):
        for action in statement["Action"]:
            left = {**statement, "Action": [other for other in statement["Action"] if other != action]}
            without = [
                *policy["Statement"][:number],
                *([left] if left["Action"] else []),
                *policy["Statement"][number + 1 :],
            ]
            less = Policy.parse({**policy, "Statement": without})
            if not any(less.refusal(right) for right in asked if fnmatchcase(right.action, action)):
                needless.append(action)
    unseen = set().union(*(actions for command, actions in NOT_IN_THE_STORY.items() if command in ROLES[role]))
    assert set(needless) <= PLUGIN_ONLY | unseen, needless


@pytest.mark.parametrize("place", ["s3", "logs"])
def test_a_ramp_by_clients_reads_its_logs_and_may_do_no_more(prepared: Prepared, place: str, tmp_path: Path) -> None:
    team = prepared.team(tmp_path / "checkout", "phase2")
    group = f"/aws/vendedlogs/{team.account}"
    balancers = [arn.split("/")[-2] for arn in team.open().traffic.alb_state().load_balancers.values()]
    if place == "logs":
        deliver_logs(lambda service: team.aws.client(service, team.account, "us-west-2"), balancers, group)
    groups = f'log-groups = ["{group}"]' if place == "logs" else ""
    team.append(f'[environments.production.analysis]\nunit = "clients"\ndelay = "1m"\n{groups}')
    told, endpoints = Story(team), [each for each in endpoints_of(team.open().inventory, team.aws) if each.candidate]
    told.run([("operate", "ramp", lambda it: it.ramp(approve=True, once=True, save=False))])
    for _ in range(2):  # the second shows that the first are there
        with Load(endpoints, 100, population=Population(1000)) as load:
            load.wait(100)
        team.aws.clock.pass_by(seconds=300)
    told.run(
        (
            ("operate", "ramp", lambda it: it.ramp(approve=True, once=True, save=False)),
            ("operate", "ramp", lambda it: it.ramp(approve=True, once=True, save=False)),
            ("observe", "preflight", lambda it: it.preflight()),
            ("calibrate", "calibrate", calibrated),
        )
    )
    read = [call.parameters["Key"] for call in told.calls["ramp"] if call.action == "s3:GetObject"]
    # the second look goes on from what the first one counted: only files with minutes that weren't taken are read again
    assert len(read) < 2 * len({*read}) or not read
    assert [call for calls in told.calls.values() for call in calls if "Denied" in (call.error or "")] == []
    names = Resources(team.open().inventory)
    for command in ("ramp", "preflight", "calibrate"):
        asked = {right.action for call in told.calls[command] for right in told.rights(call)}
        needed = {action for need in COMMANDS[command] if need.on(names) for action in need.actions}
        assert {each for each in asked if "DescribeDeliver" in each or each.startswith(("s3", "logs:F"))} == {
            each for each in needed if "DescribeDeliver" in each or each.startswith(("s3", "logs:F"))
        }
    found = [each for event in team.events if isinstance(event, Judged) for each in event.judgement.findings]
    assert any(each.unit == "clients" and each.legacy[1] for each in found)


def test_alarms_over_alarms_may_be_made(whole: Team) -> None:
    assert "JointAlarms" in str(whole.open().iam_policy("operate"))
    whole.open().phase1(approve=True)
    whole.aws.enforce(whole.account, whole.open().iam_policy("operate"))
    try:
        whole.open().monitoring(approve=True)
    finally:
        whole.aws.enforce(whole.account, None)
    assert whole.aws.calls("cloudwatch:PutCompositeAlarm", whole.account)


def test_a_right_that_is_lacking_is_told_in_a_sentence(story: Story) -> None:
    team = story.team
    observer = team.open().iam_policy("observe")
    blind = {**observer, "Statement": [s for s in observer["Statement"] if s["Sid"] != "Observe"]}
    team.aws.enforce(team.account, blind)
    status = team.run("status", "production")
    team.aws.enforce(team.account, observer)
    weight = team.run("weight", "production", "10", "--no-save", "--yes")
    team.aws.enforce(team.account, None)
    assert status.returncode == weight.returncode == 1
    assert "[access-denied]" in status.stderr
    assert "elasticloadbalancing:Describe" in status.stderr
    assert "`rollout iam-policy ENV --for observe|rollback|operate`" in status.stderr
    assert "[access-denied]" in weight.stderr
    assert "elasticloadbalancing:ModifyRule on arn:aws:elasticloadbalancing:" in weight.stderr
    assert "`rollout iam-policy ENV --for rollback|operate`" in weight.stderr
