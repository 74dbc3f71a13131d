"""What an environment is on AWS: its account, and the target groups that it names."""

from __future__ import annotations

from rollout.errors import WrongAccount
from rollout.inventory.model import Arn, Environment


def require_account(environment: Environment, account: str) -> None:
    """Go on only with the environment's own account.

    Args:
        account: Of the credentials.

    Raises:
        WrongAccount: It is another one.
    """
    if account != environment.account:
        raise WrongAccount(
            f"the credentials are for account {account}, but {environment.name} is in {environment.account}",
            hint="use credentials of that account, for example with AWS_PROFILE; nothing was changed",
        )


def require_account_of(environment: Environment, arn: Arn) -> None:
    """Go on only if what AWS has told of is in the environment's account, which costs no call.

    Raises:
        WrongAccount: It is in another one.
    """
    account = (arn.split(":") + [""] * 5)[4]
    if account.isdigit():
        require_account(environment, account)


def function_name_of(function: str) -> str:
    """A function's name, from its name or ARN, without an alias or a version."""
    return function.rpartition(":function:")[2].partition(":")[0]


def target_groups_of(environment: Environment) -> tuple[str, ...]:
    """The names of all target groups in the inventory, those of routes that stay as they are too."""
    built = {name for function in environment.functions.values() for name in function.groups}
    return tuple(sorted(routed_groups_of(environment) | built))


def routed_groups_of(environment: Environment) -> set[str]:
    """The names of the target groups of its routes, those that stay as they are too."""
    moving = {name for route in environment.routes.values() for name in (route.legacy, route.candidate)}
    return moving | {route.legacy for route in environment.kept_routes.values()}
