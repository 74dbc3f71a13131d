"""Checks whether this machine and these credentials are ready for rollout, with or without an inventory.

`machine` checks this machine; `account` compares AWS's answers with the inventory; `examination` runs all checks, each
with its evidence and a hint.
"""
