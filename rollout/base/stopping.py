"""Who stopped a command: a person by Ctrl-C, or another process, which nobody may have noticed."""

from __future__ import annotations


class Terminated(KeyboardInterrupt):
    """SIGTERM, as CI systems send it, or a closed terminal: the command stops as cleanly as at Ctrl-C."""


def is_terminated(stop: BaseException) -> bool:
    """Whether something was stopped by another process, or because of that."""
    return isinstance(stop, Terminated) or isinstance(stop.__context__, Terminated)
