"""200 environments of 50 routes, ramped by a fleet in virtual time, one in twenty with a bad candidate.

Two whole ramps of 50 routes, a good one and a bad one, run in memory by the controller's own code, and the calls to AWS
of each look are counted: one look in five minutes is made, and those between are as the one before. Then the fleet's
own state machine runs on the sandbox's Step Functions, and 200 controllers repeat those looks, each by its own
schedule: once in an account each, and once all in one, which shares its limits. After a failure a person mends the
candidate, and begins the fleet again half an hour later.

`python -m benchmarks.fleet_scale 200 50 10`: environments, routes, and how many are in a wave.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from math import ceil, log
from pathlib import Path
from random import Random
from typing import Any

from rollout import Rollout
from rollout.analysis.metrics import MINUTE, Point, Series
from rollout.api.controller_acts import Invocation
from rollout.fakes.calls import ApiCalls
from rollout.fakes.world import World
from rollout.inventory.fleets import FleetPlan, Member
from rollout.programs.fleet_states import definition
from rollout_sandbox.states.executions import Executions, TaskTimedOut
from rollout_sandbox.states.run import Call
from rollout_sandbox.states.timeline import Timeline
from tests.behaviour.drawn import MEDIAN, NORMAL, PER_MINUTE, RATES, SPREAD, DrawnCounts

ROOT = Path(__file__).parent.parent
SIZE, ROUTES, WAVE = [int(each) for each in (*sys.argv[1:], "200", "50", "10")[:3]] if sys.argv[1:] else (200, 50, 10)
BAD, MENDED = 20, timedelta(minutes=30)
"""One environment in so many fails, once; and how long a person takes."""
BAD_RATES = {"HTTPCode_Target_5XX_Count": 0.05}
STEPS = "[5, 10, 25, 50, 100]"
SETTINGS = f"""[controller]
image = "123456789012.dkr.ecr.us-west-2.amazonaws.com/rollout@sha256:{"0" * 64}"

[environments.production]
account = "123456789012"
region = "us-west-2"
backend = "s3://states"
secrets-provider = "awskms://alias/rollout"
ramp = {{ steps = {STEPS}, bake = "30m" }}
"""
ROUTE = """[routes.r{0}]
load-balancer = "public"
path = "/r{0}/*"
methods = ["GET"]
priority = {0}
legacy = "l-scale-{0}"
candidate = "l-passport-v2-rust-scorer"

"""
MORE = """
FUNCTIONS |= {f"l-scale-{n}": PythonFunction(f"scale-{n}", "endpoints.stamp_score") for n in range(1, %d)}
"""
BUCKETS: Mapping[str, tuple[float, float]] = {
    "Describe*": (40, 10),
    "ModifyRule": (20, 3),
    "GetMetricData": (50, 50),
    "SendTask*": (3000, 500),
    "Invoke": (1000, 1000),
}
"""Size and refill a second, for an account and region: ELB's are in docs/limits.md, the others AWS's defaults.

https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html,
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html (us-west-2)
"""


ALIKE = 5
QUIET, RAISES, MEMORY = 3.0, 60.0, 2
"""Seconds of a look that changes nothing, of one that runs the engine, and the function's GB: assumed."""
IDLE: Mapping[str, int] = {"GetItem": 3, "PutItem": 2}
"""The calls of a look where no ramp is running, beside S3's."""


