"""A Lambda function behind load balancers: function, target groups and, optionally, a listener rule.

Builders that always made the rule are why a route couldn't be shared by two implementations: a load balancer has one
rule a priority. Without `listener_rule` another rule, such as a weighted rule, routes the requests.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Literal

from pulumi import Archive, ComponentResource, Input, Output, Resource, ResourceOptions
from pulumi_aws import cloudwatch, iam, lambda_, lb

from rollout.programs.components.listener_rule import ListenerRuleArgs, forwarding_rule
from rollout.programs.rights import LOGGING

ASSUMED_BY_LAMBDA = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


@dataclass(frozen=True, slots=True)
class ZipPackage:
    """Code as a zip archive.

    Attributes:
        code: A zip file, a folder or an archive of assets.
        runtime: A Lambda runtime, such as `provided.al2023`.
        handler: What the runtime calls, such as `bootstrap`.
    """

    code: Archive
    runtime: str
    handler: str


@dataclass(frozen=True, slots=True)
class ImagePackage:
    """Code as a container image.

    Attributes:
        uri: The image in ECR, best by digest: no preview shows a moved tag.
    """

    uri: Input[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasArgs:
    """An alias for the target groups, instead of the function's newest code.

    Attributes:
        name: Such as `live`.
        version: Where it points; by default to the version that this update publishes.
        shares: Another version, and its share of the requests from 0 to 1.
        description: Of the alias.
        provisioned: How many environments of its version are kept ready.
        at_once: Whether it moves before these are ready.
    """

    name: str
    version: str | None = None
    shares: Mapping[str, float] = field(default_factory=dict)
    description: str = ""  # so that one of somebody else goes
    provisioned: int | None = None
    at_once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLambdaArgs:
    """The arguments of `HttpLambda`.

    Attributes:
        function_name: Its name on AWS, 1 to 64 letters, digits, hyphens and underscores.
        package: The code.
        target_groups: By a name of the load balancer, the names of its target groups on it, at most 32 characters each.
            Add new ones at the end: the first one's resources are named only by the load balancer.
        listener_rule: A rule that forwards to the function's first target group on the rule's load balancer.
        architecture: Of the code.
        memory_size: 128 to 10240 MB.
        timeout: 1 s to 15 min, in whole seconds.
        environment: Environment variables.
        log_retention_days: One of the values that CloudWatch Logs takes.
        settings: Further arguments of `pulumi_aws.lambda_.Function`, by its own names: `vpc_config`, `layers`.
        role: The ARN of an existing role; by default one is created.
        role_name: The made role's name on AWS, at most 64 characters; by default the function's.
        permissions_boundary: The ARN of the policy that bounds what the made role may do.
        aws_policies: AWS's own policies that the made role gets, by their names.
        policies: The ARNs of further ones.
        statements: What else the made role may do, as statements of an inline policy.
        multi_value_headers: The target groups that send headers and query parameters as lists.
        alias: The target groups' target; by default the function itself.
        tags: Of everything that can have some; a program passes on the mark that it is given.
    """

    function_name: str
    package: ZipPackage | ImagePackage
    target_groups: Mapping[str, tuple[str, ...]]
    listener_rule: ListenerRuleArgs | None = None
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    memory_size: int = 128
    timeout: timedelta = timedelta(seconds=30)
    environment: Mapping[str, str] = field(default_factory=dict)
    log_retention_days: int = 30
    settings: Mapping[str, Any] = field(default_factory=dict)
    role: Input[str] | None = None
    role_name: str | None = None
    permissions_boundary: str | None = None
    aws_policies: tuple[str, ...] = (LOGGING,)
    policies: tuple[str, ...] = ()
    statements: tuple[Mapping[str, Any], ...] = ()
    multi_value_headers: frozenset[str] = frozenset()
    alias: AliasArgs | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


class HttpLambda(ComponentResource):
    """A Lambda function with its role, log group and target groups, and optionally a listener rule.

    Every name on AWS is given, so that the parts are found again by it. The log group stands before the function, or
    Lambda would make one that is kept for ever; a function is registered only once the load balancer may invoke it,
    since AWS refuses it otherwise.

    Args:
        name: The logical name, which never changes.

    Attributes:
        function: The function.
        alias: Its alias, if asked for.
        target_groups: By their names on AWS.
        rule: The listener rule, if asked for.
    """

    pulumi_type: ClassVar[str] = "rollout:index:HttpLambda"

    def __init__(self, name: str, args: HttpLambdaArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        self._name = name
        self.function = self._build_function(args)
        self.alias = self._build_alias(args.alias) if args.alias else None
        self.target_groups = {
            group: self._build_target_group(f"{balancer}-{group}" if index else balancer, group, args)
            for balancer, groups in args.target_groups.items()
            for index, group in enumerate(groups)
        }
        self.rule: lb.ListenerRule | None = None
        if args.listener_rule:
            group = self.target_groups[args.target_groups[args.listener_rule.load_balancer][0]]
            self.rule = forwarding_rule(name, args.listener_rule, group.arn, ResourceOptions(parent=self))
        self.register_outputs({})

    def _build_function(self, args: HttpLambdaArgs) -> lambda_.Function:
        child, tags = ResourceOptions(parent=self), args.tags or None
        log_group = cloudwatch.LogGroup(
            self._name,
            name=f"/aws/lambda/{args.function_name}",
            retention_in_days=args.log_retention_days,
            tags=tags,
            opts=child,
        )
        role, rights = (args.role, []) if args.role else self._build_role(args)
        return lambda_.Function(
            self._name,
            name=args.function_name,
            role=role,
            architectures=[args.architecture],
            memory_size=args.memory_size,
            timeout=int(args.timeout.total_seconds()),
            environment={"variables": args.environment} if args.environment else None,
            tags=tags,
            opts=ResourceOptions(parent=self, depends_on=[log_group, *rights]),
            publish=True if args.alias else None,
            **_package(args.package),
            **args.settings,
        )

    def _build_alias(self, args: AliasArgs) -> lambda_.Alias:
        version, child = args.version or self.function.version, ResourceOptions(parent=self)

        def provision(opts: ResourceOptions) -> lambda_.ProvisionedConcurrencyConfig:
            # of the version, not of the alias: AWS would shift such an alias by weights of its own while it makes ready
            return lambda_.ProvisionedConcurrencyConfig(
                self._name,
                function_name=self.function.name,
                qualifier=version,
                provisioned_concurrent_executions=args.provisioned or 0,
                opts=opts,
            )

        ready = [provision(child)] if args.provisioned and not args.at_once else []
        alias = lambda_.Alias(
            self._name,
            name=args.name,
            function_name=self.function.name,
            function_version=version,
            description=args.description,
            routing_config={"additional_version_weights": args.shares} if args.shares else None,
            opts=ResourceOptions(parent=self, depends_on=ready),
        )
        if args.provisioned and args.at_once:
            provision(ResourceOptions(parent=self, depends_on=[alias]))
        return alias

    def _build_role(self, args: HttpLambdaArgs) -> tuple[Output[str], list[Resource]]:
        """A role's ARN, and the rights without which AWS refuses the function."""
        child = ResourceOptions(parent=self)
        role = iam.Role(
            self._name,
            name=args.role_name or args.function_name,
            assume_role_policy=ASSUMED_BY_LAMBDA,
            permissions_boundary=args.permissions_boundary,
            tags=args.tags or None,
            opts=child,
        )
        logging, *others = args.aws_policies
        attached: dict[str, Input[str]] = {self._name: _policy_of_aws(role, logging)}
        attached |= {f"{self._name}-{name}": _policy_of_aws(role, name) for name in others}
        attached |= {f"{self._name}-{arn.partition(':iam::')[2]}": arn for arn in args.policies}
        rights: list[Resource] = [
            iam.RolePolicyAttachment(name, role=role.name, policy_arn=arn, opts=child) for name, arn in attached.items()
        ]
        if args.statements:
            policy = json.dumps({"Version": "2012-10-17", "Statement": args.statements})
            rights.append(iam.RolePolicy(self._name, name="rollout", role=role.name, policy=policy, opts=child))
        return role.arn, rights

    def _build_target_group(self, suffix: str, group_name: str, args: HttpLambdaArgs) -> lb.TargetGroup:
        name, child = f"{self._name}-{suffix}", ResourceOptions(parent=self)
        group = lb.TargetGroup(
            name,
            name=group_name,
            target_type="lambda",
            lambda_multi_value_headers_enabled=True if group_name in args.multi_value_headers else None,
            tags=args.tags or None,
            opts=child,
        )
        permission = lambda_.Permission(
            name,
            statement_id=f"invoke-from-{suffix}",
            function=self.function.name,
            qualifier=self.alias.name if self.alias else None,
            principal="elasticloadbalancing.amazonaws.com",
            action="lambda:InvokeFunction",
            source_arn=group.arn,
            opts=child,
        )
        lb.TargetGroupAttachment(
            name,
            target_group_arn=group.arn,
            target_id=self.alias.arn if self.alias else self.function.arn,
            # a lambda group holds one function, so the old one has to go before another can come
            opts=ResourceOptions(parent=self, depends_on=[permission], delete_before_replace=True),
        )
        return group


def _policy_of_aws(role: iam.Role, name: str) -> Output[str]:
    """The ARN of a policy of AWS's, in the partition where the role is."""
    return role.arn.apply(lambda arn: f"arn:{arn.split(':')[1]}:iam::aws:policy/{name}")


def _package(package: ZipPackage | ImagePackage) -> dict[str, Any]:
    if isinstance(package, ImagePackage):
        return {"package_type": "Image", "image_uri": package.uri}
    return {"package_type": "Zip", "code": package.code, "runtime": package.runtime, "handler": package.handler}
