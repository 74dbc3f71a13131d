"""What a rule does with a request before its last action: who isn't signed in, or has no token, is turned away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rollout_sandbox.data_plane.bearers import Bearer
from rollout_sandbox.data_plane.entrance import Step
from rollout_sandbox.data_plane.logins import Login


def step_of(action: Mapping[str, Any], region: str) -> Step:
    """An action that isn't a rule's last."""
    if oidc := action.get("AuthenticateOidcConfig"):
        return Login.of(oidc["AuthorizationEndpoint"], oidc["ClientId"], oidc)
    if cognito := action.get("AuthenticateCognitoConfig"):
        domain = cognito["UserPoolDomain"]
        place = domain if "." in domain else f"{domain}.auth.{region}.amazoncognito.com"
        return Login.of(f"https://{place}/oauth2/authorize", cognito["UserPoolClientId"], cognito)
    return Bearer.of(action["JwtValidationConfig"])