@dataclass
class Metered(DrawnCounts):
    """Counts without chance, each made once; they say how many metrics were asked for."""

    asked: Counter[str] = field(default_factory=Counter)
    made: dict[tuple[datetime, int, float], tuple[Point, ...]] = field(default_factory=dict)

    def read(  # noqa: D102 - the port's
        self, series: Sequence[Series], start: datetime, end: datetime
    ) -> Mapping[Series, tuple[Point, ...]]:
        self.asked["GetMetricData"] += ceil(len(series) / 500)
        self.asked["metrics"] += len(series)
        assert self.open  # noqa: S101
        opened, minutes = self.open(), (end - start) // MINUTE
        splits = opened.traffic.alb_state().splits(opened.inventory).values()
        share = max(split.weight.share for split in splits)
        return {each: self._points(start, minutes, self._value(each, share)) for each in series}

    def _value(self, series: Series, share: float) -> float:
        group = dict(series.dimensions).get("TargetGroup", dict(series.dimensions).get("FunctionName", ""))
        ours = "rust" in group
        requests = round(PER_MINUTE * (share if ours else 1 - share))
        if series.name in ("RequestCount", "Invocations") or series.statistic == "SampleCount":
            return requests
        if series.statistic.startswith("p"):
            return MEDIAN
        rate = RATES.get(series.name, 0.0)
        if series.statistic.startswith("TC(:"):
            rate = NORMAL.cdf(log(float(series.statistic[4:-1]) / MEDIAN) / SPREAD)
        elif ours:
            rate = self.rates.get(series.name, rate)
        return round(requests * rate)

    def _points(self, start: datetime, minutes: int, value: float) -> tuple[Point, ...]:
        if (start, minutes, value) not in self.made:
            points = (Point(start + n * MINUTE, value) for n in range(minutes)) if value else ()
            self.made[start, minutes, value] = tuple(points)
        return self.made[start, minutes, value]


@dataclass(frozen=True)
class Looked:
    """One look: what it called, and what it said."""

    state: str
    calls: Mapping[str, int]


def inventory(folder: Path) -> Path:
    """A checkout whose production has so many routes."""
    text = (ROOT / "stacks.toml").read_text("utf-8").partition("[routes.")[0]
    shutil.copytree(ROOT / "programs", folder / "programs")
    with (folder / "programs/legacy.py").open("a") as legacy:
        legacy.write(MORE % (ROUTES + 1))
    file = folder / "stacks.toml"
    file.write_text(text + "".join(map(ROUTE.format, range(1, ROUTES + 1))) + SETTINGS, "utf-8")
    return file


