"""The one tree of errors: each says what is wrong, where, and what to do next, and holds its code and its exit code.

The code names the cause for programs, tests and searches, and is never reworded; the sentences may be. A class has one,
and a raise site whose cause can be told apart gives its own: `codes` lists them. No text has a secret that
`redaction` knows, whoever wrote it.

```
RolloutError                  1
├── UsageError                2   a bad argument: an unknown environment or route, a weight out of range
│   └── ConfigError           2   stacks.toml or the samples: every problem at once, each with its place
├── EngineError               1   the Pulumi engine is missing, too old or failed
│   ├── EngineMissing         1
│   ├── EngineTooOld          1
│   └── EngineSetupFailed     1
├── PreflightFailed           1   AWS isn't as the inventory says: all findings at once
├── SmokeFailed               1   the candidate doesn't answer as its samples expect: all findings at once
├── AwsError                  1   AWS refused or couldn't be reached
│   └── WrongAccount          1
├── OwnerError                1   Terraform or another Pulumi stack can't be asked, or didn't let go of a rule
├── VerifyFailed              1   applied, but the load balancer doesn't say so
├── RollbackIncomplete        1   some routes could not be moved; the others were
├── RampEnded                 1   the ramp has ended, and begins again only when somebody says so
├── SandboxError              1
├── GateRefused               3   declined, or approval needed and nobody there
├── PolicyViolation           4   the preview would do more than the phase allows
├── Locked                    5   another update is running, by someone alive
├── AnalysisFailed            6   the candidate is worse than legacy; what `on-failure` says was done
├── Drift                     7   the live rules are neither the recorded nor the desired ones
├── Defect                   70   something that nobody foresaw; a report has the details
└── Interrupted             130   Ctrl-C: what was done and what wasn't
```
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from rollout.errors.redaction import redacted


class RolloutError(Exception):
    """Something the user must know: what is wrong, where, and what to do next.

    Args:
        what: One sentence, without a full stop at the end of a list.
        where: The place: a file and line, a rule's ARN, a stack.
        then: The next step, an imperative sentence.
        code: The cause, as `codes` lists it; the class's own where none is given.
    """

    code: str = "failed"
    exit_code: ClassVar[int] = 1

    def __init__(
        self, what: str, *, where: str | None = None, then: str | None = None, code: str | None = None
    ) -> None:
        self.what = redacted(what)
        Exception.__init__(self, self.what)  # an error of AWS is botocore's, too, which takes other arguments
        self.code = code or self.code
        self.where = where and redacted(where)
        self.then = then and redacted(then)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        step = f"\n{self.then}" if self.then else ""
        return f"{place}{self.what}{step}"


class UsageError(RolloutError):
    """An argument that can't be meant."""

    code = "usage"
    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one place.

    Attributes:
        what: What is wrong.
        where: File, line and key, or the thing on AWS.
        then: What is allowed or what to do, if that helps.
        code: The cause, as `codes` lists it.
    """

    what: str
    where: str | None = None
    then: str | None = None
    code: str = field(default="problem", kw_only=True)

    def __post_init__(self) -> None:
        for name in ("what", "where", "then"):
            text = getattr(self, name)
            object.__setattr__(self, name, text and redacted(text))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        step = f" ({self.then})" if self.then else ""
        return f"{place}{self.what}{step}"


class ProblemsError(RolloutError):
    """Several problems told at once."""

    def __init__(
        self,
        what: str,
        problems: Sequence[Problem],
        *,
        where: str | None = None,
        then: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(what, where=where, then=then, code=code)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.what}" if self.where else self.what]
        lines += [f"  - {problem}" for problem in self.problems]
        if self.then:
            lines.append(self.then)
        return "\n".join(lines)


class ConfigError(ProblemsError, UsageError):
    """stacks.toml or the samples can't be read or don't make sense: every problem at once, each with its place."""

    code = "config"
    exit_code = 2


class EngineError(RolloutError):
    """The Pulumi engine failed."""

    code = "engine"


class EngineMissing(EngineError):
    """No Pulumi engine was found."""

    code = "engine-missing"


class EngineTooOld(EngineError):
    """The Pulumi engine can't import and update in one go."""

    code = "engine-too-old"


class EngineSetupFailed(EngineError):
    """`rollout setup` could not get an engine."""

    code = "engine-setup-failed"


class PreflightFailed(ProblemsError):
    """AWS isn't as the inventory says; nothing was changed."""

    code = "preflight-failed"


class SmokeFailed(ProblemsError):
    """The candidate's functions don't answer as their samples expect."""

    code = "smoke-failed"


class AwsError(RolloutError):
    """AWS refused a call, or couldn't be reached."""

    code = "aws"


class WrongAccount(AwsError):
    """The credentials belong to another account than the environment's."""

    code = "wrong-account"


class OwnerError(RolloutError):
    """The legacy rules' owner couldn't be asked, or a command of its tool failed."""

    code = "owner"


class VerifyFailed(ProblemsError):
    """The change was applied, but the load balancer says something else."""

    code = "verify-failed"


class RollbackIncomplete(ProblemsError):
    """Some routes could not be moved back; the others were."""

    code = "rollback-incomplete"


class SandboxError(RolloutError):
    """The sandbox can't be started, found or stopped."""

    code = "sandbox"


class GateRefused(RolloutError):
    """The gate was declined, or approval is needed and nobody is there to give it."""

    code = "gate-refused"
    exit_code = 3


class PolicyViolation(ProblemsError):
    """The preview would do more than the phase is for."""

    code = "policy-violation"
    exit_code = 4


class Locked(RolloutError):
    """Another update of the stack is running, by someone alive."""

    code = "locked"
    exit_code = 5


class RampEnded(RolloutError):
    """The ramp has ended, and begins again only when somebody says so."""

    code = "ramp-ended"


class AnalysisFailed(RolloutError):
    """The candidate is worse than legacy; what `on-failure` says was done, and the ramp has ended."""

    code = "analysis-failed"
    exit_code = 6


class Drift(ProblemsError):
    """The live rules are neither what was recorded nor what is desired."""

    code = "drift"
    exit_code = 7


class Defect(RolloutError):
    """Something that nobody foresaw, and so a fault of rollout's own."""

    code = "defect"
    exit_code = 70


class Interrupted(RolloutError):
    """Stopped by the user."""

    code = "interrupted"
    exit_code = 130
