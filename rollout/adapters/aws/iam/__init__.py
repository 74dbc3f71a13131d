"""The IAM permissions that each role needs, as policies, from one table. Pure.

- `needs`: the table: each command's actions and resources;
- `resources`: the ARNs of an environment's resources;
- `policies`: a role's policy, and AWS's answer when a permission is missing.
"""

from rollout.adapters.aws.iam.policies import Denial, Role, denial, policy

__all__ = ["Denial", "Role", "denial", "policy"]