def ramp(world: World, file: Path, rates: Mapping[str, float]) -> Iterator[Looked]:
    """A whole ramp by a controller, a look a minute."""
    rollout = Rollout.load(file, parts=world.actor().parts)
    environment = rollout.environment("production")
    clients = Rollout.load(file, parts=world.actor("clients").parts).environment("production")
    world.metrics = metrics = Metered(open=lambda: clients, rates=rates)
    record = world.controller(environment.inventory)
    record.installed = True
    event: dict[str, Any] = {"act": "ramp", "token": "a token", "restart": False}
    quiet = Looked("waiting", IDLE)
    for number in range(24 * 60 // ALIKE):
        logs = [each for each in vars_of(world, environment.inventory.account) if isinstance(each, ApiCalls)]
        before = {id(each): len(each.log) for each in logs}
        metrics.asked.clear()
        invocation = Invocation(str(number), "arn:aws:lambda:us-west-2:1:function:c", 15 * MINUTE, "digest")
        said = environment.controller.answer(event, invocation)  # as a process that Lambda keeps
        calls = Counter(call.action for log in logs for call in log.log[before.get(id(log), 0) :])
        look = Looked(str(said["state"]), calls | metrics.asked)
        yield look
        if look.state in ("finished", "failed"):
            return
        event = {"act": "look"}
        world.clock.advance(ALIKE * MINUTE)
        yield from [look if look.state == "waiting" else quiet] * (ALIKE - 1)
        quiet = look if look.state == "waiting" else quiet


def vars_of(world: World, account: str) -> Iterator[object]:
    """All logs of calls in a world."""
    for each in (world.actor(), *world.controllers.values(), world.tasks, world.alarms.get(account)):
        yield getattr(each, "calls", None)


def number_of(kind: str, calls: Mapping[str, int]) -> int:
    """How many calls there were of a kind; the engine's update of a rule is a ModifyRule."""
    names = {call: "ModifyRule" if call == "update" else call for call in calls}
    return sum(times for call, times in calls.items() if fnmatchcase(names[call], kind))


@dataclass
class Bucket:
    """A token bucket: what waits for a token, and for how long."""

    size: float
    refill: float
    level: float = 0
    at: float = 0
    throttled: int = 0

    def take(self, now: float, count: int) -> float:
        """Take so many, and give the seconds until the last one is there."""
        self.level = min(self.size, self.level + (now - self.at) * self.refill) if self.at else self.size
        self.at = now
        self.level -= count
        short = max(0.0, -self.level)
        self.throttled += min(count, ceil(short))
        return short / self.refill


@dataclass
class Scale:
    """A fleet and its controllers: each repeats the looks of one that was measured, with the account's limits."""

    good: Sequence[Looked]
    bad: Sequence[Looked]
    per_account: bool
    timeline: Timeline = field(default_factory=Timeline)
    random: Random = field(default_factory=lambda: Random(7))  # noqa: S311 - a simulation
    calls: Counter[str] = field(default_factory=Counter)
    seconds: float = 0
    longest: float = 0
    started: int = 0
    transitions: int = 0
    events: int = 0

    def __post_init__(self) -> None:
        names = [f"e{number:03}" for number in range(SIZE)]
        self.faulty = {names[number] for number in self.random.sample(range(SIZE), SIZE // BAD)}
        self.tokens: dict[str, str] = {}
        self.step: dict[str, int] = {}
        self.buckets: dict[tuple[str, str], Bucket] = {}
        self.executions = Executions(self.timeline, self)
        waves = [names[at : at + WAVE] for at in range(0, SIZE, WAVE)]
        function = "arn:aws:lambda:us-west-2:123456789012:function:{}".format
        self.plan = FleetPlan(
            "all", "fleet", tuple(tuple(Member(name, function(name), 1080) for name in wave) for wave in waves), WAVE
        )
        self.busy = dict.fromkeys(names, 0.0)
        self.second = {name: self.random.uniform(0, 60) for name in names}

    def run(self) -> timedelta:
        """Ramp them all, and give how long it takes."""
        began = self.timeline.now()
        while True:
            execution = self.executions.start(definition(self.plan), {"restart": self.started > 0})
            self.started += 1
            self.timeline.run(lambda execution=execution: execution.status != "RUNNING")
            self.transitions += execution.transitions
            self.events = max(self.events, len(execution.history))
            if execution.status == "SUCCEEDED":
                took = self.timeline.now() - began
                self._idle(SIZE * took // MINUTE - self.calls["Invoke"])
                return took
            failed = str(execution.failed.cause if execution.failed else "").partition(":")[0]
            self.faulty.discard(failed)
            self.timeline.run(most=MENDED)

    def call(self, call: Call, answer: Callable[[Any], None]) -> None:
        """Lambda."""
        name, event = call.parameters["FunctionName"].rpartition(":")[2], call.parameters["Payload"]
        if event["act"] == "rollback":
            self.tokens.pop(name, None)
            self.step.pop(name, None)
            self._spend(name, self.bad[-1].calls, RAISES)
            self.timeline.after(RAISES, lambda: answer({"StatusCode": 200}))
            return
        self.tokens[name] = event["token"]
        self.step.setdefault(name, 0)
        took = self._look(name)
        now = self.timeline.now().timestamp()
        self.timeline.after((self.second[name] - now) % 60, lambda: self._each_minute(name, event["token"]))
        self.timeline.after(took, lambda: answer({"StatusCode": 200}))

    def _each_minute(self, name: str, token: str) -> None:
        """Look as long as that task waits."""
        if self.tokens.get(name) == token:
            self.timeline.after(60, lambda: self._each_minute(name, token))
            if self.busy[name] <= self.timeline.now().timestamp():  # or the look before has the lease
                self._look(name)

    def _idle(self, looks: int) -> None:
        """The looks of those who have no ramp under way, which take no token that is scarce."""
        self.calls.update({call: times * looks for call, times in {**IDLE, "Invoke": 1}.items()})
        self.seconds += looks * QUIET

    def _look(self, name: str) -> float:
        looks = self.bad if name in self.faulty else self.good
        look = looks[min(self.step[name], len(looks) - 1)]
        self.step[name] += 1
        took = self._spend(name, look.calls, RAISES if look.state in ("raised", "failed") else QUIET)
        self.busy[name] = self.timeline.now().timestamp() + took
        self.timeline.after(took, lambda: self._tell(name, look))
        return took

    def _tell(self, name: str, look: Looked) -> None:
        token = self.tokens.get(name)
        if token is None:
            return
        with suppress(TaskTimedOut):
            if look.state == "finished":
                self.executions.send_task_success(token, {})
                del self.tokens[name]
            elif look.state == "failed":
                self.executions.send_task_failure(token, "ramp-failed", "worse than legacy")
                self.tokens.pop(name, None)
            else:
                self.executions.send_task_heartbeat(token)

    def _spend(self, name: str, calls: Mapping[str, int], took: float) -> float:
        """One invocation: what it calls, and how long it takes, with what it waits for tokens."""
        now, account = self.timeline.now().timestamp(), name if self.per_account else "one"
        self.calls.update({**calls, "Invoke": 1})
        for kind, (size, refill) in BUCKETS.items():
            count = number_of(kind, {**calls, "Invoke": 1})
            if count:
                bucket = self.buckets.setdefault((account, kind), Bucket(size, refill))
                took += bucket.take(now, count)
        self.seconds += took
        self.longest = max(self.longest, took)
        return took


COSTS: Mapping[str, Callable[[Scale], float]] = {
    "Lambda": lambda it: it.seconds * MEMORY * 0.0000166667 + it.calls["Invoke"] * 0.2e-6,
    "CloudWatch": lambda it: it.calls["metrics"] * 0.01e-3,
    "DynamoDB": lambda it: it.calls["GetItem"] * 0.125e-6 + it.calls["PutItem"] * 0.625e-6,
    "Step Functions": lambda it: it.transitions * 0.025e-3,
    "EventBridge Scheduler": lambda it: it.calls["Invoke"] * 1e-6,
}
"""Dollars by list prices of us-west-2, without free tiers."""


def table(good: Sequence[Looked], bad: Sequence[Looked]) -> Iterator[str]:
    """What it comes to, with each environment in an account of its own, and all in one."""
    yield "| | an account each | one account |"
    yield "| --- | --- | --- |"
    scales = [Scale(good, bad, per_account=each) for each in (True, False)]
    times = [scale.run() for scale in scales]

    def row(what: str, values: Sequence[object]) -> str:
        return f"| {what} | {' | '.join(map(str, values))} |"

    yield row("time, hours", [f"{each.total_seconds() / 3600:.0f}" for each in times])
    yield row("times the fleet was begun", [each.started for each in scales])
    yield row("invocations", [f"{each.calls['Invoke']:,}" for each in scales])
    for kind in BUCKETS:
        counts = [number_of(kind, each.calls) for each in scales]
        late = [sum(b.throttled for (_, k), b in each.buckets.items() if k == kind) for each in scales]
        yield row(f"`{kind}`, and throttled", [f"{n:,}, {t / n:.1%}" for n, t in zip(counts, late, strict=True)])
    yield row("metrics that GetMetricData was asked for", [f"{each.calls['metrics']:,}" for each in scales])
    yield row("the longest invocation, s", [f"{each.longest:.0f}" for each in scales])
    yield row("events in the longest history", [f"{each.events:,}" for each in scales])
    yield row("state transitions", [f"{each.transitions:,}" for each in scales])
    yield row("Lambda seconds", [f"{each.seconds:,.0f}" for each in scales])
    for what, cost in COSTS.items():
        yield row(f"{what}, $", [f"{cost(each):,.0f}" for each in scales])


def main() -> None:
    """Measure two ramps, then play the fleet."""
    with tempfile.TemporaryDirectory() as name:
        file = inventory(Path(name))
        world = World.cut_over(Rollout.load(file).environment("production").inventory)
        good, bad = (list(ramp(world.copy(), file, rates)) for rates in ({}, BAD_RATES))
    for title, looks in (("good", good), ("bad", bad)):
        every = sum((Counter(each.calls) for each in looks), Counter[str]())
        print(f"a {title} ramp of {ROUTES} routes: {len(looks)} looks, {dict(every.most_common())}")
    first, *_, later = [each for each in good if each.state == "waiting" and each.calls.get("GetMetricData")]
    print(f"the first look of a process that waits: {dict(first.calls)}\na later one: {dict(later.calls)}")
    print("\n".join(table(good, bad)))


if __name__ == "__main__":
    main()
