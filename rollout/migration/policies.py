"""The tables of the policy: what each step's preview may do, by operation, resource type and property.

`policy` holds a preview to them. docs/decisions/ has the reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rollout.migration.bearers import (
    ALARM,
    ALIAS,
    ATTACHMENT,
    DASHBOARD,
    EVENT_INVOKE,
    FUNCTION,
    JOINT_ALARM,
    LOG_GROUP,
    PERMISSION,
    PROVISIONED,
    ROLE,
    ROLE_POLICY,
    ROLE_POLICY_ATTACHMENT,
    S3_OBJECT,
    SCHEDULE,
    STATE_MACHINE,
    TABLE,
)
from rollout.state.plan import LISTENER_RULE, TARGET_GROUP, Change, Op

FUNCTION_PARTS = (
    LOG_GROUP,
    ROLE,
    ROLE_POLICY,
    ROLE_POLICY_ATTACHMENT,
    FUNCTION,
    ALIAS,
    PROVISIONED,
    PERMISSION,
    TARGET_GROUP,
    ATTACHMENT,
)
WATCHING = (JOINT_ALARM, DASHBOARD, ALARM)
GUARD_PARTS = (
    TABLE,
    LOG_GROUP,
    ROLE,
    ROLE_POLICY,
    FUNCTION,
    SCHEDULE,
    PERMISSION,
    EVENT_INVOKE,
    ALARM,
    JOINT_ALARM,
)
CONTROLLER_PARTS = (S3_OBJECT, TABLE, LOG_GROUP, ROLE, ROLE_POLICY, FUNCTION, EVENT_INVOKE, SCHEDULE)
FLEET_PARTS = (ROLE, ROLE_POLICY, STATE_MACHINE)
NEW_BUILD = frozenset(
    {
        *("code", "imageUri", "imageConfig", "sourceCodeHash", "runtime", "handler", "layers"),
        *("environment", "kmsKeyArn", "memorySize", "ephemeralStorage", "timeout", "reservedConcurrentExecutions"),
        *("vpcConfig", "fileSystemConfig", "tracingConfig", "deadLetterConfig", "publish", "snapStart"),
    }
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """One row of a table.

    Attributes:
        op: The operation.
        types: On resources of these types.
        properties: Touching no other properties than these; None where the operation touches none.
    """

    op: Op
    types: tuple[str, ...]
    properties: frozenset[str] | None = None

    def covers(self, change: Change) -> bool:
        """Whether a change is of this kind."""
        if change.op is not self.op or change.type not in self.types:
            return False
        return self.properties is None or set(change.properties) <= self.properties

    def __str__(self) -> str:
        names = ", ".join(t.rpartition(":")[2] for t in self.types)
        return f"{self.op} of {names}" + (f" ({', '.join(sorted(self.properties))})" if self.properties else "")


@dataclass(frozen=True, slots=True)
class Policy:
    """What one step may do; everything else is refused.

    Attributes:
        rows: The allowed operations.
        creates_stack: Whether its step may be the first of its stack.
        creates_resources: Whether a run that was cut off may have left resources that the state doesn't have.
        header_rules: Whether it is about header rules, and no others.
        keeps_weights: Whether the candidate keeps its share of each route's requests.
        keeps_components: Whether a component goes with its target group only, and only a route's.
    """

    rows: tuple[Allowed, ...]
    creates_stack: bool = False
    creates_resources: bool = False
    header_rules: bool = False
    keeps_weights: bool = False
    keeps_components: bool = False

    @property
    def only_releases(self) -> bool:
        """Whether it lets rules go, and writes none."""
        operations = {row.op for row in self.rows}
        return Op.RELEASE in operations <= {Op.RELEASE, Op.DELETE}

    def __str__(self) -> str:
        return f"allowed: {'; '.join(map(str, self.rows))}"


_RULE = (LISTENER_RULE,)
_ACTIONS = Allowed(Op.UPDATE, _RULE, frozenset({"actions"}))
_TAGS = frozenset({"tags", "tagsAll"})
_BUILD = (
    Allowed(Op.CREATE, FUNCTION_PARTS),
    # what a run that was cut off made, or one whose state was lost: it carries this stack's mark
    Allowed(Op.IMPORT, FUNCTION_PARTS),
    Allowed(Op.UPDATE, (FUNCTION,), NEW_BUILD | _TAGS),
    Allowed(Op.UPDATE, (PROVISIONED,), frozenset({"provisionedConcurrentExecutions"})),
    # it follows an alias that somebody else moved
    Allowed(Op.REPLACE, (PROVISIONED,), frozenset({"qualifier"})),
    # which says that an alias was taken back, until the state has followed
    Allowed(Op.UPDATE, (ALIAS,), frozenset({"description"})),
    Allowed(Op.UPDATE, (ROLE,), _TAGS),
    # a right that goes is a deletion, which nothing here allows: a build that is live may need it
    Allowed(Op.UPDATE, (ROLE_POLICY,), frozenset({"policy"})),
    # AWS makes a log group without one first; a run that was cut off then leaves it so
    Allowed(Op.UPDATE, (LOG_GROUP,), frozenset({"retentionInDays"}) | _TAGS),
    # a function's group has none of the first three on AWS; the state of an adopted one is told of them, and no call
    # is made
    Allowed(
        Op.UPDATE,
        (TARGET_GROUP,),
        frozenset({"deregistrationDelay", "proxyProtocolV2", "slowStart", "lambdaMultiValueHeadersEnabled"}) | _TAGS,
    ),
)
_DEPLOY = (
    Allowed(Op.UPDATE, (ALIAS,), frozenset({"functionVersion", "routingConfig", "description"})),
    # of another version: the new one is made and ready before the old one goes
    Allowed(Op.REPLACE, (PROVISIONED,), frozenset({"qualifier"})),
)
_GUARD = (
    Allowed(Op.CREATE, GUARD_PARTS),
    Allowed(Op.IMPORT, GUARD_PARTS),
    # all in place: a replacement would be a time without a guard, or without what it remembers
    Allowed(Op.UPDATE, (FUNCTION,), NEW_BUILD | _TAGS | {"description"}),
    Allowed(Op.UPDATE, (ROLE_POLICY,), frozenset({"policy"})),
    Allowed(Op.UPDATE, (TABLE, ROLE), _TAGS),
    Allowed(Op.UPDATE, (LOG_GROUP,), frozenset({"retentionInDays"}) | _TAGS),
    Allowed(Op.UPDATE, (EVENT_INVOKE, SCHEDULE, ALARM, JOINT_ALARM)),
    Allowed(Op.DELETE, (JOINT_ALARM,)),
)
_CONTROLLER = (
    Allowed(Op.CREATE, CONTROLLER_PARTS),
    Allowed(Op.IMPORT, CONTROLLER_PARTS),
    # other files are another object; the old one goes once the function has the new one's name
    Allowed(Op.REPLACE, (S3_OBJECT,), frozenset({"key", "source"}) | _TAGS),
    # all else in place: the table says whose turn it is, and a look may be under way
    Allowed(Op.UPDATE, (FUNCTION,), NEW_BUILD | _TAGS | {"architectures", "description"}),
    Allowed(Op.UPDATE, (ROLE_POLICY,), frozenset({"policy"})),
    Allowed(Op.UPDATE, (TABLE, ROLE, S3_OBJECT), _TAGS),
    Allowed(Op.UPDATE, (LOG_GROUP,), frozenset({"retentionInDays"}) | _TAGS),
    Allowed(Op.UPDATE, (EVENT_INVOKE, SCHEDULE)),
)
_FLEET = (
    Allowed(Op.CREATE, FLEET_PARTS),
    Allowed(Op.IMPORT, FLEET_PARTS),
    # in place: a replacement would lose the history of its ramps
    Allowed(Op.UPDATE, (STATE_MACHINE,), frozenset({"definition"}) | _TAGS),
    Allowed(Op.UPDATE, (ROLE,), frozenset({"assumeRolePolicy"}) | _TAGS),
    Allowed(Op.UPDATE, (ROLE_POLICY,), frozenset({"policy"})),
    # of the controllers in other accounts, once there are none
    Allowed(Op.DELETE, (ROLE, ROLE_POLICY)),
)
_OVERRIDE = (
    Allowed(Op.CREATE, _RULE),
    Allowed(Op.IMPORT, _RULE),
    Allowed(Op.UPDATE, _RULE, frozenset({"actions"}) | _TAGS),
)
_WATCH = tuple(Allowed(op, WATCHING) for op in (Op.CREATE, Op.IMPORT, Op.UPDATE, Op.DELETE))

POLICIES: Mapping[str, Policy] = {
    "retain": Policy((Allowed(Op.STATE, _RULE),)),
    "build": Policy(_BUILD, creates_stack=True, creates_resources=True),
    "deploy": Policy(_DEPLOY, creates_resources=True),
    "adopt": Policy(
        # only the rule before a default action is created, and deleted again
        (Allowed(Op.IMPORT, _RULE), _ACTIONS, Allowed(Op.CREATE, _RULE)),
        creates_stack=True,
        creates_resources=True,
        keeps_weights=True,
    ),
    "release": Policy((Allowed(Op.RELEASE, _RULE),)),
    "hand-back": Policy((Allowed(Op.RELEASE, _RULE), Allowed(Op.DELETE, _RULE))),
    "reclaim": Policy((Allowed(Op.IMPORT, _RULE), _ACTIONS), creates_resources=True),
    "demolish": Policy((Allowed(Op.DELETE, FUNCTION_PARTS),)),
    "retire": Policy((Allowed(Op.DELETE, FUNCTION_PARTS),), keeps_components=True),
    "weights": Policy((_ACTIONS,)),
    "override": Policy(_OVERRIDE, creates_resources=True, header_rules=True),
    "override-remove": Policy((Allowed(Op.DELETE, _RULE),), header_rules=True),
    "watch": Policy(_WATCH, creates_stack=True, creates_resources=True),
    "guard": Policy(_GUARD, creates_stack=True, creates_resources=True),
    "unguard": Policy((Allowed(Op.DELETE, GUARD_PARTS),), creates_stack=True, creates_resources=True),
    "control": Policy(_CONTROLLER, creates_stack=True, creates_resources=True),
    "uncontrol": Policy((Allowed(Op.DELETE, CONTROLLER_PARTS),), creates_stack=True, creates_resources=True),
    "fleet": Policy(_FLEET, creates_stack=True, creates_resources=True),
    "unfleet": Policy((Allowed(Op.DELETE, FLEET_PARTS),), creates_stack=True, creates_resources=True),
    "unwatch": Policy((Allowed(Op.DELETE, WATCHING),), creates_stack=True, creates_resources=True),
}
