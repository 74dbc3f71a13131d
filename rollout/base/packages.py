"""Which packages are ours: a defect's place is told in them, and a folder of programs hides none of them."""

PACKAGES = ("rollout", "rollout_sandbox")
