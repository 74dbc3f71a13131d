"""Whether a function's subnets and security groups are there, and in one VPC, as Lambda asks EC2 before it takes them.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
The texts of what isn't there are EC2's, as Lambda hands them on; that of two VPCs is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.ec2.models import ec2_backends


def vpc_of(account: str, region: str, network: Mapping[str, Any]) -> str:
    """The VPC of a function's network; none where it has left its own.

    Args:
        account: Whose.
        region: Where.
        network: A VpcConfig.

    Raises:
        InvalidParameterValueException: Something isn't there, or is in another VPC.
    """
    backend = ec2_backends[account][region]
    subnets = {id_: subnet for zone in backend.subnets.values() for id_, subnet in zone.items()}
    groups = {id_: group for vpc in backend.groups.values() for id_, group in vpc.items()}
    wanted = network.get("SubnetIds") or [], network.get("SecurityGroupIds") or []
    for id_ in wanted[0]:
        if id_ not in subnets:
            raise _not_there("DescribeSubnets", "InvalidSubnetID.NotFound", f"The subnet ID '{id_}' does not exist")
    for id_ in wanted[1]:
        if id_ not in groups:
            what = f"The security group '{id_}' does not exist"
            raise _not_there("DescribeSecurityGroups", "InvalidGroup.NotFound", what)
    vpcs = {*(subnets[id_].vpc_id for id_ in wanted[0]), *(groups[id_].vpc_id for id_ in wanted[1])}
    if len(vpcs) > 1:
        raise InvalidParameterValueException("The subnets and security groups of a function must be in one VPC")
    return str(next(iter(vpcs), ""))


def _not_there(call: str, code: str, message: str) -> InvalidParameterValueException:
    return InvalidParameterValueException(
        f"Error occurred while {call}. EC2 Error Code: {code}. EC2 Error Message: {message}"
    )
