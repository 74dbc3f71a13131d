"""What a role may do: its inline and attached policies, within its permissions boundary, as IAM has them now.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from moto.iam.models import ManagedPolicy, Role, iam_backends

from rollout.errors import SandboxError
from rollout_sandbox.policies import Asked, Policy
from rollout_sandbox.sessions import Session


@dataclass(frozen=True, slots=True)
class RolePolicies:
    """The policies of a role.

    Attributes:
        identity: Its own; their statements count together.
        boundary: What bounds them.
        problem: Why they can't be evaluated; then nothing is allowed.
    """

    identity: Policy
    boundary: Policy | None = None
    problem: str = ""

    @classmethod
    def of(cls, session: Session) -> RolePolicies:
        """Those of a session's role; of one that is gone there are none."""
        backend: Any = iam_backends[session.account][session.partition]
        role = role_of(session)
        if role is None:
            return cls(Policy(()))
        try:
            identity = Policy(tuple(statement for each in _documents(role) for statement in each.statements))
            bound = role.permissions_boundary_arn
            return cls(identity, _read(_document(backend.managed_policies[bound])) if bound else None)
        except (SandboxError, LookupError) as error:
            return cls(Policy(()), problem=f"because the sandbox can't evaluate the role's policies: {error}")

    def refusal(self, asked: Asked) -> str | None:
        """Why something isn't allowed, in AWS's words; None if it is."""
        if refused := self.identity.refusal(asked):
            return self.problem or refused
        if self.boundary is None or not (refused := self.boundary.refusal(asked)):
            return None
        return refused.replace("identity-based policy", "permissions boundary")

    def denies(self, asked: Asked) -> bool:
        """Whether something isn't allowed even where the resource's own policy names the role.

        A boundary limits that, too:
        https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
        """
        return self.identity.denies(asked) or (self.boundary is not None and self.boundary.refusal(asked) is not None)


def role_of(session: Session) -> Role | None:
    """A session's role; None if it is gone."""
    roles: Any = iam_backends[session.account][session.partition].roles.values()
    return next((each for each in roles if each.name == session.role), None)


def _documents(role: Role) -> list[Policy]:
    attached = [_document(policy) for policy in role.managed_policies.values()]
    return [_read(document) for document in (*role.policies.values(), *attached)]


def _document(policy: ManagedPolicy) -> Any:
    """A managed policy's default version."""
    return next(each.document for each in policy.versions if each.version_id == policy.default_version_id)


def _read(document: Any) -> Policy:
    return Policy.of_role(json.loads(unquote(document)) if isinstance(document, str) else document)
