"""What the provider does with each resource type, on an `InMemoryAws`: make, read, change, delete.

Only what the phases rest on is here: names that are taken, ids that AWS gives, what a target group's targets and a
function's policy become, and which properties replace a resource. A type that isn't listed is kept as it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from rollout.fakes.account import refusal
from rollout.fakes.aws import InMemoryAws, policy_for
from rollout.fakes.rule_resources import ListenerRules, differing_rule
from rollout.inventory.model import Arn
from rollout.state.plan import LISTENER_RULE, TARGET_GROUP

Props = Mapping[str, Any]
OUTPUTS = frozenset({"arn", "version", "versions"})
"""What AWS alone gives."""

FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
PROVISIONED = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
PERMISSION = "aws:lambda/permission:Permission"
ATTACHMENT = "aws:lb/targetGroupAttachment:TargetGroupAttachment"


class ResourceType(Protocol):
    """One type of resource."""

    @property
    def replaced_by(self) -> frozenset[str]:
        """The inputs of which a change replaces the resource."""

    def create(self, aws: InMemoryAws, inputs: Props) -> tuple[str, Props]:
        """Make it: its id and outputs.

        Raises:
            AwsError: AWS refused.
        """

    def read(self, aws: InMemoryAws, id_: str) -> Props | None:
        """Its outputs by its id; None where there is none."""

    def update(self, aws: InMemoryAws, id_: str, old: Props, inputs: Props) -> Props:
        """Change it in place: its outputs.

        Raises:
            AwsError: AWS refused.
        """

    def delete(self, aws: InMemoryAws, id_: str, inputs: Props) -> None:
        """Delete it; one that is gone is fine.

        Raises:
            AwsError: AWS refused.
        """


@dataclass(frozen=True, slots=True)
class Named:
    """A resource that its owner names, of which nothing but its inputs matters here.

    Attributes:
        type: Pulumi's.
        keys: The inputs that make its id, which is also the identifier that imports it.
        arn: Its ARN, with the id, region and account in braces.
        taken: AWS's error code where the name is taken; empty where making it anew is fine.
        between: What stands between the keys in the id.
        further: Other inputs of which a change replaces it.
        actions: What AWS calls its creation, update and deletion, where it isn't `CreateRole` and the like.
    """

    type: str
    keys: tuple[str, ...] = ("name",)
    arn: str = "arn:aws:any:{region}:{account}:{id}"
    taken: str = ""
    between: str = "/"
    further: frozenset[str] = frozenset()
    actions: tuple[str, str, str] | None = None

    @property
    def replaced_by(self) -> frozenset[str]:
        return self.further | set(self.keys)

    def id_of(self, inputs: Props) -> str:
        """Its id."""
        return self.between.join(str(inputs[key]) for key in self.keys)

    def create(self, aws: InMemoryAws, inputs: Props) -> tuple[str, Props]:
        id_ = self.id_of(inputs)
        with aws.lock:
            if self.taken and (self.type, id_) in aws.resources:
                raise refusal(f"creating {_kind(self.type)} ({id_})", self.taken, f"{id_} already exists")
            aws.record(self._actions[0], id_)
            return id_, self._put(aws, id_, inputs)

    def read(self, aws: InMemoryAws, id_: str) -> Props | None:
        return aws.resources.get((self.type, id_))

    def update(self, aws: InMemoryAws, id_: str, old: Props, inputs: Props) -> Props:  # noqa: ARG002 - it is all put
        with aws.lock:
            aws.record(self._actions[1], id_)
            return self._put(aws, id_, inputs)

    def delete(self, aws: InMemoryAws, id_: str, inputs: Props) -> None:  # noqa: ARG002 - not by what it is made of
        with aws.lock:
            aws.record(self._actions[2], id_)
            aws.resources.pop((self.type, id_), None)

    @property
    def _actions(self) -> tuple[str, str, str]:
        kind = _kind(self.type)
        return self.actions or (f"Create{kind}", f"Update{kind}", f"Delete{kind}")

    def _put(self, aws: InMemoryAws, id_: str, inputs: Props) -> Props:
        arn = self.arn.format(id=id_, region=aws.region, account=aws.account)
        outputs = aws.resources[self.type, id_] = {**inputs, "arn": arn}
        return outputs


@dataclass(frozen=True, slots=True)
class FunctionResources(Named):
    """Functions, of which those that publish have a version for each content."""

    def _put(self, aws: InMemoryAws, id_: str, inputs: Props) -> Props:
        before = aws.resources.get((self.type, id_), {})
        versions = before.get("versions", ())
        if inputs.get("publish") and not (versions and _content(before) == _content(inputs)):
            versions = (*versions, str(len(versions) + 1))
        published = {"versions": versions, "version": versions[-1]} if versions else {}
        return super(FunctionResources, self)._put(aws, id_, {**inputs, **published})


def _content(props: Props) -> Props:
    return {key: value for key, value in props.items() if key not in {"tags", *OUTPUTS}}


@dataclass(frozen=True, slots=True)
class AliasResources(Named):
    """Aliases of functions, which an import names otherwise than an ARN does."""

    def read(self, aws: InMemoryAws, id_: str) -> Props | None:
        """See `ResourceType`."""
        return super(AliasResources, self).read(aws, id_.replace("/", ":"))


def _qualified(inputs: Props) -> Props:
    """A permission's inputs, with the function as an import names it."""
    return {**inputs, "function": ":".join(filter(None, (inputs["function"], inputs.get("qualifier"))))}


