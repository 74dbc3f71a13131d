"""Finding the Pulumi engine, and getting one where there is none.

The engine is a Go program and comes in no Python wheel. `find` looks for one that fits; `setup` installs the official
release, or builds the same version from the Go module proxy where the release can't be had:

- `versions` says which versions fit, and asks a binary for its own;
- `locate` looks in `$ROLLOUT_PULUMI`, in this user's cache folder and on PATH;
- `install` is `setup`: one at a time, into a scratch folder, verified, and only then moved into place;
- `release` and `build` are the two sources; `job` runs their child processes and tells how far they are.

The engine keeps plugins and credentials of its own in `$PULUMI_HOME` (`~/.pulumi`), which is left to it.
"""

from rollout.adapters.pulumi.install.install import setup
from rollout.adapters.pulumi.install.job import Progress
from rollout.adapters.pulumi.install.locate import PulumiBinary, find, require
from rollout.adapters.pulumi.install.versions import MINIMUM, PINNED, Version

__all__ = ["MINIMUM", "PINNED", "Progress", "PulumiBinary", "Version", "find", "require", "setup"]
