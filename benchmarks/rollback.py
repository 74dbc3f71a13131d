"""`rollout rollback` of eight routes, to its last read-back, beside one raw ModifyRule and DescribeRules."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from side_by_side import COUNT, EIGHT, ENVIRONMENT, Checkout, asked, compare, seconds

BARE = """
import sys, boto3
elb = boto3.client("elbv2")
rule, group = sys.argv[1:]
forward = {"TargetGroups": [{"TargetGroupArn": group, "Weight": 1}]}
elb.modify_rule(RuleArn=rule, Actions=[{"Type": "forward", "ForwardConfig": forward}])
elb.describe_rules(RuleArns=[rule])
"""
RAISE = """
import sys, boto3
elb = boto3.client("elbv2")
for rule, legacy, candidate in zip(*[iter(sys.argv[1:])] * 3):
    groups = [{"TargetGroupArn": legacy, "Weight": 90}, {"TargetGroupArn": candidate, "Weight": 10}]
    elb.modify_rule(RuleArn=rule, Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}])
"""


def python(checkout: Checkout, code: str, *arguments: str) -> None:
    """Run a bare script."""
    variables = {**os.environ, **checkout.variables}
    subprocess.run([sys.executable, "-c", code, *arguments], env=variables, check=True)


def to_last_read_back(checkout: Checkout) -> float:
    """Seconds from the start of `rollout rollback` to the last route's read-back."""
    command = [sys.executable, "-m", "rollout", "rollback", ENVIRONMENT, "--json", "--no-save", "--sandbox"]
    start, last = time.perf_counter(), 0.0
    with subprocess.Popen(command, cwd=checkout.folder, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            if '"route-rolled-back"' in line:
                last = time.perf_counter()
    return last - start


with asked() as checkout:
    target = checkout.open()
    live, routes = target.traffic.alb_state(), target.inventory.routes.values()
    rules = [(live.rule_of(r), live.group_arn(r.legacy), live.group_arn(r.candidate)) for r in routes]
    known = [(rule.arn, legacy, candidate) for rule, legacy, candidate in rules if rule]

    def ours() -> float:
        """Raise all routes to 10 %, then roll back."""
        python(checkout, RAISE, *(text for rule in known for text in rule))
        return to_last_read_back(checkout)

    compare(
        f"rollout rollback of {COUNT} routes",
        ours,
        "one ModifyRule and DescribeRules, bare boto3",
        lambda: seconds(lambda: python(checkout, BARE, known[0][0], known[0][1])),
        limit=1.5 if COUNT == EIGHT else 3,
    )