@dataclass(frozen=True, slots=True)
class Statements(Named):
    """Statements of policies, each of a function or of an alias."""

    def id_of(self, inputs: Props) -> str:
        """Its id."""
        return super(Statements, self).id_of(_qualified(inputs))


_PERMISSION = Statements(
    PERMISSION,
    ("function", "statementId"),
    taken="ResourceConflictException",
    actions=("AddPermission", "", "RemovePermission"),
)
_ATTACHMENT = Named(ATTACHMENT, ("targetGroupArn", "targetId"), between=",")


@dataclass(frozen=True, slots=True)
class Permissions:
    """Statements of functions' resource policies, of which those that name a target group count."""

    replaced_by: frozenset[str] = frozenset(
        {"function", "qualifier", "statementId", "action", "principal", "sourceArn"}
    )

    def create(self, aws: InMemoryAws, inputs: Props) -> tuple[str, Props]:
        made = _PERMISSION.create(aws, inputs)
        self._publish(aws, _qualified(inputs)["function"])
        return made

    def read(self, aws: InMemoryAws, id_: str) -> Props | None:
        return _PERMISSION.read(aws, id_)

    def update(self, aws: InMemoryAws, id_: str, old: Props, inputs: Props) -> Props:
        return _PERMISSION.update(aws, id_, old, inputs)

    def delete(self, aws: InMemoryAws, id_: str, inputs: Props) -> None:
        _PERMISSION.delete(aws, id_, inputs)
        self._publish(aws, _qualified(inputs)["function"])

    @staticmethod
    def _publish(aws: InMemoryAws, function: str) -> None:
        groups = [
            Arn(each["sourceArn"])
            for (type_, _), each in aws.resources.items()
            if type_ == PERMISSION and _qualified(each)["function"] == function and each.get("sourceArn")
        ]
        arn = told_arn(FUNCTION, {"name": function}, "", aws)
        aws.policies[arn] = policy_for(*groups) if groups else ""


@dataclass(frozen=True, slots=True)
class Attachments:
    """Registrations of targets."""

    replaced_by: frozenset[str] = frozenset({"targetGroupArn", "targetId", "port"})

    def create(self, aws: InMemoryAws, inputs: Props) -> tuple[str, Props]:
        aws.register_targets(Arn(inputs["targetGroupArn"]), inputs["targetId"])
        return _ATTACHMENT.id_of(inputs), dict(inputs)

    def read(self, aws: InMemoryAws, id_: str) -> Props | None:
        group, _, target = id_.partition(",")
        there = target in aws.targets.get(Arn(group), ())
        return {"targetGroupArn": group, "targetId": target} if there else None

    def update(self, aws: InMemoryAws, id_: str, old: Props, inputs: Props) -> Props:  # noqa: ARG002 - nothing else
        raise AssertionError(f"{id_} of {aws.account}: every property of an attachment replaces it")

    def delete(self, aws: InMemoryAws, id_: str, inputs: Props) -> None:  # noqa: ARG002 - the id says all
        group, _, target = id_.partition(",")
        if Arn(group) in aws.target_groups:
            aws.deregister_targets(Arn(group), target)


@dataclass(frozen=True, slots=True)
class TargetGroupResources:
    """Target groups, of which AWS makes the ARN's end."""

    replaced_by: frozenset[str] = frozenset({"name", "targetType", "port", "protocol", "vpcId"})

    def create(self, aws: InMemoryAws, inputs: Props) -> tuple[str, Props]:
        arn = aws.create_target_group(inputs["name"], inputs.get("targetType", "instance"))
        return arn, self._put(aws, arn, inputs)

    def read(self, aws: InMemoryAws, id_: str) -> Props | None:
        group = aws.target_groups.get(Arn(id_))
        kept = aws.resources.get((TARGET_GROUP, id_), {})
        return {**kept, "name": group.name, "targetType": group.target_type, "arn": group.arn} if group else None

    def update(self, aws: InMemoryAws, id_: str, old: Props, inputs: Props) -> Props:  # noqa: ARG002 - it is all put
        aws.record("ModifyTargetGroupAttributes", id_)
        return self._put(aws, id_, inputs)

    def delete(self, aws: InMemoryAws, id_: str, inputs: Props) -> None:  # noqa: ARG002 - the id says all
        if Arn(id_) in aws.target_groups:
            aws.delete_target_group(Arn(id_))
        aws.resources.pop((TARGET_GROUP, id_), None)

    @staticmethod
    def _put(aws: InMemoryAws, arn: str, inputs: Props) -> Props:
        outputs = aws.resources[TARGET_GROUP, arn] = {**inputs, "arn": arn}
        return outputs


