"""Rules' transforms, which moto drops: kept, and answered as AWS answers them.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moto.core.responses import ActionResult
from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.responses import ELBV2Response

from rollout.inventory.expressions import compiled

MAX_LENGTH = 1024
CONFIGS = {"host-header-rewrite": "HostHeaderRewriteConfig", "url-rewrite": "UrlRewriteConfig"}

Transforms = Sequence[Mapping[str, Any]]


class TransformingRules(ELBV2Response):
    """CreateRule and ModifyRule with their transforms."""

    def create_rule(self) -> ActionResult:
        """CreateRule."""
        wanted = _checked(self._get_params().get("Transforms") or [])
        return _with(super().create_rule(), wanted)

    def modify_rule(self) -> ActionResult:
        """ModifyRule; transforms that aren't named stay."""
        asked = self._get_params()
        if asked.get("Transforms") and asked.get("ResetTransforms"):
            raise _invalid("You can't specify both Transforms and ResetTransforms")
        wanted = _checked(asked.get("Transforms") or [])
        transformed = bool(wanted or asked.get("ResetTransforms"))
        backend: Any = self.elbv2_backend
        if transformed and not asked.get("Conditions") and not asked.get("Actions"):  # for which moto asks
            modified = ActionResult({"Rules": [backend.changeable_rule(asked["RuleArn"])]})
        else:
            modified = super().modify_rule()
        return _with(modified, wanted) if transformed else modified


def _with(result: ActionResult, transforms: Transforms) -> ActionResult:
    found: Any = result.result
    found["Rules"][0].transforms = list(transforms)
    return result


def _checked(transforms: Transforms) -> Transforms:
    kinds = [transform.get("Type") for transform in transforms]
    if len(set(kinds)) < len(kinds):
        raise _invalid("You can specify one transform of each type")
    for transform in transforms:
        config = CONFIGS.get(str(transform.get("Type")))
        rewrites = transform.get(config, {}).get("Rewrites", []) if config else []
        if len(rewrites) != 1 or len(transform.keys() & CONFIGS.values()) > 1:
            raise _invalid("A transform must have one rewrite of its type")
        (rewrite,) = rewrites
        for key in ("Regex", "Replace"):
            if len(rewrite[key]) > MAX_LENGTH:
                raise _invalid(f"The '{key}' value is too long; the limit is '{MAX_LENGTH}'")
        try:
            compiled(rewrite["Regex"])
        except ValueError as error:
            raise _invalid(f"The regular expression '{rewrite['Regex']}' is not valid: {error}") from None
    return transforms


def _invalid(message: str) -> ELBClientError:
    return ELBClientError("ValidationError", message)
