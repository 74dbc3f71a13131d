"""What a child process is given of this one's environment where it isn't to be trusted with credentials.

By what it may have, not by what it may not: nobody knows the names of all secrets. Proxies and certificates are given,
since without them some networks can't be left.
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
    """The variables that a program needs to run, and no others.

    Args:
        environ: The variables to take from; this process's by default.
        also: Patterns of the names of further ones, in capitals.
    """
    found = os.environ if environ is None else environ
    return {
        name: value
        for name, value in found.items()
        if any(fnmatchcase(name.upper(), each) for each in (*_GIVEN, *also))
    }
