"""The answers that AWS can't give: names, and the candidate's code. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rollout.api.init.names import slug
from rollout.errors import UsageError
from rollout.inventory.names import NAME, NAME_IN_WORDS


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers, from flags, questions or proposals.

    Attributes:
        project: The name of Pulumi's project.
        environment: The first environment's name.
        function: The candidate function's name.
        suffix: How the candidate's target groups end; before it comes the legacy one's name.
        code: The candidate's zip file or folder, as a path from the file's folder.
        runtime: Its Lambda runtime.
        handler: Its handler.
    """

    project: str
    environment: str
    function: str
    suffix: str
    code: str
    runtime: str
    handler: str


_NAME = (NAME, NAME_IN_WORDS)
_ALLOWED = {
    "project": _NAME,
    "environment": _NAME,
    "function": _NAME,
    "suffix": (r"[A-Za-z0-9-]{0,19}[A-Za-z0-9]", "1 to 20 letters, digits and hyphens, no hyphen last"),
    "code": (r".+", "a path"),
    "account": (r"[0-9]{12}", "12 digits"),
    "region": (r"[a-z]{2}(-[a-z]+)+-[0-9]", "an AWS region, such as us-west-2"),
}


def readable(key: str, text: str) -> str:
    """A valid answer.

    Args:
        key: What is asked for, as `Answers` has it, or `account` or `region`.
        text: The answer.

    Raises:
        ValueError: With what is allowed.
    """
    pattern, allowed = _ALLOWED.get(key, _ALLOWED["code"])
    if not re.fullmatch(pattern, text):
        raise ValueError(f"{text!r} is not {allowed}")
    return text


def refuse_unreadable(given: Mapping[str, str | None]) -> None:
    """Look at all flags at once.

    Raises:
        UsageError: With every invalid flag.
    """
    wrong = []
    for key, text in given.items():
        try:
            _ = text is None or readable(key, text)
        except ValueError as error:
            wrong.append(f"--{'candidate-suffix' if key == 'suffix' else key}: {error}")
    if wrong:
        raise UsageError("; ".join(wrong), code="invalid-value")


def proposed(given: Mapping[str, str | None], folder: str) -> dict[str, str]:
    """Each answer as given, or else as proposed.

    Args:
        given: By the names that `Answers` has.
        folder: The name of the file's folder, which the project is named for.
    """
    project = given.get("project") or slug(folder)[:40]
    usual = Answers(
        project,
        "production",
        f"{project[:53]}-candidate",
        "-candidate",
        "candidate.zip",
        "provided.al2023",
        "bootstrap",
    )
    return {key: given.get(key) or getattr(usual, key) for key in Answers.__slots__}
