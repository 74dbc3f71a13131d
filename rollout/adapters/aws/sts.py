"""Who the credentials belong to, and what time AWS has: STS over boto3."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from rollout.adapters.aws.session import Access, explained


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who is signed in.

    Attributes:
        account: Twelve digits.
        arn: The user's or the role's.
        told: When AWS said so, by its own clock; to the second.
    """

    account: str
    arn: str
    told: datetime


def caller(access: Access) -> Caller:
    """Who the credentials belong to; nobody needs a right for this call.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html

    Raises:
        AwsError: There are no credentials, they aren't valid, or AWS can't be reached.
    """
    sts = access.client("sts", retries=2)

    def ask() -> Caller:
        said = sts.get_caller_identity()
        told = parsedate_to_datetime(said["ResponseMetadata"]["HTTPHeaders"]["date"])
        return Caller(said["Account"], said["Arn"], told.astimezone(UTC))

    return explained(ask)
