"""Compares the credentials and the time with AWS and the inventory. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from rollout.errors import Problem
from rollout.inventory.model import Environment
from rollout.migration.checks.report import Check

REFUSED_FROM = timedelta(minutes=5)
"""The largest clock difference that AWS accepts.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
"""

WORTH_SAYING = timedelta(seconds=30)


def credentials(account: str, arn: str, environments: Sequence[Environment]) -> Check:
    """Whether the credentials are for the account of one of the environments.

    Args:
        account: The credentials' own, twelve digits.
        arn: The identity of the credentials.
        environments: The environments to check; none without an inventory.
    """
    own = [environment.name for environment in environments if environment.account == account]
    other = [f"{environment.name} is in {environment.account}" for environment in environments]
    evidence = f"account {account}, {arn}"
    if own or not environments:
        return Check("credentials", f"{evidence}, for {', '.join(own)}" if own else evidence)
    hint = "use credentials of that account, for example with AWS_PROFILE"
    return Check(
        "credentials",
        evidence,
        (Problem(f"the credentials are for another account: {', '.join(other)}", hint=hint, code="wrong-account"),),
    )


def clock(told: datetime, here: datetime) -> Check:
    """Whether this machine's time is AWS's.

    Args:
        told: The time of AWS's answer, by its clock; to the second.
        here: The same moment by this machine's clock.
    """
    off = abs(told - here)
    seconds = round(off.total_seconds())
    evidence = f"{seconds} s {'behind' if here < told else 'ahead of'} AWS" if seconds > 1 else "as AWS's"
    hint = "set the clock, for example with `timedatectl set-ntp true`"
    if off >= REFUSED_FROM:
        return Check(
            "clock",
            evidence,
            (Problem("AWS refuses requests with a difference of 5 minutes", hint=hint, code="clock-skew"),),
        )
    return Check(
        "clock",
        evidence,
        (),
        (Problem("the clock drifts", hint=hint, code="clock-skew"),) if off >= WORTH_SAYING else (),
    )
