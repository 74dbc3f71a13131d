"""What each request adds to CloudWatch, as ALB and Lambda publish it.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
A function that fails is a 502 of the load balancer's own: it is a LambdaUserError and no Target_5XX.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from rollout_sandbox.data_plane.functions import Failure, Invocation
from rollout_sandbox.data_plane.rules import TargetGroup
from rollout_sandbox.data_plane.targets import Target
from rollout_sandbox.metrics import REPORTS, Metric, Metrics

_ELB, _LAMBDA = "AWS/ApplicationELB", "AWS/Lambda"
_OWN = {"3": "HTTPCode_ELB_3XX_Count", "4": "HTTPCode_ELB_4XX_Count", "5": "HTTPCode_ELB_5XX_Count"}
Dimensions = tuple[tuple[str, str], ...]

_APART = (500, 502, 503, 504)


def _qualified(function: Target, went: Invocation) -> Iterator[Dimensions]:
    """What a metric says beside the function's name: nothing, by which name it was asked, and who answered of two.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html
    """
    yield ()
    if function.qualifier:
        asked = ("Resource", f"{function.name}:{function.qualifier}")
        yield (asked,)
        if function.other is not None:
            yield (("ExecutedVersion", went.version), asked)


class FunctionCounting:
    """The metrics of functions.

    Args:
        metrics: Where they are kept.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._function = cache(self._function_metric)

    def invocation(self, function: Target, went: Invocation) -> None:
        """Count what Lambda counts; a throttled invocation is none, and one that runs has zeros for what went well."""
        throttled = went.failure is Failure.THROTTLED
        found = {"Throttles": float(throttled)}
        if not throttled:
            found |= {"Invocations": 1.0, "Errors": float(went.failure is not None)}
            found |= {"Duration": went.duration / timedelta(milliseconds=1), "ConcurrentExecutions": went.at_once}
        who = function.account, function.region, function.name
        added = [
            (self._function(name, who, more), value)
            for more in _qualified(function, went)
            for name, value in found.items()
        ]
        if not throttled:
            lines = {"Reports": 1.0}
            if went.start is not None:
                lines |= {"ColdStarts": 1.0, "InitMilliseconds": went.start / timedelta(milliseconds=1)}
            added += [(self._function(name, who, (), REPORTS), value) for name, value in lines.items()]
        self._metrics.add(added)

    @staticmethod
    def _function_metric(name: str, who: tuple[str, str, str], more: Dimensions, namespace: str = _LAMBDA) -> Metric:
        account, region, function = who
        dimensions = tuple(sorted((("FunctionName", function), *more)))
        return Metric(account, region, namespace, name, dimensions)


class Counting(FunctionCounting):
    """The metrics of one listener's load balancer, and of the functions behind it.

    What counts an answer says when it did: by that its line in the access log is of the same minute.

    Args:
        metrics: Where they are kept.
        account: Whose it is.
        region: Where it is.
        balancer: What CloudWatch knows it by: `app/NAME/ID`.
    """

    def __init__(self, metrics: Metrics, account: str, region: str, balancer: str) -> None:
        super().__init__(metrics)
        self._account, self._region = account, region
        self._balancer = ("LoadBalancer", balancer)
        self._elb = cache(self._elb_metric)

    def own_answer(self, status: int, group: TargetGroup | None = None, *, user_error: bool = False) -> datetime:
        """Count an error that the load balancer made itself, for a group's function where there is one."""
        found = [(self._elb(_OWN[str(status)[0]]), 1.0)]
        if status in _APART:
            found.append((self._elb(f"HTTPCode_ELB_{status}_Count"), 1.0))
        if group is not None:
            found += self._of_group(group, "RequestCount")
            if user_error:
                found += [(metric, 1.0) for metric in (self._elb("LambdaUserError"), self._alone(group))]
                found.append((self._elb("LambdaUserError", group.dimension), 1.0))
        return self._metrics.add(found)

    def action(self, name: str) -> datetime:
        """Count a redirect or a fixed response."""
        return self._metrics.add([(self._elb(name), 1.0)])

    def not_sticky(self) -> None:
        """Count a request for which a group was chosen anew although its rule is sticky."""
        self._metrics.add([(self._elb("NonStickyRequestCount"), 1.0)])

    def unconnected(self, group: TargetGroup) -> None:
        """Count a request for which no target could be connected to."""
        self._metrics.add(
            [
                (self._elb("TargetConnectionErrorCount"), 1.0),
                (self._elb("TargetConnectionErrorCount", group.dimension), 1.0),
            ]
        )

    def target_answer(self, group: TargetGroup, status: int, time: timedelta, size: int) -> datetime:
        """Count an answer that a target gave, with the time and the bytes of both bodies."""
        found = self._of_group(group, "RequestCount")
        found += self._of_group(group, f"HTTPCode_Target_{status // 100}XX_Count")
        found += self._of_group(group, "TargetResponseTime", time.total_seconds())
        if group.is_lambda:
            found.append((self._elb("TargetProcessedBytes"), float(size)))
        return self._metrics.add(found)

    def _of_group(self, group: TargetGroup, name: str, value: float = 1.0) -> list[tuple[Metric, float]]:
        return [(self._elb(name), value), (self._elb(name, group.dimension), value)]

    def _elb_metric(self, name: str, group: str | None = None) -> Metric:
        dimensions = (self._balancer,) if group is None else (self._balancer, ("TargetGroup", group))
        return Metric(self._account, self._region, _ELB, name, dimensions)

    def _alone(self, group: TargetGroup) -> Metric:
        return Metric(self._account, self._region, _ELB, "LambdaUserError", (("TargetGroup", group.dimension),))
