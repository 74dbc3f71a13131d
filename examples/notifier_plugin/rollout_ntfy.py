"""A notifier for rollout: push messages by an ntfy server, to phones and desktops.

    [notifications.phones]
    plugin = "ntfy"
    options = { server = "https://ntfy.example.com", topic = "rollouts" }

https://docs.ntfy.sh/publish/
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.request import Request, urlopen

from rollout import Environment

URGENT = ("verdict", "rollback")


def notifier(environment: Environment, options: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], None]:
    """What the entry point names: it is given the table's options, and gives a function that tells of a notice."""
    server, topic = str(options["server"]), str(options["topic"])
    if not server.startswith(("https://", "http://")):
        raise ValueError("server must be an http or https URL")

    def tell(notice: Mapping[str, Any]) -> None:
        message = {
            "topic": topic,
            "title": f"{environment.name}: {notice['notice']}",
            "message": notice["sentence"],
            "priority": 5 if notice["notice"] in URGENT else 3,
        }
        request = Request(server, json.dumps(message).encode(), {"Content-Type": "application/json"})  # noqa: S310
        with urlopen(request, timeout=5):  # noqa: S310 - http and https alone, as seen above
            pass

    return tell
