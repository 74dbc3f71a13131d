"""A function's code and settings, as far as its process needs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from moto.awslambda.models import LambdaFunction

PYTHON = "python3."


@dataclass(frozen=True, slots=True)
class Code:
    """What a process is made of; one with other settings is another one.

    Attributes:
        digest: Of the zip.
        zipped: The zip.
        runtime: Lambda's name, `python3.13`; the sandbox's own Python runs it.
        handler: `module.function`.
        variables: The function's environment variables.
        role: Its role's ARN.
        memory: In MB, as it is told.
        timeout: When it is ended.
        group: Its log group.
    """

    digest: str
    zipped: bytes = field(repr=False, compare=False)
    runtime: str
    handler: str
    variables: tuple[tuple[str, str], ...] = field(repr=False)
    role: str
    memory: int
    timeout: timedelta
    group: str

    @classmethod
    def of(cls, function: LambdaFunction) -> Code | None:
        """A function's; None if it isn't a zip of Python."""
        runtime, zipped = function.run_time or "", getattr(function, "code_bytes", b"")
        if not runtime.startswith(PYTHON) or not zipped or function.package_type != "Zip":
            return None
        logging = function.get_configuration().get("LoggingConfig", {})
        return cls(
            function.code_sha_256,
            zipped,
            runtime,
            function.handler or "",
            tuple(sorted((function.environment_vars or {}).items())),
            function.role,
            int(function.memory_size),
            timedelta(seconds=int(function.timeout)),
            logging.get("LogGroup") or function.logs_group_name,
        )
