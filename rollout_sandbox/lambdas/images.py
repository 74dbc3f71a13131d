"""Container images: the sandbox starts none, and runs the package that an image is made of, as it is installed here.

So it has to be told which images are of which package: by the repository, and by what the image's command is.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase


class Images:
    """The images whose packages are installed here."""

    def __init__(self) -> None:
        self._handlers: list[tuple[str, str]] = []

    def add(self, repository: str, handler: str) -> None:
        """See `Sandbox.image`."""
        self._handlers.append((repository, handler))

    def handler(self, uri: str) -> str | None:
        """What an image runs; the last that is meant for its repository counts. None if it isn't known.

        Args:
            uri: `ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY@sha256:…`, or with a tag.
        """
        name = repository_of(uri)
        return next((handler for known, handler in reversed(self._handlers) if fnmatchcase(name, known)), None)


def repository_of(uri: str) -> str:
    """The repository in an image's address."""
    return re.split("[:@]", uri.partition("/")[2])[0]
