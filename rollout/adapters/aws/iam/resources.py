"""The ARNs of an environment's resources: by their names in the inventory, or the live ones.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from rollout.alb.state import AlbState
from rollout.inventory.functions import Function, existing_role, partition_of
from rollout.inventory.model import Arn, Environment
from rollout.programs.alarms.alarms import JointAlarm, alarms, sns_topics, title
from rollout.programs.rights import aws_policies, statements

_IMAGE = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[^/]+/(?P<repository>[^:@]+)")
_Arns = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resources:
    """The resources of an environment. Each method returns ARNs or patterns, or nothing if there is no such resource.

    Attributes:
        environment: The inventory.
        live: The live state, for exact ARNs of resources without a name; None for patterns.
    """

    environment: Environment
    live: AlbState | None = None

    def everything(self) -> _Arns:
        """For actions that AWS can't limit to a resource."""
        return ("*",)

    def rules(self) -> _Arns:
        """The routes' rules, if all are known; else all rules of their load balancers."""
        live, routes = self.live, self.environment.routes.values()
        found = [rule.arn for route in routes if (rule := live.own_rule_of(route))] if live else []
        return tuple(found) if len(found) == len(routes) else self._of_balancers("listener-rule")

    def header_rules(self) -> _Arns:
        """The rules of listeners that may have header rules."""
        return self._of_balancers("listener-rule") if self.environment.header_override else ()

    def header_rules_besides(self) -> _Arns:
        """The same, unless `rules` already has them."""
        return () if self.rules() == self._of_balancers("listener-rule") else self.header_rules()

    def listeners(self) -> _Arns:
        """The listeners to which header rules are added."""
        return self._of_balancers("listener") if self.environment.header_override else ()

    def fronted(self) -> _Arns:
        """The listeners that get a rule before their default action."""
        return self._of_balancers("listener", defaults=True)

    def default_rules(self) -> _Arns:
        """The rules of those listeners: AWS gives a new one its name."""
        return self._of_balancers("listener-rule", defaults=True)

    def target_groups(self) -> _Arns:
        """The candidates' target groups."""
        functions = self.environment.functions.values()
        names = dict.fromkeys(name for function in functions for name in function.groups)
        return tuple(self.arn("elasticloadbalancing", f"targetgroup/{name}/*") for name in names)

    def function(self, name: str) -> Arn:
        """A function by its name."""
        return self.arn("lambda", f"function:{name}")

    def role(self, name: str) -> Arn:
        """A role by its name."""
        return self.arn("iam", f"role/{name}", region=False)

    def candidates(self) -> _Arns:
        """The candidates' functions."""
        return tuple(map(self.function, self._functions()))

    def invoked(self) -> _Arns:
        """What requests invoke of them: the function, or its alias."""
        named = self._functions().items()
        return tuple(Arn(":".join(filter(None, (self.function(name), each.alias)))) for name, each in named)

    def permitting(self) -> _Arns:
        """Whose policies let load balancers in: the functions', and their aliases'."""
        return tuple(dict.fromkeys((*self.candidates(), *self.invoked())))

    def aliased(self) -> _Arns:
        """The candidates with an alias."""
        return tuple(self.function(name) for name, each in self._functions().items() if each.alias)

    def kept_ready(self) -> _Arns:
        """The candidates of which versions are kept ready, and these versions."""
        named = self._functions().items()
        return tuple(
            f"{self.function(n)}{end}" for n, each in named if each.provisioned_concurrency for end in ("", ":*")
        )

    def alias(self, function: str) -> str | None:
        """The alias of a candidate's function, by its name on AWS; None where it has none."""
        found = self._functions().get(function)
        return found.alias if found else None

    def functions(self) -> _Arns:
        """All functions of the account: the inventory doesn't name the legacy ones."""
        return (self.function("*"),)

    def functions_if_required(self) -> _Arns:
        """The same, if stacks.toml requires parity of what they run."""
        return self.functions() if self.environment.ramp.parity == "required" else ()

    def everything_if_required(self) -> _Arns:
        """Everything, likewise."""
        return self.everything() if self.functions_if_required() else ()

    def roles(self) -> _Arns:
        """The candidates' roles that phase 1 makes."""
        return tuple(self.role(function.role_name or name) for name, function in self._own_roles().items())

    def passed_roles(self) -> _Arns:
        """The candidates' roles, made or there before."""
        place = self.environment.account, self.environment.region
        found = (existing_role(function, *place) for function in self._functions().values())
        return (*self.roles(), *dict.fromkeys(filter(None, found)))

    def existing_roles(self) -> _Arns:
        """The candidates' roles that were there before."""
        return tuple(each for each in self.passed_roles() if each not in self.roles())

    def attached_policies(self) -> _Arns:
        """The managed policies that phase 1 attaches to its roles."""
        functions = self._own_roles().values()
        of_aws = (self.managed_policy(name) for function in functions for name in aws_policies(function))
        return tuple(dict.fromkeys((*of_aws, *(arn for function in functions for arn in function.policies))))

    def own_policies(self) -> _Arns:
        """The roles that get an inline policy."""
        with_rights = (
            function.role_name or name for name, function in self._own_roles().items() if statements(function)
        )
        return tuple(map(self.role, with_rights))

    def networks(self) -> _Arns:
        """For what Lambda looks up with the caller's rights where a function is in a VPC."""
        return self.everything() if any(function.vpc for function in self._functions().values()) else ()

    def layers(self) -> _Arns:
        """The layer versions of the candidates."""
        return tuple(dict.fromkeys(layer for function in self._functions().values() for layer in function.layers))

    def variable_keys(self) -> _Arns:
        """The KMS keys of the candidates' environment variables."""
        return tuple(dict.fromkeys(f.kms_key for f in self._functions().values() if f.kms_key))

    def file_systems(self) -> _Arns:
        """For what Lambda looks up with the caller's rights where a function mounts a file system."""
        return self.everything() if any(function.file_system for function in self._functions().values()) else ()

    def limited(self) -> _Arns:
        """The candidates with a concurrency of their own."""
        named = self._functions().items()
        return tuple(self.function(name) for name, function in named if function.reserved_concurrency is not None)

    def boundaries(self) -> _Arns:
        """The permissions boundaries of the candidates' roles; none if one of the roles has none."""
        found = dict.fromkeys(function.permissions_boundary for function in self._own_roles().values())
        return () if None in found else tuple(filter(None, found))

    def log_groups(self) -> _Arns:
        """The candidates' log groups; some actions name them with `:*`, some without."""
        names = [f"log-group:/aws/lambda/{name}" for name in self._functions()]
        return tuple(self.arn("logs", f"{name}{end}") for name in names for end in ("", ":*"))

    def images(self) -> _Arns:
        """The repositories of the candidates' container images."""
        return self.repositories(f.image_uri for f in self._functions().values())

    def repositories(self, images: Iterable[str | None]) -> _Arns:
        """The repositories of images."""
        found = (_IMAGE.match(image or "") for image in images)
        names = (f"{m['region']}:{m['account']}:repository/{m['repository']}" for m in found if m)
        return tuple(f"arn:{self.partition}:ecr:{name}" for name in dict.fromkeys(names))

    def topics(self) -> _Arns:
        """The SNS topics for notifications of a ramp."""
        return sns_topics(self.environment)

    def alarms(self) -> _Arns:
        """The alarms of `rollout monitoring`."""
        return (self.arn("cloudwatch", f"alarm:{title(self.environment)}-*"),)

    def joint_alarms(self) -> _Arns:
        """All alarms, if there are composite ones: AWS allows no narrower permission for those."""
        return self.everything() if any(isinstance(each, JointAlarm) for each in alarms(self.environment)) else ()

    def queried_logs(self) -> _Arns:
        """The log groups of all functions, if cold starts are compared."""
        asked = "cold-starts" in self.environment.analysis.metrics
        return (self.arn("logs", "log-group:/aws/lambda/*"),) if asked else ()

    def dashboard(self) -> _Arns:
        """The dashboard of `rollout monitoring`."""
        return (self.arn("cloudwatch", f"dashboard/{title(self.environment)}", region=False),)

    def bucket(self) -> _Arns:
        """The bucket with Pulumi's state."""
        return tuple(self.arn("s3", bucket, region=False, account=False) for bucket, _ in self._state())

    def state(self) -> _Arns:
        """Pulumi's state in it."""
        return tuple(
            self.arn("s3", "/".join(filter(None, (bucket, folder, ".pulumi/*"))), region=False, account=False)
            for bucket, folder in self._state()
        )

    def keys(self) -> _Arns:
        """The KMS key of the secrets provider; with an alias any key of the account, see `key_alias`."""
        key = self._key()
        if key is None or key.startswith("arn:"):
            return (key,) if key else ()
        return (self.arn("kms", "key/*" if key.startswith("alias/") else f"key/{key}", region=self._key_region()),)

    def key_alias(self) -> str | None:
        """The alias of that key."""
        key = self._key()
        return key if key and key.startswith("alias/") else None

    @property
    def partition(self) -> str:
        """`aws`, or that of China or of the US government."""
        return partition_of(self.environment.region)

    def managed_policy(self, name: str) -> str:
        """The ARN of an AWS managed policy."""
        return f"arn:{self.partition}:iam::aws:policy/{name}"

    def _functions(self) -> Mapping[str, Function]:
        return {function.name or key: function for key, function in self.environment.functions.items()}

    def _own_roles(self) -> Mapping[str, Function]:
        return {name: function for name, function in self._functions().items() if function.role is None}

    def _of_balancers(self, kind: Literal["listener", "listener-rule"], *, defaults: bool = False) -> _Arns:
        routes = (route for route in self.environment.routes.values() if route.is_default or not defaults)
        return tuple(dict.fromkeys(self._below(kind, route.load_balancer) for route in routes))

    def _below(self, kind: Literal["listener", "listener-rule"], balancer: str) -> str:
        if self.live and (listener := self.live.listeners.get(balancer)):
            return listener if kind == "listener" else listener.replace(":listener/", ":listener-rule/") + "/*"
        said = self.environment.load_balancers[balancer]
        name = said.arn.partition(":loadbalancer/app/")[2] if said.arn else said.name
        return self.arn("elasticloadbalancing", f"{kind}/app/{name}/*")

    def _state(self) -> Iterator[tuple[str, str]]:
        place = urlsplit(self.environment.backend or "")
        if place.scheme == "s3":
            yield place.netloc, place.path.strip("/")

    def _key(self) -> str | None:
        place = urlsplit(self.environment.secrets_provider or "")
        return (place.netloc + place.path).lstrip("/") if place.scheme == "awskms" else None

    def _key_region(self) -> str:
        said = parse_qs(urlsplit(self.environment.secrets_provider or "").query)
        return said.get("region", [self.environment.region])[0]

    def arn(self, service: str, resource: str, *, region: str | bool = True, account: bool = True) -> Arn:
        at = self.environment.region if region is True else region or ""
        return Arn(f"arn:{self.partition}:{service}:{at}:{self.environment.account if account else ''}:{resource}")
