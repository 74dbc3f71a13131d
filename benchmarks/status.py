"""`rollout status` of eight routes beside one raw DescribeRules, from process start to end."""

from __future__ import annotations

import os
import subprocess
import sys

from side_by_side import COUNT, EIGHT, ENVIRONMENT, asked, compare, seconds

BARE = """
import sys, boto3
boto3.client("elbv2").describe_rules(ListenerArn=sys.argv[1])
"""

with asked() as checkout:
    listener = next(iter(checkout.open().traffic.alb_state().listeners.values()))
    variables = {**os.environ, **checkout.variables}
    command = [sys.executable, "-c", BARE, listener]
    compare(
        f"rollout status of {COUNT} routes",
        lambda: seconds(lambda: checkout.rollout("status", ENVIRONMENT)),
        "interpreter start and one DescribeRules, bare boto3",
        lambda: seconds(lambda: subprocess.run(command, env=variables, check=True, capture_output=True)),
        limit=1.5 if COUNT == EIGHT else 2,
    )
