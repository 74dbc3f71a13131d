"""What the tap records, where to, and what it may take for that: by arguments, else by the function's environment."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from rollout_tap.redaction import Redaction
from rollout_tap.sinks import Sink, sink_at

PREFIX = "ROLLOUT_TAP_"


def _names(value: Any) -> tuple[str, ...]:
    given = value.split(",") if isinstance(value, str) else value
    return tuple(filter(None, (each.strip() for each in given)))


def _between(least: float, most: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        number = float(value)
        if not least <= number <= most:  # NaN too
            raise ValueError(f"give {least:g} to {most:g}")
        return number

    return read


def _answers(value: Any) -> str:
    if value not in {"hashed", "shown"}:
        raise ValueError("give hashed or shown")
    return str(value)


def _sink(value: Any) -> Any:
    return sink_at(value) if isinstance(value, str) else value


def _salt(value: Any) -> bytes:
    return (value if isinstance(value, bytes) else str(value).encode())[:64]


_READ: Mapping[str, Callable[[Any], Any]] = {
    "sink": _sink,
    "percent": _between(0, 100),
    "headers": _names,
    "redact": _names,
    "answers": _answers,
    "salt": _salt,
    "batch": _between(1, 10_000),
    "every": _between(0, 3600),
    "wait": _between(0, 1),
    "memory": _between(1_000, 100_000_000),
    "largest": _between(0, 10_000_000),
}


@dataclass(frozen=True)
class Settings:
    """The tap's; the environment has each as `ROLLOUT_TAP_…` in capitals.

    Attributes:
        sink: Where lines go: `s3://BUCKET/PREFIX`, `firehose://STREAM`, `file:///PATH`, or a `Sink`. None: no tap.
        percent: The share of requests that is recorded, 0 to 100.
        headers: Names of headers that are recorded beside `redaction.HEADERS`.
        redact: Places whose values are hashed: `$.user.name`, `$.**.name`, `query:name`, `header:name`.
        answers: `hashed`, so that keys and kinds of values stay, or `shown`, redacted as requests are.
        salt: Of the hashes; give all environments of a function one for equal values to have equal hashes in all.
        batch: How many requests are written at once.
        every: How many seconds the oldest waits at most, while there are requests.
        wait: How many seconds a request may wait for a batch to be written, 0 to 1.
        memory: How many bytes wait to be written at most, about.
        largest: How many bytes a body may have.
    """

    sink: Sink | None = None
    percent: float = 1.0
    headers: tuple[str, ...] = ()
    redact: tuple[str, ...] = ()
    answers: str = "hashed"
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(16), repr=False)
    batch: float = 100
    every: float = 10.0
    wait: float = 0.0
    memory: float = 1_000_000
    largest: float = 256_000

    @classmethod
    def of(cls, given: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
        """Those given, else the environment's.

        Raises:
            ValueError: There is no such setting, or it can't be so.
        """
        known = [each.name for each in fields(cls)]
        if unknown := given.keys() - set(known):
            raise ValueError(f"there is no setting {', '.join(sorted(unknown))}")
        found = {name: environ[PREFIX + name.upper()] for name in known if environ.get(PREFIX + name.upper())}
        return cls(**{name: _read(name, value) for name, value in {**found, **given}.items()})

    def redaction(self) -> Redaction:
        """Of requests."""
        return Redaction(self.salt, self.headers, self.redact)

    def redaction_of_answers(self) -> Redaction:
        """Of answers."""
        return Redaction(self.salt, self.headers, self.redact if self.answers == "shown" else ("$**",))


def _read(name: str, value: Any) -> Any:
    try:
        return _READ[name](value)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{name} can't be {value!r}: {error}") from None
