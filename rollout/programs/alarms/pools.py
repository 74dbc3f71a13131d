"""What is counted of each pool of routes, as queries of CloudWatch's metric math. Pure.

Routes that share target groups make one pool, since CloudWatch counts by target group. All of a pool's are on one load
balancer: AWS has a target group on no more.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rollout.analysis.measuring.pools import group_pools
from rollout.analysis.metrics import Series, target_group
from rollout.inventory.model import Arn, Environment


@dataclass(frozen=True, slots=True)
class Places:
    """Where the inventory's things are on AWS; what isn't known has an empty ARN.

    Attributes:
        load_balancers: By the key in `[load-balancers]`.
        target_groups: By name.
        kinds: The type of their targets, by name.
    """

    load_balancers: Mapping[str, Arn] = field(default_factory=dict)
    target_groups: Mapping[str, Arn] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AlarmPool:
    """The target groups of routes that are counted together.

    Attributes:
        load_balancer: Its key in the inventory.
        legacy: Names of target groups, in the inventory's order.
        candidate: Likewise; none is both.
    """

    load_balancer: str
    legacy: tuple[str, ...]
    candidate: tuple[str, ...]

    @property
    def name(self) -> str:
        """The first candidate's target group: no other pool has it, and it stays when routes come or go."""
        return self.candidate[0]


@dataclass(frozen=True, slots=True)
class Query:
    """One line of metric math: a series, or an expression over other lines' ids.

    Attributes:
        id: A lower-case letter, then letters, digits and underscores.
        series: What to read.
        expression: What to work out, where there is no series.
        label: How a graph calls it.
    """

    id: str
    series: Series | None = None
    expression: str = ""
    label: str = ""


def watched(environment: Environment) -> tuple[AlarmPool, ...]:
    """The pools of an environment whose sides are counted separately."""
    found = []
    for names in group_pools(environment):
        routes = [environment.routes[name] for name in names]
        legacy = tuple(dict.fromkeys(route.legacy for route in routes))
        candidate = tuple(dict.fromkeys(route.candidate for route in routes))
        if not set(legacy) & set(candidate):
            found.append(AlarmPool(routes[0].load_balancer, legacy, candidate))
    return tuple(found)


def of_others(environment: Environment) -> dict[str, str]:
    """The candidates that others own, each with its load balancer's key."""
    return {route.candidate: route.load_balancer for route in environment.routes.values() if not route.is_built}


@dataclass(frozen=True, slots=True)
class Side:
    """One implementation's target groups in a pool, and what is counted of them.

    Attributes:
        name: `legacy` or `candidate`; the ids of its queries begin with it.
        groups: The target groups' names.
        load_balancer: Where they are, by its key.
        places: Their ARNs.
    """

    name: str
    groups: Sequence[str]
    load_balancer: str
    places: Places

    def requests(self) -> Iterator[Query]:
        """The requests a minute, as `SIDE_requests`."""
        yield from self._each("handled", "RequestCount", "Sum")
        yield Query(f"{self.name}_requests", expression=self._sum("handled"), label=self.name)

    def errors(self) -> Iterator[Query]:
        """The share of answers that were errors, in per cent, as `SIDE_errors`; it needs `requests`.

        A function that crashes is no Target_5XX: the load balancer makes the 502 itself. Errors inside of Lambda
        itself are nobody's here. Of other targets it is the 502 for those that can't be connected to.
        """
        yield from self._each("failed", "HTTPCode_Target_5XX_Count", "Sum")
        yield from self._each("crashed", "LambdaUserError", "Sum", of_others="TargetConnectionErrorCount")
        total = f"{self._sum('failed')} + {self._sum('crashed')}"
        yield Query(f"{self.name}_errors", expression=f"100 * ({total}) / {self.name}_requests", label=self.name)

    def latency(self, percentile: str) -> Iterator[Query]:
        """A percentile of the answers' time in seconds, of the slowest group, as `SIDE_PERCENTILE`."""
        yield from self._each(f"{percentile}_", "TargetResponseTime", percentile)
        filled = [Query(f"{each}_filled", expression=f"FILL({each}, 0)") for each in self._ids(f"{percentile}_")]
        yield from filled
        slowest = f"MAX([{', '.join(each.id for each in filled)}])"
        yield Query(f"{self.name}_{percentile}", expression=slowest, label=f"{self.name} {percentile}")

    def health(self) -> Iterator[Query]:
        """How many targets are healthy, and how many aren't, of each group; AWS says neither of functions."""
        yield from self._each("healthy", "HealthyHostCount", "Minimum")
        yield from self._each("unhealthy", "UnHealthyHostCount", "Maximum")

    def _each(self, word: str, metric: str, statistic: str, of_others: str = "") -> Iterator[Query]:
        balancer = self.places.load_balancers.get(self.load_balancer, Arn(""))
        for id_, group in zip(self._ids(word), self.groups, strict=True):
            arn = self.places.target_groups.get(group, Arn(""))
            name = metric if self.places.kinds.get(group, "lambda") == "lambda" else of_others or metric
            yield Query(id_, target_group(balancer, arn).series(name, statistic), label=group)

    def _ids(self, word: str) -> list[str]:
        return [f"{self.name}_{word}{number}" for number in range(len(self.groups))]

    def _sum(self, word: str) -> str:
        # most counts have no point where nothing happened, which would leave the whole sum without one
        return " + ".join(f"FILL({each}, 0)" for each in self._ids(word))
