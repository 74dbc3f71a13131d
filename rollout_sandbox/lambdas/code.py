"""A function's code and settings, as far as its process needs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from moto.awslambda.models import LambdaFunction

from rollout_sandbox.strict.images import PACKAGE

PYTHON = "python3."


@dataclass(frozen=True, slots=True)
class Code:
    """What a process is made of; one with other settings is another one.

    Attributes:
        digest: Of the zip or the image.
        zipped: The zip; empty for an image.
        image: The image's address; empty for a zip.
        runtime: Lambda's name, `python3.13`; the sandbox's own Python runs it.
        handler: `module.function`; an image has its own if this is empty.
        variables: The function's environment variables.
        role: Its role's ARN.
        memory: In MB, as it is told.
        timeout: When it is ended.
        group: Its log group.
    """

    digest: str
    zipped: bytes = field(repr=False, compare=False)
    image: str
    runtime: str
    handler: str
    variables: tuple[tuple[str, str], ...] = field(repr=False)
    role: str
    memory: int
    timeout: timedelta
    group: str

    @classmethod
    def of(cls, function: LambdaFunction) -> Code | None:
        """A function's; None if it is neither a zip of Python nor an image."""
        runtime, zipped = function.run_time or "", getattr(function, "code_bytes", b"")
        image = function.code.get("ImageUri", "") if function.package_type == PACKAGE else ""
        if not image and (not runtime.startswith(PYTHON) or not zipped):
            return None
        command: list[str] = function.image_config.cmd
        logging = function.get_configuration().get("LoggingConfig", {})
        return cls(
            function.code_sha_256,
            b"" if image else zipped,
            image,
            runtime,
            next(iter(command), "") if image else function.handler or "",
            tuple(sorted((function.environment_vars or {}).items())),
            function.role,
            int(function.memory_size),
            timedelta(seconds=int(function.timeout)),
            logging.get("LogGroup") or function.logs_group_name,
        )
