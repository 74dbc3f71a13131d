"""The tools that may manage the legacy rules, each behind the `LegacyOwner` port.

- `tool`: a command line tool, run with arguments and a timeout;
- `terraform`: a Terraform state, from `terraform state pull` or a file;
- `pulumi_stack`: a stack of a Pulumi program in any language, from `pulumi stack export`.
"""

from rollout.adapters.owners.pulumi_stack import PulumiStack
from rollout.adapters.owners.terraform import Terraform
from rollout.adapters.owners.tool import Tool

__all__ = ["PulumiStack", "Terraform", "Tool"]
