"""The process that sends a message by apprise, so that it can be stopped and that what it writes or logs stays in it.

It runs as a file, since it needs nothing of rollout. Its standard input is JSON: `urls`, separated by commas or blanks,
`title`, `body` and `type`. Its exit code is its only answer: apprise's own texts may have parts of an address.
https://appriseit.com/library/
"""

from __future__ import annotations

import json
import sys

UNKNOWN, REFUSED = 3, 4
"""An address is none that apprise knows; a service didn't take the message. The others got it."""


def main() -> int:
    """Send the message."""
    from apprise import Apprise  # noqa: PLC0415 - who reads the exit codes needs no apprise

    given = json.load(sys.stdin)
    services = Apprise()
    are_known = services.add(given["urls"])
    is_sent = services.notify(given["body"], title=given["title"], notify_type=given["type"], body_format="text")
    return 0 if are_known and is_sent else REFUSED if are_known else UNKNOWN


if __name__ == "__main__":
    sys.exit(main())
