"""`rollout preflight ENV`."""

from __future__ import annotations

from rollout.base.formatting import count_of
from rollout.cli.options import STACKS_TOML, EnvironmentName, File, Json, ProviderName, ProviderOption, Sandboxed
from rollout.cli.session import session


def preflight(
    environment: EnvironmentName,
    file: File = STACKS_TOML,
    json: Json = False,
    sandbox: Sandboxed = False,
    provider: ProviderOption = ProviderName.STAND_IN,
) -> None:
    """Look at everything that the phases need; nothing is changed.

    Example: rollout preflight production
    """
    with session(file, json=json, sandbox=sandbox, provider=provider) as run:
        from rollout.errors import ConfigError, PreflightFailed

        target = run.rollout().environment(environment)
        report = target.preflight()
        run.render.preflight(report)
        if faults := target.inventory.all_faults:
            raise ConfigError(f"{count_of(len(faults), 'problem')} to put right", (), where=str(file))
        if report.problems:
            raise PreflightFailed(f"{environment} isn't ready: {len(report.problems)} to put right", ())
