"""Whether this machine and these credentials are ready for rollout, before or after there is an inventory.

`machine` looks at what is here; `account` holds what AWS says against the inventory; `examination` asks for all of it
and tells it as checks, each with its evidence and what to do.
"""
