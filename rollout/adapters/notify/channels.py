"""The channels without AWS: an HTTP POST to a webhook, a command that reads JSON, and apprise.

A webhook's address is a secret, so messages have only its host. Addresses of apprise are secrets as a whole.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from rollout.adapters.notify import apprise_process
from rollout.adapters.notify.ports import Lacking, NotTold, Unreached
from rollout.base.packages import how_to_install, missing_of

_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(  # noqa: PLR0917 - urllib's
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Follow no redirect: it would turn the POST into a GET, and might lead anywhere."""


def host_of(url: str) -> str:
    """The part of a webhook's address that is not secret."""
    try:
        return urlsplit(url).hostname or "no host"
    except ValueError:
        return "no host"


def post(url: str, message: Mapping[str, Any], limit: timedelta) -> None:
    """Send a message to a webhook, through the environment's proxy if there is one.

    Args:
        url: Its address, http or https.
        message: Sent as JSON.
        limit: The timeout of each network operation.

    Raises:
        Unreached: There was no answer, or one that allows another try: 408, 429 or 5xx.
        NotTold: The webhook refused.
    """
    if not url.startswith(("http://", "https://")):
        raise NotTold("the address is not an http or https URL")
    try:
        request = urllib.request.Request(  # noqa: S310 - http and https alone, as seen above
            url, json.dumps(message).encode(), {"Content-Type": "application/json", "User-Agent": "rollout"}
        )
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=limit.total_seconds()):
            pass
    except HTTPError as error:
        error.close()
        again = error.code in _AGAIN or error.code >= HTTPStatus.INTERNAL_SERVER_ERROR
        raise (Unreached if again else NotTold)(f"HTTP {error.code}") from None
    except TimeoutError:
        raise Unreached(f"no answer within {limit.total_seconds():g} s") from None
    except URLError as error:
        reason = error.reason
        told = (reason.strerror or type(reason).__name__) if isinstance(reason, OSError) else "no connection"
        raise Unreached(told) from None
    except OSError as error:
        raise Unreached(error.strerror or type(error).__name__) from None
    except (HTTPException, ValueError) as error:  # their texts may contain the address
        raise NotTold(f"{type(error).__name__} in the address or the answer") from None


def run(
    command: Sequence[str], message: Mapping[str, Any], folder: Path, limit: timedelta, environ: Mapping[str, str]
) -> None:
    """Run a command without a shell, with a message as JSON on its standard input. Its output is discarded.

    Args:
        command: The program, by its path from the folder or on PATH, and its arguments.
        message: Its input.
        folder: Its working directory.
        limit: The time after which it and its child processes are killed.

    Raises:
        NotTold: It is missing, failed, or took too long. It is not run again, since it may have taken effect.
    """
    if status := _status(command, message, folder, limit, environ):
        raise NotTold(f"the command ended with exit code {status}")


def require_apprise() -> None:
    """Require the extra.

    Raises:
        Lacking: apprise isn't installed.
    """
    if missing := missing_of("apprise"):
        raise Lacking(f"{missing[0]} is not installed: {how_to_install('apprise')}")


def by_apprise(
    urls: str, message: Mapping[str, Any], folder: Path, limit: timedelta, environ: Mapping[str, str]
) -> None:
    """Send a message by apprise, in a process that gets the addresses on its standard input.

    Args:
        urls: apprise's addresses, separated by commas or blanks.
        message: `title`, `body` and `type`.
        folder: Its working directory.
        limit: The time after which it is killed.

    Raises:
        NotTold: An address is unknown to apprise, a service refused, or it took too long.
    """
    # -P: the modules beside it are none of apprise's
    command = (sys.executable, "-P", apprise_process.__file__)
    match _status(command, {"urls": urls, **message}, folder, limit, environ):
        case 0:
            return
        case apprise_process.UNKNOWN:
            raise NotTold("apprise knows no service of one of the addresses, or the address is incomplete")
        case apprise_process.REFUSED:
            raise NotTold("a service can't be reached, or refused the message")
        case status:
            raise NotTold(f"apprise ended with exit code {status}")


def _status(
    command: Sequence[str], message: Mapping[str, Any], folder: Path, limit: timedelta, environ: Mapping[str, str]
) -> int:
    """The exit code of a command."""
    try:
        with subprocess.Popen(
            list(command),
            cwd=folder,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        ) as process:
            _feed(process, json.dumps(message).encode(), limit)
    except OSError as error:
        raise NotTold(f"the command can't be run: {error.strerror}") from None
    return process.returncode


def _feed(process: subprocess.Popen[bytes], said: bytes, limit: timedelta) -> None:
    try:
        process.communicate(said, timeout=limit.total_seconds())
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise NotTold(f"the command took longer than {limit.total_seconds():g} s and was stopped") from None
