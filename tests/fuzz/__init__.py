"""Inputs that nobody would write, by the hundred in `./run tests` and for as long as one likes by `nox -s fuzz`."""
