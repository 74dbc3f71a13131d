"""The environment of a child process that must not get credentials.

It is a list of allowed variables, since the names of all secrets can't be known. It includes proxies and certificates,
which some networks need.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase

_SYSTEM = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "TZ", "TMPDIR", "TEMP", "TMP", "XDG_*")
_LANGUAGE = ("LANG", "LANGUAGE", "LC_*", "LOCALE_ARCHIVE")
_LIBRARIES = ("LD_LIBRARY_PATH", "DYLD_*", "PYTHON*", "VIRTUAL_ENV")
_NETWORK = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_*", "*_CA_BUNDLE")
_GIVEN = (*_SYSTEM, *_LANGUAGE, *_LIBRARIES, *_NETWORK)


def without_secrets(environ: Mapping[str, str] | None = None, also: Collection[str] = ()) -> dict[str, str]:
    """Only the variables that a program needs to run.

    Args:
        environ: All variables; this process's by default.
        also: Patterns of the names of further variables, in capitals.
    """
    found = os.environ if environ is None else environ
    return {
        name: value
        for name, value in found.items()
        if any(fnmatchcase(name.upper(), each) for each in (*_GIVEN, *also))
    }
