"""What runs in the account while nobody runs rollout: what keeps a guard or a controller from working there."""

from __future__ import annotations

from collections.abc import Iterator

from rollout.inventory.file.findings import Finding, dotted
from rollout.inventory.marks import title
from rollout.inventory.model import Environment

_CONTROLLER = "controller", "image"
"""The key that such a table has in any case: where what stops it alone is reported."""


def in_account(environment: Environment) -> Iterator[Finding]:
    """What is wrong in `[guard]` and `[controller]`."""
    yield from _guard(environment)
    yield from _controller(environment)


def _guard(environment: Environment) -> Iterator[Finding]:
    """Alarms that can't be the guard's: legacy's would send requests to what fails, and rollout's own are there."""
    own = f"{title(environment.project, environment.name)}-"
    for index, alarm in enumerate(environment.guard.alarms if environment.guard else ()):
        at = ("guard", "alarms", index)
        if alarm in environment.ramp.legacy_alarms:
            other = ("ramp", "legacy-alarms")
            what = f"{alarm!r} is in {dotted(other)}, which take no traffic back"
            yield Finding(at, what, "name it in one of them", other, code="conflicting-keys")
        elif alarm.startswith(own):
            what = f"{alarm!r} is an alarm of `rollout monitoring`, which the guard has anyway"
            yield Finding(at, what, "remove it here", code="conflicting-keys")


def _controller(environment: Environment) -> Iterator[Finding]:
    """What its function can't reach: a folder of this machine, a person's passphrase, an image of another region."""
    if environment.controller is None:
        return
    name = environment.name
    if not (environment.backend or "").startswith("s3://"):
        what = "a controller needs Pulumi's state in S3, where its function reads it"
        hint = f'set backend = "s3://BUCKET/FOLDER" in [environments.{name}]; docs/backends.md says how state moves'
        yield Finding(_CONTROLLER, what, hint, code="backend-not-s3")
    elif not (environment.secrets_provider or "").startswith("awskms://"):
        what = "a controller has no passphrase: it needs a KMS key for the secrets in Pulumi's state"
        hint = f'set secrets-provider = "awskms://alias/NAME" in [environments.{name}]; docs/backends.md says how'
        yield Finding(_CONTROLLER, what, hint, code="secrets-not-kms")
    for channel in (name for name, each in environment.notifications.items() if each.apprise):
        what = f"the controller can't send notification {channel}: its function has neither apprise nor your variables"
        hint = (
            f"use sns, eventbridge or a webhook, or move it into the other environments: "
            f"[environments.X.notifications.{channel}]"
        )
        yield Finding(_CONTROLLER, what, hint, ("notifications", channel, "apprise"), code="notifier-elsewhere")
    image = environment.controller.image
    if f".dkr.ecr.{environment.region}." not in image:
        what = f"Lambda only takes images of its own region, {environment.region}"
        yield Finding(_CONTROLLER, what, f"push it to {environment.region}", code="image-elsewhere")
