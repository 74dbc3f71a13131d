"""All checks of the doctor, one after the other, also after a failed one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rollout.adapters.aws.session import usual_region
from rollout.adapters.aws.sts import caller
from rollout.api.access import NOBODY, access, sandbox_account
from rollout.api.container import Container
from rollout.api.doctor.account import clock, credentials
from rollout.api.doctor.machine import machine_checks
from rollout.api.ports import Sandbox
from rollout.errors import AwsError, ConfigError, Problem, RolloutError, UsageError
from rollout.inventory import file as config
from rollout.inventory.model import Environment
from rollout.migration.checks.report import Check, backend_check, failed

_ANYWHERE = "us-east-1"


def examine(file: Path, name: str | None, sandbox: Sandbox | None) -> tuple[Check, ...]:
    """Run all checks; nothing on AWS is changed.

    Args:
        file: stacks.toml, which need not exist.
        name: An environment; None for all of the file.
        sandbox: The sandbox to use instead of AWS.
    """
    checks = list(machine_checks(file.parent, sandboxed=sandbox is not None))
    inventory, environments = _inventory(file, name)
    has_engine = all(check.passed for check in checks if check.name == "engine")
    backends = _backends(environments, sandbox) if has_engine else ()
    return (*checks, inventory, *backends, *_aws(environments, sandbox))


def _inventory(file: Path, name: str | None) -> tuple[Check, tuple[Environment, ...]]:
    if not os.path.lexists(file):
        missing = (Problem("no file yet", where=str(file), hint="`rollout init` writes one", code="file-missing"),)
        return Check("inventory", "none", missing if name else (), () if name else missing), ()
    try:
        read = config.load(file)
        environments = tuple(read.environment(each) for each in ((name,) if name else read.environments))
    except ConfigError as error:
        return Check(
            "inventory", str(file), error.problems or (Problem(error.what, hint=error.hint, code=error.code),)
        ), ()
    except UsageError as error:
        return failed("inventory", error), ()
    return Check("inventory", f"{file} with {', '.join(read.environments)}", read.problems), environments


def _backends(environments: tuple[Environment, ...], sandbox: Sandbox | None) -> Iterator[Check]:
    seen = set()
    for environment in environments:
        try:
            parts = Container(environment, sandbox)
            if parts.backend not in seen:
                seen.add(parts.backend)
                yield backend_check(parts.stacks.backend(), parts.backend_warning)
        except RolloutError as error:
            yield failed("backend", error)
        except OSError as error:
            yield Check(
                "backend", "failed", (Problem(f"{error.strerror}", where=error.filename, code="file-not-writable"),)
            )


def _aws(environments: tuple[Environment, ...], sandbox: Sandbox | None) -> Iterator[Check]:
    try:
        usual = usual_region()
        wanted = dict.fromkeys(environment.region for environment in environments)
        region = next(iter(wanted), usual) or _ANYWHERE
        said = f"{', '.join(wanted)}, as the inventory says" if wanted else usual or "no region is set"
        unset = Problem("`rollout init` needs one", hint="set AWS_REGION, or pass --region", code="no-region")
        yield Check("region", said, (), () if wanted or usual else (unset,))
        account = sandbox_account(environments[0].account if environments else NOBODY)
        now = sandbox.clock.now if sandbox else partial(datetime.now, UTC)
        asked = now()
        who = caller(access(region, sandbox, account))
        here = asked + (now() - asked) / 2
    except AwsError as error:
        yield failed("credentials", error)
        return
    yield credentials(who.account, who.arn, environments)
    yield clock(who.told, here)
