"""Sends a notice to all its recipients, in parallel and within a time limit.

Each recipient has a thread of its own, which is abandoned if it still hangs at the end: a name server may take longer
than any timeout of a connection, and a ramp never waits for that.
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
from typing import ParamSpec

from rollout.adapters.notify.channels import by_apprise, host_of, post, require_apprise, run
from rollout.adapters.notify.ports import Buses, Lacking, NotTold, Topics, Unreached
from rollout.adapters.plugins import Tell
from rollout.base.child_environment import without_secrets
from rollout.errors import RolloutError
from rollout.errors.redaction import hide, hide_address
from rollout.inventory.model import Arn
from rollout.inventory.ramp_settings import Notification
from rollout.ramp.notice import Notice, as_json, as_message, as_slack

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Limits:
    """Time limits of a notice.

    Attributes:
        total: For all recipients and tries, above 0.
        one: For one try, above 0.
        apprise: For one run of apprise, which may send to several services; above 0 and below `total`.
        tries: The number of tries of a webhook or an event bus, 1 or more.
        pause: The longest wait before the second try; it doubles with each try.
    """

    total: timedelta = timedelta(seconds=15)
    one: timedelta = timedelta(seconds=5)
    apprise: timedelta = timedelta(seconds=13)
    tries: int = 3
    pause: timedelta = timedelta(seconds=1)


class Notifiers:
    """The recipients of a ramp's notices.

    Args:
        notifications: The recipients and their events, by name.
        plugins: A plugin's channel, by its name and options.
        topics: SNS; created when it is first needed.
        buses: EventBridge, likewise.
        root: The folder in which commands run.
        on_failure: Called with a sentence about a failed notification, in the sending thread.
        variables: The variables for `$NAME`, read at each notice.
    """

    def __init__(
        self,
        notifications: Mapping[str, Notification],
        *,
        plugins: Callable[[str, Mapping[str, object]], Tell],
        topics: Callable[[], Topics],
        buses: Callable[[], Buses],
        root: Path,
        on_failure: Callable[[str], None],
        limits: Limits | None = None,
        variables: Mapping[str, str] = os.environ,
    ) -> None:
        self._notifications, self._plugins, self._root = notifications, plugins, root
        self._topics, self._buses = topics, buses
        self._on_failure, self._limits, self._variables = on_failure, limits or Limits(), variables
        self._lacking: set[str] = set()

    def send(self, notice: Notice) -> None:
        """Send a notice to all recipients of its kind; return when all have it or the time is over. Never raises."""
        ends = time.monotonic() + self._limits.total.total_seconds()
        waiting = {name: each for name, each in self._notifications.items() if notice.kind in each.events}
        done: SimpleQueue[tuple[str, NotTold | None]] = SimpleQueue()
        for name, to in waiting.items():
            thread = threading.Thread(target=self._send_one, args=(name, to, notice, done), daemon=True)
            thread.start()
        while waiting:
            try:
                name, why = done.get(timeout=max(0.0, ends - time.monotonic()))
            except Empty:
                break
            to = waiting.pop(name)
            if why and not self._is_repeated(name, why):
                once = "; later notifications don't repeat this" if isinstance(why, Lacking) else ""
                self._on_failure(_sentence(name, to, notice, f"{why}{once}"))
        for name, to in waiting.items():
            self._on_failure(_sentence(name, to, notice, f"not done within {self._limits.total.total_seconds():g} s"))

    def check(self) -> None:
        """Report now what can't be sent from here, and not at the notice that doesn't come. Never raises."""
        for name, to in self._notifications.items():
            try:
                self._address(to)
            except Lacking as why:
                self._lacking.add(name)
                self._on_failure(f"notification {name} ({_place(to)}) can't be sent: {why}")

    def _is_repeated(self, name: str, why: NotTold) -> bool:
        if not isinstance(why, Lacking):
            return False
        before = name in self._lacking
        self._lacking.add(name)
        return before

    def _send_one(
        self, name: str, to: Notification, notice: Notice, done: SimpleQueue[tuple[str, NotTold | None]]
    ) -> None:
        why: NotTold | None = None
        try:
            if to.sns:
                subject = f"{notice.environment}: {notice.kind}"
                self._topics().publish(Arn(to.sns), subject, notice.sentence, json.dumps(as_json(notice)))
            elif to.webhook:
                url = self._address(to)
                hide_address(url)
                self._try(post, url, as_slack(notice), self._limits.one)
            elif to.eventbridge:
                self._try(self._buses().put, Arn(to.eventbridge), as_json(notice), notice.at)
            elif to.apprise:
                urls = self._address(to)
                hide(urls, *urls.replace(",", " ").split())
                by_apprise(urls, as_message(notice), self._root, self._limits.apprise, self._environ_of(to))
            elif to.plugin:
                self._by_plugin(to.plugin, to.options, notice)
            else:
                run(to.command, as_json(notice), self._root, self._limits.one, self._environ_of(to))
        except NotTold as error:
            why = error
        except RolloutError as error:
            why = NotTold(error.what)
        except Exception as error:  # noqa: BLE001 - a ramp goes on, and the text may hold a secret
            why = NotTold(f"{type(error).__name__}, which is a defect in rollout")
        done.put((name, why))

    def _environ_of(self, to: Notification) -> dict[str, str]:
        """The variables for a command: none with secrets of AWS, unless the table names them."""
        named = {name: self._variables[name] for name in to.variables if name in self._variables}
        return {**without_secrets(self._variables), **named}

    def _by_plugin(self, name: str, options: Mapping[str, object], notice: Notice) -> None:
        tell = self._plugins(name, options)
        try:
            tell(as_json(notice))
        except Exception as error:
            raise NotTold(f"the plugin failed with {type(error).__name__}") from error  # its text may contain a secret

    def _address(self, to: Notification) -> str:
        """The address of a webhook or for apprise; else nothing."""
        if to.apprise:
            require_apprise()
        named = to.apprise or (to.webhook.get_secret_value() if to.webhook else "")
        url = self._variables.get(named[1:]) if named.startswith("$") else named
        if named and not url:
            raise Lacking(f"the variable {named[1:]} is not set")
        return url or ""

    def _try(self, send: Callable[P, None], *given: P.args, **named: P.kwargs) -> None:
        from tenacity import (  # noqa: PLC0415 - only for channels that are tried again
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
            tries(send, *given, **named)
        except Unreached as error:
            raise NotTold(f"{error}; tried {tries.statistics['attempt_number']} times") from None


def _sentence(name: str, to: Notification, notice: Notice, why: str) -> str:
    return f"notification {name} ({_place(to)}) failed for the event {notice.kind}: {why}"


def _place(to: Notification) -> str:
    """Where it goes, without a secret."""
    webhook = to.webhook.get_secret_value() if to.webhook else ""
    place = to.sns or to.eventbridge or to.apprise or to.plugin or (to.command[0] if to.command else webhook)
    if webhook and not webhook.startswith("$"):
        place = host_of(webhook)
    return place
