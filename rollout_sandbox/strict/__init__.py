"""Refusals that moto lacks: subclasses of moto's backends, which replace them while a sandbox runs.

- `load_balancing`: rules, listeners, target groups, targets; `actions`, `steps`, `conditions` and `transforms` judge a
  rule's parts, `targets` who may be behind it;
- `cloudwatch`: the metrics of load balancers and functions, from the sandbox's own traffic; `alarms`, `dashboards`;
- `schedules`: expressions, windows and roles of schedules; `state_machines`: definitions and roles;
- `logs`: the cold starts of functions;
- `keys`: KMS keys that last;
- `network`: EC2 without its images; `identity`: AWS's managed policies;
- `functions`: Lambda's resource policies; `images`: functions of images; `function_state`: what a function keeps;
  `builds`: its versions and aliases.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import NoReturn

from moto.awslambda.models import lambda_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends
from moto.events.models import events_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.logs.models import logs_backends
from moto.scheduler.models import scheduler_backends
from moto.sns.models import sns_backends
from moto.stepfunctions.models import stepfunctions_backends
from moto.utilities.docker_utilities import DockerModel

from rollout_sandbox.metrics import Metrics
from rollout_sandbox.strict.builds import Builds
from rollout_sandbox.strict.cloudwatch import on
from rollout_sandbox.strict.functions import StrictLambda
from rollout_sandbox.strict.identity import LambdaIdentity
from rollout_sandbox.strict.keys import SteadyKeys
from rollout_sandbox.strict.load_balancing import StrictLoadBalancing
from rollout_sandbox.strict.logs import logs_on
from rollout_sandbox.strict.network import Network
from rollout_sandbox.strict.notices import QuietBuses, QuietTopics
from rollout_sandbox.strict.schedules import StrictScheduler
from rollout_sandbox.strict.state_machines import StrictStates


@contextmanager
def strict(metrics: Metrics) -> Iterator[None]:
    """An empty AWS whose backends are the strict ones; moto's own, and empty, afterwards.

    Args:
        metrics: What CloudWatch knows of the load balancers' traffic.
    """
    replaced = (
        cloudwatch_backends,
        ec2_backends,
        elbv2_backends,
        lambda_backends,
        events_backends,
        iam_backends,
        kms_backends,
        logs_backends,
        scheduler_backends,
        sns_backends,
        stepfunctions_backends,
    )
    lax = [(backends, backends.backend) for backends in replaced]
    docker = DockerModel.docker_client
    _forget()
    Builds.provisioning = timedelta(0)
    elbv2_backends.backend, lambda_backends.backend = StrictLoadBalancing, StrictLambda
    iam_backends.backend, ec2_backends.backend = LambdaIdentity, Network
    scheduler_backends.backend, sns_backends.backend = StrictScheduler, QuietTopics
    kms_backends.backend, events_backends.backend = SteadyKeys, QuietBuses
    stepfunctions_backends.backend = StrictStates
    DockerModel.docker_client = property(_no_docker)  # type: ignore[assignment, method-assign]
    cloudwatch_backends.backend, logs_backends.backend = on(metrics), logs_on(metrics)
    try:
        yield
    finally:
        for backends, backend in lax:
            backends.backend = backend
        DockerModel.docker_client = docker  # type: ignore[method-assign]
        _forget()


def _no_docker(_model: DockerModel) -> NoReturn:
    raise NotImplementedError("the sandbox starts no containers")


def _forget() -> None:
    # emptied first, since a reset would make each account anew
    for backends in BackendDict._instances:  # type: ignore[misc]  # noqa: SLF001 - moto has no other list of them
        backends.clear()
    BackendDict.reset()
    reset_model_data()