_TYPES: Mapping[str, ResourceType] = {
    each.type: each
    for each in (
        Named(
            "aws:cloudwatch/compositeAlarm:CompositeAlarm",
            ("alarmName",),
            actions=("PutCompositeAlarm", "PutCompositeAlarm", "DeleteAlarms"),
        ),
        Named(
            "aws:cloudwatch/dashboard:Dashboard",
            ("dashboardName",),
            actions=("PutDashboard", "PutDashboard", "DeleteDashboards"),
        ),
        Named(
            "aws:cloudwatch/logGroup:LogGroup",
            arn="arn:aws:logs:{region}:{account}:log-group:{id}",
            taken="ResourceAlreadyExistsException",
        ),
        Named(
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            actions=("PutMetricAlarm", "PutMetricAlarm", "DeleteAlarms"),
        ),
        Named("aws:iam/role:Role", arn="arn:aws:iam::{account}:role/{id}", taken="EntityAlreadyExists"),
        Named(
            "aws:dynamodb/table:Table",
            arn="arn:aws:dynamodb:{region}:{account}:table/{id}",
            taken="ResourceInUseException",
        ),
        Named(
            "aws:s3/bucketObjectv2:BucketObjectv2",
            ("bucket", "key"),
            arn="arn:aws:s3:::{id}",
            actions=("PutObject", "PutObject", "DeleteObject"),
        ),
        Named(
            "aws:scheduler/schedule:Schedule",
            arn="arn:aws:scheduler:{region}:{account}:schedule/default/{id}",
            taken="ConflictException",
        ),
        Named(
            "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
            ("functionName",),
            actions=(
                "PutFunctionEventInvokeConfig",
                "PutFunctionEventInvokeConfig",
                "DeleteFunctionEventInvokeConfig",
            ),
        ),
        Named("aws:iam/rolePolicy:RolePolicy", ("role", "name"), between=":"),
        Named("aws:iam/rolePolicyAttachment:RolePolicyAttachment", ("role", "policyArn")),
        AliasResources(
            ALIAS,
            ("functionName", "name"),
            arn="arn:aws:lambda:{region}:{account}:function:{id}",
            taken="ResourceConflictException",
            between=":",
        ),
        Named(
            PROVISIONED,
            ("functionName", "qualifier"),
            between=",",
            actions=(
                "PutProvisionedConcurrencyConfig",
                "PutProvisionedConcurrencyConfig",
                "DeleteProvisionedConcurrencyConfig",
            ),
        ),
        FunctionResources(
            FUNCTION,
            arn="arn:aws:lambda:{region}:{account}:function:{id}",
            taken="ResourceConflictException",
            further=frozenset({"packageType"}),
        ),
    )
} | {
    PERMISSION: Permissions(),
    ATTACHMENT: Attachments(),
    TARGET_GROUP: TargetGroupResources(),
    LISTENER_RULE: ListenerRules(),
}


def resource_type(type_: str, inputs: Props) -> ResourceType:
    """What the provider does with a type; one that isn't known goes by its name, or by all that it is made of."""
    return _TYPES.get(type_) or Named(type_, ("name",) if "name" in inputs else tuple(sorted(inputs)))


def told_arn(type_: str, inputs: Props, id_: str, aws: InMemoryAws) -> str:
    """The ARN that a resource has, or will have with an id that AWS gives it."""
    place = {"region": aws.region, "account": aws.account}
    if type_ == TARGET_GROUP:
        return "arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{name}/{id}".format(
            name=inputs.get("name", ""), id=id_, **place
        )
    if type_ == LISTENER_RULE:
        return f"{str(inputs['listenerArn']).replace(':listener/', ':listener-rule/')}/{id_}"
    known = _TYPES.get(type_)
    if isinstance(known, Named) and all(key in inputs for key in known.keys):
        return known.arn.format(id=known.id_of(inputs), **place)
    return f"arn:aws:any:{aws.region}:{aws.account}:{id_}"


def differing(type_: str, recorded: Props, wanted: Props) -> frozenset[str]:
    """The inputs by which a resource differs from what the program wants."""
    if type_ == LISTENER_RULE:
        return differing_rule(recorded, wanted)
    return frozenset(key for key in {*recorded, *wanted} if recorded.get(key) != wanted.get(key))


def _kind(type_: str) -> str:
    return type_.rpartition(":")[2]
