"""The packages of rollout: crash reports show places in them, and a folder of programs can't replace them."""

PACKAGES = ("rollout", "rollout_sandbox")
