"""The credentials' identity, and AWS's time: STS over botocore."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from rollout.adapters.aws.session import Access, explained


@dataclass(frozen=True, slots=True)
class Caller:
    """The identity of the credentials.

    Attributes:
        account: Twelve digits.
        arn: The user's or the role's ARN.
        told: The time of the answer, by AWS's clock, to the second.
    """

    account: str
    arn: str
    told: datetime


def caller(access: Access) -> Caller:
    """The identity of the credentials; this call needs no permission.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html

    Raises:
        AwsError: There are no credentials, they are invalid, or AWS can't be reached.
    """
    sts = access.client("sts", retries=2)

    def ask() -> Caller:
        said = sts.get_caller_identity()
        told = parsedate_to_datetime(said["ResponseMetadata"]["HTTPHeaders"]["date"])
        return Caller(said["Account"], said["Arn"], told.astimezone(UTC))

    return explained(ask)
