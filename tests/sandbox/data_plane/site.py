"""A load balancer with functions behind it, and requests to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any

from tests.sandbox.tenant import REGION, Tenant, path, weighted


@dataclass(frozen=True)
class Reply:
    """An answer.

    Attributes:
        status: The HTTP status.
        headers: Each name and value, names in lower case.
        body: As it came.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    @property
    def served_by(self) -> str | None:
        return self.header("x-served-by")

    @property
    def said(self) -> Any:
        return json.loads(self.body)

    @property
    def cookie(self) -> str | None:
        """What a client that keeps cookies sends back."""
        found = [value.split(";")[0] for key, value in self.headers if key == "set-cookie"]
        return "; ".join(found) or None


class Site:
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def url(self, balancer: str = "public") -> str:
        self.tenant.landscape  # noqa: B018 - made by being asked for
        port = {"public": 443, "internal": 80}[balancer]
        return self.tenant.sandbox.url(self.tenant.account, REGION, balancer, port)

    def served(self, *names: str, **attributes: str) -> list[str]:
        """Target groups, each with a function of its name."""
        groups = []
        for name in names:
            group = self.tenant.group(name)
            function = self.tenant.function(name)
            self.tenant.permit(name, group)
            self.tenant.register(group, function)
            if attributes:
                given = [{"Key": key, "Value": value} for key, value in attributes.items()]
                self.tenant.elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=given)
            groups.append(group)
        return groups

    def addressed(self, name: str, *addresses: tuple[str, int], kind: str = "ip", **attributes: str) -> str:
        """A target group of addresses."""
        self.tenant.landscape  # noqa: B018 - as above
        vpc = self.tenant.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
        asked = {"Name": name, "TargetType": kind, "Protocol": "HTTP", "Port": 80, "VpcId": vpc}
        group = str(self.tenant.elb.create_target_group(**asked)["TargetGroups"][0]["TargetGroupArn"])
        targets = [{"Id": address, "Port": port} for address, port in addresses]
        if targets:
            self.tenant.elb.register_targets(TargetGroupArn=group, Targets=targets)
        given = [{"Key": key, "Value": value} for key, value in attributes.items()]
        if given:
            self.tenant.elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=given)
        return group

    def split(self, weights: Mapping[str, int | None], stickiness: int | None = None, **more: Any) -> dict[str, Any]:
        """A weighted rule for /a*."""
        return self.tenant.rule(self.forward(weights, stickiness), conditions=[path("/a*")], **more)

    @staticmethod
    def forward(weights: Mapping[str, int | None], stickiness: int | None = None) -> list[dict[str, Any]]:
        sticky = {"Enabled": True, "DurationSeconds": stickiness} if stickiness else None
        return weighted(weights, sticky)

    def get(
        self,
        target: str,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        *,
        method: str = "GET",
        body: bytes | None = None,
        balancer: str = "public",
    ) -> Reply:
        """One request on a connection of its own."""
        return self.at(self.url(balancer), target, headers, method=method, body=body)

    def at(
        self,
        url: str,
        target: str,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        *,
        method: str = "GET",
        body: bytes | None = None,
    ) -> Reply:
        """One request to a listener, on a connection of its own."""
        connection = HTTPConnection(url.removeprefix("http://"), timeout=10)
        pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
        try:
            connection.putrequest(
                method, target, skip_host=any(n.lower() == "host" for n, _ in pairs), skip_accept_encoding=True
            )
            for name, value in pairs:
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            found = tuple((name.lower(), value) for name, value in response.getheaders())
            return Reply(response.status, found, response.read())
        finally:
            connection.close()

    def metric(
        self, name: str, stat: str = "Sum", group: str | None = None, function: str | None = None
    ) -> list[float]:
        """A metric's values of the last minutes, a minute each."""
        arn = self.tenant.elb.describe_load_balancers(Names=["public"])["LoadBalancers"][0]["LoadBalancerArn"]
        dimensions = {"FunctionName": function} if function else {"LoadBalancer": arn.partition(":loadbalancer/")[2]}
        if group:
            dimensions["TargetGroup"] = group.rpartition(":")[2]
        metric = {
            "Namespace": "AWS/Lambda" if function else "AWS/ApplicationELB",
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        }
        now = datetime.now(UTC)
        told = self.tenant.client("cloudwatch").get_metric_data(
            MetricDataQueries=[{"Id": "q", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": stat}}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
        )
        (result,) = told["MetricDataResults"]
        assert result["StatusCode"] == "Complete"
        return list(result["Values"])
