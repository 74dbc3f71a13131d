"""The tree of errors. Each error says what happened, where, and what to do next, and has a code and an exit code.

The code names the cause, for programs, tests and searches. A released code never changes; sentences may. Each class has
a code, and a raise site with a distinct cause gives its own: see `codes`. `redaction` removes known secrets from every
text.

```
RolloutError                  1
├── UsageError                2   a bad argument: an unknown environment or route, a weight out of range
│   └── ConfigError           2   stacks.toml or the samples: all problems at once, each with its place
├── EngineError               1   the Pulumi engine is missing, too old or failed
│   ├── EngineMissing         1
│   ├── EngineTooOld          1
│   └── EngineSetupFailed     1
├── PreflightFailed           1   AWS is not as the inventory says: all problems at once
├── SmokeFailed               1   the candidate doesn't answer as its samples expect: all problems at once
├── AwsError                  1   AWS refused a call, or could not be reached
│   └── WrongAccount          1
├── OwnerError                1   Terraform or another Pulumi stack can't be asked, or didn't release a rule
├── VerifyFailed              1   the change was applied, but the load balancer reports something else
├── RollbackIncomplete        1   some routes could not be moved; the others were
├── RampEnded                 1   the ramp has ended, and begins again only with --restart
├── SandboxError              1
├── GateRefused               3   declined, or approval is required and there is no terminal
├── PolicyViolation           4   the preview would do more than the phase allows
├── Locked                    5   another update of the stack is running
├── AnalysisFailed            6   the candidate is worse than legacy; `on-failure` was carried out
├── Drift                     7   the live rules are neither as recorded nor as wanted
├── ParityFailed              8   the candidate answers differently, or too little was compared to know
├── Defect                   70   an unexpected error in rollout; a report has the details
└── Interrupted             130   Ctrl-C: what is done and what is not
```
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rollout.errors.redaction import redacted


def _renamed(hint: str | None) -> str | None:
    """A hint that is given or read by its earlier name, `then`."""
    if hint is not None:
        warnings.warn("`then` is called `hint` now", DeprecationWarning, stacklevel=3)
    return hint


class RolloutError(Exception):
    """What happened, where, and what to do next.

    Args:
        what: What happened: one sentence without a full stop.
        where: The place: a file and line, a rule's ARN, a stack.
        hint: The next step, an imperative sentence.
        code: The cause, one of `codes`; by default the class's code.
        then: The earlier name of `hint`.
    """

    code: str = "failed"
    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        hint: str | None = None,
        code: str | None = None,
        then: str | None = None,
    ) -> None:
        self.what = redacted(what)
        Exception.__init__(self, self.what)  # an AWS error is also botocore's, which takes other arguments
        self.code = code or self.code
        self.where = where and redacted(where)
        hint = hint or _renamed(then)
        self.hint = hint and redacted(hint)

    @property
    def then(self) -> str | None:
        """The earlier name of `hint`."""
        return _renamed(self.hint)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        step = f"\n{self.hint}" if self.hint else ""
        return f"{place}{self.what}{step}"


class UsageError(RolloutError):
    """An invalid argument."""

    code = "usage"
    exit_code = 2


@dataclass(frozen=True, slots=True, init=False)
class Problem:
    """One problem in one place.

    Attributes:
        what: What is wrong.
        where: File, line and key, or the resource on AWS.
        hint: What is allowed, or what to do.
        code: The cause, one of `codes`.
    """

    what: str
    where: str | None
    hint: str | None
    code: str

    def __init__(
        self,
        what: str,
        where: str | None = None,
        hint: str | None = None,
        *,
        code: str = "problem",
        then: str | None = None,
    ) -> None:
        hint = hint or _renamed(then)
        for name, text in (("what", what), ("where", where), ("hint", hint)):
            object.__setattr__(self, name, text and redacted(text))
        object.__setattr__(self, "code", code)

    @property
    def then(self) -> str | None:
        """The earlier name of `hint`."""
        return _renamed(self.hint)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        step = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.what}{step}"


class ProblemsError(RolloutError):
    """Several problems, reported at once."""

    def __init__(
        self,
        what: str,
        problems: Sequence[Problem],
        *,
        where: str | None = None,
        hint: str | None = None,
        code: str | None = None,
        then: str | None = None,
    ) -> None:
        super().__init__(what, where=where, hint=hint, code=code, then=then)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.what}" if self.where else self.what]
        lines += [f"  - {problem}" for problem in self.problems]
        if self.hint:
            lines.append(self.hint)
        return "\n".join(lines)


class ConfigError(ProblemsError, UsageError):
    """stacks.toml or the samples are unreadable or invalid: all problems at once, each with its place."""

    code = "config"
    exit_code = 2


class EngineError(RolloutError):
    """The Pulumi engine failed."""

    code = "engine"


class EngineMissing(EngineError):
    """No Pulumi engine was found."""

    code = "engine-missing"


class EngineTooOld(EngineError):
    """The Pulumi engine can't import and update a resource in one update."""

    code = "engine-too-old"


class EngineSetupFailed(EngineError):
    """`rollout setup` could not install an engine."""

    code = "engine-setup-failed"


class PreflightFailed(ProblemsError):
    """AWS is not as the inventory says; nothing was changed."""

    code = "preflight-failed"


class SmokeFailed(ProblemsError):
    """The candidate's functions don't answer as their samples expect."""

    code = "smoke-failed"


class AwsError(RolloutError):
    """AWS refused a call, or could not be reached."""

    code = "aws"


class WrongAccount(AwsError):
    """The credentials belong to another account than the environment's."""

    code = "wrong-account"


class OwnerError(RolloutError):
    """The owner of the legacy rules can't be asked, or a command of its tool failed."""

    code = "owner"


class VerifyFailed(ProblemsError):
    """The change was applied, but the load balancer reports something else."""

    code = "verify-failed"


class RollbackIncomplete(ProblemsError):
    """Some routes could not be moved back; the others were."""

    code = "rollback-incomplete"


class SandboxError(RolloutError):
    """The sandbox can't be started, found or stopped."""

    code = "sandbox"


class GateRefused(RolloutError):
    """The gate was declined, or approval is required and there is no terminal."""

    code = "gate-refused"
    exit_code = 3


class PolicyViolation(ProblemsError):
    """The preview would do more than the phase allows."""

    code = "policy-violation"
    exit_code = 4


class Locked(RolloutError):
    """Another update of the stack is running."""

    code = "locked"
    exit_code = 5


class RampEnded(RolloutError):
    """The ramp has ended, and begins again only with `--restart`."""

    code = "ramp-ended"


class AnalysisFailed(RolloutError):
    """The candidate is worse than legacy; `on-failure` was carried out, and the ramp has ended."""

    code = "analysis-failed"
    exit_code = 6


class Drift(ProblemsError):
    """The live rules are neither as recorded nor as wanted."""

    code = "drift"
    exit_code = 7


class ParityFailed(ProblemsError):
    """The candidate answers differently, or too little was compared to know."""

    code = "parity-failed"
    exit_code = 8


class Defect(RolloutError):
    """An unexpected error: a defect in rollout."""

    code = "defect"
    exit_code = 70


class Interrupted(RolloutError):
    """The user stopped the command."""

    code = "interrupted"
    exit_code = 130
