"""`rollout preflight ENV`."""

from __future__ import annotations

from rollout.base.formatting import count_of
from rollout.cli.options import EnvironmentName
from rollout.cli.session import Session, command


@command()
def preflight(run: Session, environment: EnvironmentName) -> None:
    """Check everything that the phases need. It changes nothing.

    Example: rollout preflight production
    """
    from rollout.errors import ConfigError, PreflightFailed

    target = run.environment(environment)
    report = target.preflight()
    run.render(report)
    if faults := target.inventory.all_faults:
        raise ConfigError(f"{count_of(len(faults), 'problem')} to fix", (), where=str(run.file))
    if report.problems:
        raise PreflightFailed(f"{environment} is not ready: {len(report.problems)} to fix", ())
