"""What people are told of a ramp, and the two forms that it takes: JSON for programs, a message of Slack's. Pure.

https://docs.slack.dev/messaging/formatting-message-text
https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rollout.base.plain import plain
from rollout.base.printable import printable
from rollout.inventory.quantities import Percent
from rollout.inventory.ramp_settings import NoticeKind

_SHORT = 40  # characters that Slack shows in half its width


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that people should know.

    Attributes:
        kind: Which of the `events` of a `[notifications]` table it belongs to.
        environment: Its name.
        sentence: All of it for people, one sentence or a few.
        weight: The candidate's share afterwards, 0 to 100 per cent; None where routes differ.
        at: When it happened, with its time zone.
        details: More for programs; what `events.plain` takes. Nothing secret.
    """

    kind: NoticeKind
    environment: str
    sentence: str
    weight: Percent | None
    at: datetime
    details: Mapping[str, object] = field(default_factory=dict)


def as_json(notice: Notice) -> dict[str, Any]:
    """A notice as plain JSON data; its shape is in docs/notifications.md."""
    return {
        "notice": notice.kind,
        "environment": notice.environment,
        "sentence": notice.sentence,
        "weight": plain(notice.weight),
        "at": notice.at.isoformat(),
        "details": plain(notice.details),
    }


def as_slack(notice: Notice) -> dict[str, Any]:
    """A notice as a message that Slack, Mattermost and others take by an incoming webhook.

    Nothing in it can be markup: a sentence may hold what AWS said, and `<!channel>` would call everybody.
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
