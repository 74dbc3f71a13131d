"""stacks.toml: read, checked with all its problems at once, and saved with nothing but the weight changed.

`reading` merges and validates; `findings` words what is wrong; `checks` compares tables; `layout` knows the lines;
`saving` writes a weight; `schema` is for editors; `tables` has the file's outer shape.
"""

from rollout.inventory.file.reading import StacksFile, load
from rollout.inventory.file.saving import save_completed, save_weight

__all__ = ["StacksFile", "load", "save_completed", "save_weight"]
