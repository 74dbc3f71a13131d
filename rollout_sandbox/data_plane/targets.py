"""Functions as targets: which build answers, how long it may take, and whether it may be asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import lambda_backends

from rollout_sandbox.lambdas.code import Code
from rollout_sandbox.strict.builds import LATEST
from rollout_sandbox.strict.function_state import Provisioned
from rollout_sandbox.strict.functions import StrictLambda


@dataclass(frozen=True, slots=True)
class Target:
    """Who answers for a target group: its registered function, or whatever is behind an address.

    Attributes:
        name: The function's; the target group's where the target is none.
        arn: As it was registered, with a version or an alias if need be.
        account: Whose it is.
        region: Where it is.
        timeout: When Lambda ends it.
        reserved: Its reserved concurrency.
        permitted: Whether its policy lets the target group in; None if the function is gone.
        version: The build that answers.
        provisioned: The environments that are kept ready for it.
        other: An alias's other version, and its share of the requests, 0 to 1.
        code: What its process would run.
    """

    name: str
    arn: str
    account: str
    region: str
    timeout: timedelta
    reserved: int | None
    permitted: bool | None
    version: str = LATEST
    provisioned: tuple[Provisioned, ...] = ()
    other: tuple[float, Target] | None = None
    code: Code | None = None

    @property
    def qualifier(self) -> str | None:
        """The version or alias by which it is asked."""
        return self.arn.rpartition(":function:")[2].partition(":")[2] or None

    @property
    def warm(self) -> int:
        """How many environments are ready for it."""
        return sum(each.count for each in self.provisioned if each.is_ready)

    def drawn(self, random: Random) -> Target:
        """The build that answers one request."""
        return self.other[1] if self.other is not None and random.random() < self.other[0] else self


def function_of(arn: str, group: str) -> Target:
    """The function that is registered with a target group."""
    _, _, _, region, account, _, name, *_ = arn.split(":")
    backend: Any = lambda_backends[account][region]
    permitted = backend.lets_in(arn, group) if isinstance(backend, StrictLambda) else None
    if permitted is None:
        return Target(name, arn, account, region, timedelta(0), None, None)
    return _answering(backend, arn, permitted=permitted)


def target_of(account: str, region: str, name: str, qualifier: str | None) -> Target | None:
    """The function that a caller of Lambda's API names, by its name or ARN; None if there is none."""
    backend: Any = lambda_backends[account][region]
    name, _, at = name.rpartition(":function:")[2].partition(":")
    at = qualifier or at
    try:
        arn = backend.get_function(name).function_arn
        backend.get_function(name, at or None)
    except LambdaClientError:
        return None
    return _answering(backend, f"{arn}:{at}" if at else arn, permitted=True)


def _answering(backend: StrictLambda, arn: str, *, permitted: bool) -> Target:
    _, _, _, region, account, _, name, *qualified = arn.split(":")
    latest = backend.get_function(name)
    at = qualified[0] if qualified else LATEST
    alias = next((each for each in backend.list_aliases(name) if each.name == at), None)
    ready = backend.provisioned(name)

    def build(version: str, other: tuple[float, Target] | None = None) -> Target:
        function = backend.get_function(name, version)
        kept = tuple(ready[each] for each in {at, version} & ready.keys())
        timeout = timedelta(seconds=function.timeout)
        reserved = latest.reserved_concurrency
        return Target(name, arn, account, region, timeout, reserved, permitted, version, kept, other, Code.of(function))

    if alias is None:
        return build(at)
    routing: Any = alias.routing_config or {}
    others = routing.get("AdditionalVersionWeights") or {}
    other = next(((float(weight), build(version)) for version, weight in others.items()), None)
    return build(alias.function_version, other)
