"""What programs find on AWS rather than build: listeners and target groups, by the inventory's names.

Lookups are the output forms of Pulumi's functions, which the engine runs side by side: with eight routes that is the
difference between one round trip and ten. https://www.pulumi.com/docs/iac/concepts/functions/provider-functions/
"""

from __future__ import annotations

from typing import Protocol

from pulumi import Output, RunError
from pulumi_aws import lb

from rollout.model import Environment

_NOT_THERE = ("couldn't find resource", "no matching", "NotFound")


class _Found(Protocol):
    @property
    def arn(self) -> str: ...


class Existing:
    """Listeners and target groups of an environment, each looked up at most once.

    Args:
        environment: The inventory.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._listeners: dict[str, Output[str]] = {}
        self._target_groups: dict[str, Output[str]] = {}

    def listener(self, load_balancer: str) -> Output[str]:
        """The ARN of a load balancer's listener.

        Args:
            load_balancer: The key in `[load-balancers]`.

        Raises:
            RunError: On awaiting: the load balancer or the listener isn't there, or AWS can't be asked.
        """
        if load_balancer not in self._listeners:
            self._listeners[load_balancer] = self._find_listener(load_balancer)
        return self._listeners[load_balancer]

    def target_group(self, name: str) -> Output[str]:
        """The ARN of a target group.

        Args:
            name: Its name on AWS.

        Raises:
            RunError: On awaiting: it isn't there, or AWS can't be asked.
        """
        if name not in self._target_groups:
            self._target_groups[name] = _arn(lb.get_target_group_output(name=name), f"target group {name}")
        return self._target_groups[name]

    def _find_listener(self, load_balancer: str) -> Output[str]:
        wanted = self._environment.load_balancers[load_balancer]
        label = f"load balancer {wanted.name or wanted.arn}"
        arn = (
            Output.from_input(wanted.arn) if wanted.arn else _arn(lb.get_load_balancer_output(name=wanted.name), label)
        )
        port = wanted.listener_port
        found = lb.get_listener_output(load_balancer_arn=arn, port=port)
        return _arn(found, f"{label}: listener on port {port}")


def _arn(lookup: Output[_Found], what: str) -> Output[str]:
    """The ARN that a lookup gives; its failure says what was looked for, rather than where in Pulumi it failed."""

    async def arn() -> str:
        try:
            found = await lookup.future()
        except RunError:
            raise  # of the load balancer, where its listener is looked up
        except Exception as error:
            reason = "isn't there" if any(text in str(error) for text in _NOT_THERE) else f"can't be read: {error}"
            raise RunError(f"{what} {reason}") from error
        if found is None:
            raise RunError(f"{what} can't be looked up before the provider is known")
        return found.arn

    return Output.from_input(arn())
