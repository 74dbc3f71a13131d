"""What a fleet's ramp needs in the account of its first environment, where that has a controller.

The policies are an environment's, which doesn't know its fleets, so they name all of the project.
"""

from __future__ import annotations

from collections.abc import Callable

from rollout.adapters.aws.iam.guard import only
from rollout.adapters.aws.iam.need import Need, calls
from rollout.adapters.aws.iam.resources import Resources
from rollout.inventory.fleets import controller_names, fleet_titles

_Arns = tuple[str, ...]


def _machines(names: Resources) -> _Arns:
    return (names.arn("states", f"stateMachine:{fleet_titles(names.environment)}"),)


def _executions(names: Resources) -> _Arns:
    return (names.arn("states", f"execution:{fleet_titles(names.environment)}:*"),)


def _controllers(names: Resources) -> _Arns:
    return (names.function(controller_names(names.environment)),)


def _roles(names: Resources) -> _Arns:
    return (names.role(fleet_titles(names.environment)),)


def _if_controlled(of: Callable[[Resources], _Arns]) -> Callable[[Resources], _Arns]:
    """Without a controller there is no fleet that ramps by itself."""
    return lambda names: of(names) if names.environment.controller else ()


HISTORY = (
    Need("FleetState", ("states:ListExecutions",), _if_controlled(_machines)),
    Need("FleetHistory", calls("states", "DescribeExecution GetExecutionHistory"), _if_controlled(_executions)),
)
STATUS = (
    Need("FleetRights", calls("iam", "GetRole GetRolePolicy"), _if_controlled(_roles)),
    Need("FleetState", calls("states", "DescribeStateMachine ListExecutions"), _if_controlled(_machines)),
    Need("FleetHistory", calls("states", "DescribeExecution GetExecutionHistory"), _if_controlled(_executions)),
)
RAMP = (
    *STATUS,
    Need("FleetState", ("states:StartExecution",), _if_controlled(_machines)),
    Need("FleetControllers", ("lambda:ListTags",), _if_controlled(_controllers)),
)
STOP = (*STATUS, Need("FleetHistory", ("states:StopExecution",), _if_controlled(_executions)))
APPROVE = (
    *STATUS,
    # AWS can't limit these to a resource, and a token is known to who may read the history
    Need("ApproveWaves", calls("states", "SendTaskFailure SendTaskSuccess"), _if_controlled(Resources.everything)),
)
INSTALL = (
    Need("Fleets", calls("states", "CreateStateMachine DescribeStateMachine ListExecutions"), _machines),
    Need("Fleets", calls("states", "ListStateMachineVersions ListTagsForResource"), _machines),
    Need("Fleets", calls("states", "TagResource UpdateStateMachine"), _machines),
    Need("FleetHistory", calls("states", "DescribeExecution GetExecutionHistory"), _executions),
    Need("FleetDefinition", ("states:ValidateStateMachineDefinition",)),
    Need("FleetRoles", calls("iam", "CreateRole GetRole GetRolePolicy ListAttachedRolePolicies"), _roles),
    Need("FleetRoles", calls("iam", "ListRolePolicies ListRoleTags PutRolePolicy TagRole"), _roles),
    Need("FleetRoles", calls("iam", "DeleteRole DeleteRolePolicy ListInstanceProfilesForRole"), _roles),
    Need("FleetRoles", ("iam:UpdateAssumeRolePolicy",), _roles),
    Need("FleetToStates", ("iam:PassRole",), _roles, only("iam:PassedToService", "states.amazonaws.com")),
)
REMOVE = (
    Need("Fleets", calls("states", "DeleteStateMachine DescribeStateMachine ListExecutions"), _machines),
    Need("Fleets", ("states:ListTagsForResource",), _machines),
    Need("FleetHistory", calls("states", "DescribeExecution GetExecutionHistory"), _executions),
    Need("FleetRoles", calls("iam", "DeleteRole DeleteRolePolicy ListInstanceProfilesForRole ListRoleTags"), _roles),
    Need("FleetRoles", calls("iam", "GetRole GetRolePolicy"), _roles),
)
