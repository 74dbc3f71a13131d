"""The sandbox as a team's AWS is before rollout comes, and its rules as a client that isn't ours tells them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rollout.alb.forms import AWS
from rollout.api.container import Container
from rollout.api.ports import Provider, Sandbox
from rollout.inventory.marks import mark_of
from rollout.inventory.model import Environment, ProgramInput, RuleOwnership
from rollout.inventory.stacks import LEGACY
from rollout.migration import events
from rollout.state.plan import Change
from rollout_sandbox.daemon import SandboxInfo, start
from rollout_sandbox.lambdas.images import repository_of
from rollout_sandbox.landscape import Balancer, log_requests, prepare
from rollout_sandbox.seed_cache import keep, kept
from rollout_sandbox.server import TAPE
from rollout_sandbox.snapshots import put
from rollout_sandbox.state_store import prepare_state

if TYPE_CHECKING:
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_elbv2.type_defs import ActionOutputTypeDef, RuleTypeDef


CONTROLLER_COMMAND = "rollout.controller.handler.handle"
"""What the command of the controller's image is."""


class Reachable(Sandbox, Protocol):
    """A sandbox, in this process or in another."""

    def client(self, service: str, account: str, region: str) -> Any:
        """A boto3 client on it."""
        ...

    def handle(self, handler: str, root: Path, function: str = "*", account: str = "*") -> None:
        """Let an entry point answer for functions."""
        ...

    def image(self, repository: str, handler: str) -> None:
        """Let functions of images run a package that is installed here."""
        ...


def seed(
    environment: Environment,
    sandbox: Reachable,
    emit: Callable[[events.Event], None],
    provider: Provider = "stand-in",
    *,
    without_rules: bool = False,
) -> None:
    """Make an environment's load balancers, which log, and where its state is; bring up its legacy stack and rules.

    What is there already stays as it is.

    Args:
        environment: The inventory.
        sandbox: Where.
        emit: Called with each event.
        provider: Which provider plugin talks to the sandbox.
        without_rules: Leave the routes' rules to somebody else.

    Raises:
        EngineError: The engine is missing or failed.
    """
    balancers = [
        Balancer(balancer.name, internal=key == "internal", port=balancer.listener_port)
        for key, balancer in environment.load_balancers.items()
        if balancer.name
    ]
    others = {kept.legacy for kept in environment.kept_routes.values() if kept.target_type != "lambda"}

    def client(service: str) -> Any:
        return sandbox.client(service, environment.account, environment.region)

    prepare(client, environment.account, balancers, sorted(others))
    log_requests(client, environment.account, [balancer.name for balancer in balancers])
    prepare_state(environment, client)
    answer(environment, sandbox)
    stacks = Container(environment, sandbox, provider).stacks
    if environment.programs.legacy is None or stacks.resources(LEGACY):
        return
    rules = dict.fromkeys(environment.routes if without_rules else (), RuleOwnership.RELEASED)
    given = ProgramInput(environment, rules=rules, mark=mark_of(environment, LEGACY).tags)
    summary = "the legacy functions and their rules, as the legacy program creates them"
    emit(events.PhaseStarted(environment.name, "seed", summary, (LEGACY,)))
    changes: list[Change] = []
    stacks.up(LEGACY, given, plan=None, message=f"the legacy stack of {environment.name}", on_change=changes.append)
    emit(events.StepApplied(environment.name, LEGACY, len(changes)))


def answer(environment: Environment, sandbox: Reachable) -> None:
    """Let the inventory's endpoints answer for its functions, and its controller run this rollout."""
    if environment.controller is not None:
        sandbox.image(repository_of(environment.controller.image), CONTROLLER_COMMAND)
    if environment.programs.endpoints is not None:
        sandbox.handle(environment.programs.endpoints, environment.root, account=environment.account)


def begin(
    folder: Path, environments: Sequence[Environment], emit: Callable[[events.Event], None], *, use_cache: bool = True
) -> SandboxInfo:
    """Start a folder's sandbox with all environments as AWS is before rollout comes.

    A first start takes what an earlier first start of the same environments made, in whichever folder.

    Args:
        folder: The sandbox's.
        environments: The inventory's.
        emit: Called with each event.
        use_cache: Whether a first start may take what another first start made.

    Raises:
        SandboxError: It can't be started.
        EngineError: The engine is missing or failed.
    """
    first = not (folder / TAPE).exists()
    snapshot = kept(environments) if first and use_cache else None
    if snapshot:
        put(folder, snapshot)
    info = start(folder)
    for environment in environments:
        if snapshot:
            answer(environment, info)
        else:
            seed(environment, info, emit)
    if first and not snapshot:
        keep(environments, info)
    return info


def rules_as_told_by_boto3(environment: Environment, sandbox: Reachable) -> list[dict[str, str]]:
    """The live rules of all listeners: priority, conditions, where they forward to, and their ARNs' ends."""
    elb: ElasticLoadBalancingv2Client = sandbox.client("elbv2", environment.account, environment.region)
    names = [balancer.name for balancer in environment.load_balancers.values() if balancer.name]
    told = []
    for balancer in elb.describe_load_balancers(Names=names)["LoadBalancers"]:
        for listener in elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]:
            rules = elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
            told += [
                {
                    "priority": rule["Priority"],
                    "for": _conditions(rule),
                    "forwards to": "; ".join(map(_action, rule["Actions"])),
                    "rule": rule["RuleArn"].rsplit("/", 1)[-1],
                }
                for rule in sorted(rules, key=lambda rule: int(rule["Priority"]) if not rule["IsDefault"] else 0)
                if not rule["IsDefault"]
            ]
    return told


def _conditions(rule: RuleTypeDef) -> str:
    found: dict[str, Sequence[str]] = {}
    for condition in rule["Conditions"]:
        config = condition.get("PathPatternConfig") or condition.get("HttpRequestMethodConfig") or {}
        found[condition["Field"]] = config.get("Values") or condition.get("Values", [])
    ordered = (found.get("http-request-method", ()), found.get("path-pattern", ()))
    return " ".join("|".join(values) for values in ordered if values)


def _action(action: ActionOutputTypeDef) -> str:
    return str(AWS.read(action) or action["Type"])
