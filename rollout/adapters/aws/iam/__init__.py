"""The rights on AWS that each role needs, as IAM policies, from one table. Pure.

- `needs`: the table: by command, which actions on which resources;
- `resources`: what an environment's resources are called in ARNs;
- `policies`: a role's policy, and what AWS says to somebody who lacks a right.
"""

from rollout.adapters.aws.iam.policies import Denial, Role, denial, policy

__all__ = ["Denial", "Role", "denial", "policy"]
