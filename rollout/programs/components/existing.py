"""Existing resources that programs look up: listeners and target groups, by the inventory's names.

A phase has just read them, and gives them to its program; a program that runs by itself looks them up. All lookups of a
program run in parallel and finish before its first resource: with eight routes that is one round trip instead of a
dozen, and all missing resources are reported at once, instead of failing each dependent resource.
https://www.pulumi.com/docs/iac/concepts/functions/provider-functions/
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from pulumi import InvokeOptions, RunError
from pulumi.runtime import invoke_async

# private, but what each plain lookup of the SDK waits by, one after the other; there is no public way to wait for many
from pulumi.runtime.sync_await import _sync_await

from rollout.inventory.model import Arn, Environment, Existing, LoadBalancer

_NOT_THERE = ("couldn't find resource", "no matching", "NotFound")


def look_up(environment: Environment, target_groups: Iterable[str], known: Existing | None = None) -> Existing:
    """Find the listeners of an environment's load balancers, and target groups.

    Args:
        target_groups: Their names on AWS.
        known: What was read already, such as `ProgramInput.existing`; it is enough if nothing is missing in it.

    Raises:
        RunError: Some are missing, or AWS can't be read; with all of them.
    """
    balancers, names = environment.load_balancers, tuple(dict.fromkeys(target_groups))
    if known and known.listeners.keys() >= balancers.keys() and known.target_groups.keys() >= set(names):
        return known
    lookups = [*map(_listener, balancers.values()), *map(_target_group, names)]
    found = _sync_await(asyncio.gather(*lookups, return_exceptions=True))
    problems = [str(problem) for problem in found if isinstance(problem, BaseException)]
    if problems:
        raise RunError("; ".join(problems))
    told: list[Mapping[str, Any]] = [each for each in found if not isinstance(each, BaseException)]
    arns = [Arn(str(each["arn"])) for each in told]
    return Existing(
        listeners=dict(zip(balancers, arns, strict=False)),
        target_groups=dict(zip(names, arns[len(balancers) :], strict=True)),
        kinds={name: str(each["targetType"]) for name, each in zip(names, told[len(balancers) :], strict=True)},
    )


async def _listener(balancer: LoadBalancer) -> Mapping[str, Any]:
    label, port = f"load balancer {balancer.name or balancer.arn}", balancer.listener_port
    arn = balancer.arn or (await _found("LoadBalancer", {"name": balancer.name}, label))["arn"]
    return await _found("Listener", {"loadBalancerArn": arn, "port": port}, f"{label}: listener on port {port}")


async def _target_group(name: str) -> Mapping[str, Any]:
    return await _found("TargetGroup", {"name": name}, f"target group {name}")


async def _found(kind: str, wanted: Mapping[str, Any], what: str) -> Mapping[str, Any]:
    # not pulumi_aws's own functions: the plain ones block, and a failed output form ends the program in its own words
    try:
        found = await invoke_async(f"aws:lb/get{kind}:get{kind}", wanted, InvokeOptions(version=version("pulumi_aws")))
    except Exception as error:
        reason = "doesn't exist" if any(text in str(error) for text in _NOT_THERE) else f"can't be read: {error}"
        raise RunError(f"{what} {reason}") from error
    return dict(found)
