"""A notification about a ramp, as JSON for programs and as messages for people. Pure.

https://docs.slack.dev/messaging/formatting-message-text
https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rollout.base.plain import plain, schema_of
from rollout.base.printable import printable
from rollout.inventory.quantities import Percent
from rollout.inventory.ramp_settings import NoticeKind

_SHORT = 40  # characters; Slack shows shorter fields in half its width


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification.

    Attributes:
        kind: One of the `events` of a `[notifications]` table.
        environment: Its name.
        sentence: The text for people, one sentence or a few.
        weight: The candidate's share afterwards, 0 to 100 per cent; None where routes differ.
        at: When it happened, with its time zone.
        details: More for programs; values that `events.plain` accepts, without secrets.
    """

    kind: NoticeKind
    environment: str
    sentence: str
    weight: Percent | None
    at: datetime
    details: Mapping[str, object] = field(default_factory=dict)


def as_json(notice: Notice) -> dict[str, Any]:
    """A notice as JSON data, as in docs/notifications.md."""
    return {
        "notice": notice.kind,
        "environment": notice.environment,
        "sentence": notice.sentence,
        "weight": plain(notice.weight),
        "at": notice.at.isoformat(),
        "details": plain(notice.details),
    }


def json_schema() -> dict[str, Any]:
    """The JSON schema of what `as_json` returns. Later versions may add keys, so others are allowed."""
    found = schema_of(Notice)["$defs"]["Notice"]["properties"]
    properties = {"notice" if name == "kind" else name: each for name, each in found.items()}
    return {"title": "rollout notice v1", "type": "object", "properties": properties, "required": list(properties)}


def as_message(notice: Notice) -> dict[str, str]:
    """A notice as apprise's title, body and type.

    A sentence may contain text from AWS, so no sign begins a mention, which a service would read as `<!channel>` or
    `@everyone`. apprise escapes what else is markup where it sends.
    """
    title, body = (
        _MENTION.sub("\\g<0>\u200b", printable(each))
        for each in (f"{notice.environment}: {notice.kind}", notice.sentence)
    )
    return {"title": title, "body": body, "type": _TYPES.get(notice.kind, "info")}


_MENTION = re.compile("[<@]")
_TYPES: Mapping[NoticeKind, str] = {"verdict": "warning", "rollback": "failure", "finished": "success"}


def as_slack(notice: Notice) -> dict[str, Any]:
    """A notice as a message for an incoming webhook of Slack, Mattermost and others.

    Markup is escaped: a sentence may contain text from AWS, and `<!channel>` would notify everyone.
    """
    told = {"environment": notice.environment, "weight": None if notice.weight is None else f"{notice.weight} %"}
    flat = {name: value for name, value in plain(notice.details).items() if isinstance(value, str | int | float)}
    fields = [
        {"title": _escaped(name), "value": _escaped(text), "short": len(text) <= _SHORT}
        for name, value in (told | flat).items()
        if (text := str(value)) and value is not None
    ]
    return {
        "text": _escaped(f"{notice.environment}: {notice.sentence}"),
        "attachments": [{"fallback": notice.kind, "fields": fields}],
    }


def _escaped(text: str) -> str:
    return printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
