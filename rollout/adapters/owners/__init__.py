"""The tools that may have made the legacy rules, each behind the `LegacyOwner` port.

- `tool`: a command line tool, run with a list of arguments and a limit;
- `terraform`: a Terraform state, asked for by `terraform state pull` or read from its file;
- `pulumi_stack`: a stack of any Pulumi program, in whatever language, asked for by `pulumi stack export`.
"""

from rollout.adapters.owners.pulumi_stack import PulumiStack
from rollout.adapters.owners.terraform import Terraform
from rollout.adapters.owners.tool import Tool

__all__ = ["PulumiStack", "Terraform", "Tool"]
