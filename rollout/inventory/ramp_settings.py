"""A ramp in stacks.toml: its steps, when it may continue, how it is judged, and where messages are sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, SecretStr, WithJsonSchema, model_validator

from rollout.base.formatting import count_of
from rollout.inventory.fields import UNTOLD, Frozen, OneOrSeveral, distinct, rising
from rollout.inventory.quantities import Duration, Percent, TimeOfDay

Day = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
OnFailure = Literal["rollback", "route", "freeze", "step-back"]
OnWorse = Literal["fail", "hold"]
ClientField = Literal["address", "user-agent"]
NoticeKind = Literal["step", "verdict", "rollback", "approval", "finished"]
MetricName = Literal[
    "server-errors", "client-errors", "lambda-errors", "throttles", "latency-p50", "latency-p99", "function-errors",
    "duration-p50", "duration-p99", "cold-starts",
]  # fmt: skip
DEFAULT_METRICS: tuple[MetricName, ...] = (
    "server-errors",
    "lambda-errors",
    "throttles",
    "client-errors",
    "latency-p50",
    "latency-p99",
)
MAX_BAKE = timedelta(days=14)
"""CloudWatch keeps minutes for 15 days."""

CLOUDWATCH = "cloudwatch"
LogGroupName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._/#-]{1,512}$", description="a log group's name")]
_PLUGIN = r"^[a-z][a-z0-9-]*$"

_Bake = Annotated[Duration, Field(ge=timedelta(minutes=1), le=MAX_BAKE)]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone; write it as Europe/Berlin or UTC") from None
    return name


class Window(Frozen):
    """When a weight may be raised; a time from one day into the next if `until` is not after `from`."""

    days: Annotated[tuple[Day, ...], AfterValidator(distinct)] = Field(
        get_args(Day), min_length=1, description='days, such as ["Mon", "Tue"]'
    )
    from_: TimeOfDay = Field(alias="from", description="a time of day, such as 09:00")
    until: TimeOfDay = Field(description="a time of day, such as 17:00")
    time_zone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="an IANA time zone, such as Europe/Berlin"
    )


class Ramp(Frozen):
    """The schedule of the ramp: its steps, how long each is watched, and what happens on a failure."""

    steps: Annotated[tuple[Percent, ...], AfterValidator(rising)] = Field(
        tuple(Percent(n * 10) for n in (5, 10, 25, 50, 100)),
        min_length=1,
        description="rising weights above 0 to at most 100 per cent",
    )
    bake: Annotated[tuple[_Bake, ...], OneOrSeveral(_Bake)] = Field(
        (timedelta(minutes=30),),
        min_length=1,
        description="the minimum time of each step, 1m to 14d, such as 30m; or a list, one per step",
    )
    min_requests: int = Field(
        0, strict=True, ge=0, description="the minimum of the candidate's requests in a step, 0 or more"
    )
    bake_limit: _Bake = Field(
        timedelta(days=1), description="how long a step may last without a verdict, 1m to 14d; see on-inconclusive"
    )
    on_inconclusive: Literal["hold", "rollback"] = Field(
        "hold", description='"hold" or "rollback": what the ramp does after bake-limit'
    )
    on_failure: OnFailure = Field("rollback", description='"rollback", "route", "freeze" or "step-back"')
    approve_before: tuple[Percent, ...] = Field(
        (), description="steps that wait for `rollout approve`, such as [50, 100]"
    )
    approval_expiry: Duration = Field(
        timedelta(days=1),
        ge=timedelta(minutes=1),
        le=timedelta(days=90),
        description="how long to wait for an approval, 1m to 90d",
    )
    on_expiry: Literal["hold", "rollback"] = Field(
        "hold", description='"hold" or "rollback": what the ramp does without an approval in time'
    )
    windows: tuple[Window, ...] = Field((), description="when weights may rise; at any time without windows")
    smoke: bool = Field(False, description="whether `rollout smoke` must pass before the first step")
    parity: Literal["off", "required"] = Field(
        "off", description='"off" or "required": whether a route gets its first requests only after `rollout parity`'
    )
    max_difference: float = Field(
        3.0,
        gt=0,
        le=100,
        description="how many answers may differ by parity's bound, in per cent, above 0 to 100",
    )
    coverage: float = Field(
        80.0,
        ge=0,
        le=100,
        description="how many of a route's requests parity must have compared, by shape, in per cent, 0 to 100",
    )
    alarms: Annotated[tuple[str, ...], AfterValidator(distinct)] = Field(
        (), description="names of CloudWatch alarms; one of them in ALARM state fails the step"
    )
    legacy_alarms: Annotated[tuple[str, ...], AfterValidator(distinct)] = Field(
        (), description="names of legacy's alarms; they are reported and stop nothing"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.bake) not in (1, len(self.steps)):
            bakes, steps = count_of(len(self.bake), "duration"), count_of(len(self.steps), "step")
            raise ValueError(f"bake has {bakes} for {steps}; give one, or one per step")
        if unknown := [weight for weight in self.approve_before if weight not in self.steps]:
            raise ValueError(f"approve-before names {unknown[0]}, which is not a step")
        return self

    def bake_of(self, step: int) -> timedelta:
        """How long a step, from 0, is watched at least."""
        return self.bake[step if len(self.bake) > 1 else 0]


class Margin(Frozen):
    """How much worse the candidate may be: both bounds must be exceeded.

    For errors `absolute` is in per cent of the requests; for latencies in milliseconds.
    """

    relative: float = Field(ge=0, le=1000, description="a ratio: 0.25 is a quarter more than legacy's")
    absolute: float = Field(
        0.0, ge=0, description="per cent of the requests for errors, milliseconds for latencies, 0 or more"
    )


class Metric(Frozen):
    """How one metric is judged."""

    tolerance: Margin | None = Field(None, description="the tolerance: a rise within it never fails")
    harm: Margin | None = Field(None, description="the harm: a Pass rules it out")
    ceiling: float | None = Field(
        None, gt=0, description="the most at 100 per cent, where there's no legacy: per cent or milliseconds"
    )
    on_worse: OnWorse | None = Field(
        None, description='"fail" or "hold": what a rise beyond the tolerance causes; by default 4xx hold, others fail'
    )


class Analysis(Frozen):
    """How a step is judged: the metrics, and how sure a verdict must be."""

    metrics: Annotated[tuple[MetricName, ...], AfterValidator(distinct)] = Field(
        DEFAULT_METRICS, min_length=1, description="what is compared"
    )
    false_alarms: float = Field(
        0.01,
        gt=0,
        le=0.5,
        description="the share of ramps of a candidate as good as legacy that may fail, above 0 to 0.5",
    )
    missed: float = Field(
        0.05, gt=0, le=0.5, description="the risk that a harmful candidate passes a step, above 0 to 0.5"
    )
    delay: Duration = Field(
        timedelta(minutes=3), le=timedelta(hours=1), description="how late CloudWatch's points may be, 0s to 1h"
    )
    retries: float = Field(
        1.0,
        ge=1,
        le=100,
        description="the minimum of bad requests at a time, such as 3 if clients retry twice, 1 to 100",
    )
    warm_up: Duration = Field(
        timedelta(minutes=5),
        le=timedelta(hours=1),
        description="how long after a raise latencies are not judged, while new environments start, 0s to 1h",
    )
    metric: Mapping[MetricName, Metric] = Field(
        default_factory=dict, description="by metric, bounds that differ from the defaults"
    )
    not_dearer: float | None = Field(
        None, ge=0, le=10, description="how much more than legacy's the candidate's requests may cost, a ratio, 0 to 10"
    )
    unit: Literal["requests", "clients"] = Field(
        "requests", description='what a verdict counts: "requests", by CloudWatch, or "clients", by access logs'
    )
    clients_by: Annotated[tuple[ClientField, ...], AfterValidator(distinct)] = Field(
        get_args(ClientField),
        min_length=1,
        description='what identifies a client: ["address", "user-agent"] or one of them',
    )
    log_groups: Annotated[tuple[LogGroupName, ...], AfterValidator(distinct)] = Field(
        (), description="the log groups in CloudWatch Logs that access logs are in; without any they are in S3"
    )
    source: str = Field(
        CLOUDWATCH, pattern=_PLUGIN, description="the source of numbers: cloudwatch, or a plugin's name"
    )
    options: Annotated[Mapping[str, JsonValue], UNTOLD] = Field(
        default_factory=dict, repr=False, description="the plugin's options"
    )

    @model_validator(mode="after")
    def _of_a_plugin(self) -> Self:
        if self.options and self.source == CLOUDWATCH:
            raise ValueError("options are only for a plugin: name it as source")
        return self

    @property
    def source_name(self) -> str:
        """What people call the source."""
        return "CloudWatch" if self.source == CLOUDWATCH else self.source

    @property
    def reads_logs(self) -> bool:
        """Whether a verdict reads logs, which costs, takes a while and has rights of its own."""
        return self.unit == "clients" or "cold-starts" in self.metrics


def _webhook(value: object) -> SecretStr:
    """A webhook's address, which lets anybody write there: no text has it, an error's least of all."""
    if not isinstance(value, str) or not re.fullmatch(_WEBHOOK, value):
        raise ValueError("is not a webhook: write an http or https URL, or $NAME for the variable with it")
    return SecretStr(value)


_WEBHOOK = r"https?://[^\s/]+(/\S*)?|\$[A-Z_][A-Z0-9_]*"
Webhook = Annotated[
    SecretStr, BeforeValidator(_webhook), WithJsonSchema({"type": "string", "pattern": f"^({_WEBHOOK})$"})
]


def _only_a_variable(value: object) -> object:
    """What stands there instead may be a secret, as a whole: no text has it."""
    if not isinstance(value, str) or not re.fullmatch(_IN_A_VARIABLE, value):
        raise ValueError("is not a variable: write $NAME, and put apprise's URL, which is a secret, into that variable")
    return value


_IN_A_VARIABLE = r"\$[A-Z_][A-Z0-9_]*"
InAVariable = Annotated[
    str, BeforeValidator(_only_a_variable), WithJsonSchema({"type": "string", "pattern": f"^{_IN_A_VARIABLE}$"})
]

Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Notification(Frozen):
    """Where messages are sent: a topic, an event bus, a webhook in Slack's format, apprise, a command or a plugin."""

    sns: str | None = Field(None, pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:.+$", description="a topic's ARN")
    webhook: Webhook | None = Field(None, description="an http or https URL, or $NAME for the variable with it")
    eventbridge: str | None = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9._-]+$",
        description="an event bus's ARN",
    )
    apprise: InAVariable | None = Field(
        None, description="$NAME, the variable with URLs of apprise, separated by commas or blanks"
    )
    command: tuple[str, ...] = Field((), description="a program and its arguments; it gets JSON on its standard input")
    variables: tuple[Variable, ...] = Field(
        (), description="the environment variables of rollout that the command gets"
    )
    plugin: str | None = Field(None, pattern=_PLUGIN, description="a channel of another package")
    options: Mapping[str, JsonValue] = Field(default_factory=dict, repr=False, description="the plugin's options")
    events: Annotated[tuple[NoticeKind, ...], AfterValidator(distinct)] = Field(
        get_args(NoticeKind), min_length=1, description="the events to send"
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = (self.sns, self.webhook, self.eventbridge, self.apprise, self.command, self.plugin)
        if sum(map(bool, ways)) != 1:
            raise ValueError("write exactly one of sns, webhook, eventbridge, apprise, command and plugin")
        if self.variables and not self.command:
            raise ValueError("variables are only for a command")
        if self.options and not self.plugin:
            raise ValueError("options are only for a plugin")
        return self
