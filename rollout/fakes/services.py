"""The smaller ports in memory: functions, metrics, alarms and topics."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from rollout.alb.invocation import Invocation
from rollout.analysis.metrics import AlarmState, Point, Series, Source
from rollout.analysis.ports import ConcurrencyLimits, FunctionSettings
from rollout.fakes.account import refusal
from rollout.fakes.aws import InMemoryAws
from rollout.fakes.calls import ApiCall, ApiCalls
from rollout.fakes.resource_types import ALIAS, FUNCTION, PROVISIONED
from rollout.inventory.aliases import READY, AliasTarget, LiveAlias, beside, kept
from rollout.inventory.model import Arn, Environment
from rollout.migration.checks.function_needs import FunctionNeeds, networks_of, roles_of
from rollout.parity.ports import FunctionCode
from rollout.ramp.looks import LocalLook

_TRUST = (
    '{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}}'
)
Handler = Callable[[Mapping[str, object]], object]


@dataclass
class InMemoryFunctions:
    """The `Functions` port: a handler for each function that a stack made or a test names.

    Attributes:
        handlers: By function; one without a handler answers 200. What a handler raises is the function's error.
        took: How long an invocation takes.
        digests: By function, what a test says of its code.
        provisioned: By version, what a test says of its provisioned concurrency; it is ready otherwise.
        trust: By ARN, what a test says of a role's trust policy.
        vpcs: By id, what a test says of a subnet or security group.
        described: By function's name, its settings as a test says; otherwise 128 MB on x86_64.
        account: The account's concurrency; what isn't reserved is for functions without one of their own.
        reserved: By function's name, its own concurrency as a test says.
    """

    aws: InMemoryAws
    handlers: dict[str, Handler] = field(default_factory=dict)
    took: timedelta = timedelta(milliseconds=10)
    digests: dict[str, str] = field(default_factory=dict)
    provisioned: dict[str, str] = field(default_factory=dict)
    trust: dict[str, str | None] = field(default_factory=dict)
    vpcs: dict[str, str] = field(default_factory=dict)
    described: dict[str, FunctionSettings] = field(default_factory=dict)
    account: int = 1000
    reserved: dict[str, int] = field(default_factory=dict)
    calls: ApiCalls = field(default_factory=ApiCalls)

    def aliases(self, environment: Environment) -> Mapping[str, LiveAlias]:
        """See `migration.ports.Aliases`."""
        return self.calls.make(ApiCall("GetAlias"), lambda: dict(self._aliases(environment)))

    def _aliases(self, environment: Environment) -> Iterator[tuple[str, LiveAlias]]:
        for key, function in environment.functions.items():
            name = function.name or key
            alias = self.aws.resources.get((ALIAS, f"{name}:{function.alias}"))
            if alias is None:
                continue
            shares = (alias.get("routingConfig") or {}).get("additionalVersionWeights") or {}
            before, taken_back = kept(alias.get("description") or "")
            ready = (id_.partition(",") for type_, id_ in self.aws.resources if type_ == PROVISIONED)
            yield (
                key,
                LiveAlias(
                    alias["functionVersion"],
                    tuple(self.aws.resources[FUNCTION, name].get("versions", ())),
                    beside(shares),
                    before,
                    {each: self.provisioned.get(each, READY) for owner, _, each in ready if owner == name},
                    taken_back,
                    _revision(alias),
                ),
            )

    def needs(self, environment: Environment) -> FunctionNeeds:
        """See `migration.ports.Aliases`; a role is Lambda's, and a network in one VPC, unless a test says otherwise."""
        ids = [each for network in networks_of(environment) for each in (*network.subnets, *network.security_groups)]

        def read() -> FunctionNeeds:
            trust = dict.fromkeys(roles_of(environment), _TRUST) | self.trust
            return FunctionNeeds(trust, {each: "vpc-1" for each in ids if each not in self.vpcs} | self.vpcs)

        return self.calls.make(ApiCall("GetRole"), read)

    def point(self, environment: Environment, key: str, target: AliasTarget, revision: str) -> bool:
        """See `migration.ports.Aliases`."""
        function = environment.functions[key]
        id_ = f"{function.name or key}:{function.alias}"

        def move() -> bool:
            alias = self.aws.resources[ALIAS, id_]
            if _revision(alias) != revision:
                return False
            shares = {"additionalVersionWeights": {target.beside[0]: target.beside[1].share}} if target.beside else None
            moved = {"functionVersion": target.version, "routingConfig": shares, "description": target.description}
            self.aws.resources[ALIAS, id_] = {**alias, **moved}
            self.aws.record("UpdateAlias", id_)
            return True

        return self.calls.make(ApiCall("UpdateAlias", id_), move)

    def invoke(self, function: str, event: Mapping[str, object], limit: timedelta) -> Invocation:  # noqa: ARG002 - port
        function = function.rpartition(":function:")[2] or function  # of an ARN

        def run() -> Invocation:
            held = (ALIAS if ":" in function else FUNCTION, function)
            if function not in self.handlers and held not in self.aws.resources:
                raise refusal("Invoke", "ResourceNotFoundException", f"Function not found: {function}", function)
            try:
                answer = self.handlers.get(function, _ok)(event)
            except Exception as error:  # noqa: BLE001 - whatever it is, Lambda tells it and goes on
                return Invocation(None, f"{type(error).__name__}: {error}", self.took)
            return Invocation(answer, None, self.took)

        return self.calls.make(ApiCall("Invoke", function), run)

    def code(self, function: str) -> FunctionCode:
        """See `parity.ports.AskedFunctions`; a function is found by its name, too."""
        return FunctionCode(self.digest(function), timedelta(seconds=3), 128)

    def settings(self, functions: Sequence[str]) -> Mapping[str, FunctionSettings]:
        """See `analysis.ports.DescribedFunctions`."""

        def of(function: str) -> FunctionSettings:
            name = function.rpartition(":function:")[2].partition(":")[0]
            if function not in self.aws.policies:
                what = f"Function not found: {function}"
                raise refusal("GetFunctionConfiguration", "ResourceNotFoundException", what, function)
            return self.described.get(name, FunctionSettings(128, "x86_64", f"/aws/lambda/{name}"))

        return self.calls.make(ApiCall("GetFunctionConfiguration"), lambda: {each: of(each) for each in functions})

    def limits(self, functions: Sequence[str]) -> ConcurrencyLimits:
        """See `analysis.ports.DescribedFunctions`."""
        known = {each.rpartition(":function:")[2] for each in self.aws.policies}
        for each in functions:
            if each not in known:
                raise refusal(
                    "GetFunctionConcurrency", "ResourceNotFoundException", f"Function not found: {each}", each
                )
        left = self.account - sum(self.reserved.values())
        own = {each: limit for each, limit in self.reserved.items() if each in functions}
        return self.calls.make(ApiCall("GetAccountSettings"), lambda: ConcurrencyLimits(left, own))

    def digest(self, function: str) -> str:
        """See `parity.ports.AskedFunctions`; what a test doesn't name has its name's, or its versions'."""
        name = function.rpartition(":function:")[2]
        alias = self.aws.resources.get((ALIAS, name))
        code = f"code of {name}" + (f" {alias['functionVersion']} {alias.get('routingConfig')}" if alias else "")
        return self.calls.make(ApiCall("GetFunctionConfiguration", function), lambda: self.digests.get(name, code))


