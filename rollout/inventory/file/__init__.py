"""Reads stacks.toml, reports all its problems at once, and saves only the weight.

`reading` merges and validates; `findings` words the problems; `checks` compares tables; `layout` finds the lines;
`saving` writes a weight; `schema` is for editors; `tables` has the file's outer shape.
"""

from rollout.inventory.file.reading import StacksFile, load
from rollout.inventory.file.saving import save_completed, save_weight

__all__ = ["StacksFile", "load", "save_completed", "save_weight"]
