"""What the guard tells people."""

from __future__ import annotations

from rollout.guard.record import Decision, Firing

_SUBJECTS = {
    Decision.LATE: "an alarm came too late; the guard did nothing",
    Decision.DISARMED: "an alarm went off, and the guard is disarmed",
    Decision.DRY: "a drill of the guard; nothing was moved",
    Decision.HOLD: "the ramp sends no heartbeats; its weight stays",
}


def subject(environment: str, firing: Firing) -> str:
    """One line."""
    if firing.decision is Decision.FIRE:
        what = "the guard took traffic back" if firing.back else "the guard has not taken all traffic back"
    else:
        what = _SUBJECTS.get(firing.decision, firing.decision)
    return f"{environment}: {what}"


def text(environment: str, firing: Firing) -> str:
    """What happened, and what to do next."""
    lines = [
        subject(environment, firing),
        f"Alarm {firing.alarm} at {firing.at:%Y-%m-%d %H:%M:%S} UTC: {firing.reason}",
    ]
    lines += [
        f"{name}: legacy and candidate {_weights(moved.before)}, now {_weights(moved.after)}"
        for name, moved in firing.routes.items()
    ]
    lines += [f"Problem: {problem}" for problem in firing.problems]
    if firing.decision in (Decision.FIRE, Decision.DISARMED, Decision.HOLD) and not firing.back:
        lines.append(f"Next: rollout status {environment}; to go back at once: rollout rollback {environment}")
    elif firing.decision is Decision.FIRE:
        lines.append(f"Next: rollout rollback {environment} brings Pulumi's state and stacks.toml up to date")
    return "\n".join(lines)


def _weights(weights: tuple[int, int] | None) -> str:
    return f"{weights[0]} / {weights[1]}" if weights else "unknown"
