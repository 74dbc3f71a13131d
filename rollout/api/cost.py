"""What an environment's functions cost; see `analysis.cost`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from rollout.api.arguments import DAY, HOUR, in_range
from rollout.api.opened import Part
from rollout.errors import UsageError
from rollout.inventory.on_aws import function_name_of

if TYPE_CHECKING:
    from rollout.alb.state import AlbState
    from rollout.analysis.cost.ledger import CostLedger, Served
    from rollout.analysis.metrics import Source
    from rollout.inventory.model import Arn

LONGEST = 30 * DAY
_INIT = "INIT phases aren't counted: they are in functions' logs, which are read with cold-starts in [analysis] metrics"
_UNREAD = "INIT phases aren't counted here: `rollout cost` reads functions' logs"
Targets = Mapping["Arn", Sequence[str]]


class Costs(Part):
    """Functions' costs, by CloudWatch."""

    def __call__(self, since: timedelta | str, *, logs: bool = True) -> CostLedger:
        """See `EnvironmentRollout.cost`."""
        from rollout.analysis.cost.ledger import ledger  # noqa: PLC0415 - only this command needs them
        from rollout.analysis.cost.prices import prices_of  # noqa: PLC0415 - as above
        from rollout.analysis.cost.usage import Periods, usages  # noqa: PLC0415 - as above
        from rollout.analysis.measuring.pools import by_function  # noqa: PLC0415 - as above

        environment, container = self._environment, self._container
        environment.require("analysis", "cost")
        periods = Periods.until(container.utc, in_range(since, HOUR, LONGEST, "a look back"))
        live = container.load_balancers.read(environment, tags=False)
        lambdas = [group.arn for group in live.target_groups.values() if group.is_lambda]
        targets = container.load_balancers.targets(lambdas)
        served = tuple(self._served(live, targets))
        arns = {function_name_of(arn): arn for ids in targets.values() for arn in ids}
        if not served:
            raise UsageError(
                f"no route of {environment.name} is served by a Lambda function",
                hint="rollout only knows costs of functions",
                code="no-function",
            )
        settings = container.described_functions.settings([arns[each.function] for each in served])
        in_logs = "cold-starts" in environment.analysis.metrics
        source = container.logs if in_logs and logs else None
        used = usages(
            {function_name_of(arn): each for arn, each in settings.items()}, container.aws_metrics, source, periods
        )
        comparable = by_function(environment, live, targets)
        pools = [(pool.routes, _names(pool.legacy), _names(pool.candidate)) for pool in comparable.pools]
        notes = (*comparable.notes, *(() if source else (_UNREAD if in_logs else _INIT,)))
        until = periods.first + periods.span
        return ledger(environment.name, until, prices_of(environment), used, served, pools=pools, notes=notes)

    def _served(self, live: AlbState, targets: Targets) -> Iterator[Served]:
        """The functions behind the routes, legacy's first."""
        from rollout.analysis.cost.ledger import Served  # noqa: PLC0415 - as above

        routes = self._environment.routes.items()
        seen = set[str]()
        for side in ("legacy", "candidate"):
            found: dict[str, list[str]] = {}
            for name, route in routes:
                group = live.group_arn(route.legacy if side == "legacy" else route.candidate)
                for arn in targets.get(group, ()):
                    found.setdefault(function_name_of(arn), []).append(name)
            for function, served in found.items():
                if function not in seen:
                    yield Served(function, side, tuple(served))
            seen |= found.keys()


def _names(sources: Sequence[Source]) -> list[str]:
    return [dict(each.dimensions)["FunctionName"] for each in sources]
