"""Everybody who wants to know of a notice is told, side by side and for a limited time.

Each is told in a thread of its own, which is left behind if it still hangs at the end: a name server may take longer
than any limit on a connection, and a ramp never waits for that.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from rollout.adapters.notify.channels import NotTold, Unreached, host_of, post, run
from rollout.adapters.notify.ports import Topics
from rollout.adapters.plugins import Tell
from rollout.base.child_environment import without_secrets
from rollout.errors import RolloutError
from rollout.errors.redaction import hide_address
from rollout.inventory.model import Arn
from rollout.inventory.ramp_settings import Notification
from rollout.ramp.notice import Notice, as_json, as_slack


@dataclass(frozen=True, slots=True)
class Limits:
    """How much time a notice may take.

    Attributes:
        total: All tries to tell everybody, above 0.
        one: One try to tell one, above 0.
        tries: How often a webhook is tried, 1 or more.
        pause: How long to wait before the second try, at most; it doubles from try to try.
    """

    total: timedelta = timedelta(seconds=15)
    one: timedelta = timedelta(seconds=5)
    tries: int = 3
    pause: timedelta = timedelta(seconds=1)


class _Unset(NotTold):
    """The variable with a webhook's address isn't there."""


class Notifiers:
    """Those who are told of a ramp.

    Args:
        notifications: Who and of what, by name.
        plugins: A plugin's way to tell somebody, by its name and options.
        topics: SNS; made when it is first needed.
        root: Where commands are run.
        on_failure: Told in a sentence who couldn't be told and why, by the thread that sends.
        limits: How much time a notice may take.
        variables: Where `$NAME` is looked for, at each notice.
    """

    def __init__(
        self,
        notifications: Mapping[str, Notification],
        *,
        plugins: Callable[[str, Mapping[str, object]], Tell],
        topics: Callable[[], Topics],
        root: Path,
        on_failure: Callable[[str], None],
        limits: Limits | None = None,
        variables: Mapping[str, str] = os.environ,
    ) -> None:
        self._notifications, self._plugins, self._topics, self._root = notifications, plugins, topics, root
        self._on_failure, self._limits, self._variables = on_failure, limits or Limits(), variables
        self._unset: set[str] = set()

    def send(self, notice: Notice) -> None:
        """Tell everybody whose `events` the notice is of; return when all know or the time is up. Raises nothing."""
        ends = time.monotonic() + self._limits.total.total_seconds()
        waiting = {name: each for name, each in self._notifications.items() if notice.kind in each.events}
        done: SimpleQueue[tuple[str, NotTold | None]] = SimpleQueue()
        for name, to in waiting.items():
            thread = threading.Thread(target=self._tell, args=(name, to, notice, done), daemon=True)
            thread.start()
        while waiting:
            try:
                name, why = done.get(timeout=max(0.0, ends - time.monotonic()))
            except Empty:
                break
            to = waiting.pop(name)
            if why and not self._said_before(name, why):
                self._on_failure(_sentence(name, to, notice, str(why)))
        for name, to in waiting.items():
            self._on_failure(_sentence(name, to, notice, f"not done within {self._limits.total.total_seconds():g} s"))

    def _said_before(self, name: str, why: NotTold) -> bool:
        if not isinstance(why, _Unset):
            return False
        before = name in self._unset
        self._unset.add(name)
        return before

    def _tell(self, name: str, to: Notification, notice: Notice, done: SimpleQueue[tuple[str, NotTold | None]]) -> None:
        why: NotTold | None = None
        try:
            if to.sns:
                subject = f"{notice.environment}: {notice.kind}"
                self._topics().publish(Arn(to.sns), subject, notice.sentence, json.dumps(as_json(notice)))
            elif to.webhook:
                self._post(self._resolved(to.webhook.get_secret_value()), as_slack(notice))
            elif to.plugin:
                self._by_plugin(to.plugin, to.options, notice)
            else:
                run(to.command, as_json(notice), self._root, self._limits.one, self._environ_of(to))
        except NotTold as error:
            why = error
        except RolloutError as error:
            why = NotTold(error.what)
        except Exception as error:  # noqa: BLE001 - a ramp goes on, and the text may hold a secret
            why = NotTold(f"{type(error).__name__}, which is a defect of rollout")
        done.put((name, why))

    def _environ_of(self, to: Notification) -> dict[str, str]:
        """What a command gets of our variables: none with AWS's secrets, unless it is asked for by name."""
        named = {name: self._variables[name] for name in to.variables if name in self._variables}
        return {**without_secrets(self._variables), **named}

    def _by_plugin(self, name: str, options: Mapping[str, object], notice: Notice) -> None:
        tell = self._plugins(name, options)
        try:
            tell(as_json(notice))
        except Exception as error:
            raise NotTold(f"the plugin failed with {type(error).__name__}") from error  # its text may hold a secret

    def _resolved(self, webhook: str) -> str:
        url = self._variables.get(webhook[1:]) if webhook.startswith("$") else webhook
        if url:
            hide_address(url)
            return url
        raise _Unset(f"the variable {webhook[1:]} isn't set; that is told only once")

    def _post(self, url: str, message: Mapping[str, Any]) -> None:
        from tenacity import (  # noqa: PLC0415 - only where there is a webhook
            Retrying,
            retry_if_exception_type,
            stop_after_attempt,
            stop_before_delay,
            wait_random_exponential,
        )

        limits = self._limits
        tries = Retrying(
            retry=retry_if_exception_type(Unreached),
            stop=stop_after_attempt(limits.tries) | stop_before_delay(limits.total),
            wait=wait_random_exponential(multiplier=limits.pause.total_seconds()),
            reraise=True,
        )
        try:
            tries(post, url, message, limits.one)
        except Unreached as error:
            raise NotTold(f"{error}; tried {tries.statistics['attempt_number']} times") from None


def _sentence(name: str, to: Notification, notice: Notice, why: str) -> str:
    webhook = to.webhook.get_secret_value() if to.webhook else ""
    place = to.sns or to.plugin or (to.command[0] if to.command else webhook)
    if webhook and not webhook.startswith("$"):
        place = host_of(webhook)
    return f"notification {name} ({place}) wasn't told of the {notice.kind}: {why}"