def _revision(alias: Mapping[str, object]) -> str:
    return " ".join(str(alias.get(name)) for name in ("functionVersion", "routingConfig", "description"))


def _ok(_event: Mapping[str, object]) -> object:
    return {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": "ok", "isBase64Encoded": False}


@dataclass
class InMemoryMetrics:
    """The `Metrics` port: values that a test puts there, and nothing where it puts none.

    Attributes:
        values: By source and metric, the values of each minute.
    """

    values: dict[tuple[Source, str], dict[datetime, list[float]]] = field(default_factory=dict)
    calls: ApiCalls = field(default_factory=ApiCalls)

    def put(self, source: Source, name: str, at: datetime, *values: float) -> None:
        """Publish values of a metric in a minute."""
        minute = at.replace(second=0, microsecond=0)
        self.values.setdefault((source, name), {}).setdefault(minute, []).extend(values)

    def read(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, tuple[Point, ...]]:
        return self.calls.make(
            ApiCall("GetMetricData"), lambda: {each: tuple(self._points(each, start, end)) for each in series}
        )

    def _points(self, series: Series, start: datetime, end: datetime) -> Iterator[Point]:
        periods: dict[datetime, list[float]] = {}
        for minute, values in self.values.get((Source(series.namespace, series.dimensions), series.name), {}).items():
            if start <= minute < end:
                begin = minute - (minute - datetime.min.replace(tzinfo=UTC)) % series.period
                periods.setdefault(begin, []).extend(values)
        yield from (Point(begin, _computed(series.statistic, values)) for begin, values in sorted(periods.items()))


def _computed(statistic: str, values: Sequence[float]) -> float:
    if statistic == "Sum":
        return math.fsum(values)
    if statistic == "Maximum":
        return max(values)
    if statistic == "SampleCount":
        return len(values)
    if statistic.startswith("TC(:"):
        limit = float(statistic.removeprefix("TC(:").removesuffix(")"))
        return sum(value <= limit for value in values)
    rank = math.ceil(float(statistic.removeprefix("p")) / 100 * len(values))
    return sorted(values)[max(0, rank - 1)]


@dataclass
class InMemoryAlarms:
    """The `Alarms` port: OK for each alarm that a stack made, unless a test says otherwise.

    Attributes:
        stated: What a test says, by name.
        muted: The alarms that invoke nothing, and why.
    """

    aws: InMemoryAws
    stated: dict[str, AlarmState] = field(default_factory=dict)
    muted: dict[str, str] = field(default_factory=dict)
    calls: ApiCalls = field(default_factory=ApiCalls)

    def states(self, names: Sequence[str]) -> Mapping[str, AlarmState]:
        def state(name: str) -> AlarmState:
            made = any(type_.endswith("Alarm") and id_ == name for type_, id_ in self.aws.resources)
            return self.stated.get(name, AlarmState.OK if made else AlarmState.MISSING)

        return self.calls.make(ApiCall("DescribeAlarms"), lambda: {name: state(name) for name in names})

    def mute(self, names: Sequence[str], function: Arn) -> Mapping[str, str]:  # noqa: ARG002 - there is one
        some = {name: why for name, why in self.muted.items() if name in names}
        return self.calls.make(ApiCall("DescribeAlarms"), lambda: some)


@dataclass(frozen=True, slots=True)
class Published:
    """A message to a topic."""

    topic: Arn
    subject: str
    text: str
    data: str


@dataclass
class InMemoryTopics:
    """The `Topics` port.

    Attributes:
        published: All messages, the oldest first.
    """

    published: list[Published] = field(default_factory=list)
    calls: ApiCalls = field(default_factory=ApiCalls)

    def publish(self, topic: Arn, subject: str, text: str, data: str) -> None:
        message = Published(topic, subject, text, data)
        self.calls.make(ApiCall("Publish", topic), lambda: self.published.append(message))


@dataclass
class InMemoryTasks:
    """The `Tasks` port.

    Attributes:
        over: Tokens of those who don't wait any more.
        ended: By token, the error's code; empty where the ramp has finished.
        beats: How many heartbeats there were, by token.
    """

    over: set[str] = field(default_factory=set)
    ended: dict[str, str] = field(default_factory=dict)
    beats: Counter[str] = field(default_factory=Counter)
    calls: ApiCalls = field(default_factory=ApiCalls)

    def succeed(self, token: str, output: Mapping[str, str]) -> bool:  # noqa: ARG002 - nobody reads it
        return self._end("SendTaskSuccess", token, "")

    def fail(self, token: str, error: str, cause: str) -> bool:  # noqa: ARG002 - as above
        return self._end("SendTaskFailure", token, error)

    def beat(self, token: str) -> bool:
        self.calls.make(ApiCall("SendTaskHeartbeat"), lambda: self.beats.update([token]))
        return token not in self.over

    def _end(self, call: str, token: str, error: str) -> bool:
        if token in self.over:
            return self.calls.make(ApiCall(call), lambda: False)
        self.calls.make(ApiCall(call), lambda: self.ended.update({token: error}))
        self.over.add(token)
        return True


@dataclass
class InMemoryLooks:
    """The `Looks` port.

    Attributes:
        last: The last look of a ramp that goes on.
    """

    last: LocalLook | None = None

    def read(self) -> LocalLook | None:
        """See `Looks`."""
        return self.last

    def keep(self, look: LocalLook) -> None:
        """See `Looks`."""
        self.last = look

    def forget(self) -> None:
        """See `Looks`."""
        self.last = None
