"""`rollout phase1|phase2|phase3 ENV`."""

from __future__ import annotations

from rollout.cli.options import AcceptLive, EnvironmentName, ExpectDigest, Message, Waive
from rollout.cli.session import Session, command


@command(yes=True)
def phase1(
    run: Session,
    environment: EnvironmentName,
    message: Message = None,
    waive: Waive = None,
    expect_digest: ExpectDigest = None,
) -> None:
    """Build the candidate: functions and target groups, no rules.

    Example: rollout phase1 production
    """
    run.environment(environment).phase1(approve=run.approve_only(expect_digest), message=message, waive=waive or ())


@command(yes=True)
def phase2(
    run: Session,
    environment: EnvironmentName,
    message: Message = None,
    waive: Waive = None,
    expect_digest: ExpectDigest = None,
) -> None:
    """Cut over: adopt the live rules in place, as weighted rules.

    Example: rollout phase2 production
    """
    run.environment(environment).phase2(approve=run.approve_only(expect_digest), message=message, waive=waive or ())


@command(yes=True)
def phase3(
    run: Session,
    environment: EnvironmentName,
    message: Message = None,
    waive: Waive = None,
    accept_live: AcceptLive = False,
    expect_digest: ExpectDigest = None,
) -> None:
    """Set the weights of stacks.toml.

    Example: rollout phase3 staging
    """
    run.environment(environment).phase3(
        approve=run.approve_only(expect_digest), message=message, accept_live=accept_live, waive=waive or ()
    )
