"""Finds the Pulumi engine, and installs one if there is none.

The engine is a Go program without a Python wheel. `find` looks for a suitable one; `setup` installs the official
release, or builds the same version from the Go module proxy if the release can't be downloaded:

- `versions` defines the suitable versions, and asks a binary for its version;
- `locate` looks in `$ROLLOUT_PULUMI`, in this user's cache folder and on PATH;
- `install` is `setup`: one at a time, into a scratch folder, verified, and only then moved into place;
- `release` and `build` are the two sources; `job` runs their child processes and reports progress.

The engine keeps its own plugins and credentials in `$PULUMI_HOME` (`~/.pulumi`); rollout doesn't touch them.
"""
